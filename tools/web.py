"""Builds the page: web/ becomes src/parlour/static, with the Node that a wheel brings.

Needs nothing but the standard library, because the build hook (hatch_build.py) and the set-up
(tools/setup.py) run it before anything is installed.  `python -m tools.web test` runs an npm script.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tools.packages import CannotBuildError, NodePackages

ROOT = Path(__file__).resolve().parent.parent
# For those who work on the server alone, or pack a page that they built elsewhere.
SKIP_WEB = "PARLOUR_SKIP_WEB"
# What npm writes, and what changes the page no more than a test does.
NOT_INPUTS = ("node_modules", ".svelte-kit", "coverage")


@dataclass(frozen=True)
class Web:
    """The page's sources, and the folder inside the package that it is built into."""

    root: Path = ROOT

    @property
    def sources(self) -> Path:
        return self.root / "web"

    @property
    def packages(self) -> NodePackages:
        return NodePackages(self.sources)

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
        self.packages.install()
        digest, beside = self.digest(), self.built.with_name(".static-new")
        self.packages.node("node_modules/vite/bin/vite.js", "build", "--outDir", str(beside), "--emptyOutDir")
        shutil.rmtree(self.built, ignore_errors=True)
        beside.rename(self.built)
        self.stamp.write_text(digest)

    def run_script(self, name: str, *arguments: str) -> None:
        self.packages.install()
        self.packages.npm("run", "--silent", name, "--", *arguments)

    def _inputs(self) -> list[Path]:
        found: list[Path] = []
        for folder, folders, files in os.walk(self.sources):
            folders[:] = [name for name in folders if name not in NOT_INPUTS]
            found += [Path(folder, name) for name in files if not _is_test(name)]
        return sorted(found)


def _is_test(name: str) -> bool:
    return ".test." in name


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
