"""One connection: parses with wire/, calls one verb, answers. It knows who it is, and the rooms it has entered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, assert_never

import structlog
from msgspec import structs

from parlour.accounts.actions import Person
from parlour.accounts.limits import COMMANDS, POSTS
from parlour.accounts.rules import NAME_CHARS
from parlour.live.hub import Listener
from parlour.live.link import Link
from parlour.live.services import Services
from parlour.messages.actions import Draft
from parlour.messages.rules import BODY_CHARS
from parlour.rooms.actions import Seat
from parlour.rooms.rules import TITLE_CHARS
from parlour.storage.batch import Written
from parlour.storage.schema import new_id
from parlour.wire.codec import SharedFrame
from parlour.wire.connection import Accepted, Answer, Hangup, Outcome, ServerConnection, refused
from parlour.wire.errors import RESTARTS, CloseCode, Refusal
from parlour.wire.frames import (
    FILL_EVENTS,
    FRAME_BYTES,
    HEARTBEAT_S,
    POSTS_IN_FLIGHT,
    AnyCommand,
    AnyFrame,
    Enter,
    Entered,
    Exit,
    Fill,
    Filled,
    Hello,
    Me,
    Mode,
    Ok,
    Ping,
    Pong,
    Post,
    Posted,
    Welcome,
)
from parlour.wire.frames import (
    Limits as LimitsFrame,
)
from parlour.wire.times import rfc3339

CONGESTED_WAIT_S: Final = 30.0
MOST_WAITING: Final = 32
"""So many messages of a client wait for one that is being carried out; then it is not read any further."""

_log = structlog.get_logger("parlour.live")
_limits = LimitsFrame(FRAME_BYTES, BODY_CHARS, NAME_CHARS, TITLE_CHARS, POSTS_IN_FLIGHT, FILL_EVENTS)

Receive = Callable[[], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Guestbook:
    """Who wants to know of a visitor: `know` when it has said who it is, `forget` and `on_gone` when it is gone."""

    know: Callable[[Visitor, Person], None]
    forget: Callable[[Visitor], None]
    on_gone: Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a visitor listens, and by which seat."""

    seat: Seat
    listener: Listener


