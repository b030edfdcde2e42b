"""The socket itself: uvicorn's sans-I/O protocol with a door for shared frames, and a fallback through plain ASGI.

A frame is encoded once and is the same for everyone, so writing it is one `transport.write`, past the per-message
work of an ASGI `send`. Handshake, control frames and closing stay uvicorn's.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.http11 import Request
from websockets.protocol import CONNECTING, OPEN

from parlour.live.link import CONGESTED_ABOVE_BYTES, DROP_ABOVE_BYTES, Flusher, Link, Owner, Waiting, frames_of
from parlour.wire.codec import SharedFrame
from parlour.wire.errors import CloseCode
from parlour.wire.frames import FRAME_BYTES
from parlour.wire.framing import TEXT, end_of_frame, is_ordinary, is_text, read_text

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveEvent

EXTENSION = "parlour.socket"
"""The key of the ASGI scope's extensions under which the gateway finds the protocol."""
_PING = b"\x89\x00"
_UNIX: Final = getattr(socket, "AF_UNIX", None)
_UNSENT_OPTION: Final[int | None] = getattr(socket, "TCP_NOTSENT_LOWAT", None)
UNSENT_IN_KERNEL_BYTES: Final = 128 * 1024
"""So much of what a receiver does not take stays with the kernel, which would keep megabytes for each; the rest is ours
to count. What is on its way is not limited by it: a long way may be as full as ever."""
_INVALID_UTF8 = 1007
CLOSE_WITHIN_S = 1.0
MOST_BYTES = FRAME_BYTES + 14
"""A longer frame is refused when its head has come; the rest of a shorter one is waited for."""
FEWEST_BYTES = 8
"""A shorter text frame holds no command."""
MOST_FRAGMENTS = 1_024

AsgiSend = Callable[[Any], Awaitable[None]]


class _Unread(asyncio.Queue["ASGIReceiveEvent"]):
    """What nobody receives is not kept."""

    @override
    def put_nowait(self, item: ASGIReceiveEvent) -> None:
        """Drop it."""


_UNREAD: Final = _Unread()
_UNAWAITED: Final = asyncio.Event()
"""In the place of what only ASGI's receive and send wait for."""


class LiveProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol, with the transport within reach of the gateway's link."""

    link: TransportLink | None = None
    _is_upgraded = False
    _rest = b""
    """The beginning of a frame whose end has not come yet."""

    @override
    def data_received(self, data: bytes) -> None:
        """Cut what came into frames; a plain text is offered to the link's owner, everything else is uvicorn's."""
        if not self._is_upgraded:
            # The request, and nothing else: what follows it comes by itself.
            self._is_upgraded = True
            super().data_received(data)
            return
        data = self._rest + data if self._rest else data
        start = 0
        while (end := end_of_frame(data, start)) is not None and (end <= len(data) or end - start > MOST_BYTES):
            frame, start = data[start:end], min(end, len(data))
            if not self._take_text(frame):
                super().data_received(frame)
        self._rest = data[start:]

    def _take_text(self, frame: bytes) -> bool:
        """Whether it was a whole text for the link's owner, in the ordinary form."""
        if frame[0] != TEXT or self.link is None or self.frames or self.close_sent or self.conn.state is not OPEN:
            return False
        if not is_ordinary(frame) or not FEWEST_BYTES <= len(frame) <= FRAME_BYTES:
            return False
        if not is_text(text := read_text(frame)):
            return False
        self.link.owner.hear(text)
        return True

    @override
    async def run_asgi(self) -> None:
        """Call the application, which may return and leave the connection to a link: then nothing of the call stays."""
        try:
            await self.app(self.scope, self.receive, self.send)
        except ClientDisconnected:
            pass
        except Exception:
            self.logger.exception("Exception in ASGI application")
        if self.link is None and self.close_timer is None:
            # Who went away while it waited for its turn gets no answer.
            if self.conn.state is CONNECTING and not self.conn.eof_sent:
                self.send_500_response()
            self.transport.close()

    def attach(self, link: TransportLink) -> None:
        """From now on the link's owner hears what the client says; the handshake is forgotten."""
        self.link = link
        while not self.queue.empty():
            link.take(self.queue.get_nowait())
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        # Half of what a connection holds would be for an application that has returned. The parser keeps the request.
        self.queue, self.writable = _UNREAD, _UNAWAITED
        self.request.headers.clear()
        self.response.headers.clear()
        self.client = self.server = None
        del self.request, self.response, self.scope

    @override
    def handle_connect(self, event: Request) -> None:
        """Offer this protocol to the application, beside the ordinary ASGI scope."""
        super().handle_connect(event)
        if hasattr(self, "scope"):
            extensions: dict[str, Any] = self.scope["extensions"]
            extensions[EXTENSION] = self

    @override
    def handle_cont(self, event: Frame) -> None:
        """A message may come in pieces, but not in endlessly many empty ones: the size limit counts bytes only."""
        if len(self.frames) >= MOST_FRAGMENTS:
            self._fail(CloseCode.TOO_BIG, "too many fragments")
            return
        super().handle_cont(event)

    @override
    def send_receive_event_to_app(self) -> None:
        """Invalid UTF-8 is the peer's fault (RFC 6455, section 8.1): close 1007, without a traceback."""
        if self.curr_msg_data_type == "text":
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self._fail(_INVALID_UTF8, "invalid UTF-8")
                return
        if self.link is None:
            super().send_receive_event_to_app()
        elif not self.close_sent:
            text, self.frames = b"".join(self.frames), []
            self.link.owner.hear(text if self.curr_msg_data_type == "text" else None)

    def _fail(self, code: int, reason: str) -> None:
        self.conn.fail(code, reason)
        self.handle_parser_exception()

    @override
    def handle_parser_exception(self) -> None:
        """Who breaks the rules before the handshake is answered gets no close frame: there is no WebSocket yet."""
        if self.conn.close_sent is not None:
            super().handle_parser_exception()
            return
        self.close_sent = True
        self.transport.close()

    @override
    def handle_ping(self) -> None:
        """A ping of the client is a sign of life."""
        super().handle_ping()
        if self.link is not None:
            self.link.owner.notice()

    @override
    def handle_pong(self, event: Frame) -> None:
        """So is its pong."""
        super().handle_pong(event)
        if self.link is not None:
            self.link.owner.notice()

    @override
    def pause_writing(self) -> None:
        """The unsent data rose above the limit."""
        super().pause_writing()
        if self.link is not None:
            self.link.pause()

    @override
    def resume_writing(self) -> None:
        """The unsent data sank low enough."""
        super().resume_writing()
        if self.link is not None:
            self.link.resume()

    def hang_up(self, code: int, reason: str) -> None:
        """Close from this end, even towards a peer that reads nothing: ASGI's own close would wait for it to drain."""
        if self.close_sent or self.disconnected or self.transport.is_closing():
            return
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(self.close_timeout, self.transport.abort)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is written to a lost connection."""
        super().connection_lost(exc)
        if self.link is not None:
            self.link.lost()
        # The parser's frame and its connection hold each other: a circle that only the collector would find.
        self.conn.parser.close()


class _Nobody:
    """In the place of an owner whose connection is lost, so that the two do not hold each other."""

    def hear(self, text: bytes | None) -> None:
        """Say nothing to anybody."""

    def notice(self) -> None:
        """Nobody waits for it."""

    def gone(self) -> None:
        """It is known."""


_NOBODY: Final = _Nobody()


class TransportLink(Link):
    """Writes shared frames straight to the transport."""

    def __init__(self, flusher: Flusher, owner: Owner, protocol: LiveProtocol) -> None:
        super().__init__(flusher)
        self.owner: Owner = owner
        self._protocol = protocol
        self._transport = protocol.transport
        self._transport.set_write_buffer_limits(high=CONGESTED_ABOVE_BYTES, low=DROP_ABOVE_BYTES)
        plug = self._transport.get_extra_info("socket")
        if plug is not None and plug.family != _UNIX and _UNSENT_OPTION is not None:
            plug.setsockopt(socket.IPPROTO_TCP, _UNSENT_OPTION, UNSENT_IN_KERNEL_BYTES)

    def take(self, message: Mapping[str, object]) -> None:
        """Hear what came before the link was there."""
        if message["type"] == "websocket.receive":
            text = message.get("text")
            self.owner.hear(text.encode() if isinstance(text, str) else None)
        elif message["type"] == "websocket.disconnect":
            self.lost()

    @override
    def lost(self) -> None:
        super().lost()
        self._protocol.link = None
        owner, self.owner = self.owner, _NOBODY
        owner.gone()

    @override
    def pause_reading(self) -> None:
        if not self._transport.is_closing():
            self._transport.pause_reading()

    @override
    def resume_reading(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()

    def buffered_bytes(self) -> int:
        """How much was written but not yet sent, in bytes."""
        return self._transport.get_write_buffer_size()

    def ping(self) -> None:
        """A WebSocket ping; every client library answers it by itself."""
        if not self._protocol.close_sent and not self._transport.is_closing():
            self._transport.write(_PING)

    def _write(self, waiting: Sequence[Waiting]) -> None:
        if self._protocol.close_sent or self._transport.is_closing():
            return
        self._transport.write(waiting[0].framed if len(waiting) == 1 else b"".join([part.framed for part in waiting]))

    def _close(self, code: CloseCode, reason: str) -> None:
        self._protocol.hang_up(int(code), reason)
        self.owner.gone()


class SendLink(Link):
    """Sends through plain ASGI, one message at a time: slower, and works under any ASGI server."""

    def __init__(self, flusher: Flusher, send: AsgiSend) -> None:
        super().__init__(flusher)
        self._send = send
        self._closer: asyncio.Task[None] | None = None
        self._queue: list[SharedFrame] = []
        self._buffered_bytes = 0
        self._sender: asyncio.Task[None] | None = None

    def buffered_bytes(self) -> int:
        """How much waits for the server to take it, in bytes."""
        return self._buffered_bytes

    def _write(self, waiting: Sequence[Waiting]) -> None:
        frames = frames_of(waiting)
        self._queue.extend(frames)
        self._buffered_bytes += sum(len(frame.payload) for frame in frames)
        if self._buffered_bytes > CONGESTED_ABOVE_BYTES and not self.is_congested:
            self.pause()
        if self._sender is None:
            self._sender = asyncio.create_task(self._send_queue(), name="send_queue")

    async def _send_queue(self) -> None:
        try:
            while self._queue:
                frames, self._queue = self._queue, []
                for frame in frames:
                    await self._send({"type": "websocket.send", "text": frame.payload.decode()})
                    self._buffered_bytes -= len(frame.payload)
                if self.is_congested and self._buffered_bytes < DROP_ABOVE_BYTES:
                    self.resume()
        except OSError:
            # ASGI: sending to a client that has gone raises OSError. Its disconnect arrives by `receive`.
            self.lost()
        finally:
            self._sender = None

    def _close(self, code: CloseCode, reason: str) -> None:
        self._closer = asyncio.create_task(self._send_close(code, reason), name="close")

    async def finish(self) -> None:
        """Wait until the close has been sent: the server closes when its application returns."""
        if self._closer is not None:
            await asyncio.wait([self._closer], timeout=CLOSE_WITHIN_S)

    async def _send_close(self, code: CloseCode, reason: str) -> None:
        try:
            if self._sender is not None:
                await asyncio.wait([self._sender], timeout=CLOSE_WITHIN_S)
            await self._send({"type": "websocket.close", "code": int(code), "reason": reason})
        except (OSError, RuntimeError):
            # The client, or the server's protocol, closed first.
            return
