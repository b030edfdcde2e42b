"""The keyboard alone is enough, and it is always to be seen where it is."""

from __future__ import annotations

from playwright.async_api import expect

from tests.browser.conftest import Arrive
from tests.browser.visitor import Visitor
from tests.cast import Guest

# How the place of the keyboard shows: an outline on the element itself or on what frames it.
IS_SHOWN = """() => {
    const drawn = (element) => {
        const style = getComputedStyle(element);
        return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    };
    for (let element = document.activeElement; element && element !== document.body; element = element.parentElement) {
        if (drawn(element) || [...element.parentElement.querySelectorAll(":scope > *, .tile")].some(drawn)) return true;
    }
    return false;
}"""


async def test_a_room_is_opened_talked_in_and_left_by_keyboard_alone(arrive: Arrive) -> None:
    alice = await arrive("Alice")
    await alice.visits()
    await _tabs_to(alice, "Your name")
    await alice.page.keyboard.type("Alice")
    await _tabs_to(alice, "What is it about?optional")
    await alice.page.keyboard.type("Tea at four")
    await alice.page.keyboard.press("Enter")
    await alice.is_inside()
    await expect(alice.composer).to_be_focused()
    await alice.page.keyboard.type("Is anybody here?")
    await alice.page.keyboard.press("Enter")
    await alice.sees("Is anybody here?")

    await _tabs_to(alice, "Room menu", back=True)
    await alice.page.keyboard.press("Enter")
    await _tabs_to(alice, "Leave this room")
    await alice.page.keyboard.press("Enter")
    await _tabs_to(alice, "Leave")
    await alice.page.keyboard.press("Enter")
    await expect(alice.heading("You have left the room.")).to_be_visible()


async def test_a_code_is_typed_and_sent_by_keyboard_alone(arrive: Arrive, carol: Guest) -> None:
    room = await carol.opens("Tea at four")
    bob = await arrive("Bob")
    await bob.visits()
    await _tabs_to(bob, "Have a code? Type or paste it")
    await bob.page.keyboard.type(room.code)
    await bob.page.keyboard.press("Enter")
    await _tabs_to(bob, "Your name")
    await bob.page.keyboard.type("Bob")
    await bob.page.keyboard.press("Enter")
    assert await bob.is_inside() == room.code


async def test_the_order_of_focus_is_the_order_of_reading(arrive: Arrive, carol: Guest) -> None:
    alice = await arrive("Alice")
    await carol.opens("Tea at four")
    await carol.posts("Is the kettle on?")
    await alice.enters(carol.room.code)
    await expect(alice.composer).to_be_focused()
    passed = ["Your message"]
    for _ in range(6):
        await alice.page.keyboard.press("Shift+Tab")
        passed.insert(0, await _name_of_the_focused(alice))
        assert await alice.page.evaluate(IS_SHOWN), passed[0]
    code = passed[2]
    assert code.startswith(f"Room code {alice.code}")
    header = ["1 here. Show people", code, "Invite people", "Room menu"]
    assert passed == ["Skip to writing a message", *header, "Messages", "Your message"]


async def test_the_first_stop_leads_past_everything(arrive: Arrive, carol: Guest) -> None:
    alice = await arrive("Alice")
    await alice.enters((await carol.opens("Tea at four")).code)
    await _tabs_to(alice, "Skip to writing a message", back=True)
    await expect(alice.page.get_by_role("link", name="Skip to writing a message")).to_be_in_viewport()
    await alice.page.keyboard.press("Enter")
    await expect(alice.composer).to_be_focused()


async def test_a_dialog_holds_the_focus_and_gives_it_back(arrive: Arrive) -> None:
    alice = await arrive("Alice")
    await alice.opens_room("Tea at four")
    opener = alice.page.get_by_role("banner").get_by_role("button", name="Invite people")
    await opener.focus()
    await alice.page.keyboard.press("Enter")
    dialog = alice.dialog("Invite people")
    await expect(dialog).to_be_visible()
    await expect(dialog.locator(":focus")).to_have_count(1)
    await alice.page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(opener).to_be_focused()


async def _tabs_to(visitor: Visitor, name: str, *, back: bool = False) -> None:
    passed = []
    for _ in range(12):
        await visitor.page.keyboard.press("Shift+Tab" if back else "Tab")
        passed.append(await _name_of_the_focused(visitor))
        if passed[-1] == name:
            assert await visitor.page.evaluate(IS_SHOWN), f"{name} has the focus, and nobody sees it"
            return
    raise AssertionError(f"Tab does not lead to {name}, only to {passed}")


async def _name_of_the_focused(visitor: Visitor) -> str:
    """The accessible name, as this page gives names: aria-label, label, or text."""
    name: str = await visitor.page.evaluate("""() => {
        const { ariaLabel, labels, textContent } = document.activeElement;
        return (ariaLabel ?? labels?.[0]?.textContent ?? textContent).replace(/\\s+/g, " ").trim();
    }""")
    return name
