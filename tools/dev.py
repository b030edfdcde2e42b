"""Runs Vite's development server and a Parlour that restarts when its code changes; run by bin/dev."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from watchfiles import PythonFilter, run_process

from tools.packages import CannotBuildError, node_command
from tools.web import ROOT, Web

STOP_S = 5


@contextmanager
def _vite(server_port: int) -> Iterator[None]:
    """Serve web/ as it is written; Vite passes /api on to the server's port."""
    command = node_command("node_modules/vite/bin/vite.js")
    environment = {**os.environ, "PARLOUR_PORT": str(server_port)}
    with subprocess.Popen(command, cwd=Web().sources, env=environment) as vite:
        try:
            yield
        finally:
            vite.terminate()
            vite.wait(STOP_S)


def main(arguments: list[str]) -> int:
    options = argparse.ArgumentParser(prog="bin/dev", description=__doc__)
    options.add_argument("--port", type=int, default=8000, help="the server's port; the page is at Vite's")
    known, others = options.parse_known_args(arguments)
    serve = [sys.executable, "-m", "parlour.cli", "serve", "--port", str(known.port), *others]
    try:
        Web().packages.install()
    except CannotBuildError as refusal:
        print(f"dev: {refusal}", file=sys.stderr)
        return 1
    with _vite(known.port):
        run_process(ROOT / "src", target=shlex.join(serve), target_type="command", watch_filter=PythonFilter())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
