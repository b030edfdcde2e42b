"""The client's half of RFC 6455, as little of it as one that trusts its server needs. Pure: bytes in, messages out.

Heavier libraries cost more than the server under test, and 2,000 clients share one core with the network between.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from typing import Final


class Op(IntEnum):
    """The kinds of frames that a server sends."""

    TEXT = 1
    CLOSE = 8
    PING = 9
    PONG = 10


_KEY: Final = "dGhlIHNhbXBsZSBub25jZQ=="
_ACCEPT: Final = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
"""The sample of section 1.3: nobody between us needs to be fooled by a random one."""
_NO_MASK: Final = b"\0\0\0\0"
"""A client must mask, and may by zeros."""
_SHORT, _LONG = 126, 127


class NotUpgradedError(Exception):
    """The server answered the handshake with something else than 101."""


def upgrade_request(path: str) -> bytes:
    """The handshake."""
    return (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {_KEY}\r\n\r\n"
    ).encode()


def client_frame(op: Op, payload: bytes) -> bytes:
    """One final, masked frame."""
    size = len(payload)
    if size < _SHORT:
        head = bytes((0x80 | op, 0x80 | size))
    elif size <= 0xFFFF:  # noqa: PLR2004 -- the middle length form of section 5.2
        head = bytes((0x80 | op, 0x80 | _SHORT)) + size.to_bytes(2, "big")
    else:
        head = bytes((0x80 | op, 0x80 | _LONG)) + size.to_bytes(8, "big")
    return head + _NO_MASK + payload


class Frames:
    """Takes what the server sent, in any pieces."""

    def __init__(self) -> None:
        self.is_open = False
        self._received = bytearray()

    def receive(self, chunk: bytes) -> Iterator[tuple[Op, bytes]]:
        """The frames that are complete now.

        Raises:
            NotUpgradedError: the handshake was refused.
            ValueError: a frame that no server of ours sends.
        """
        self._received += chunk
        if not self.is_open:
            self._read_handshake()
        while self.is_open and (frame := self._next()) is not None:
            yield frame

    def _read_handshake(self) -> None:
        head, found, rest = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        if not head.startswith(b"HTTP/1.1 101 ") or _ACCEPT not in head:
            raise NotUpgradedError(head.partition(b"\r\n")[0].decode("latin-1"))
        self._received = rest
        self.is_open = True

    def _next(self) -> tuple[Op, bytes] | None:
        received = self._received
        if len(received) < 2:  # noqa: PLR2004 -- the two bytes that every frame begins with
            return None
        size, start = received[1], 2
        if size == _SHORT:
            size, start = int.from_bytes(received[2:4], "big"), 4
        elif size == _LONG:
            size, start = int.from_bytes(received[2:10], "big"), 10
        if len(received) < start + size:
            return None
        if not received[0] & 0x80:
            raise ValueError("a fragment")
        frame = Op(received[0] & 0x7F), bytes(received[start : start + size])
        del received[: start + size]
        return frame
