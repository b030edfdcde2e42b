"""A client: the machines of parlour.wire as the page and a bot use them, on a socket that records what it hears.

It posts what it was told to until it has an answer, over every reconnect, and follows its room.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, cast

from msgspec import UNSET

from bench.torture.framing import Frames, NotUpgradedError, Op, client_frame, upgrade_request
from bench.torture.history import Histories
from bench.torture.proxy import Proxy, Wire
from bench.torture.records import (
    Cut,
    Entered,
    Filled,
    Harmed,
    Healed,
    Heard,
    Lost,
    Posted,
    Refused,
    RoomRecord,
    Sent,
    Stopped,
    digest,
    mark,
    now_us,
)
from parlour.wire import client, frames, stream
from parlour.wire.client import ClientConnection
from parlour.wire.codec import encode
from parlour.wire.stream import Stream

IN_FLIGHT: Final = 8
"""Posts that wait for an answer at one time: half of what protocol.md allows."""
REFUSED_FOR_NOW_S: Final = 0.5
LOSES_SHARE: Final = 0.0005
"""How often an event that came is lost on the way to the machine, which must notice the gap and fill it."""
NEW_DEVICE_SHARE: Final = 0.01
"""How often somebody comes back knowing nothing of the room."""
OTHER_CASE_SHARE: Final = 0.3
"""How often a cid is sent again in capitals: case does not count."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a session, who is a member of a room. `room` is the number of its history."""

    who: int
    id: str
    token: str
    room: int
    room_id: str


@dataclass(slots=True)
class Draft:
    """Something to be said. `is_sound` when nothing about it deserves a refusal."""

    body: str
    is_sound: bool = True
    reply_to: int | None = None
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Stage:
    """What the talkers of a run share."""

    proxy: Proxy
    histories: Histories
    dice: random.Random
    on_answer: Callable[[], None]
    """Called when a post was acknowledged."""
    on_entering: Callable[[Talker], None]
    """Called when a client may listen, before it has heard anything."""


