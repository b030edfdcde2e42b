"""The ways in and out of a room: the shared link, the password, the door that is gone, the one that is left."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Arrive, room_closes
from tests.browser.visitor import PHONE
from tests.cast import Guest, Server


async def test_a_shared_link_asks_only_for_a_name(arrive: Arrive, carol: Guest) -> None:
    room = await carol.opens("Tea at four")
    bob = await arrive("Bob", screen=PHONE)
    await bob.visits(f"/r/{room.code}")
    await expect(bob.heading("Tea at four")).to_be_visible()
    await expect(bob.page.get_by_role("textbox")).to_have_count(1)
    await bob.says_name()
    await bob.button("Go in").tap()
    assert await bob.is_inside() == room.code


async def test_a_link_may_carry_the_code_as_somebody_typed_it(arrive: Arrive, carol: Guest) -> None:
    room = await carol.opens()
    bob = await arrive("Bob")
    await bob.enters(f"{room.code[:2]}-{room.code[2:]}".lower())
    await bob.page.wait_for_url(f"**/r/{room.code}")


async def test_a_guest_who_is_known_goes_straight_in(arrive: Arrive, carol: Guest) -> None:
    bob = await arrive("Bob")
    await bob.opens_room()
    await bob.visits(f"/r/{(await carol.opens('Tea at four')).code}")
    await bob.is_inside()
    await expect(bob.heading("Tea at four")).to_be_visible()


async def test_nobody_goes_in_without_a_name(arrive: Arrive, carol: Guest) -> None:
    bob = await arrive(" ")
    await bob.visits(f"/r/{(await carol.opens()).code}")
    await bob.says_name()
    await bob.button("Go in").click()
    await expect(bob.page.get_by_role("alert")).to_have_text("Please say a name.")
    await expect(bob.page.get_by_label("Your name")).to_have_accessible_description("Please say a name.")


async def test_a_room_with_a_password_opens_to_those_who_know_it(arrive: Arrive, carol: Guest) -> None:
    room = await carol.opens("Tea at four", password="milk first")
    bob = await arrive("Bob")
    await bob.visits(f"/r/{room.code}")
    await bob.says_name()
    await bob.button("Go in").click()
    password = bob.page.get_by_label("Password of this room")
    await password.fill("lemon")
    await bob.button("Go in").click()
    await expect(bob.page.get_by_role("alert")).to_have_text("That is not the password.")
    await password.fill("milk first")
    await bob.button("Go in").click()
    assert await bob.is_inside() == room.code


async def test_behind_an_unknown_code_there_is_no_room(arrive: Arrive, carol: Guest) -> None:
    unknown = "ZZZZ" if (await carol.opens()).code != "ZZZZ" else "YYYY"
    bob = await arrive("Bob")
    await bob.visits(f"/r/{unknown}")
    await expect(bob.heading("There is no room behind this code.")).to_be_visible()
    await bob.page.get_by_role("link", name="To the start page").click()
    await bob.page.get_by_label("Have a code?").press_sequentially(unknown)
    await bob.page.keyboard.press("Enter")
    await expect(bob.page.get_by_role("alert")).to_have_text("There is no room behind this code.")


async def test_a_code_that_leads_nowhere_is_mended_where_it_is_shown(arrive: Arrive, carol: Guest) -> None:
    room = await carol.opens("Tea at four")
    # Neither the right letter nor one that is read as it (0 is read as Q).
    wrong = room.code[:3] + ("3" if room.code[3] == "2" else "2")
    bob = await arrive("Bob")
    await bob.visits(f"/r/{wrong}")
    code = bob.page.get_by_label("The code")
    await expect(code).to_have_value(wrong)
    await code.press("End")
    await code.press("Backspace")
    await code.press_sequentially(room.code[3:].lower())
    await code.press("Enter")
    await expect(bob.heading("Tea at four")).to_be_visible()


async def test_a_link_to_one_message_opens_its_room(arrive: Arrive, carol: Guest) -> None:
    bob = await arrive("Bob")
    await bob.visits(f"/r/{(await carol.opens('Tea at four')).code}/2")
    await expect(bob.heading("Tea at four")).to_be_visible()


async def test_a_code_is_typed_with_an_input_method(arrive: Arrive, carol: Guest) -> None:
    room = await carol.opens("Tea at four")
    bob = await arrive("Bob")
    await bob.visits()
    field = bob.page.get_by_label("Have a code?")
    await field.focus()
    method = await bob.context.new_cdp_session(bob.page)
    for end in range(1, 5):
        text = room.code[:end].lower()
        await method.send("Input.imeSetComposition", {"text": text, "selectionStart": end, "selectionEnd": end})
        # The tiles follow at once: many keyboards of phones are still composing when Join is pressed.
        await expect(bob.page.locator(".code-field .tile.filled")).to_have_count(end)
    await method.send("Input.insertText", {"text": room.code.lower()})
    await expect(field).to_have_value(room.code)
    await field.press("Enter")
    await expect(bob.heading("Tea at four")).to_be_visible()


async def test_the_start_page_stays_while_the_server_is_away(arrive: Arrive) -> None:
    alice = await arrive("Alice")
    await alice.opens_room()
    alice.overlooks("ERR_FAILED")
    await alice.page.route("**/api/v1/session", lambda route: route.abort())
    async with alice.page.expect_event("requestfailed"):
        await alice.visits()
    await alice.page.get_by_label("What is it about?").fill("Tea at four")
    async with alice.page.expect_event("requestfailed"):
        pass
    await expect(alice.page.get_by_label("What is it about?")).to_have_value("Tea at four")


async def test_an_address_that_leads_nowhere_says_so(arrive: Arrive) -> None:
    bob = await arrive("Bob")
    await bob.visits("/attic")
    await expect(bob.heading("There is nothing at this address.")).to_be_visible()
    await bob.page.get_by_role("link", name="To the start page").click()
    await expect(bob.button("Create a room")).to_be_visible()


async def test_a_room_that_closed_says_so_to_those_who_knew_it(arrive: Arrive, forgetful: Server) -> None:
    alice = await arrive("Alice", at=forgetful)
    code = await alice.opens_room("Tea at four")
    await expect(alice.page.get_by_text("after the last person leaves.")).to_be_visible()
    await alice.visits()
    await room_closes(forgetful, code)
    await alice.visits(f"/r/{code}")
    await expect(alice.heading("This room has closed.")).to_be_visible()
    await alice.page.get_by_role("link", name="To the start page").click()
    await expect(alice.button("Create a room")).to_be_visible()


async def test_whoever_leaves_may_come_back(arrive: Arrive, carol: Guest) -> None:
    alice = await arrive("Alice")
    code = await alice.opens_room("Tea at four")
    await carol.joins(code)
    await alice.chooses("Leave this room")
    await alice.dialog("Leave this room?").get_by_role("button", name="Leave", exact=True).click()
    await expect(alice.heading("You have left the room.")).to_be_visible()
    await alice.button("Come back in").click()
    assert await alice.is_inside() == code
    await expect(alice.heading("Nothing has been said yet.")).to_be_visible()


async def test_leaving_asks_first(arrive: Arrive) -> None:
    alice = await arrive("Alice")
    await alice.opens_room()
    await alice.chooses("Leave this room")
    await alice.dialog("Leave this room?").get_by_role("button", name="Cancel").click()
    await expect(alice.dialog("Leave this room?")).to_be_hidden()
    await expect(alice.composer).to_be_visible()


@pytest.mark.parametrize("where", ["here", "in another tab"])
async def test_whoever_signs_out_is_a_stranger_at_the_start_page(arrive: Arrive, carol: Guest, where: str) -> None:
    bob = await arrive("Bob")
    room = await carol.opens()
    await bob.enters(room.code)
    if where == "here":
        await bob.chooses("Sign out")
        await bob.dialog("Sign out?").get_by_role("button", name="Sign out").click()
    else:
        assert (await bob.context.request.delete("/api/v1/session")).ok
        await bob.visits()
    await expect(bob.button("Create a room")).to_be_visible()
    await bob.visits(f"/r/{room.code}")
    await expect(bob.page.get_by_label("Your name")).to_be_visible()
    await expect(bob.composer).to_be_hidden()
