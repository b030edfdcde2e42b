"""One server for one data directory: two would each believe to be the only writer."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows, where SQLite's own locks have to do
    fcntl = None  # type: ignore[assignment]

LOCK_FILE = "parlour.lock"


class AlreadyServedError(Exception):
    """Another process serves this directory."""


@contextmanager
def claim_directory(directory: Path) -> Iterator[None]:
    """Hold the directory until the block ends, or the process does, however it does.

    Raises:
        AlreadyServedError: another process holds it.
    """
    descriptor = os.open(directory / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if fcntl is not None:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise AlreadyServedError(str(directory)) from None
        yield
    finally:
        os.close(descriptor)
