"""Makes .venv what the locks say: `python -m tools.setup serve`, or `dev`. Run by bin/* through setup.sh.

Each step leaves a stamp in .venv and is skipped while its inputs are those of the stamp, so a second
run costs a few file reads and needs no network. Two runs at once wait for each other.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.web import Web

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
# Which locks each kind of work needs. dev.txt holds all that the others hold.
LOCKS = {"serve": ("build", "runtime"), "dev": ("dev",)}
OFFLINE_SIGNS = (
    "NewConnectionError",
    "NameResolutionError",
    "ConnectTimeout",
    "Network is unreachable",
)


class CannotSetUpError(Exception):
    """What is missing, in a sentence for the person who ran the command."""


def set_up(purpose: str) -> None:
    with _alone():
        if not PYTHON.exists():
            _make_venv()
        for lock in LOCKS[purpose]:
            _install_lock(lock)
        _install_package()


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the repository's folder: `bin/serve` and `bin/test` started together set up once."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("waiting for another set-up to end")
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _make_venv() -> None:
    if importlib.util.find_spec("ensurepip") is None:
        raise CannotSetUpError(
            "this Python has no venv and pip; on Debian and Ubuntu `apt-get install python3-venv` brings them."
        )
    _say(f"making .venv with Python {sys.version.split()[0]}")
    venv.create(VENV, with_pip=True, clear=True, symlinks=True)


def _install_lock(name: str) -> None:
    path = ROOT / "requirements" / f"{name}.txt"
    with _step(name, _hash(path)) as is_needed:
        if is_needed:
            _say(f"installing what requirements/{name}.txt lists")
            _pip("install", "--require-hashes", "--requirement", str(path))


def _install_package() -> None:
    """Install Parlour itself, editable; the build hook makes the page."""
    page = Web(ROOT)
    inputs = _hash(ROOT / "pyproject.toml", ROOT / "hatch_build.py", ROOT / "tools" / "web.py")
    with _step("parlour", inputs) as is_needed:
        if is_needed or not (os.environ.get("PARLOUR_SKIP_WEB") or page.is_fresh()):
            _say("installing Parlour, and building its page where that has changed")
            _pip("install", "--no-deps", "--no-build-isolation", "--no-index", "--editable", str(ROOT))


@contextmanager
def _step(name: str, inputs: str) -> Iterator[bool]:
    """Yield whether the step has to be done, and note it as done when the block ends well."""
    stamp = VENV / "stamps" / name
    is_needed = not stamp.is_file() or stamp.read_text() != inputs
    yield is_needed
    if is_needed:
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(inputs)


def _hash(*paths: Path) -> str:
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in paths)).hexdigest()


def _pip(*arguments: str) -> None:
    command = [str(PYTHON), "-m", "pip", "--quiet", "--disable-pip-version-check", "--retries", "2", *arguments]
    done = subprocess.run(command, check=False, stdout=sys.stderr, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    if done.returncode == 0:
        return
    print(done.stderr, file=sys.stderr, end="")
    if any(sign in done.stderr for sign in OFFLINE_SIGNS):
        raise CannotSetUpError(
            "the first run needs the network, and the package index could not be reached (see above)."
        )
    raise CannotSetUpError(f"pip failed with code {done.returncode} (see above).")


def _say(what: str) -> None:
    print(f"parlour: {what}", file=sys.stderr, flush=True)


def main(arguments: list[str]) -> int:
    try:
        set_up(*arguments)
    except CannotSetUpError as refusal:
        _say(str(refusal))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
