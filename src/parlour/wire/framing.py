"""WebSocket framing by the byte (RFC 6455, section 5.2): where a client's frame ends, and what a plain text frame says.

Only frames in the ordinary form are read here; whatever is unusual is for a full implementation to read or refuse.
"""

from __future__ import annotations

from typing import Final

TEXT: Final = 0x81
"""The first byte of a text message in one frame: FIN, and opcode 1."""
_IS_MASKED: Final = 0x80
_MASK_BYTES: Final = 4
_SHORT, _MEDIUM = 126, 127
"""From here on, the length takes two bytes more, or eight."""


def end_of_frame(data: bytes, start: int) -> int | None:
    """Where the masked frame at `start` ends, which may be behind the end of `data`; None when that cannot be told yet.

    A frame without a mask, which no client may send, ends at once: whoever reads it sees why.
    """
    have = len(data) - start
    if have < 2:  # noqa: PLR2004 -- the two bytes that every frame begins with
        return None
    length = data[start + 1]
    if length < _IS_MASKED:
        return len(data)
    length -= _IS_MASKED
    if length < _SHORT:
        return start + 2 + _MASK_BYTES + length
    extended = 2 if length < _MEDIUM else 8
    if have < 2 + extended:
        return None
    return start + 2 + extended + _MASK_BYTES + int.from_bytes(data[start + 2 : start + 2 + extended], "big")


def is_ordinary(frame: bytes) -> bool:
    """Whether it is masked, and its length does not take eight bytes: only such a frame can be read by `read_text`."""
    return _IS_MASKED <= frame[1] < _IS_MASKED + _MEDIUM


def read_text(frame: bytes) -> bytes:
    """The unmasked payload of one whole frame that is ordinary."""
    start = 2 if frame[1] & ~_IS_MASKED < _SHORT else 4
    masked = frame[start + _MASK_BYTES :]
    size = len(masked)
    mask = frame[start : start + _MASK_BYTES] * (size // _MASK_BYTES + 1)
    return (int.from_bytes(masked, "big") ^ int.from_bytes(mask[:size], "big")).to_bytes(size, "big")


def is_text(payload: bytes) -> bool:
    """Whether it is UTF-8."""
    if payload.isascii():
        return True
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True
