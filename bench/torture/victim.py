"""The server under test: the program that bin/serve runs, in a process that is killed again and again."""

from __future__ import annotations

import asyncio
import ctypes
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from bench.torture.records import now_us

SOURCE: Final = Path(__file__).parents[2] / "src"
READY_WITHIN_S: Final = 30.0
STOP_WITHIN_S: Final = 30.0
POLL_S: Final = 0.02
AIM_WITHIN_S: Final = 5.0
_ADDRESS: Final = re.compile(r"open at +http://127\.0\.0\.1:(\d+)")
_PR_SET_PDEATHSIG: Final = 1
_PAGE_KB: Final = os.sysconf("SC_PAGE_SIZE") // 1024


class Victim:
    """One server with SQLite and synchronous=FULL; it comes back at the same port, with the same data.

    Args:
        folder: where its data and its log are.
        source: the `src` folder it runs from.
    """

    def __init__(self, folder: Path, source: Path = SOURCE) -> None:
        self.port = 0
        self._folder = folder
        self._data = folder / "data"
        self._source = source
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        return self._running().pid

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """What it logged, over all its lives."""
        return (self._folder / "log.jsonl").read_text(errors="replace")

    async def start(self) -> None:
        """Start, and return once it listens."""
        greeting = self._folder / "greeting"
        greeting.write_bytes(b"")
        self._process = self._spawn(greeting)
        for _ in range(int(READY_WITHIN_S / POLL_S)):
            if found := _ADDRESS.search(greeting.read_text()):
                self.port = int(found[1])
                return
            if self._process.poll() is not None:
                break
            await asyncio.sleep(POLL_S)
        raise RuntimeError(f"the server did not start: {self.log[-2000:]}")

    def kill(self) -> int:
        """SIGKILL; the moment."""
        process = self._running()
        at = now_us()
        process.kill()
        process.wait()
        self._process = None
        return at

    async def stop(self) -> None:
        """SIGTERM; return once it has ended."""
        process = self._running()
        process.terminate()
        await asyncio.to_thread(process.wait, STOP_WITHIN_S)
        self._process = None

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._running().send_signal(number)

    async def aim(self) -> asyncio.subprocess.Process:
        """Take aim: somebody who watches the journal, and kills right behind a COMMIT."""
        index = self._data / "parlour.sqlite3-shm"
        aiming = await asyncio.create_subprocess_exec(
            *(
                sys.executable,
                "-S",
                "-E",
                str(Path(__file__).with_name("aim.py")),
                str(self._running().pid),
                str(index),
            ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert aiming.stdout is not None  # noqa: S101 -- asked for above
        await asyncio.wait_for(aiming.stdout.readline(), AIM_WITHIN_S)
        return aiming

    async def shoot(self, aiming: asyncio.subprocess.Process, commits: int) -> int:
        """Kill right behind that many commits from now, or soon, when there are none; the moment."""
        answer, _ = await asyncio.wait_for(aiming.communicate(b"%d\n" % commits), AIM_WITHIN_S)
        self._running().wait()
        self._process = None
        return int(answer)

    def rss_kb(self) -> int:
        """Its resident memory; 0 while it does not run."""
        if self._process is None or self._process.poll() is not None:
            return 0
        pages = Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]
        return int(pages) * _PAGE_KB

    def close(self) -> None:
        """End it, whatever state it is in."""
        if self._process is not None:
            self.kill()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("the server does not run")
        return self._process

    def _spawn(self, greeting: Path) -> subprocess.Popen[bytes]:
        command = (sys.executable, "-m", "parlour.cli", "serve", "--host", "127.0.0.1")
        place = ("--port", str(self.port), "--data", str(self._data))
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PARLOUR_")}
        settings = {"PYTHONPATH": str(self._source), "PARLOUR_RATE_LIMITS": "off", "PARLOUR_LOG_FORMAT": "json"}
        with greeting.open("ab") as said, (self._folder / "log.jsonl").open("ab") as log:
            return subprocess.Popen(
                (*command, *place),
                env={**inherited, **settings},
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=log,
                preexec_fn=_die_with_us(),  # noqa: PLW1509 -- one C call, safe after a fork
            )


def _die_with_us() -> Callable[[], None] | None:
    """Linux ends the server when this process is killed."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
