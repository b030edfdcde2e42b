"""One browser is one person, in however many tabs; and a session that ends takes no words with it."""

from __future__ import annotations

import re

from playwright.async_api import WebSocketRoute, expect

from tests.browser.conftest import Arrive, Serve
from tests.browser.visitor import Visitor
from tests.cast import Guest, Server, succeed
from tests.patience import eventually


async def test_two_tabs_at_a_door_go_in_as_one_person(arrive: Arrive, carol: Guest) -> None:
    ada = await arrive("Ada")
    room = await carol.opens("Tea at four")
    await ada.visits(f"/r/{room.code}")
    other_tab = await ada.context.new_page()
    await other_tab.goto(f"/r/{room.code}")
    await expect(other_tab.get_by_label("Your name")).to_be_visible()
    await ada.says_name()
    await ada.button("Go in").click()
    await ada.is_inside()
    await expect(other_tab.get_by_role("textbox", name="Your message")).to_be_visible()
    assert await names_in(carol) == ["Carol", "Ada"]


async def test_signing_out_in_one_tab_signs_the_other_out(arrive: Arrive) -> None:
    ada = await arrive("Ada")
    await ada.opens_room()
    other_tab = await ada.context.new_page()
    await other_tab.goto("/")
    await ada.chooses("Sign out")
    await ada.dialog("Sign out?").get_by_role("button", name="Sign out").click()
    await other_tab.get_by_role("button", name="Create a room").click()
    await expect(other_tab.get_by_role("textbox", name="Your message")).to_be_visible()


async def test_nobody_speaks_for_whoever_signed_in_over_them(arrive: Arrive, serve: Serve) -> None:
    server = await serve(rate_limits="off")
    ada, carol = await arrive("Ada", at=server), await server.guest("Carol")
    room = await carol.opens()
    await ada.enters(room.code)
    ada.overlooks("WebSocket connection", "ERR_CONNECTION_REFUSED")
    # As a page of an older version would: without a word to the other tabs.
    assert (await ada.context.request.post("/api/v1/session", data={"name": "Eve"})).ok
    await server.stops()
    await ada.says("Ada's words")
    await server.starts()
    await expect(ada.composer).to_have_value("Ada's words")
    await ada.is_online()
    assert [message["body"] for message in (await carol.reads())["messages"]] == []
    assert await names_in(carol) == ["Carol", "Ada", "Eve"]


async def test_a_session_that_ends_says_so_and_leaves_the_unsent_words(
    arrive: Arrive, server: Server, carol: Guest
) -> None:
    ada = await arrive("Ada")
    room = await carol.opens()
    await loses_what_it_posts(ada)
    await ada.enters(room.code)
    await ada.says("not sent yet")
    await expect(ada.log.get_by_text("Sending…")).to_be_visible()
    await (await ada.without_a_page(server)).signs_out()
    await expect(ada.page.get_by_text("You are not signed in any more.")).to_be_visible()
    await ada.says_name()
    await ada.button("Go in").click()
    await ada.is_inside()
    await expect(ada.composer).to_have_value("not sent yet")


async def test_signing_out_says_what_would_be_lost(arrive: Arrive, carol: Guest) -> None:
    ada = await arrive("Ada")
    room = await carol.opens()
    await loses_what_it_posts(ada)
    await ada.enters(room.code)
    await ada.says("not sent yet")
    await ada.chooses("Sign out")
    question = ada.dialog("Sign out?")
    await expect(question).to_contain_text("One message is not sent yet and will be lost.")
    await question.get_by_role("button", name="Sign out").click()
    await expect(ada.button("Create a room")).to_be_visible()
    await eventually(lambda: keeps_no_word(ada))


async def names_in(guest: Guest) -> list[str]:
    snapshot = succeed(await guest.http.get(guest.room.path)).json()
    return [member["name"] for member in snapshot["members"]]


async def keeps_no_word(visitor: Visitor) -> bool:
    """Whether neither of the page's two stores has anything of what was said or visited."""
    kept: str = await visitor.page.evaluate(
        """() => new Promise((resolve) => {
            const opening = indexedDB.open("parlour", 1);
            opening.onsuccess = () => {
                const asking = opening.result.transaction("outbox").objectStore("outbox").getAll();
                asking.onsuccess = () => resolve(JSON.stringify([asking.result, localStorage]));
            };
        })"""
    )
    return "not sent yet" not in kept and "visits" not in kept


async def loses_what_it_posts(visitor: Visitor) -> None:
    """From its next page on: what is posted never reaches the server."""

    def listen(page_end: WebSocketRoute) -> None:
        server_end = page_end.connect_to_server()

        def carry(frame: str | bytes) -> None:
            if '"op":"post"' not in str(frame):
                server_end.send(frame)

        page_end.on_message(carry)

    await visitor.page.route_web_socket(re.compile("/live$"), listen)
