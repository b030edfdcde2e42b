"""A client for the benches that cut and hold connections: it comes back by itself and follows one room.

It is made of the machines of parlour.wire, as the page and the bots are.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import socket
import time
from collections.abc import Callable, Iterable
from typing import Final, cast

from bench.audience import DIALECT, Member
from bench.torture.framing import Frames, NotUpgradedError, Op, client_frame, upgrade_request
from parlour.wire import client, frames, stream
from parlour.wire.client import ClientConnection
from parlour.wire.codec import encode
from parlour.wire.errors import CloseCode
from parlour.wire.stream import Stream

TICK_S: Final = 0.5
LOST: Final = 1006


class _Socket(asyncio.Protocol):
    """One connection of a guest, which hears nothing of it once it has another."""

    def __init__(self, guest: Guest) -> None:
        self.transport: asyncio.Transport | None = None
        self._guest = guest
        self._frames = Frames()
        self._is_greeted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.transport.write(upgrade_request(DIALECT.path))

    def data_received(self, data: bytes) -> None:
        try:
            for op, payload in self._frames.receive(data):
                self._greet()
                self._take(op, payload)
            self._greet()
        except NotUpgradedError:
            self.close()
            self._guest.lost(self, LOST)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._guest.lost(self, LOST)

    def send(self, op: Op, payload: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(client_frame(op, payload))

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()

    def _greet(self) -> None:
        if self._frames.is_open and not self._is_greeted:
            self._is_greeted = True
            self._guest.opened(self)

    def _take(self, op: Op, payload: bytes) -> None:
        if op is Op.TEXT:
            self._guest.text(self, payload)
        elif op is Op.PING:
            self.send(Op.PONG, payload)
        elif op is Op.CLOSE:
            self.close()
            self._guest.lost(self, int.from_bytes(payload[:2], "big") or LOST)


class Guest:
    """One person's connection.

    Args:
        member: who it is, and of which room.
        port: the server's.
        on_event: called with each event of the room, once and in order.
        receive_bytes: the size of the socket's receive buffer; None: as the system likes.
    """

    def __init__(
        self,
        member: Member,
        port: int,
        on_event: Callable[[Guest, frames.LogEvent], None] | None = None,
        *,
        receive_bytes: int | None = None,
    ) -> None:
        self.member = member
        self.stream = Stream()
        self.entered_at_s: float | None = None
        """When it came in, for as long as it is in: seconds of the monotonic clock."""
        self.opens = 0
        """How often it asked for a connection."""
        self.codes: list[int] = []
        """How its connections ended, when it did not go away itself."""
        self._port = port
        self._on_event = on_event
        self._receive_bytes = receive_bytes
        self._machine = ClientConnection("bench/1", member.token)
        self._dice = random.Random(member.token)  # noqa: S311 -- spreads load
        self._refs = itertools.count(1)
        self._socket: _Socket | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_asleep = False

    def start(self) -> None:
        """Connect, and stay connected."""
        self._do(self._machine.start(_now_ms()))
        self._timer = asyncio.get_running_loop().call_later(self._dice.uniform(0, TICK_S), self._tick)

    def stop(self) -> None:
        """Go away."""
        if self._timer is not None:
            self._timer.cancel()
        self._do(self._machine.stop(_now_ms()))

    def post(self, cid: str, body: str) -> None:
        """Say something; only who is in may."""
        self._send(frames.Post(next(self._refs), self.member.room_id, cid, body))

    def stop_reading(self) -> None:
        """Leave what comes where it is, and be as still as a phone that sleeps."""
        self._is_asleep = True
        if self._socket is not None and self._socket.transport is not None:
            self._socket.transport.pause_reading()

    def read_again(self) -> None:
        """Go on where it stopped."""
        self._is_asleep = False
        if self._socket is not None and self._socket.transport is not None:
            self._socket.transport.resume_reading()

    def opened(self, origin: _Socket) -> None:
        if origin is self._socket:
            self._do(self._machine.opened(_now_ms()))

    def text(self, origin: _Socket, text: bytes) -> None:
        if origin is self._socket:
            self._do(self._machine.text(text, _now_ms()))

    def lost(self, origin: _Socket, code: int) -> None:
        if origin is self._socket:
            self._forget_socket(code)
            self._do(self._machine.closed(code, _now_ms()))

    def _tick(self) -> None:
        now_ms = _now_ms()
        if not self._is_asleep:
            self._do(self._machine.tick(now_ms))
            if self.stream.due_ms is not None:
                self._follow(self.stream.tick(now_ms))
        self._timer = asyncio.get_running_loop().call_later(TICK_S, self._tick)

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
                    wait_s = self._dice.uniform(min_ms, max_ms) / 1000
                    asyncio.get_running_loop().call_later(wait_s, self._come_back)
                case client.Deliver(frame):
                    self._read(frame)
                case client.SignIn() | client.Stop():
                    raise RuntimeError(f"the server does not let a member in: {effect}")

    def _come_back(self) -> None:
        self._do(self._machine.due(_now_ms()))

    def _open(self) -> None:
        self.opens += 1
        self._socket = _Socket(self)
        self._connecting = asyncio.get_running_loop().create_task(self._connect(self._socket), name="connect")

    async def _connect(self, protocol: _Socket) -> None:
        plug = socket.socket()
        plug.settimeout(0)
        if self._receive_bytes is not None:
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_bytes)
        loop = asyncio.get_running_loop()
        try:
            await loop.sock_connect(plug, ("127.0.0.1", self._port))
            await loop.create_connection(lambda: protocol, sock=plug)
        except OSError:
            plug.close()
            self.lost(protocol, LOST)

    def _close(self, code: int) -> None:
        old = self._socket
        self._forget_socket(code)
        if old is not None:
            old.send(Op.CLOSE, code.to_bytes(2, "big"))
            old.close()

    def _forget_socket(self, code: int) -> None:
        if code != CloseCode.BYE:
            self.codes.append(code)
        self._socket = self.entered_at_s = None
        self.stream.disconnected()

    def _send(self, command: frames.AnyCommand) -> None:
        if self._socket is not None:
            self._socket.send(Op.TEXT, encode(command))

    def _read(self, frame: frames.AnyFrame) -> None:
        now_ms = _now_ms()
        match frame:
            case frames.Event():
                self._follow(self.stream.event(frame, now_ms))
            case frames.Filled():
                self._follow(self.stream.filled(frame, now_ms))
            case frames.Head():
                self._follow(self.stream.head(frame, now_ms))
            case frames.Welcome():
                self._enter()
            case frames.Entered():
                self.entered_at_s = time.monotonic()
                self._follow(self.stream.entered(frame, now_ms))
            case frames.Refused():
                self._refused(frame)
            case _:
                pass

    def _refused(self, frame: frames.Refused) -> None:
        if frame.final:
            raise RuntimeError(f"the server refused a member: {frame}")
        if self.entered_at_s is None:
            asyncio.get_running_loop().call_later(TICK_S, self._enter_again, self._socket)
        else:
            self.stream.fill_refused(_now_ms())

    def _enter_again(self, origin: _Socket | None) -> None:
        if origin is self._socket and self.entered_at_s is None:
            self._enter()

    def _enter(self) -> None:
        point = self.stream.resume_point
        self._send(frames.Enter(next(self._refs), self.member.room_id, point.epoch, point.after))

    def _follow(self, effects: Iterable[stream.Effect]) -> None:
        for effect in effects:
            match effect:
                case stream.AskFill(after, limit):
                    self._send(frames.Fill(next(self._refs), self.member.room_id, after, limit))
                case stream.Reenter():
                    self._enter()
                case stream.Apply(event):
                    if self._on_event is not None:
                        self._on_event(self, event)
                case stream.Reload():
                    pass


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