class _Socket(asyncio.Protocol):
    """One connection of a talker, after which it never hears of this one again."""

    def __init__(self, talker: Talker, number: int) -> None:
        self.number = number
        self.transport: asyncio.Transport | None = None
        self.wire: Wire | None = None
        self._talker = talker
        self._frames = Frames()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        if self._talker.socket is not self:
            self.transport.close()
            return
        self.transport.write(upgrade_request("/api/v1/live"))

    def data_received(self, data: bytes) -> None:
        was_open = self._frames.is_open
        try:
            for op, payload in self._frames.receive(data):
                if not was_open:
                    was_open = True
                    self._opened()
                self._take(op, payload)
            if not was_open and self._frames.is_open:
                self._opened()
        except NotUpgradedError:
            self.close()
            self._talker.lost(self, 1006)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._talker.lost(self, 1006)

    def send(self, op: Op, payload: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(client_frame(op, payload))

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()

    def _opened(self) -> None:
        if self.transport is not None:
            self.wire = self._talker.stage.proxy.wires.get(self.transport.get_extra_info("sockname")[1])
        self._talker.opened(self)

    def _take(self, op: Op, payload: bytes) -> None:
        if op is Op.TEXT:
            self._talker.text(self, payload)
        elif op is Op.PING:
            self.send(Op.PONG, payload)
        elif op is Op.CLOSE:
            self.close()
            self._talker.lost(self, int.from_bytes(payload[:2], "big") or 1005)


@dataclass(eq=False)
class Talker:
    """One client."""

    person: Person
    stage: Stage
    outbox: dict[str, Draft] = field(default_factory=dict)
    socket: _Socket | None = None
    is_live: bool = False
    is_cut: bool = False
    _connecting: asyncio.Task[None] | None = None
    _flying: set[str] = field(default_factory=set)
    _fills: dict[int, int] = field(default_factory=dict)
    _cids: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._machine = ClientConnection("torture/1", self.person.token)
        self.stream = self._new_stream()
        self._numbers = itertools.count(1)
        self._refs = itertools.count(1)

    @property
    def wire(self) -> Wire | None:
        """The network below the connection."""
        return self.socket.wire if self.socket is not None else None

    def start(self) -> None:
        self._do(self._machine.start(_now_ms()))

    def stop(self) -> None:
        self._do(self._machine.stop(_now_ms()))

    def tick(self) -> None:
        """Called a few times a second."""
        now_ms = _now_ms()
        self._do(self._machine.tick(now_ms))
        if self.is_live and self.stream.due_ms is not None:
            self._follow(self.stream.tick(now_ms))

    def hurry(self) -> None:
        """Whoever waits before trying again hears that the network is back."""
        if self._machine.phase == "waiting":
            self._do(self._machine.online(_now_ms()))

    def doubt(self) -> None:
        """The network has changed: the connection may be dead."""
        self._do(self._machine.offline(_now_ms()))

    def say(self, cid: str, draft: Draft) -> None:
        """Put something into the outbox, and send it when it may be sent."""
        self.outbox[cid] = draft
        self._pump()

    def note_cut(self, how: str) -> None:
        """This connection is doomed."""
        self.is_cut = True
        self._note(Cut(now_us(), self.person.who, self._connection, how))

    def note_harm(self, how: str) -> None:
        """This connection is carried badly from now on."""
        self._note(Harmed(now_us(), self.person.who, self._connection, how))

    def note_healing(self) -> None:
        """And now well again."""
        self._note(Healed(now_us(), self.person.who, self._connection))

    def opened(self, socket: _Socket) -> None:
        if socket is self.socket:
            self._do(self._machine.opened(_now_ms()))

    def text(self, socket: _Socket, text: bytes) -> None:
        if socket is self.socket:
            self._do(self._machine.text(text, _now_ms()))

    def lost(self, socket: _Socket, code: int) -> None:
        if socket is self.socket:
            self._forget_socket()
            self._do(self._machine.closed(code, _now_ms()))

    @property
    def _connection(self) -> int:
        return self.socket.number if self.socket is not None else 0

    def _note(self, record: RoomRecord) -> None:
        self.stage.histories.note(self.person.room, record)

    def _new_stream(self) -> Stream:
        """As a page does it, with a snapshot, or as a bot does, with the whole log."""
        return Stream() if self.stage.dice.random() < 0.5 else Stream(position=0)  # noqa: PLR2004 -- half of them

    def _do(self, effects: Iterable[client.Effect]) -> None:
        for effect in effects:
            match effect:
                case client.Open():
                    self._open()
                case client.Send(command):
                    self._send(command)
                case client.Close(code):
                    self._close(code)
                case client.Retry(min_ms, max_ms):
                    wait_s = self.stage.dice.uniform(min_ms, max_ms) / 1000
                    asyncio.get_running_loop().call_later(wait_s, self._come_back)
                case client.Deliver(frame):
                    self._read(frame)
                case client.SignIn() | client.Stop():
                    self._note(Stopped(now_us(), self.person.who, repr(effect)))

    def _come_back(self) -> None:
        self._do(self._machine.due(_now_ms()))

    def _open(self) -> None:
        self.socket = _Socket(self, next(self._numbers))
        self._connecting = asyncio.get_running_loop().create_task(self._connect(self.socket), name="connect")

    async def _connect(self, socket: _Socket) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: socket, "127.0.0.1", self.stage.proxy.port)
        except OSError:
            self.lost(socket, 1006)

    def _close(self, code: int) -> None:
        socket = self.socket
        self._forget_socket()
        if socket is not None:
            socket.send(Op.CLOSE, code.to_bytes(2, "big"))
            socket.close()

    def _forget_socket(self) -> None:
        self._note(Lost(now_us(), self.person.who, self._connection))
        self.socket = None
        self.is_live = self.is_cut = False
        self._flying.clear()
        self._fills.clear()
        self._cids.clear()
        self.stream.disconnected()

    def _send(self, command: frames.AnyCommand) -> None:
        if self.socket is not None:
            self.socket.send(Op.TEXT, encode(command))

    def _read(self, frame: frames.AnyFrame) -> None:
        at, who, connection = now_us(), self.person.who, self._connection
        match frame:
            case frames.Event():
                self._note(Heard(at, who, connection, frame.seq, _mark(frame)))
                if self.stage.dice.random() >= LOSES_SHARE:
                    self._follow(self.stream.event(frame, _now_ms()))
            case frames.Posted():
                self._note(Posted(at, who, connection, frame.cid, frame.seq, frame.dup))
                self._settle(frame.ref, is_final=True)
                self.stage.on_answer()
            case frames.Filled():
                marks = [(event.seq, _mark(event)) for event in frame.events]
                self._note(Filled(at, who, connection, self._fills.pop(frame.ref), marks))
                self._follow(self.stream.filled(frame, _now_ms()))
            case frames.Welcome():
                self._enter()
            case frames.Entered():
                after = self.stream.resume_point.after
                self._note(Entered(at, who, connection, frame.mode, after, frame.epoch, frame.head))
                self.is_live = True
                self._follow(self.stream.entered(frame, _now_ms()))
                self.stage.on_entering(self)
                self._pump()
            case frames.Head():
                self._follow(self.stream.head(frame, _now_ms()))
            case frames.Refused():
                self._refused(frame)
            case _:
                pass

    def _enter(self) -> None:
        if self.stage.dice.random() < NEW_DEVICE_SHARE:
            self.stream = self._new_stream()
        point = self.stream.resume_point
        self._send(frames.Enter(next(self._refs), self.person.room_id, point.epoch, point.after))

    def _enter_again(self, socket: _Socket | None) -> None:
        """Entering was refused for now; on another connection it is another entering."""
        if socket is self.socket and not self.is_live:
            self._enter()

    def _follow(self, effects: Iterable[stream.Effect]) -> None:
        for effect in effects:
            match effect:
                case stream.AskFill(after, limit):
                    ref = next(self._refs)
                    self._fills[ref] = after
                    self._send(frames.Fill(ref, self.person.room_id, after, limit))
                case stream.Reenter():
                    self._enter()
                case stream.Apply() | stream.Reload():
                    pass

    def _pump(self) -> None:
        """Send what waits, in the order in which it was written."""
        if not self.is_live:
            return
        for cid, draft in self.outbox.items():
            if len(self._flying) >= IN_FLIGHT:
                return
            if cid not in self._flying:
                self._post(cid, draft)

    def _post(self, cid: str, draft: Draft) -> None:
        said = cid.upper() if draft.tries and self.stage.dice.random() < OTHER_CASE_SHARE else cid
        draft.tries += 1
        ref = next(self._refs)
        self._flying.add(cid)
        self._cids[ref] = cid
        self._note(Sent(now_us(), self.person.who, self._connection, said, digest(draft.body), is_sound=draft.is_sound))
        self._send(frames.Post(ref, self.person.room_id, said, draft.body, draft.reply_to))

    def _refused(self, frame: frames.Refused) -> None:
        ref = frame.ref if frame.ref is not UNSET else -1
        cid = self._cids.get(ref, "")
        self._note(Refused(now_us(), self.person.who, self._connection, cid, frame.code, frame.final))
        if cid:
            self._settle(ref, is_final=frame.final)
        elif ref in self._fills:
            del self._fills[ref]
            self.stream.fill_refused(_now_ms())
        elif not self.is_live and not frame.final:
            asyncio.get_running_loop().call_later(REFUSED_FOR_NOW_S, self._enter_again, self.socket)

    def _settle(self, ref: int, *, is_final: bool) -> None:
        """A post has its answer; what was refused for now is tried again."""
        cid = self._cids.pop(ref, "")
        if is_final:
            self.outbox.pop(cid, None)
            self._flying.discard(cid)
            self._pump()
        else:
            asyncio.get_running_loop().call_later(REFUSED_FOR_NOW_S, self._try_again, cid)

    def _try_again(self, cid: str) -> None:
        self._flying.discard(cid)
        self._pump()


def _mark(event: frames.Event | frames.LogEvent) -> str:
    return mark(event.kind, event.at, event.by, bytes(event.data))


def _now_ms() -> int:
    return now_us() // 1000
