"""The server's end of one connection as a pure state machine: fed texts and moments, it answers with outcomes.

It knows the order of things (hello first, once; at most 16 posts in flight a room), never who is who or what is stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from msgspec import UNSET, Struct

from parlour.wire.codec import BadFrame, decode_command
from parlour.wire.errors import MEANINGS, CloseCode, Code
from parlour.wire.frames import (
    HELLO_WITHIN_S,
    POSTS_IN_FLIGHT,
    PROTOCOL_VERSION,
    SILENCE_S,
    AnyCommand,
    Hello,
    Post,
    Refused,
)


class Accepted(Struct, frozen=True):
    """A command to carry out; its answer is the caller's to send."""

    command: AnyCommand


class Answer(Struct, frozen=True):
    """A frame to send; the connection goes on."""

    frame: Refused


class Hangup(Struct, frozen=True):
    """Close the socket with this code."""

    code: CloseCode
    reason: str


Outcome = Accepted | Answer | Hangup


def refused(code: Code, message: str | None = None, *, ref: int | None = None, room: str | None = None) -> Refused:
    """A refusal as a frame."""
    meaning = MEANINGS[code]
    return Refused(
        code=code,
        message=message or meaning.message,
        final=meaning.final,
        ref=UNSET if ref is None else ref,
        room=UNSET if room is None else room,
    )


@dataclass(slots=True)
class ServerConnection:
    """Decides what one frame of a client means. `opened_at_s` and every `now_s` are readings of one monotonic clock."""

    opened_at_s: float
    greeted: bool = False
    heard_at_s: float = field(init=False)
    _posts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.heard_at_s = self.opened_at_s

    def receive(self, text: str | bytes, now_s: float) -> Outcome:
        """What to do about one text message of the client."""
        self.heard_at_s = now_s
        try:
            command = decode_command(text)
        except BadFrame as bad:
            if bad.hopeless:
                return Hangup(CloseCode.BAD_FRAME, bad.message)
            return Answer(refused(bad.code, bad.message, ref=bad.ref))
        if isinstance(command, Hello):
            return self._receive_hello(command)
        if not self.greeted:
            return Answer(refused("hello_first", ref=command.ref))
        if isinstance(command, Post):
            return self._receive_post(command)
        return Accepted(command)

    def receive_binary(self) -> Outcome:
        """Binary messages have no meaning in this protocol."""
        return Hangup(CloseCode.BAD_FRAME, "Text messages only.")

    def _receive_hello(self, hello: Hello) -> Outcome:
        if self.greeted:
            return Answer(refused("already_greeted", ref=hello.ref))
        if hello.v != PROTOCOL_VERSION:
            return Hangup(CloseCode.VERSION, f"This server speaks version {PROTOCOL_VERSION}.")
        self.greeted = True
        return Accepted(hello)

    def _receive_post(self, post: Post) -> Outcome:
        waiting = self._posts.get(post.room, 0)
        if waiting >= POSTS_IN_FLIGHT:
            return Answer(refused("too_many_in_flight", ref=post.ref, room=post.room))
        self._posts[post.room] = waiting + 1
        return Accepted(post)

    def answered(self, post: Post) -> None:
        """A post has its answer: its place in flight is free again."""
        waiting = self._posts.get(post.room, 0)
        if waiting > 1:
            self._posts[post.room] = waiting - 1
        else:
            self._posts.pop(post.room, None)

    def heard(self, now_s: float) -> None:
        """A sign of life below the protocol: a WebSocket pong."""
        self.heard_at_s = now_s

    def tick(self, now_s: float) -> Hangup | None:
        """Called about once a second: a hang-up when it is time to give up on this client."""
        if not self.greeted and now_s - self.opened_at_s >= HELLO_WITHIN_S:
            return Hangup(CloseCode.NO_HELLO, f"No hello within {HELLO_WITHIN_S} s.")
        if now_s - self.heard_at_s >= SILENCE_S:
            return Hangup(CloseCode.NO_PONG, f"Silent for {SILENCE_S} s.")
        return None
