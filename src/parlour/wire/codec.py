"""Bytes to frames and back: JSON inside, WebSocket framing outside (RFC 6455). Knows no connection and no room."""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec

from parlour.wire.errors import Code
from parlour.wire.frames import AnyCommand, AnyFrame, Event, LogEvent

_commands: msgspec.json.Decoder[AnyCommand] = msgspec.json.Decoder(AnyCommand)
_frames: msgspec.json.Decoder[AnyFrame] = msgspec.json.Decoder(AnyFrame)
_encoder = msgspec.json.Encoder()
_OPS = frozenset(op.__struct_config__.tag for op in AnyCommand.__args__)
_FRAME_OPS = frozenset(op.__struct_config__.tag for op in AnyFrame.__args__)


class BadFrame(Exception):  # noqa: N818 -- it is an answer to a peer, not a fault of ours
    """A frame that is no command: `code` says why, `ref` is what could be saved of it.

    `hopeless`: it was not even one JSON object, so the peer does not speak this protocol and the connection ends.
    """

    def __init__(self, code: Code, message: str, *, ref: int | None = None, hopeless: bool = False) -> None:
        super().__init__(message)
        self.code: Code = code
        self.message = message
        self.ref = ref
        self.hopeless = hopeless


def decode_command(text: str | bytes) -> AnyCommand:
    """Read one client frame.

    Raises:
        BadFrame: for anything that is not exactly a known command.
    """
    try:
        return _commands.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as fault:
        raise _diagnose(text, fault) from None


def _diagnose(text: str | bytes, fault: Exception) -> BadFrame:
    """Say what is wrong with a text that is no command, and save what can still be answered."""
    envelope = _read_object(text)
    if envelope is None:
        return BadFrame("bad_frame", "A frame is one JSON object.", hopeless=True)
    op, ref = envelope.get("op"), envelope.get("ref")
    known_ref = ref if type(ref) is int and 0 <= ref < 2**53 else None
    if isinstance(op, str) and op not in _OPS:
        return BadFrame("unknown_op", "There is no such op.", ref=known_ref)
    return BadFrame("bad_frame", str(fault), ref=known_ref)


def _read_object(text: str | bytes) -> dict[str, object] | None:
    """The text as one JSON object, or None.

    Read by the standard library, which unlike msgspec lets half a surrogate pair pass. A browser sends one when that
    is what somebody pasted. The answer must be a refusal of this one message: a hang-up would stop its sender for good.
    """
    try:
        found: object = json.loads(text if isinstance(text, str) else text.decode(), parse_constant=_reject_constant)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _reject_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def decode_frame(text: str | bytes) -> AnyFrame | None:
    """Read one server frame; None for an op that this version does not know, which clients skip.

    Raises:
        BadFrame: for anything else that is not exactly a known frame.
    """
    try:
        return _frames.decode(text)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as fault:
        op = (_read_object(text) or {}).get("op")
        if isinstance(op, str) and op not in _FRAME_OPS:
            return None
        raise BadFrame("bad_frame", str(fault), hopeless=True) from None


def encode(frame: AnyFrame | AnyCommand | LogEvent) -> bytes:
    """The frame as UTF-8 JSON."""
    return _encoder.encode(frame)


def text_frame(payload: bytes) -> bytes:
    """Wrap a payload as one unmasked, final WebSocket text frame (RFC 6455, section 5.2); its bytes fit everyone."""
    size = len(payload)
    if size < 126:  # noqa: PLR2004 -- the three length forms of section 5.2
        return bytes((0x81, size)) + payload
    if size < 65_536:  # noqa: PLR2004
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


class SharedRun:
    """Frames that follow one another, for everyone the same: `framed` is one piece, to be written at once."""

    __slots__ = ("framed", "frames")

    def __init__(self, frames: Sequence[SharedFrame]) -> None:
        self.frames = frames
        self.framed = frames[0].framed if len(frames) == 1 else b"".join([frame.framed for frame in frames])


class SharedFrame:
    """One server frame, encoded once and written to everyone: `payload` is the JSON, `framed` is ready for a socket.

    `seq` is the event's place in the log, 0 for what is in no log.
    """

    __slots__ = ("framed", "payload", "seq")

    def __init__(self, frame: AnyFrame) -> None:
        self.seq = frame.seq if isinstance(frame, Event) else 0
        self.payload = _encoder.encode(frame)
        self.framed = text_frame(self.payload)
