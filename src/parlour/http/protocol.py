"""uvicorn's HTTP protocol with a bound on every wait: for a request to be complete, and for an answer to be read."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from typing_extensions import override
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from parlour.http.streaming import HANG_UP

HEAD_WITHIN_S: Final = 15.0
"""From the connection's opening, or a request's first byte, to the end of its head."""
BODY_WITHIN_S: Final = 30.0
"""From there to the end of its body; most bodies are at most 64 KB."""
READ_WITHIN_S: Final = 30.0
"""So long a client may read nothing of what waits for it."""


class BoundedProtocol(HttpToolsProtocol):
    """Cuts whoever keeps a connection waiting: what is left of it is not worth a graceful end."""

    head_within_s = HEAD_WITHIN_S
    body_within_s = BODY_WITHIN_S
    read_within_s = READ_WITHIN_S
    _asking: asyncio.TimerHandle | None = None
    _reading: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._expect(self.head_within_s)

    @override
    def data_received(self, data: bytes) -> None:
        if self.timeout_keep_alive_task is not None:
            # Whatever comes ends the wait for another request, and it need not be one.
            self._expect(self.head_within_s)
        super().data_received(data)

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        extensions: dict[str, Any] = {HANG_UP: self.transport.abort}
        self.scope["extensions"] = extensions
        self._expect(self.head_within_s)

    @override
    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._expect(self.body_within_s)

    @override
    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._expect(None)

    @override
    def handle_websocket_upgrade(self) -> None:
        self._expect(None)
        super().handle_websocket_upgrade()
        # It calls this object's methods and is held by it: a circle that only the collector would find.
        del self.parser

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        self._reading = self.loop.call_later(self.read_within_s, self.transport.abort)

    @override
    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_reading_clock()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._expect(None)
        self._stop_reading_clock()

    def _expect(self, within_s: float | None) -> None:
        """The next part of a request must come within so long; None: nothing is owed."""
        if self._asking is not None:
            self._asking.cancel()
        self._asking = None if within_s is None else self.loop.call_later(within_s, self.transport.abort)

    def _stop_reading_clock(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None
