"""Frames that the server wraps by itself are what RFC 6455 says, as an independent parser reads it."""

from __future__ import annotations

import pytest
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from parlour.wire.codec import text_frame


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 65_537, 300_000])
def test_a_text_frame_is_read_back_whole_at_every_form_of_its_length(size: int) -> None:
    payload = b"x" * size
    assert _parse(text_frame(payload)) == [Frame(Opcode.TEXT, payload, fin=True)]


@pytest.mark.parametrize(("size", "header"), [(125, 2), (126, 4), (65_535, 4), (65_536, 10)])
def test_a_length_takes_its_shortest_form(size: int, header: int) -> None:
    assert len(text_frame(b"x" * size)) == header + size


def test_frames_joined_in_one_write_are_read_one_by_one() -> None:
    payloads = [b"a", b"b" * 126, "上海".encode(), b"d" * 65_536]
    frames = _parse(b"".join(map(text_frame, payloads)))
    assert frames == [Frame(Opcode.TEXT, payload, fin=True) for payload in payloads]


def _parse(stream: bytes) -> list[object]:
    client = ClientProtocol(parse_uri("ws://server/"), state=State.OPEN, max_size=None)
    client.receive_data(stream)
    assert client.parser_exc is None
    return list(client.events_received())
