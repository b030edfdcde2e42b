"""Compares files that a program writes with what it would write now; `--write` writes them.

A generator is a module that prints its file to standard output. Add a line to GENERATED, run
`python -m tools.generated --write`, and commit the file beside what it was made from. Of `file#name`, only what stands
between `<!-- generated: name -->` and `<!-- end -->` is written by a program.
"""

from __future__ import annotations

import difflib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# File, or part of one, from the root -> module and arguments that print it.
GENERATED: dict[str, tuple[str, ...]] = {
    "README.md#measured": ("tools.measured", "readme"),
    "docs/explain/performance.md#measured": ("tools.measured", "page"),
    "docs/reference/errors.md": ("tools.reference", "errors"),
    "docs/reference/settings.md": ("tools.reference", "settings"),
}


def write_anew(generator: tuple[str, ...]) -> str:
    command = [sys.executable, "-m", *generator]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout


def read_kept(name: str, root: Path = ROOT) -> str:
    """The file or the part of it as it is; empty when it is not there."""
    path, _, part = name.partition("#")
    text = (root / path).read_text() if (root / path).is_file() else ""
    return _split(text, part)[1] if part else text


def write_kept(name: str, fresh: str, root: Path = ROOT) -> None:
    path, _, part = name.partition("#")
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    if part:
        before, _, after = _split((root / path).read_text(), part)
        fresh = before + fresh + after
    (root / path).write_text(fresh)


def _split(text: str, part: str) -> tuple[str, str, str]:
    """What stands before the part, the part, and what stands behind it."""
    begin = f"<!-- generated: {part} -->\n"
    if begin not in text:
        return text, "", ""
    before, _, rest = text.partition(begin)
    kept, end, after = rest.partition("<!-- end -->\n")
    return before + begin, kept, end + after


def find_differences(name: str, fresh: str, root: Path = ROOT) -> Iterator[str]:
    kept = read_kept(name, root)
    yield from difflib.unified_diff(
        kept.splitlines(keepends=True), fresh.splitlines(keepends=True), name, f"{name}, generated now"
    )


def main(arguments: list[str]) -> int:
    differs = False
    for name, generator in GENERATED.items():
        fresh = write_anew(generator)
        if "--write" in arguments:
            write_kept(name, fresh)
        for line in find_differences(name, fresh):
            differs = True
            print(line, end="")
    if differs:
        print("Stale: run `.venv/bin/python -m tools.generated --write`.")
    return 1 if differs else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
