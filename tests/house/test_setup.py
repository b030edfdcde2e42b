"""On a machine that lacks something, a command says what, in one sentence, and fails."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What the set-up reads, without an environment, and a PATH on which there is next to nothing."""
    copy = tmp_path / "parlour"
    for name in ("bin", "tools"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    path = tmp_path / "path"
    path.mkdir()
    dirname = shutil.which("dirname")
    assert dirname
    (path / "dirname").symlink_to(dirname)
    return copy


def serve(clone: Path) -> subprocess.CompletedProcess[str]:
    command = ["/bin/sh", str(clone / "bin" / "serve")]
    environment = {"PATH": str(clone.parent / "path")}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_without_python_it_says_so(clone: Path) -> None:
    done = serve(clone)
    assert done.returncode == 1
    assert done.stderr == "parlour: Python 3.11 or newer is needed, and here is no python3.\n"


def test_with_an_old_python_it_says_which(clone: Path) -> None:
    old = clone.parent / "path" / "python3"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 || exit 1\n')
    old.chmod(0o755)
    done = serve(clone)
    assert done.returncode == 1
    assert done.stderr == "parlour: Python 3.11 or newer is needed, and here is Python 3.9.2.\n"
