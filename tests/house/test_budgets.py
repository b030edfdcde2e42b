"""Files and functions have a size that fits in a head, and names that say something."""

from pathlib import Path

import pytest

from tools.budgets import Source, find_breaches, find_tails, read_sources


def breaches(path: str, text: str) -> list[str]:
    return list(find_breaches([Source(Path(path), text)]))


def lines(count: int) -> str:
    return "x = 1\n" * count


def function(count: int) -> str:
    return "def long():\n" + "    x = 1\n" * (count - 1)


def test_this_repository_keeps_to_the_budgets() -> None:
    sources = read_sources()
    assert Path("src/parlour/__init__.py") in {source.path for source in sources}
    assert [*find_breaches(sources), *find_tails(sources)] == []


def test_a_file_has_at_most_400_lines() -> None:
    assert breaches("src/a.py", lines(400)) == []
    assert breaches("src/a.py", lines(401)) == ["src/a.py: 401 lines, at most 400"]


def test_a_component_has_at_most_200_lines_and_two_effects() -> None:
    assert breaches("web/src/A.svelte", lines(200) + "$effect(f); $effect(g);") == []
    assert breaches("web/src/A.svelte", lines(201)) == ["web/src/A.svelte: 201 lines, at most 200"]
    assert "3 effects" in breaches("web/src/A.svelte", "$effect(f); $effect(g); $effect(h);")[0]


def test_a_function_has_at_most_60_lines() -> None:
    assert breaches("src/a.py", function(60)) == []
    assert breaches("src/a.py", function(61)) == ["src/a.py:1: long has 61 lines, at most 60"]


def test_of_ten_files_that_ship_nine_are_under_250_lines() -> None:
    short, long = Source(Path("src/a.py"), lines(10)), Source(Path("src/b.py"), lines(300))
    assert list(find_tails([short] * 19 + [long])) == []
    assert "250 at most" in next(find_tails([short] * 8 + [long] * 2))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("src/a.py", "class RoomManager: ..."),
        ("src/a.py", "class ConnectionInfo: ..."),
        ("src/a.py", "def handle_post(): ..."),
        ("src/a.py", "async def _process_batch(): ..."),
        ("src/room_utils.py", ""),
        ("web/src/core/helpers.ts", ""),
        ("web/src/core/a.ts", "export class TimelineHelper {}"),
        ("web/src/core/a.ts", "function handleClick() {}"),
        ("web/src/A.svelte", "  const processQueue = () => {};"),
    ],
)
def test_a_name_that_says_nothing_is_refused(path: str, text: str) -> None:
    assert len(breaches(path, text)) == 1


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("src/a.py", "class Handle: ...\nclass Process: ...\ndef processes(): ..."),
        ("src/a.py", "class Metadata: ..."),
        ("src/a.py", "class Socket(Theirs):\n    @override\n    def handle_ping(self): ..."),
        ("web/src/core/a.ts", "export type Member = { information: string }; const handled = 1;"),
    ],
)
def test_a_name_that_only_sounds_alike_is_kept(path: str, text: str) -> None:
    assert breaches(path, text) == []
