"""Compares files that a program writes with what it would write now; `--write` writes them.

A generator is a module that prints its file to standard output. Add a line to GENERATED, run
`python -m tools.generated --write`, and commit the file beside what it was made from.
"""

from __future__ import annotations

import difflib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# File from the root -> module and arguments that print it.
GENERATED: dict[str, tuple[str, ...]] = {
    "docs/reference/errors.md": ("tools.reference", "errors"),
    "docs/reference/settings.md": ("tools.reference", "settings"),
}


def write_anew(generator: tuple[str, ...]) -> str:
    command = [sys.executable, "-m", *generator]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout


def find_differences(name: str, fresh: str, root: Path = ROOT) -> Iterator[str]:
    path = root / name
    kept = path.read_text() if path.is_file() else ""
    yield from difflib.unified_diff(
        kept.splitlines(keepends=True), fresh.splitlines(keepends=True), name, f"{name}, generated now"
    )


def main(arguments: list[str]) -> int:
    differs = False
    for name, generator in GENERATED.items():
        fresh = write_anew(generator)
        if "--write" in arguments:
            (ROOT / name).parent.mkdir(parents=True, exist_ok=True)
            (ROOT / name).write_text(fresh)
        for line in find_differences(name, fresh):
            differs = True
            print(line, end="")
    if differs:
        print("Stale: run `.venv/bin/python -m tools.generated --write`.")
    return 1 if differs else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
