"""The client's end of one connection as a pure state machine: fed what happened, it answers with what to do.

It keeps the connection alive and says hello; it knows no room. The shell around it owns the socket, the clock and the
dice. The same machine exists in TypeScript; both pass protocol/vectors/client.json.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, assert_never

from msgspec import UNSET

from parlour.wire.codec import BadFrame, decode_frame
from parlour.wire.errors import CloseCode, advice
from parlour.wire.frames import (
    HEARTBEAT_S,
    PROTOCOL_VERSION,
    AnyCommand,
    AnyFrame,
    Drain,
    Hello,
    Ping,
    Pong,
    Refused,
    Welcome,
)

OWN_REF = 0
"""The `ref` of the machine's own hello and pings; the commands of its user count from 1."""
OPEN_WITHIN_MS = 10_000
"""From asking for a socket to its opening, and again from there to the welcome."""
PONG_WITHIN_MS = 10_000
"""After a ping something must be heard within this time: any frame proves as much as a pong."""
PROBE_WITHIN_MS = 3_000
"""After sleep or a change of network the old socket is probably dead: ask with less patience."""
SLEPT_MS = 5_000
"""A tick later than this means that the machine slept, and that what was sent to it may not have been read yet."""
RETRY_MIN_MS = 500
RETRY_FIRST_MS = 1_000
RETRY_MAX_MS = 30_000
STEADY_MS = 10_000
"""Only a connection that stayed for this long makes the next wait short again: a server that lets everybody in and
falls over must not be met by everybody twice a second."""

Phase = Literal["idle", "opening", "greeting", "live", "waiting", "signed_out", "stopped"]


@dataclass(frozen=True, slots=True)
class Open:
    """Open a new socket. Events of an older one must not reach the machine any more."""


@dataclass(frozen=True, slots=True)
class Send:
    """Send this command as one text message."""

    command: AnyCommand


@dataclass(frozen=True, slots=True)
class Close:
    """Close the socket with this code and forget it, without waiting for the other end."""

    code: int


@dataclass(frozen=True, slots=True)
class Retry:
    """Wait for a random time between the two, both included, then call `due`."""

    min_ms: int
    max_ms: int


@dataclass(frozen=True, slots=True)
class SignIn:
    """The server does not know us (any more): get a session, then call `start`."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Trying again is pointless; `code` is the close code that said so."""

    code: int


@dataclass(frozen=True, slots=True)
class Deliver:
    """A frame for the user of the connection. After a welcome: enter every room again."""

    frame: AnyFrame


Effect = Open | Send | Close | Retry | SignIn | Stop | Deliver


