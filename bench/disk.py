"""What the disk takes to make something durable: every figure about commits has to be read beside it."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path

BLOCK_BYTES = 4096
WRITES = 200


def sync_ms(folder: Path) -> float:
    """Milliseconds to append a block to a file in this folder and have it on disk; the median of 200."""
    took_ms = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(WRITES):
            began_s = time.perf_counter()
            file.write(b"\0" * BLOCK_BYTES)
            os.fdatasync(file.fileno())
            took_ms.append((time.perf_counter() - began_s) * 1000)
    return round(statistics.median(took_ms), 3)
