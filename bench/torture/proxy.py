"""The network between the clients and the server: TCP that is slow, stops, breaks at a byte, or is reset.

It knows bytes and connections, nothing of what they mean. Every wire carries well until somebody harms it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import deque
from typing import Final, cast

CLOSING_POLL_S: Final = 0.01
CLOSING_POLLS: Final = 500
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER on, for no time: closing sends RST and drops what was not sent."""


class _End(asyncio.Protocol):
    """One end of a wire: what it reads leaves by the other end."""

    def __init__(self, wire: Wire) -> None:
        self.transport: asyncio.Transport | None = None
        self.budget_bytes: int | None = None
        self.bytes_per_s: float | None = None
        self.delay_s = 0.0
        self._wire = wire
        self._delayed: deque[bytes | None] = deque()
        self._early = b""
        self._holds: set[str] = set()

    @property
    def other(self) -> _End:
        return self._wire.server if self is self._wire.client else self._wire.client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._wire.attached(self)

    def data_received(self, data: bytes) -> None:
        if self.budget_bytes is not None:
            data = data[: self.budget_bytes]
            self.budget_bytes -= len(data)
        if self.delay_s:
            self._delayed.append(data)
            asyncio.get_running_loop().call_later(self.delay_s, self._release)
        else:
            self._pass_on(data)
        if self.budget_bytes == 0:
            self._wire.close()
        elif self.bytes_per_s is not None:
            self.hold("slow")
            asyncio.get_running_loop().call_later(len(data) / self.bytes_per_s, self.let_go, "slow")

    def connection_lost(self, _exc: Exception | None) -> None:
        self.transport = None
        if self.delay_s:
            self._delayed.append(None)
            asyncio.get_running_loop().call_later(self.delay_s, self._release)
        else:
            self._wire.lost(self)

    def pause_writing(self) -> None:
        self.other.hold("full")

    def resume_writing(self) -> None:
        self.other.let_go("full")

    def hold(self, reason: str) -> None:
        """Read nothing more until every reason for that is gone."""
        if not self._holds and self.transport is not None and not self.transport.is_closing():
            self.transport.pause_reading()
        self._holds.add(reason)

    def let_go(self, reason: str) -> None:
        if reason not in self._holds:
            return
        self._holds.discard(reason)
        if not self._holds and self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

    def close(self) -> None:
        """Send what was passed on, then FIN."""
        if self.transport is not None:
            self.transport.close()

    def reset(self) -> None:
        """RST, now."""
        if self.transport is None:
            return
        connection: socket.socket = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.transport.abort()

    def _pass_on(self, data: bytes) -> None:
        out = self.other.transport
        if out is None:
            self._early += data if not self._wire.is_over else b""
        elif not out.is_closing():
            out.write(data)

    def pass_on_early(self) -> None:
        """The other end is there now."""
        data, self._early = self._early, b""
        self._pass_on(data)

    def _release(self) -> None:
        data = self._delayed.popleft()
        if data is None:
            self._wire.lost(self)
        else:
            self._pass_on(data)


class Wire:
    """One connection of a client, through to the server."""

    def __init__(self, proxy: Proxy) -> None:
        self.client = _End(self)
        self.server = _End(self)
        self.is_over = False
        self._proxy = proxy
        self._port = 0
        self._dialling: asyncio.Task[None] | None = None

    def delay(self, delay_s: float) -> None:
        """From now on every byte takes so much longer, in both directions. To be said once."""
        self.client.delay_s = self.server.delay_s = delay_s

    def cut_after(self, *, up_bytes: int | None = None, down_bytes: int | None = None) -> None:
        """Carry so many more bytes in one direction, then close both ends."""
        self.client.budget_bytes, self.server.budget_bytes = up_bytes, down_bytes

    def stall(self) -> None:
        """Carry nothing, and tell nobody: a half-open connection."""
        self.client.hold("stalled")
        self.server.hold("stalled")

    def deafen(self) -> None:
        """Carry nothing down any more: the server's answers get lost, what the client says does not."""
        self.server.hold("stalled")

    def slow_down(self, bytes_per_s: float) -> None:
        """Read from the server at this pace."""
        self.server.bytes_per_s = bytes_per_s

    def heal(self) -> None:
        """Carry well again, beginning with what waited."""
        self.server.bytes_per_s = None
        for end in (self.client, self.server):
            end.let_go("stalled")

    def close(self) -> None:
        """Close both ends, after what was passed on."""
        self.client.close()
        self.server.close()

    def reset(self) -> None:
        """Reset both ends."""
        self.client.reset()
        self.server.reset()

    def attached(self, end: _End) -> None:
        """An end is connected; the client's comes first."""
        if end is self.client and end.transport is not None:
            self._port = end.transport.get_extra_info("peername")[1]
            self._proxy.wires[self._port] = self
            self._proxy.open_wires.add(self)
            self._dialling = asyncio.get_running_loop().create_task(self._dial(), name="dial")
        else:
            self.client.pass_on_early()

    def lost(self, end: _End) -> None:
        """An end is gone, and everything that it said was passed on."""
        self.is_over = True
        self._proxy.open_wires.discard(self)
        end.other.close()
        if end is self.client and self._proxy.wires.get(self._port) is self:
            del self._proxy.wires[self._port]

    async def _dial(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(lambda: self.server, "127.0.0.1", self._proxy.server_port)
        except OSError:
            self.client.reset()
            return
        if self.client.transport is None:
            self.server.close()


class Proxy:
    """Listens where the clients connect. `wires` has the last wire of each port that a client called from."""

    def __init__(self, server_port: int) -> None:
        self.server_port = server_port
        self.port = 0
        self.wires: dict[int, Wire] = {}
        self.open_wires: set[Wire] = set()
        self._listening: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen on a free port."""
        loop = asyncio.get_running_loop()
        self._listening = await loop.create_server(lambda: Wire(self).client, "127.0.0.1", 0, backlog=4096)
        self.port = self._listening.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Cut every wire, and let the loop notice."""
        if self._listening is not None:
            self._listening.close()
        for wire in list(self.open_wires):
            wire.reset()
        for _ in range(CLOSING_POLLS):
            if not self.open_wires:
                return
            await asyncio.sleep(CLOSING_POLL_S)
