"""What the page may do in a browser: talk to its own server, and nothing else."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.conftest import Arrive
from tests.browser.visitor import Visitor
from tests.cast import Guest, Server


async def test_other_servers_are_never_asked(arrive: Arrive, carol: Guest) -> None:
    """`arrive` watches that on every visit of every chapter; here it is shown that it would notice."""
    alice = await arrive("Alice")
    await alice.enters((await carol.opens()).code)
    assert alice.complaints == []
    await alice.page.evaluate("fetch('https://elsewhere.example/').catch(() => null)")
    assert any("violates" in complaint for complaint in alice.complaints), alice.complaints
    assert any("https://elsewhere.example/" in complaint for complaint in alice.complaints)
    alice.complaints.clear()


async def test_no_script_runs_that_did_not_come_with_the_page(arrive: Arrive) -> None:
    alice = await arrive("Alice")
    await alice.visits()
    await _add_script(alice, "document.title = 'inline'")
    assert any("violates" in complaint for complaint in alice.complaints), alice.complaints
    await expect(alice.page).to_have_title("Parlour")
    alice.complaints.clear()


async def test_no_script_can_read_the_session(arrive: Arrive, server: Server) -> None:
    alice = await arrive("Alice")
    await alice.opens_room()
    secret = (await alice.without_a_page(server)).token
    readable: str = await alice.page.evaluate(
        "document.cookie + JSON.stringify({ ...localStorage, ...sessionStorage })"
    )
    assert "Alice" in readable
    assert secret not in readable


async def test_the_address_of_a_room_is_told_to_no_link(arrive: Arrive, carol: Guest) -> None:
    alice = await arrive("Alice")
    await carol.opens()
    await carol.posts(f"{alice.origin}/attic")
    await alice.enters(carol.room.code)
    async with alice.context.expect_page() as opened:
        await alice.log.get_by_role("link").click()
    page = await opened.value
    await page.wait_for_load_state()
    assert await page.evaluate("[document.referrer, window.opener]") == ["", None]


async def _add_script(visitor: Visitor, source: str) -> None:
    await visitor.page.evaluate(
        """source => {
            const script = document.createElement("script");
            script.textContent = source;
            document.body.append(script);
        }""",
        source,
    )
