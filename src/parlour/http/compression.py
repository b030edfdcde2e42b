"""gzip, without holding up anybody else: what is large is compressed in a thread, and a live stream not at all."""

from __future__ import annotations

import asyncio
import zlib
from typing import Any, Final

from litestar.config.compression import CompressionConfig
from litestar.datastructures import MutableScopeHeaders
from litestar.middleware.compression import CompressionMiddleware
from litestar.types import Message, Scope, Send
from typing_extensions import override

_LEVEL: Final = 6
_AS_GZIP: Final = 16 + zlib.MAX_WBITS
_SMALLEST_BYTES: Final = 1_000
_AT_ONCE_BYTES: Final = 16 * 1024
"""Compressing so little takes less than a thread does."""


class Compression(CompressionMiddleware):
    """As Litestar's own, save for who waits for it."""

    @override
    def create_compression_send_wrapper(self, send: Send, compression_encoding: Any, scope: Scope) -> Send:
        start: Message | None = None
        packer: _Packer | None = None

        async def compressing_send(message: Message) -> None:
            nonlocal start, packer
            if message["type"] == "http.response.start":
                start = message
                return
            if message["type"] == "http.response.body":
                is_last = not message.get("more_body")
                if start is not None and _is_worth_it(start, message["body"], is_whole=is_last):
                    packer = _Packer()
                if packer is not None:
                    message["body"] = await packer.pack(message["body"], is_last=is_last)
                if start is not None and packer is not None:
                    _announce(start, len(message["body"]) if is_last else None)
            if start is not None:
                await send(start)
                start = None
            await send(message)

        return compressing_send


class _Packer:
    """One body, as one gzip member."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, _AS_GZIP)

    async def pack(self, body: bytes, *, is_last: bool) -> bytes:
        if len(body) <= _AT_ONCE_BYTES:
            return self._pack(body, is_last)
        return await asyncio.to_thread(self._pack, body, is_last)

    def _pack(self, body: bytes, is_last: bool) -> bytes:  # noqa: FBT001 -- to_thread's way to call
        packed = self._deflate.compress(body)
        return packed + self._deflate.flush() if is_last else packed


def _is_worth_it(start: Message, body: bytes, *, is_whole: bool) -> bool:
    """A whole body or a file that comes in pieces; what has no length is live, and would wait in the compressor."""
    headers = MutableScopeHeaders.from_message(start)
    has_end = is_whole or "content-length" in headers
    return has_end and len(body) >= _SMALLEST_BYTES and "content-encoding" not in headers


def _announce(start: Message, length: int | None) -> None:
    headers = MutableScopeHeaders.from_message(start)
    headers["content-encoding"] = "gzip"
    headers.extend_header_value("vary", "Accept-Encoding")
    del headers["content-length"]
    if length is not None:
        headers["content-length"] = str(length)


def compression_config() -> CompressionConfig:
    """How answers are compressed."""
    return CompressionConfig(backend="gzip", middleware_class=Compression)
