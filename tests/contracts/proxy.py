"""A wire to PostgreSQL that can break at the worst moment: after the server's COMMIT, before its answer arrives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_CHUNK_BYTES = 65_536


@dataclass
class Proxy:
    """Passes everything on, until it is told to lose the answer to a COMMIT."""

    server_port: int
    port: int = 0
    has_lost_it: bool = False
    _words: bytes | None = None
    _wires: set[asyncio.Task[None]] = field(default_factory=set)

    def lose_commit_of(self, words: str) -> None:
        """Let the next transaction that carries these words be committed, and nobody hear of it."""
        self._words = words.encode()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a client."""
        task = asyncio.current_task()
        assert task is not None
        self._wires.add(task)
        from_server, to_server = await asyncio.open_connection("127.0.0.1", self.server_port)
        answering = asyncio.create_task(_pass_on(from_server, writer))
        try:
            while (chunk := await reader.read(_CHUNK_BYTES)) and not self._is_meant(chunk):
                to_server.write(chunk)
            while chunk and b"COMMIT" not in chunk:
                to_server.write(chunk)
                chunk = await reader.read(_CHUNK_BYTES)
            if chunk:
                answering.cancel()
                await asyncio.wait([answering])
                to_server.write(chunk)
                # The answer is proof that the COMMIT has happened; it goes no further.
                self.has_lost_it = bool(await from_server.read(_CHUNK_BYTES))
        except (ConnectionError, asyncio.CancelledError):
            return
        finally:
            answering.cancel()
            writer.close()
            to_server.close()
            self._wires.discard(task)

    def _is_meant(self, chunk: bytes) -> bool:
        if self._words is None or self._words not in chunk:
            return False
        self._words = None
        return True

    async def close(self) -> None:
        """Cut every wire."""
        for wire in list(self._wires):
            wire.cancel()
        await asyncio.gather(*self._wires, return_exceptions=True)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(_CHUNK_BYTES):
            writer.write(chunk)
    except ConnectionError:
        return
    writer.close()


@asynccontextmanager
async def proxy_to(server_port: int) -> AsyncIterator[Proxy]:
    """A proxy on a port of its own, until the end of the block."""
    proxy = Proxy(server_port)
    listening = await asyncio.start_server(proxy.carry, "127.0.0.1", 0)
    proxy.port = listening.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        listening.close()
        await proxy.close()
