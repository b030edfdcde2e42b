"""Runs every checker over the repository, all of them even when one objects, and sums up.

`python -m tools.check ruff types` runs only those sections.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TYPED = ("src", "tests", "tools", "bench", "hatch_build.py")


@dataclass(frozen=True)
class Section:
    name: str
    command: tuple[str, ...]

    def passes(self) -> bool:
        # The environment's own checkers, whatever else is installed here.
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
        return subprocess.run(self.command, cwd=ROOT, env={**os.environ, "PATH": path}, check=False).returncode == 0


SECTIONS = (
    Section("ruff", ("ruff", "check")),
    Section("format", ("ruff", "format", "--check")),
    Section("types", ("mypy", *(name for name in TYPED if (ROOT / name).exists()))),
    Section("imports", ("lint-imports", "--no-logo")),
    Section("budgets", ("python", "-m", "tools.budgets")),
    Section("svelte", ("python", "-m", "tools.web", "check")),
    Section("eslint", ("python", "-m", "tools.web", "lint")),
    Section("weight", ("python", "-m", "tools.weight")),
    Section("generated", ("python", "-m", "tools.generated")),
    Section("docs", ("python", "-m", "tools.docs")),
)


@dataclass(frozen=True)
class Result:
    name: str
    passed: bool
    took_s: float

    def __str__(self) -> str:
        return f"  {self.name:<10} {'ok' if self.passed else 'FAILED':<7} {self.took_s:6.1f} s"


def run(section: Section) -> Result:
    print(f"\n== {section.name}", flush=True)
    began = time.monotonic()
    return Result(section.name, section.passes(), time.monotonic() - began)


def choose(names: Iterable[str]) -> list[Section]:
    wanted = set(names) or {section.name for section in SECTIONS}
    unknown = wanted - {section.name for section in SECTIONS}
    if unknown:
        sys.exit(f"check: no section {', '.join(sorted(unknown))}; there are: {', '.join(s.name for s in SECTIONS)}")
    return [section for section in SECTIONS if section.name in wanted]


def main(names: list[str]) -> int:
    results = [run(section) for section in choose(names)]
    print("\n== summary")
    for result in results:
        print(result)
    failed = sum(not result.passed for result in results)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
