"""The real server, as bin/serve runs it, for as long as a benchmark takes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.processes import pinned

STOP_WITHIN_S = 15


@dataclass(frozen=True, slots=True)
class Served:
    """A server that runs: where, as which process, and the folder of its database and log."""

    address: str
    pid: int
    folder: Path

    @property
    def port(self) -> int:
        """The TCP port of its address."""
        return int(self.address.rpartition(":")[2])


@contextmanager
def serving(**environment: str) -> Iterator[str]:
    """The address of a server of its own: loopback, free port, SQLite FULL in a folder that is deleted afterwards."""
    with running(environment) as served:
        yield served.address


@contextmanager
def running(environment: Mapping[str, str], *, core: int | None = None) -> Iterator[Served]:
    """As `serving`, for who wants to watch the process; it is kept on one `core` if that is given."""
    with tempfile.TemporaryDirectory(prefix="parlour-bench-") as folder:
        command = (sys.executable, "-m", "parlour.cli", "serve", "--host", "127.0.0.1", "--port", "0", "--data", folder)
        variables = {**os.environ, "PARLOUR_RATE_LIMITS": "off", "PARLOUR_LOG_FORMAT": "json", **environment}
        log = Path(folder) / "log"
        with log.open("wb") as errors:
            process = subprocess.Popen(
                pinned(command, core), env=variables, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        try:
            yield Served(_address(process, log), process.pid, Path(folder))
        finally:
            process.terminate()
            process.wait(STOP_WITHIN_S)
            if process.stdout is not None:
                process.stdout.close()


def _address(process: subprocess.Popen[str], log: Path) -> str:
    for line in process.stdout or ():
        if found := re.search(r"open at\s+(http://\S+)", line):
            return found[1]
    raise RuntimeError(f"the server did not start: {log.read_text()}")
