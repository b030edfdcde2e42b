"""Snapshot + events == fresh fetch, for everyone, whatever people do at once and whenever the server restarts."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings

from tests.cast import Server
from tests.conftest import Serve
from tests.laws.story import Command, Story, chapters

_shared_server = HealthCheck.function_scoped_fixture
"""The server outlives an example: every story has a room and people of its own."""


@settings(max_examples=40, deadline=None, suppress_health_check=[_shared_server])
@given(chapters=chapters)
@example(chapters=[[("leave", 0), ("leave", 0)], [("join", 0), ("join", 0), ("enter", 0)]])
@example(chapters=[[("join", 1)], [("join", 1), ("leave", 1)], [("join", 1), ("leave", 1), ("enter", 1)]])
@example(chapters=[[("join", 1)], [("rename", 1), ("leave", 1), ("enter", 1), ("post", 1)]])
@example(chapters=[[("join", 1), ("join", 2)], [("enter", 1), ("enter", 2), ("post", 1), ("post", 2)], [("leave", 1)]])
@example(chapters=[[("post", 0), ("resume", 0), ("rename", 0), ("resume", 0)]])
async def test_everyone_sees_the_same_log_and_it_is_the_room(server: Server, chapters: list[list[Command]]) -> None:
    story = await Story.begin(server)

    await story.tell(chapters)

    await story.must_amount_to_one_log()
    await story.end()


@pytest.fixture
async def mortal(serve: Serve) -> Server:
    """A server that may be killed."""
    return await serve(rate_limits="off")


@pytest.mark.slow
@settings(max_examples=4, deadline=None, suppress_health_check=[_shared_server], phases=[Phase.generate])
@given(before=chapters, after=chapters)
async def test_a_restart_between_is_a_pause_in_the_same_log(
    mortal: Server, before: list[list[Command]], after: list[list[Command]]
) -> None:
    story = await Story.begin(mortal)
    await story.tell(before)
    await story.must_amount_to_one_log()
    head = len(await story.witness.reads_log(story.room))

    await mortal.is_killed()
    await mortal.starts()
    await story.end()
    story.listening.clear()
    await story.enter(story.witness, after=head)
    assert story.listening[-1].entered["mode"] == "resumed"
    await story.tell(after)

    await story.must_amount_to_one_log()
    await story.end()