class Visitor:
    """One connection: who it is, and the rooms it has entered."""

    link: Link
    __slots__ = (
        "_connection",
        "_guestbook",
        "_is_gone",
        "_origin",
        "_pinged_at_s",
        "_places",
        "_services",
        "_token",
        "_waiting",
        "_work",
        "is_leaving",
        "link",
        "person",
    )

    def __init__(
        self,
        services: Services,
        token: str | None,
        origin: str,
        guestbook: Guestbook,
    ) -> None:
        self.person: Person | None = None
        self.is_leaving = False
        self._services = services
        self._token = token
        self._origin = origin
        self._guestbook = guestbook
        self._places: dict[str, _Place] = {}
        self._connection = ServerConnection(opened_at_s=_now_s())
        self._pinged_at_s = _now_s()
        self._waiting: list[bytes | None] = []
        self._work: asyncio.Task[None] | None = None
        self._is_gone = False

    def hear(self, text: bytes | None) -> None:
        """Carry out what the client says, in order, and at once unless something has to be waited for."""
        if self.link.is_closed:
            # What the client sent behind the frame that ended the connection is not carried out.
            return
        if self._work is None and not self.link.is_congested:
            rest = self._follow(self._read(text))
            if rest is not None:
                self._work = asyncio.create_task(self._catch_up(rest), name="visitor")
            return
        self._waiting.append(text)
        if self._work is None:
            self._work = asyncio.create_task(self._catch_up(), name="visitor")
        if len(self._waiting) == MOST_WAITING:
            self.link.pause_reading()

    async def _catch_up(self, rest: Awaitable[None] | None = None) -> None:
        """Finish what was begun, and then what has come meanwhile."""
        try:
            if rest is not None:
                await rest
            while self._waiting and not self.link.is_closed:
                # A client that does not read its answers gets no more of them: memory stays bounded.
                if self.link.is_congested and not await self.link.drained(CONGESTED_WAIT_S):
                    self.link.close(CloseCode.TOO_SLOW, "Too slow: come back and resume.")
                    return
                rest = self._follow(self._read(self._waiting.pop(0)))
                if rest is not None:
                    await rest
        finally:
            self._work = None
            self._waiting.clear()
            if self._is_gone:
                self._leave_all()
            else:
                self.link.resume_reading()

    def notice(self) -> None:
        """A sign of life below the protocol."""
        self._connection.heard(_now_s())

    def gone(self) -> None:
        """The connection is over: leave the rooms, at the latest when what was begun has ended."""
        if not self._is_gone:
            self._is_gone = True
            if self._work is None:
                self._leave_all()

    async def listen(self, receive: Receive) -> None:
        """Hear what comes through plain ASGI, one message after the other, until the client is gone."""
        try:
            while not self.link.is_closed:
                message = await receive()
                if message["type"] != "websocket.receive":
                    self.link.lost()
                    return
                text = message.get("text")
                self.hear(None if text is None else text.encode())
                if self._work is not None:
                    await asyncio.wait([self._work])
            await self.link.finish()
        finally:
            self.gone()

    def _read(self, text: bytes | None) -> Outcome:
        return self._connection.receive_binary() if text is None else self._connection.receive(text, _now_s())

    def tick(self) -> None:
        """Ping a silent client, and give up on one that stays silent."""
        now_s = _now_s()
        hangup = self._connection.tick(now_s)
        if hangup is not None:
            self.link.close(hangup.code, hangup.reason)
        elif now_s - max(self._connection.heard_at_s, self._pinged_at_s) >= HEARTBEAT_S:
            self._pinged_at_s = now_s
            self.link.ping()

    def rename(self, name: str) -> None:
        """Speak under another name."""
        if self.person is None:
            return
        self.person = replace(self.person, name=name)
        for room_id, place in self._places.items():
            self._places[room_id] = replace(place, seat=replace(place.seat, person=self.person))

    def _leave_all(self) -> None:
        self._guestbook.forget(self)
        self._guestbook.on_gone()
        for room_id in list(self._places):
            self._leave(room_id, at_once=False)

    def _follow(self, outcome: Outcome) -> Awaitable[None] | None:
        """Do it, and say what remains to be waited for."""
        match outcome:
            case Accepted(command):
                return self._carry_out(command)
            case Answer(frame):
                self._send(frame)
            case Hangup(code, reason):
                self.link.close(code, reason)
            case _:
                assert_never(outcome)
        return None

    def _carry_out(self, command: AnyCommand) -> Awaitable[None] | None:
        try:
            match command:
                case Post():
                    self._post(command)
                case Ping():
                    self._send(Pong(command.ref))
                case Exit():
                    self._exit(command)
                case Hello() | Enter() | Fill():
                    return self._carry_out_slowly(command)
                case _:
                    assert_never(command)
        except Exception as error:  # noqa: BLE001 -- the edge of the socket, as render_bug is that of HTTP
            self._fail(error, command)
        return None

    async def _carry_out_slowly(self, command: Hello | Enter | Fill) -> None:
        try:
            if isinstance(command, Fill):
                await self._fill(command)
                return
            async with self._services.admission.turn("inside"):
                # Who waited for too long has gone, and comes back to another place in the line.
                if not self.link.is_closed:
                    await (self._hello(command) if isinstance(command, Hello) else self._enter(command))
        except Exception as error:  # noqa: BLE001 -- as above
            self._fail(error, command)

    def _fail(self, error: Exception, command: AnyCommand) -> None:
        """A bug is logged, the client gets a public word, and the connection goes on."""
        if isinstance(error, Refusal):
            self._refuse(error, command)
        else:
            _log.error("command_failed", op=type(command).__name__, exc_info=error)
            self._refuse(Refusal("internal"), command)

    async def _hello(self, hello: Hello) -> None:
        load_person, token = self._services.accounts.load_person, hello.token or self._token
        try:
            self.person = await load_person(token)
            self._guestbook.know(self, self.person)
            # Looked up again: a sign-out or a new name that came in between could not find us yet.
            person = self.person = await load_person(token)
        except Refusal as refusal:
            self._refuse(refusal, hello)
            self.link.close(CloseCode.SIGN_IN, "Sign in first.")
            return
        now = rfc3339(self._services.now_ms())
        me = Me(person.id, person.name, person.kind)
        self._send(Welcome(hello.ref, new_id(), me, HEARTBEAT_S, now, _limits))

    async def _enter(self, enter: Enter) -> None:
        person = self._known_person()
        await self._services.limits.spend(COMMANDS, person.id)
        if enter.room in self._places:
            self._leave(enter.room, at_once=True)
        # The listener takes its place first: whoever is removed while we read is removed from the Hub, and seen below.
        hub = self._services.hub
        listener = hub.attach(enter.room, self.link, person.id, partial(self._removed, enter.room))
        try:
            entered, seat = await self._read_room(person, enter)
        except BaseException:
            hub.detach(listener)
            raise
        if not listener.is_attached:
            raise Refusal("not_found")
        # Who got another name meanwhile speaks under that.
        self._places[enter.room] = _Place(replace(seat, person=self._known_person()), listener)
        self._send(entered)
        self._services.presence.arrive(enter.room, person.id)
        self.link.send(self._services.presence.here(enter.room))
        hub.follow(listener, enter.after if entered.mode == "resumed" and enter.after is not None else entered.head)

    async def _read_room(self, person: Person, enter: Enter) -> tuple[Entered, Seat]:
        if enter.after is not None:
            seat = await self._services.rooms.load_seat(person, enter.room)
            room = seat.room
            if enter.epoch in (None, room.epoch) and enter.after <= room.head:
                return Entered(enter.ref, room.id, room.epoch, room.head, "resumed", None), seat
        seat, snapshot = await self._services.snapshots.load_fresh(person, enter.room, self._origin)
        mode: Mode = "fresh" if enter.after is None else "reset"
        return Entered(enter.ref, seat.room.id, seat.room.epoch, seat.room.head, mode, snapshot), seat

    def _exit(self, exit_: Exit) -> None:
        self._known_place(exit_.room)
        self._leave(exit_.room, at_once=True)
        self._send(Ok(exit_.ref))

    def _post(self, post: Post) -> None:
        try:
            seat = self._seat_to_speak(post.room)
            self._services.limits.spend_here(POSTS, seat.person.id)
            future = self._services.messages.post(seat, Draft(post.cid, post.body, post.reply_to))
        except BaseException:
            self._connection.answered(post)
            raise
        future.add_done_callback(partial(self._posted, post))

    def _seat_to_speak(self, room_id: str) -> Seat:
        if self.is_leaving:
            raise Refusal("overloaded", RESTARTS, retry_after_s=1)
        return self._known_place(room_id).seat

    def _posted(self, post: Post, future: asyncio.Future[Written]) -> None:
        self._connection.answered(post)
        if future.cancelled():
            return
        error = future.exception()
        if error is not None:
            self._refuse(error if isinstance(error, Refusal) else Refusal("internal"), post)
            return
        written = future.result()
        at = rfc3339(written.at_ms)
        self._send(Posted(post.ref, post.room, post.cid, written.seq, at, written.is_duplicate))

    async def _fill(self, fill: Fill) -> None:
        place = self._known_place(fill.room)
        await self._services.limits.spend(COMMANDS, place.seat.person.id)
        run = await self._services.messages.load_events(place.seat.person, fill.room, fill.after, fill.limit)
        self._send(Filled(fill.ref, fill.room, list(run.events), run.head))

    def _known_person(self) -> Person:
        if self.person is None:
            raise Refusal("unauthenticated")
        return self.person

    def _known_place(self, room_id: str) -> _Place:
        self._known_person()
        place = self._places.get(room_id)
        if place is None:
            raise Refusal("not_entered")
        return place

    def _leave(self, room_id: str, *, at_once: bool) -> None:
        place = self._places.pop(room_id)
        self._services.hub.detach(place.listener)
        self._services.presence.depart(room_id, place.seat.person.id, at_once=at_once)

    def _removed(self, room_id: str, code: CloseCode) -> None:
        """The Hub ended the listening: this person left the room, or the room is gone."""
        place = self._places.get(room_id)
        if place is None:
            return
        was_behind = place.listener.refill is not None
        self._leave(room_id, at_once=True)
        if code is CloseCode.ROOM_CLOSED or was_behind:
            # No event has told them; a live listener has read its own member.left as the last one.
            self._send(refused("not_found", room=room_id))
        if code is CloseCode.ROOM_CLOSED and not self._places:
            self.link.close(code, "The room has closed.")

    def _send(self, frame: AnyFrame) -> None:
        self.link.send(SharedFrame(frame))

    def _refuse(self, refusal: Refusal, command: AnyCommand) -> None:
        room_id = getattr(command, "room", None)
        frame = refused(refusal.code, refusal.message, ref=command.ref, room=room_id)
        if refusal.retry_after_s is not None:
            frame = structs.replace(frame, retry_after_s=refusal.retry_after_s)
        self._send(frame)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
