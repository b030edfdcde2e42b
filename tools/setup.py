"""Makes .venv what the locks say: `python -m tools.setup serve`, `test` or `tools`. Run by bin/* through setup.sh.

Each step leaves a stamp in .venv and is skipped while its inputs are those of the stamp, so a second
run costs a few file reads and needs no network. Two runs at once wait for each other.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import re
import signal
import subprocess
import sys
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tools.web import SKIP_WEB, Web

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"


@dataclass(frozen=True)
class Purpose:
    """Which locks a kind of work needs, and whether it needs the built page."""

    locks: tuple[str, ...]
    needs_page: bool


# dev.txt holds all that the other locks hold.
PURPOSES = {
    "serve": Purpose(("build", "runtime"), needs_page=True),
    "test": Purpose(("dev",), needs_page=True),
    "tools": Purpose(("dev",), needs_page=False),
}
OFFLINE_SIGNS = ("NewConnectionError", "NameResolutionError", "ConnectTimeout", "Network is unreachable")


class CannotSetUpError(Exception):
    """What is missing, in a sentence for the person who ran the command."""


def set_up(purpose: Purpose) -> None:
    with _alone():
        if not _has_venv():
            _make_venv()
        for lock in purpose.locks:
            _install_lock(lock)
        _install_package(needs_page=purpose.needs_page)


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


def _has_venv() -> bool:
    """Whether .venv is complete, and of the Python that now answers to its name."""
    library = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return PYTHON.exists() and (VENV / "lib" / library / "site-packages" / "pip").is_dir()


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


def _install_package(*, needs_page: bool) -> None:
    """Install Parlour itself, editable; the build hook makes the page."""
    page_is_stale = needs_page and not os.environ.get(SKIP_WEB) and not Web(ROOT).is_fresh()
    environment = os.environ if needs_page else {**os.environ, SKIP_WEB: "1"}
    inputs = _hash(ROOT / "pyproject.toml", ROOT / "hatch_build.py", ROOT / "tools" / "web.py")
    with _step("parlour", inputs) as is_needed:
        if is_needed or page_is_stale:
            _say("installing Parlour, and building its page where that has changed")
            how = ("--no-deps", "--no-build-isolation", "--no-index")
            _pip("install", *how, "--editable", str(ROOT), environment=environment)


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


def _pip(*arguments: str, environment: Mapping[str, str] = os.environ) -> None:
    command = [str(PYTHON), "-m", "pip", "--quiet", "--disable-pip-version-check", "--retries", "2", *arguments]
    done = subprocess.run(
        command, check=False, cwd=ROOT, env=environment, stdout=sys.stderr, stderr=subprocess.PIPE, text=True
    )
    if done.returncode == 0:
        return
    print(done.stderr, file=sys.stderr, end="")
    if any(sign in done.stderr for sign in OFFLINE_SIGNS):
        raise CannotSetUpError(
            "the first run needs the network, and the package index could not be reached (see above)."
        )
    # The build hook's own sentence, which pip wraps in a page of its own.
    told = re.search(r"^\s*web: (.+)$", done.stderr, re.MULTILINE)
    raise CannotSetUpError(told[1] if told else f"pip failed with code {done.returncode} (see above).")


def _say(what: str) -> None:
    print(f"parlour: {what}", file=sys.stderr, flush=True)


def main(arguments: list[str]) -> int:
    try:
        set_up(PURPOSES[arguments[0]])
    except CannotSetUpError as refusal:
        _say(str(refusal))
        return 1
    except OSError as error:
        # A full disk, a folder that is somebody else's: the system's own sentence says which.
        _say(f"the set-up in {ROOT} failed: {error}")
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
