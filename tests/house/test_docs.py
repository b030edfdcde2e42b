"""What the documentation says is there is there."""

from pathlib import Path

import pytest

from tools.docs import anchors, find_faults, read_pages


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    serve = tmp_path / "bin" / "serve"
    serve.parent.mkdir()
    serve.touch(mode=0o755)
    settings = tmp_path / "src" / "parlour" / "settings.py"
    settings.parent.mkdir(parents=True)
    settings.write_text('"PARLOUR_PORT"')
    (tmp_path / "GUIDE.md").write_text("# The first room\n\n## Say `hello`, twice\n\n## Again\n\n## Again\n")
    return tmp_path


def faults(repository: Path, text: str) -> list[str]:
    page = repository / "README.md"
    page.write_text(text)
    return list(find_faults(page, repository))


def test_this_repository_keeps_its_promises() -> None:
    pages = read_pages()
    assert "README.md" in {page.name for page in pages}
    assert [fault for page in pages for fault in find_faults(page)] == []


@pytest.mark.parametrize(
    "text",
    [
        "[guide](GUIDE.md), [room](GUIDE.md#the-first-room), [web](https://example.org/none)",
        "# Parlour\n[here](#parlour)",
        "Run `bin/serve`, or ./bin/serve, with PARLOUR_PORT set.",
        "`[not a link](none.md)` and\n```\n[nor this](none.md)\n```\n",
        "/usr/bin/env is not ours",
    ],
)
def test_a_page_that_is_right_has_no_faults(repository: Path, text: str) -> None:
    assert faults(repository, text) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[gone](none.md)", "the link to none.md leads nowhere"),
        ("[gone](GUIDE.md#the-last-room)", "the link to GUIDE.md#the-last-room leads nowhere"),
        ("[gone](#nowhere)", "the link to #nowhere leads nowhere"),
        ('<img alt="" src="docs/none.png">', "the link to docs/none.png leads nowhere"),
        ("```\nbin/swerve\n```", "there is no command bin/swerve"),
        ("Set `PARLOUR_PROT`.", "nothing reads the setting PARLOUR_PROT"),
    ],
)
def test_what_would_let_a_reader_down_is_a_fault(repository: Path, text: str, fault: str) -> None:
    assert faults(repository, text) == [f"README.md: {fault}"]


def test_headings_are_named_as_github_names_them(repository: Path) -> None:
    names = anchors((repository / "GUIDE.md").read_text())
    assert names == {"the-first-room", "say-hello-twice", "again", "again-1"}
