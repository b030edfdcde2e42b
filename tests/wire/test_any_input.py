"""Whatever bytes arrive, a machine answers and never raises; whatever a program writes, the other side reads."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parlour.wire.client import ClientConnection, Close, Retry
from parlour.wire.codec import decode_command, decode_frame, encode
from parlour.wire.connection import Accepted, Answer, Hangup, ServerConnection
from parlour.wire.errors import MEANINGS, CloseCode
from parlour.wire.frames import (
    FILL_EVENTS,
    FRAME_BYTES,
    AnyCommand,
    AnyFrame,
    Enter,
    Entered,
    Event,
    Exit,
    Fill,
    Filled,
    Hello,
    LogEvent,
    Ping,
    Post,
    Refused,
)

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
OPS = [command.__struct_config__.tag for command in get_args(AnyCommand)]
FIELDS = ["ref", "v", "client", "token", "room", "epoch", "after", "cid", "body", "reply_to", "limit"]
"""Nearly commands: the right words with any values, which is where a careless reader falls."""
NEARLY = st.builds(
    lambda op, fields: msgspec.json.encode({**fields, "op": op}),
    st.sampled_from(OPS) | JSON,
    st.dictionaries(st.sampled_from(FIELDS), JSON | st.integers(0, 5) | st.just("1"), max_size=8),
)
ANYTHING = st.binary(max_size=300) | st.text(max_size=300) | NEARLY


@given(st.lists(ANYTHING, max_size=8), st.booleans())
def test_the_server_gives_one_outcome_to_any_input(inputs: list[bytes | str], is_greeted: bool) -> None:  # noqa: FBT001
    connection = ServerConnection(opened_at_s=0, greeted=is_greeted)
    for step, received in enumerate(inputs):
        outcome = connection.receive(received, float(step))
        assert isinstance(outcome, Accepted | Answer | Hangup)
        if isinstance(outcome, Answer):
            assert outcome.frame.code in MEANINGS
            assert decode_frame(encode(outcome.frame)) == outcome.frame


@pytest.mark.parametrize("opener", ["[", '{"a":', '{"op":"post","ref":1,"room":"r","cid":"c","body":['])
def test_the_server_hangs_up_on_nesting_that_fills_a_whole_frame(opener: str) -> None:
    deep = (opener * FRAME_BYTES)[:FRAME_BYTES]
    assert isinstance(ServerConnection(opened_at_s=0).receive(deep, 0), Hangup)


@pytest.mark.parametrize(
    "nested", ["[" * 30_000 + "]" * 30_000, '{"a":' * 10_000 + "1" + "}" * 10_000], ids=["lists", "objects"]
)
def test_the_server_survives_deep_nesting_inside_a_well_formed_command(nested: str) -> None:
    outcome = ServerConnection(opened_at_s=0).receive(f'{{"op":"ping","ref":1,"later":{nested}}}', 0)
    assert isinstance(outcome, Answer | Hangup)


def test_the_server_refuses_a_number_of_ten_thousand_digits() -> None:
    outcome = ServerConnection(opened_at_s=0).receive('{"op":"ping","ref":' + "9" * 10_000 + "}", 0)
    assert isinstance(outcome, Answer | Hangup)


@given(st.lists(ANYTHING, max_size=4))
def test_a_client_that_hears_nonsense_leaves_and_tries_again(inputs: list[bytes | str]) -> None:
    client = ClientConnection(client="test/1")
    client.start(0)
    client.opened(0)
    for received in inputs:
        effects = client.text(received, 0)
        if client.phase == "waiting":
            assert effects == [Close(CloseCode.BAD_FRAME), Retry(500, 1000)]
            break


REF = st.integers(0, 2**53 - 1)
SEQ = st.integers(1, 2**53 - 1)
ROOM = st.text(min_size=1, max_size=64)
COMMANDS: list[st.SearchStrategy[AnyCommand]] = [
    st.builds(Hello, REF, st.integers(-(2**63), 2**63), st.text(max_size=200), st.none() | st.text(max_size=200)),
    st.builds(Enter, REF, ROOM, st.none() | st.text(max_size=64), st.none() | st.just(0) | SEQ),
    st.builds(Exit, REF, ROOM),
    st.builds(Post, REF, ROOM, st.text(), st.text(), st.none() | SEQ),
    st.builds(Fill, REF, ROOM, st.just(0) | SEQ, st.integers(1, FILL_EVENTS)),
    st.builds(Ping, REF),
]


@given(st.one_of(COMMANDS))
def test_the_server_reads_every_command_that_a_client_can_write(command: AnyCommand) -> None:
    assert decode_command(encode(command)) == command


def test_the_commands_above_are_all_there_are() -> None:
    assert len(COMMANDS) == len(get_args(AnyCommand))


RAW = JSON.map(lambda value: msgspec.Raw(msgspec.json.encode(value)))
PLAIN = JSON.map(lambda value: msgspec.json.decode(msgspec.json.encode(value)))
LOG_EVENT = st.builds(LogEvent, SEQ, st.text(), st.text(), st.text(), RAW)
BY_HAND: dict[type, st.SearchStrategy[Any]] = {
    Event: st.builds(Event, st.text(), SEQ, st.text(), st.text(), st.text(), RAW),
    Filled: st.builds(Filled, SEQ, st.text(), st.lists(LOG_EVENT, max_size=5), SEQ),
    Entered: st.builds(Entered, snapshot=PLAIN),
    Refused: st.builds(
        Refused,
        code=st.text(),
        message=st.text(),
        final=st.booleans(),
        ref=st.just(msgspec.UNSET) | REF,
        room=st.just(msgspec.UNSET) | ROOM,
        retry_after_s=st.just(msgspec.UNSET) | st.floats(0, 1e6),
    ),
}
FRAMES = [BY_HAND.get(frame, st.from_type(frame)) for frame in get_args(AnyFrame)]


@given(st.one_of(FRAMES))
def test_a_client_reads_every_frame_that_the_server_can_write(frame: AnyFrame) -> None:
    assert decode_frame(encode(frame)) == frame
