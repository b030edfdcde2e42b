"""connection.json: the server's end of a connection, step by step."""

from __future__ import annotations

import json
from typing import assert_never

import pytest

from parlour.wire.codec import encode
from parlour.wire.connection import Accepted, Answer, Hangup, Outcome, ServerConnection
from parlour.wire.frames import Post
from tests.wire.vectors import Row, rows_of


@pytest.mark.parametrize("row", rows_of("connection.json"))
def test_the_server_answers_each_step_as_the_vector_says(row: Row) -> None:
    connection = ServerConnection(opened_at_s=0)
    for step in row["steps"]:
        assert _matches(_take(connection, step), step["gives"]), step


def _take(connection: ServerConnection, step: Row) -> Outcome | None:
    match step:
        case {"receive": text, "at_s": now_s}:
            return connection.receive(text, now_s)
        case {"binary": True}:
            return connection.receive_binary()
        case {"answered": room}:
            connection.answered(Post(ref=0, room=room, cid="", body=""))
            return None
        case {"heard": True, "at_s": now_s}:
            connection.heard(now_s)
            return None
        case {"tick": True, "at_s": now_s}:
            return connection.tick(now_s)
        case _:
            pytest.fail(f"a step without a known input: {step}")


def _matches(outcome: Outcome | None, expected: Row) -> bool:
    """`accepted` and `refused` name the fields that matter; absent ones of `refused` must be absent."""
    match outcome:
        case None:
            return expected == {}
        case Accepted(command):
            accepted = json.loads(encode(command))
            return expected == {"accepted": {key: accepted[key] for key in ("op", "ref")}}
        case Answer(frame):
            refused = json.loads(encode(frame))
            return expected == {"refused": {key: refused[key] for key in ("code", "ref", "room") if key in refused}}
        case Hangup(code):
            return expected == {"close": code}
        case _:
            assert_never(outcome)