@dataclass(slots=True)
class ClientConnection:
    """Keeps one connection. Every `now_ms` is a reading of one clock that goes on while the machine sleeps."""

    client: str
    token: str | None = None
    phase: Phase = field(default="idle", init=False)
    _since_ms: int = field(default=0, init=False)  # when this phase began
    _due_ms: int = field(default=0, init=False)  # live: the next ping, or the end of patience after one
    _pinged: Literal["no", "patiently", "impatiently"] = field(default="no", init=False)
    _heartbeat_ms: int = field(default=HEARTBEAT_S * 1000, init=False)
    _drained_until_ms: int = field(default=0, init=False)
    _failed_tries: int = field(default=0, init=False)

    def start(self, now_ms: int) -> list[Effect]:
        """Connect: for the first time, after signing in, or after the end."""
        return self._open(now_ms) if self.phase in ("idle", "signed_out", "stopped") else []

    def opened(self, now_ms: int) -> list[Effect]:
        """The socket is open."""
        if self.phase != "opening":
            return []
        self._enter_phase("greeting", now_ms)
        return [Send(Hello(ref=OWN_REF, v=PROTOCOL_VERSION, client=self.client, token=self.token))]

    def text(self, text: str | bytes, now_ms: int) -> list[Effect]:
        """A text message came."""
        if self.phase not in ("greeting", "live"):
            return []
        try:
            frame = decode_frame(text)
        except BadFrame:
            return [Close(CloseCode.BAD_FRAME), self._wait(now_ms)]
        self._hear(now_ms)
        return [] if frame is None else self._read(frame, now_ms)

    def closed(self, code: int, now_ms: int) -> list[Effect]:
        """The socket closed, or could not be opened (1006)."""
        if not self._has_socket:
            return []
        verdict = advice(code)
        match verdict:
            case "retry":
                return [self._wait(now_ms)]
            case "sign_in":
                return [self._rest_signed_out(now_ms)]
            case "stop":
                return [self._rest_stopped(code, now_ms)]
            case _:
                assert_never(verdict)

    def due(self, now_ms: int) -> list[Effect]:
        """The wait of the last `Retry` is over."""
        return self._open(now_ms) if self.phase == "waiting" else []

    def online(self, now_ms: int) -> list[Effect]:
        """Reason to hope: the network is back, the page is looked at again, somebody pressed "try now"."""
        if self.phase != "waiting":
            return self._ping("impatiently", now_ms)
        self._failed_tries = 0
        return self._open(now_ms)

    def offline(self, now_ms: int) -> list[Effect]:
        """Reason to doubt. Only a hint: a server on this very machine needs no network."""
        return self._ping("impatiently", now_ms)

    def tick(self, now_ms: int) -> list[Effect]:
        """Called about once a second."""
        if self.phase in ("opening", "greeting"):
            return self._give_up(now_ms) if now_ms - self._since_ms >= OPEN_WITHIN_MS else []
        if self.phase != "live" or now_ms < self._due_ms:
            return []
        if now_ms - self._due_ms > SLEPT_MS and self._pinged != "impatiently":
            return self._ping("impatiently", now_ms)
        return self._ping("patiently", now_ms) if self._pinged == "no" else self._give_up(now_ms)

    def stop(self, now_ms: int) -> list[Effect]:
        """We are done; `start` begins anew."""
        effects: list[Effect] = [Close(CloseCode.BYE)] if self._has_socket else []
        self._rest("idle", now_ms)
        return effects

    @property
    def _has_socket(self) -> bool:
        return self.phase in ("opening", "greeting", "live")

    def _open(self, now_ms: int) -> list[Effect]:
        self._enter_phase("opening", now_ms)
        return [Open()]

    def _hear(self, now_ms: int) -> None:
        """Somebody is there: the next ping is a heartbeat after the last one's answer."""
        if self._pinged != "no":
            self._pinged, self._due_ms = "no", now_ms + self._heartbeat_ms

    def _read(self, frame: AnyFrame, now_ms: int) -> list[Effect]:
        if self.phase == "greeting" and isinstance(frame, Refused):
            return [Deliver(frame), Close(CloseCode.BYE), self._hello_refused(frame, now_ms)]
        if isinstance(frame, Welcome) and self.phase == "greeting":
            self._enter_phase("live", now_ms)
            self._heartbeat_ms = frame.heartbeat_s * 1000
            self._pinged, self._due_ms = "no", now_ms + self._heartbeat_ms
        if isinstance(frame, Drain):
            self._drained_until_ms = now_ms + frame.reconnect_in_ms
        return [] if isinstance(frame, Drain | Pong) else [Deliver(frame)]

    def _hello_refused(self, frame: Refused, now_ms: int) -> Effect:
        if frame.code == "unauthenticated":
            return self._rest_signed_out(now_ms)
        if frame.final:
            return self._rest_stopped(CloseCode.BAD_FRAME, now_ms)
        if frame.retry_after_s is not UNSET:
            self._drained_until_ms = now_ms + round(frame.retry_after_s * 1000)
        return self._wait(now_ms)

    def _ping(self, how: Literal["patiently", "impatiently"], now_ms: int) -> list[Effect]:
        if self.phase != "live":
            return []
        patience_ms = PONG_WITHIN_MS if how == "patiently" else PROBE_WITHIN_MS
        self._pinged, self._due_ms = how, now_ms + patience_ms
        return [Send(Ping(ref=OWN_REF))]

    def _give_up(self, now_ms: int) -> list[Effect]:
        return [Close(CloseCode.NO_PONG), self._wait(now_ms)]

    def _wait(self, now_ms: int) -> Retry:
        """Full jitter under a doubling bound, behind the wait that the server asked for: nobody comes back together."""
        if self.phase == "live" and now_ms - self._since_ms >= STEADY_MS:
            self._failed_tries = 0
        bound_ms = min(RETRY_MAX_MS, RETRY_FIRST_MS << min(self._failed_tries, 10))
        asked_ms = max(0, self._drained_until_ms - now_ms)
        self._failed_tries += 1
        self._drained_until_ms = 0
        self._enter_phase("waiting", now_ms)
        return Retry(asked_ms + RETRY_MIN_MS, asked_ms + bound_ms)

    def _rest_signed_out(self, now_ms: int) -> SignIn:
        self._rest("signed_out", now_ms)
        return SignIn()

    def _rest_stopped(self, code: int, now_ms: int) -> Stop:
        self._rest("stopped", now_ms)
        return Stop(code)

    def _rest(self, phase: Phase, now_ms: int) -> None:
        self._enter_phase(phase, now_ms)
        self._failed_tries = self._drained_until_ms = 0

    def _enter_phase(self, phase: Phase, now_ms: int) -> None:
        self.phase, self._since_ms = phase, now_ms
