"""ARCHITECTURE.md: the files and functions that it names are there."""

from __future__ import annotations

import re

import pytest

from tests.docs.snippets import ROOT

TEXT = (ROOT / "ARCHITECTURE.md").read_text()
PLACES = re.findall(r"`((?:src|web)/[\w/.-]+\.(?:py|ts))` `(\w+)`", TEXT)
FILES = sorted(set(re.findall(r"`([\w/-]+/[\w-]+\.(?:py|ts|json|svelte|md))`", TEXT)))


@pytest.mark.parametrize(("path", "name"), PLACES, ids=[f"{path}-{name}" for path, name in PLACES])
def test_a_step_of_the_path_of_one_message_is_where_the_page_says(path: str, name: str) -> None:
    defined = rf"\bdef {name}\(" if path.endswith(".py") else rf"^  (?:async )?{name}\("
    assert re.search(defined, (ROOT / path).read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", FILES)
def test_a_file_that_the_page_names_exists(path: str) -> None:
    """A path is written from the root, or from the package or the page's sources."""
    assert any((ROOT / start / path).is_file() for start in ("", "src/parlour", "web/src"))


def test_the_path_of_one_message_is_read() -> None:
    assert len(PLACES) > 15
    assert len(FILES) > 20
