"""Pages that only repeat the code are the code's own words."""

from pathlib import Path

import pytest

from tools.generated import GENERATED, find_differences, write_anew, write_kept


@pytest.mark.parametrize("name", sorted(GENERATED))
def test_a_generated_file_is_what_its_generator_writes(name: str) -> None:
    assert "".join(find_differences(name, write_anew(GENERATED[name]))) == ""


def test_a_stale_file_shows_what_has_changed(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("one\ntwo\n")
    assert list(find_differences("page.md", "one\ntwo\n", tmp_path)) == []
    shown = list(find_differences("page.md", "one\nthree\n", tmp_path))
    assert "-two\n" in shown
    assert "+three\n" in shown


def test_a_part_of_a_file_is_written_and_the_rest_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("above\n<!-- generated: part -->\nold\n<!-- end -->\nbelow\n")
    shown = list(find_differences("page.md#part", "new\n", tmp_path))
    assert "-old\n" in shown
    assert "+new\n" in shown
    write_kept("page.md#part", "new\n", tmp_path)
    assert page.read_text() == "above\n<!-- generated: part -->\nnew\n<!-- end -->\nbelow\n"
    assert list(find_differences("page.md#part", "new\n", tmp_path)) == []


def test_a_missing_file_differs(tmp_path: Path) -> None:
    assert "+one\n" in list(find_differences("page.md", "one\n", tmp_path))
