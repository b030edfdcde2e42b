"""Every public error code and close code: names that outside programs rely on, never reused.

A verb raises `Refusal`; the edge renders it once, as problem details (RFC 9457) or as a `refused` frame.
Anything else that escapes a verb is a bug.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal

Code = Literal[
    "bad_request",
    "unauthenticated",
    "foreign_origin",
    "forbidden",
    "wrong_password",
    "banned",
    "locked",
    "not_found",
    "method_not_allowed",
    "too_large",
    "unsupported_media_type",
    "upgrade_required",
    "empty_name",
    "name_too_long",
    "empty_title",
    "title_too_long",
    "password_too_long",
    "empty_body",
    "body_too_long",
    "forbidden_characters",
    "bad_cid",
    "unknown_message",
    "rate_limited",
    "too_many_in_flight",
    "overloaded",
    "storage_unavailable",
    "internal",
    "bad_frame",
    "unknown_op",
    "hello_first",
    "already_greeted",
    "not_entered",
]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code tells a client: the HTTP status, whether trying again is pointless, and one sentence for people."""

    status: int
    final: bool
    message: str


MEANINGS: dict[Code, Meaning] = {
    "bad_request": Meaning(400, True, "The request could not be understood."),
    "unauthenticated": Meaning(401, True, "Say who you are first: POST /api/v1/session."),
    "foreign_origin": Meaning(403, True, "This page's origin is not allowed to use this server."),
    "forbidden": Meaning(403, True, "You may not do that here."),
    "wrong_password": Meaning(403, True, "That is not the room's password."),
    "banned": Meaning(403, True, "You may not enter this room."),
    "locked": Meaning(403, True, "The room is locked: nobody new may join."),
    "not_found": Meaning(404, True, "There is nothing here for you."),
    "method_not_allowed": Meaning(405, True, "That method is not allowed here."),
    "too_large": Meaning(413, True, "That is too large."),
    "unsupported_media_type": Meaning(415, True, "Send JSON with Content-Type: application/json."),
    "upgrade_required": Meaning(426, True, "This is a WebSocket: ask for an upgrade."),
    "empty_name": Meaning(422, True, "A name needs at least one visible character."),
    "name_too_long": Meaning(422, True, "A name has at most 40 characters."),
    "empty_title": Meaning(422, True, "A title needs at least one visible character."),
    "title_too_long": Meaning(422, True, "A title has at most 80 characters."),
    "password_too_long": Meaning(422, True, "A room password has at most 200 characters."),
    "empty_body": Meaning(422, True, "A message needs at least one visible character."),
    "body_too_long": Meaning(422, True, "A message has at most 4,000 characters."),
    "forbidden_characters": Meaning(422, True, "Control characters and direction overrides are not allowed."),
    "bad_cid": Meaning(422, True, "cid must be a UUID in its 36-character form."),
    "unknown_message": Meaning(422, True, "There is no such message in this room."),
    "rate_limited": Meaning(429, False, "Too many at once: wait a moment."),
    "too_many_in_flight": Meaning(429, False, "At most 16 posts may wait for their answer in one room."),
    "overloaded": Meaning(503, False, "The server is too busy: try again shortly."),
    "storage_unavailable": Meaning(503, False, "The server cannot write right now: nothing was saved, try again."),
    "internal": Meaning(500, False, "Something broke on our side."),
    "bad_frame": Meaning(400, True, "The frame does not have the fields or types of its op."),
    "unknown_op": Meaning(400, True, "There is no such op."),
    "hello_first": Meaning(401, True, "Say hello first."),
    "already_greeted": Meaning(409, True, "Hello was said already."),
    "not_entered": Meaning(409, True, "Enter the room first."),
}

RESTARTS = "The server restarts: come back shortly."
"""What `overloaded` says while the server drains."""


class Refusal(Exception):  # noqa: N818 -- a refusal is an answer, not an error of the program
    """A verb says no, in public words.

    Args:
        code: one of `Code`.
        message: replaces the code's own sentence; never holds what the caller may not see.
        retry_after_s: seconds after which trying again makes sense.
    """

    def __init__(self, code: Code, message: str | None = None, *, retry_after_s: float | None = None) -> None:
        super().__init__(code)
        meaning = MEANINGS[code]
        self.code: Code = code
        self.message = message or meaning.message
        self.status = meaning.status
        self.final = meaning.final
        self.retry_after_s = retry_after_s


class CloseCode(IntEnum):
    """Why a socket was closed, in ranges that tell a client what to do (protocol.md, "Close codes")."""

    BYE = 1000
    TOO_BIG = 1009
    INTERNAL = 1011
    RESTART = 1012
    NO_PONG = 4001
    TOO_SLOW = 4002
    DRAINING = 4003
    NO_HELLO = 4004
    OVERLOADED = 4013
    SIGN_IN = 4100
    BAD_FRAME = 4200
    VERSION = 4201
    ROOM_CLOSED = 4202
    REMOVED = 4203
    NOT_FOUND = 4205


Advice = Literal["retry", "sign_in", "stop"]


def advice(close_code: int) -> Advice:
    """What a client does after a close: unknown codes and network failures (1006) are retried."""
    if 4100 <= close_code <= 4199:  # noqa: PLR2004 -- the ranges of protocol.md
        return "sign_in"
    if 4200 <= close_code <= 4299 or close_code in (CloseCode.BYE, CloseCode.TOO_BIG):  # noqa: PLR2004
        return "stop"
    return "retry"
