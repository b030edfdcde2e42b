"""A link's client, byte by byte: texts in frames that are not in the ordinary form."""

from __future__ import annotations

import asyncio

from bench.conformance import serving

WITHIN_S = 20
HANDSHAKE = (
    b"GET /link HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
NO_MASK = bytes(4)
CLOSE = b"\x88\x82" + NO_MASK + b"\x03\xe8"


async def test_a_frame_that_is_too_long_is_refused_when_its_head_has_come() -> None:
    answer = await _answer_to(b"\x81\xff" + (2**20).to_bytes(8, "big") + NO_MASK + b"the first of a million")

    assert _code_in(answer) == 1009


async def test_a_text_whose_length_takes_eight_bytes_is_heard_as_any_other() -> None:
    text = b"a length may be longer than it needs to be"
    answer = await _answer_to(b"\x81\xff" + len(text).to_bytes(8, "big") + NO_MASK + text + CLOSE)

    assert answer.startswith(b"\x81" + bytes((len(text),)) + text)


async def test_a_text_without_a_mask_is_refused_and_not_heard() -> None:
    text = NO_MASK + b"as if four of its bytes were a mask"
    answer = await _answer_to(b"\x81" + bytes((len(text),)) + text)

    assert _code_in(answer) == 1002


def _code_in(answer: bytes) -> int:
    assert answer[:1] == b"\x88", f"not a close: {answer[:80]!r}"
    return int.from_bytes(answer[2:4], "big")


async def _answer_to(sent: bytes) -> bytes:
    """All that the server says until it hangs up."""
    async with serving() as address:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))
        try:
            async with asyncio.timeout(WITHIN_S):
                writer.write(HANDSHAKE)
                await reader.readuntil(b"\r\n\r\n")
                writer.write(sent)
                return await reader.read()
        finally:
            writer.close()
            await writer.wait_closed()
