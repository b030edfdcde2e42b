"""The page is weighed with all that a visitor waits for, and with nothing else."""

from pathlib import Path

import pytest

from tools.weight import find_scripts, weigh


@pytest.fixture
def built(tmp_path: Path) -> Path:
    assets = tmp_path / "assets"
    assets.mkdir()
    (tmp_path / "index.html").write_text(
        '<script src="/theme.js"></script><script type="module" crossorigin src="/assets/main-1a.js"></script>'
    )
    (tmp_path / "theme.js").write_text("document;")
    (assets / "main-1a.js").write_text('import{a as b}from"./shared-2b.js";import"./side-3c.js";import("./qr-4d.js");')
    (assets / "shared-2b.js").write_text('export{c}from"./deep-5e.js";')
    for name in ("side-3c", "qr-4d", "deep-5e"):
        (assets / f"{name}.js").write_text("")
    return tmp_path


def test_static_imports_are_waited_for_and_later_ones_are_not(built: Path) -> None:
    names = {script.name for script in find_scripts(built)}
    assert names == {"theme.js", "main-1a.js", "shared-2b.js", "side-3c.js", "deep-5e.js"}


def test_a_script_weighs_what_travels(built: Path) -> None:
    long = built / "assets" / "long.js"
    long.write_text("x" * 100_000)
    assert weigh(long) < 1_000
