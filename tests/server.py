"""A real Parlour server for tests: a process of its own, a free port of 127.0.0.1, a data directory of its own."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals
from typing import Any, Final

from tests.realservers import die_with_parent

SOURCE: Final = Path(__file__).parent.parent / "src"
READY_WITHIN_S = 30
STOP_WITHIN_S = 15
POLL_S = 0.02
_ADDRESS = re.compile(r"Parlour is open at +http://127\.0\.0\.1:(\d+)")


class ServerProcess:
    """One server; `settings` are the PARLOUR_* variables, as keywords in lower case: `session_ttl_s=1`.

    Started again after `stop` or `kill`, it comes back at the same port with the same data.
    """

    def __init__(self, folder: Path, **settings: object) -> None:
        self.data_dir = folder / "data"
        self.port = 0
        self._settings = settings
        self._greeting, self._log = folder / "greeting.txt", folder / "log.jsonl"
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> Path:
        return self.data_dir / "parlour.sqlite3"

    @property
    def pid(self) -> int:
        assert self._running is not None, "the server is not running"
        return self._running.pid

    @property
    def log(self) -> str:
        """All that it logged, over all its starts."""
        return self._log.read_text() if self._log.exists() else ""

    @property
    def log_lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.splitlines()]

    def start(self, **settings: object) -> None:
        """Start without waiting; `settings` come on top of those it had."""
        self._settings |= settings
        self._greeting.unlink(missing_ok=True)
        self._running = self._spawn("serve", "--host", "127.0.0.1", "--port", str(self.port))

    def wait_until_ready(self) -> None:
        """Return once it has said where it listens."""
        end = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < end:
            found = _ADDRESS.search(self._greeting.read_text())
            if found is not None:
                self.port = int(found[1])
                return
            if self._running is None or self._running.poll() is not None:
                raise RuntimeError(f"the server did not start:\n{self.log}")
            time.sleep(POLL_S)
        raise TimeoutError(self.log)

    def query(self, statement: str, *values: object) -> list[Any]:
        """What an administrator would see in the database."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as reader:
            return reader.execute(statement, values).fetchall()

    def run(self, command: str) -> int:
        """Run another command of `parlour` with the same settings; its exit status."""
        return self._spawn(command).wait(READY_WITHIN_S)

    @contextmanager
    def hold_writes(self) -> Iterator[None]:
        """Keep the server from committing, as a slow disk does; for less than the 5 s after which it gives up."""
        with closing(sqlite3.connect(self.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield

    def send(self, sign: Signals) -> None:
        os.kill(self.pid, sign)

    def stop(self) -> int:
        """Stop as an administrator would; the exit status."""
        return self._end(SIGTERM)

    def kill(self) -> None:
        """Stop as a failing machine would."""
        self._end(SIGKILL)

    def wait(self) -> int:
        """Wait until it has ended by itself; the exit status."""
        assert self._running is not None
        running, self._running = self._running, None
        return running.wait(STOP_WITHIN_S)

    def close(self) -> None:
        """End it, whatever state it is in."""
        if self._running is not None and self._running.poll() is None:
            self.stop()
        self._running = None

    def _end(self, sign: Signals) -> int:
        self.send(sign)
        running = self._running
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            assert running is not None
            running.kill()
            running.wait()
            raise

    def _spawn(self, command: str, *flags: str) -> subprocess.Popen[bytes]:
        with self._greeting.open("ab") as greeting, self._log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "parlour.cli", command, *flags, "--data", str(self.data_dir)],
                stdin=subprocess.DEVNULL,
                stdout=greeting,
                stderr=log,
                env=self._environment(),
                preexec_fn=die_with_parent(SIGKILL),  # noqa: PLW1509  (one C call, safe after a fork)
            )

    def _environment(self) -> dict[str, str]:
        """What the machine has, without its own settings of Parlour."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PARLOUR_")}
        settings = {f"PARLOUR_{name.upper()}": str(value) for name, value in self._settings.items()}
        return {**inherited, "PYTHONPATH": str(SOURCE), "PARLOUR_LOG_FORMAT": "json", **settings}
