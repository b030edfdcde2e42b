"""One server for one database: two would each believe to be the only one who knows who is present."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from parlour.storage.dialects import database_file, is_sqlite, open_session

try:
    import fcntl
except ImportError:  # Windows, where SQLite's own locks have to do
    fcntl = None  # type: ignore[assignment]

PATIENCE_S: Final = 3.0
"""A server that has just been stopped, or killed, may hold its claim for a moment."""
BEAT_S: Final = 1.0
_TRY_LOCK = text("SELECT pg_try_advisory_lock(:key)").bindparams(key=0x7061726C6F7572)  # "parlour"


class AlreadyServedError(Exception):
    """Another process serves this database."""


@asynccontextmanager
async def claim_database(url: URL, on_loss: Callable[[], None]) -> AsyncIterator[None]:
    """Hold the database until the block ends, or the process does, however it does.

    Args:
        url: the database.
        on_loss: called when PostgreSQL was gone for a while and another server took the claim meanwhile.

    Raises:
        AlreadyServedError: another process holds it.
    """
    if not is_sqlite(url):
        async with _claim_by_session(url, on_loss):
            yield
        return
    path = database_file(url)
    if path is None:
        yield
        return
    with _claim_file(path):
        yield


@contextmanager
def _claim_file(path: Path) -> Iterator[None]:
    """Beside the database and not in it: by whichever path it is reached, there is one lock for one file."""
    real = path.resolve()
    descriptor = os.open(real.with_name(f"{real.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if fcntl is not None:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyServedError(str(path)) from None
        yield
    finally:
        os.close(descriptor)


@asynccontextmanager
async def _claim_by_session(url: URL, on_loss: Callable[[], None]) -> AsyncIterator[None]:
    """An advisory lock is held as long as its connection is, so it has one of its own."""
    engine = open_session(url)
    keeper: asyncio.Task[None] | None = None
    try:
        connection = await _lock(engine)
        if connection is None:
            raise AlreadyServedError(url.render_as_string(hide_password=True))
        keeper = asyncio.create_task(_keep(engine, connection, on_loss), name="claim")
        yield
    finally:
        if keeper is not None:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)
        await engine.dispose()


async def _lock(engine: AsyncEngine) -> AsyncConnection | None:
    """The connection that holds the lock; None when another holds it, and does not let go soon."""
    connection = await engine.connect()
    give_up_at_s = asyncio.get_running_loop().time() + PATIENCE_S
    while not (await connection.execute(_TRY_LOCK)).scalar_one():
        if asyncio.get_running_loop().time() >= give_up_at_s:
            await connection.close()
            return None
        await asyncio.sleep(PATIENCE_S / 10)
    return connection


async def _keep(engine: AsyncEngine, connection: AsyncConnection, on_loss: Callable[[], None]) -> None:
    """Notice when the connection broke, and take the lock again before anyone else does."""
    is_held = True
    while True:
        await asyncio.sleep(BEAT_S)
        try:
            if is_held:
                await connection.execute(text("SELECT 1"))
                continue
            again = await _lock(engine)
        except Exception:  # noqa: BLE001 -- whatever it is, the connection is of no use any more
            if is_held:
                is_held = False
                await connection.invalidate()
                await connection.close()
            continue
        if again is None:
            on_loss()
            return
        connection, is_held = again, True
