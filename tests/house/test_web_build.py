"""The page is built again when what it is made of has changed, and only then."""

from pathlib import Path

import pytest

from tools.web import Web


@pytest.fixture
def web(tmp_path: Path) -> Web:
    page = Web(tmp_path)
    for name in ("package.json", "index.html", "src/main.ts", "src/main.test.ts", "node_modules/vite/index.js"):
        path = page.sources / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    page.built.mkdir(parents=True)
    (page.built / "index.html").touch()
    page.stamp.write_text(page.digest())
    return page


def test_a_page_is_fresh_once_it_is_built(web: Web) -> None:
    assert web.is_fresh()


@pytest.mark.parametrize("name", ["src/main.ts", "package.json", "public/icon.svg"])
def test_a_changed_or_new_source_makes_it_stale(web: Web, name: str) -> None:
    path = web.sources / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("another")
    assert not web.is_fresh()


def test_a_source_that_is_gone_makes_it_stale(web: Web) -> None:
    (web.sources / "src" / "main.ts").unlink()
    assert not web.is_fresh()


@pytest.mark.parametrize("name", ["src/main.test.ts", "node_modules/vite/index.js"])
def test_tests_and_packages_are_no_sources(web: Web, name: str) -> None:
    (web.sources / name).write_text("another")
    assert web.is_fresh()


def test_a_built_page_without_sources_is_what_a_wheel_carries(web: Web) -> None:
    web.sources.rename(web.sources.with_name("elsewhere"))
    assert web.is_fresh()


def test_without_a_built_page_nothing_is_fresh(web: Web) -> None:
    (web.built / "index.html").unlink()
    assert not web.is_fresh()
