"""Compiles the C programs of this folder into the virtual environment; no work while their sources are the same."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Literal

SOURCES = Path(__file__).parent
FLAGS = ("-O2", "-Wall", "-Wextra")
NO_COMPILER = (
    "The load generator is written in C, and there is no C compiler here (cc); "
    "on Debian and Ubuntu `apt-get install gcc libc6-dev` brings one."
)
NOT_LINUX = "The load generator is built on epoll and /proc: this benchmark runs on Linux only."


def compiled(program: Literal["load", "reference"]) -> Path:
    """The executable, compiled from the sources as they are now."""
    if sys.platform != "linux":
        raise SystemExit(NOT_LINUX)
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        raise SystemExit(NO_COMPILER)
    executable = Path(sys.prefix) / "bench" / f"{program}-{_fingerprint(compiler)}"
    if not executable.exists():
        executable.parent.mkdir(exist_ok=True)
        # Two runs at once each compile, and the last rename wins: both files are the same.
        unfinished = executable.with_suffix(f".{os.getpid()}")
        subprocess.run((compiler, *FLAGS, "-o", unfinished, SOURCES / f"{program}.c"), check=True)
        unfinished.rename(executable)
    return executable


def _fingerprint(compiler: str) -> str:
    digest = hashlib.sha256(repr((compiler, FLAGS)).encode())
    for path in sorted(SOURCES.glob("*.[ch]")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
