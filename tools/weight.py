"""Weighs the JavaScript that a visitor waits for: gzipped, with everything that it imports at once.

What the page asks for later (`import()`) may weigh what it likes.
"""

from __future__ import annotations

import gzip
import re
import sys
from pathlib import Path

from tools.packages import CannotBuildError
from tools.web import Web

LIMIT_BYTES = 70_000
# What index.html starts with, and what a built module imports before it runs.
SCRIPT = re.compile(r"<script[^>]*\bsrc=\"/?([^\"]+\.js)\"")
IMPORT = re.compile(r"(?:\bfrom|\bimport)\s*[\"'](\.{1,2}/[^\"']+\.js)[\"']")


def find_scripts(built: Path) -> set[Path]:
    """Follow the page's scripts through everything that they import statically."""
    waiting = [built / name for name in SCRIPT.findall((built / "index.html").read_text())]
    found: set[Path] = set()
    while waiting:
        script = waiting.pop().resolve()
        if script not in found:
            found.add(script)
            waiting += [script.parent / name for name in IMPORT.findall(script.read_text())]
    return found


def weigh(script: Path) -> int:
    return len(gzip.compress(script.read_bytes(), mtime=0))


def main() -> int:
    page = Web()
    try:
        if not page.is_fresh():
            page.build()
    except CannotBuildError as refusal:
        print(f"weight: {refusal}")
        return 1
    weights = {script.name: weigh(script) for script in sorted(find_scripts(page.built))}
    for name, weight in weights.items():
        print(f"{weight:>8,} B  {name}")
    total = sum(weights.values())
    print(f"{total:>8,} B  JavaScript until the room is usable, gzipped; at most {LIMIT_BYTES:,}")
    return 0 if 0 < total <= LIMIT_BYTES else 1


if __name__ == "__main__":
    sys.exit(main())
