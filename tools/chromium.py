"""Finds the Chromium that the browser tests drive, and prints its path; `--install` may bring one.

Playwright's own downloads are not used: the system's browser is what people have.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = (
    "parlour: the browser tests need Chromium: install it, or name it in PARLOUR_CHROMIUM. "
    "(As root on Debian and Ubuntu, bin/test would install it with apt-get.)"
)


def find_chromium() -> str | None:
    told = os.environ.get("PARLOUR_CHROMIUM")
    if told:
        return shutil.which(told)
    return next((path for path in map(shutil.which, NAMES) if path), None)


def install_chromium() -> None:
    """Ask Debian's package manager; without root, or without apt-get, there is nothing to try."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    print("parlour: installing Chromium for the browser tests", file=sys.stderr)
    quietly = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update"], ["install", "--yes", "chromium"]):
        # apt-get's story goes to stderr: standard output is the path.
        done = subprocess.run(["apt-get", "-qq", *step], env=quietly, stdout=sys.stderr, check=False)
        if done.returncode != 0:
            return


def main(arguments: list[str]) -> int:
    may_install = "--install" in arguments and "PARLOUR_CHROMIUM" not in os.environ
    if may_install and find_chromium() is None:
        install_chromium()
    found = find_chromium()
    if found is None:
        print(MISSING, file=sys.stderr)
        return 1
    print(found)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
