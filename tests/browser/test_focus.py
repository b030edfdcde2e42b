"""Where the keyboard is after what it was on has gone: somewhere that makes sense, never nowhere."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Arrive
from tests.browser.visitor import PHONE, Screen
from tests.cast import Guest


async def test_cancel_and_success_lead_back_to_the_menu(arrive: Arrive) -> None:
    alice = await arrive("Alice")
    await alice.opens_room()
    for item, title in (("Change your name", "Change your name"), ("Leave this room", "Leave this room?")):
        await alice.chooses(item)
        await alice.dialog(title).get_by_role("button", name="Cancel").click()
        await expect(alice.button("Room menu")).to_be_focused()
    await alice.chooses("Change your name")
    field = alice.page.get_by_label("What should people call you?")
    await expect(field).to_be_focused()
    await field.fill("Alicia")
    await field.press("Enter")
    await expect(alice.dialog("Change your name")).to_be_hidden()
    await expect(alice.button("Room menu")).to_be_focused()


async def test_a_dialog_stays_when_a_word_is_selected_beyond_its_edge(arrive: Arrive) -> None:
    alice = await arrive("Alice")
    await alice.opens_room()
    await alice.chooses("Change your name")
    dialog = alice.dialog("Change your name")
    field = await alice.page.get_by_label("What should people call you?").bounding_box()
    assert field is not None
    await alice.page.mouse.move(field["x"] + 30, field["y"] + 10)
    await alice.page.mouse.down()
    await alice.page.mouse.move(5, field["y"] + 10)
    await alice.page.mouse.up()
    await expect(dialog).to_be_visible()
    await alice.page.mouse.click(5, 300)
    await expect(dialog).to_be_hidden()


async def test_a_new_screen_is_read_from_its_heading(arrive: Arrive, carol: Guest) -> None:
    bob = await arrive("Bob", screen=PHONE)
    room = await carol.opens("Tea at four")
    await bob.visits(f"/r/{room.code}")
    await expect(bob.heading("Tea at four")).not_to_be_focused()
    await bob.says_name()
    await bob.button("Go in").tap()
    await bob.is_inside()
    await expect(bob.heading("Tea at four")).to_be_focused()
    await bob.chooses("Leave this room")
    await bob.dialog("Leave this room?").get_by_role("button", name="Leave", exact=True).click()
    await expect(bob.heading("You have left the room.")).to_be_focused()


async def test_whoever_signs_out_begins_at_the_heading(arrive: Arrive) -> None:
    alice = await arrive("Alice")
    await alice.opens_room()
    await alice.chooses("Sign out")
    await alice.dialog("Sign out?").get_by_role("button", name="Sign out").click()
    await expect(alice.heading("Talk in a quiet room.")).to_be_focused()


async def test_the_list_of_people_follows_the_width_and_closes_with_escape(arrive: Arrive) -> None:
    alice = await arrive("Alice")
    await alice.opens_room()
    people = await alice.shows_people()
    assert not await people.evaluate("dialog => dialog.matches(':modal')")
    await alice.page.set_viewport_size({"width": 400, "height": 700})
    await expect(people).to_be_visible()
    assert await people.evaluate("dialog => dialog.matches(':modal')")
    await alice.page.set_viewport_size({"width": 1280, "height": 800})
    await expect(people).to_be_visible()
    assert not await people.evaluate("dialog => dialog.matches(':modal')")
    await people.get_by_role("button", name="Close").focus()
    await alice.page.keyboard.press("Escape")
    await expect(people).to_be_hidden()
    await expect(alice.page.get_by_role("button", name="Show people")).to_be_focused()


@pytest.mark.parametrize("screen", [Screen(320, 256), Screen(667, 375)], ids=["zoomed", "phone on its side"])
async def test_all_of_the_menu_can_be_reached_on_a_low_screen(arrive: Arrive, screen: Screen) -> None:
    alice = await arrive("Alice", screen=screen)
    await alice.opens_room()
    await alice.chooses("Sign out")
    await expect(alice.dialog("Sign out?")).to_be_visible()


async def test_a_session_that_ends_while_somebody_types_leaves_the_keyboard_at_the_door(
    arrive: Arrive, carol: Guest
) -> None:
    alice = await arrive("Alice")
    await alice.enters((await carol.opens("Tea at four")).code)
    await expect(alice.composer).to_be_focused()
    assert (await alice.context.request.delete("/api/v1/session")).ok
    await expect(alice.page.get_by_label("Your name")).to_be_visible()
    await expect(alice.heading("Tea at four")).to_be_focused()


async def test_the_first_word_takes_the_invitation_away_and_not_the_keyboard(arrive: Arrive, carol: Guest) -> None:
    alice = await arrive("Alice")
    await carol.joins(await alice.opens_room())
    await alice.button("Copy the link").focus()
    await carol.posts("hello")
    await alice.sees("hello")
    await expect(alice.composer).to_be_focused()
