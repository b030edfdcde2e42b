"""client.json: the client's end of a connection, step by step."""

from __future__ import annotations

import json
from typing import assert_never

import pytest

from parlour.wire.client import OWN_REF, ClientConnection, Close, Deliver, Effect, Open, Retry, Send, SignIn, Stop
from parlour.wire.codec import encode
from tests.wire.vectors import Row, rows_of


@pytest.mark.parametrize("row", rows_of("client.json"))
def test_the_client_answers_each_step_as_the_vector_says(row: Row) -> None:
    connection = ClientConnection(client=row["client"], token=row.get("token"))
    for step in row["steps"]:
        assert [_as_json(effect) for effect in _take(connection, step)] == step["gives"], step
        assert connection.phase == step.get("phase", connection.phase), step


def _take(connection: ClientConnection, step: Row) -> list[Effect]:
    now_ms = step["at_ms"]
    if "text" in step:
        return connection.text(step["text"], now_ms)
    if "closed" in step:
        return connection.closed(step["closed"], now_ms)
    verbs = {
        "start": connection.start,
        "opened": connection.opened,
        "due": connection.due,
        "online": connection.online,
        "offline": connection.offline,
        "tick": connection.tick,
        "stop": connection.stop,
    }
    (verb,) = verbs.keys() & step.keys()
    return verbs[verb](now_ms)


def _as_json(effect: Effect) -> Row:
    match effect:
        case Open():
            return {"open": True}
        case Send(command):
            sent: Row = json.loads(encode(command))
            assert sent.pop("ref") == OWN_REF
            return {"send": sent}
        case Close(code):
            return {"close": code}
        case Retry(min_ms, max_ms):
            return {"retry": {"min_ms": min_ms, "max_ms": max_ms}}
        case SignIn():
            return {"sign_in": True}
        case Stop(code):
            return {"stop": code}
        case Deliver(frame):
            return {"deliver": json.loads(encode(frame))["op"]}
        case _:
            assert_never(effect)
