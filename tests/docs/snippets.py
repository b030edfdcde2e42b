"""The examples of a page that say they work: a fenced block below the mark `<!-- tested: NAME -->`."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVER = "http://localhost:8000"
"""The address that the pages use; a test puts its own server's in its place."""

_MARKED = re.compile(r"^<!-- tested: (?P<name>[\w-]+) -->\n+```\w*\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL)
_MARK = "<!-- tested:"


def snippets_of(page: str) -> dict[str, str]:
    """Every marked example of a page, by its name."""
    text = (ROOT / page).read_text()
    found = {match["name"]: match["text"] for match in _MARKED.finditer(text)}
    assert len(found) == text.count(_MARK), f"{page}: a mark stands above no block, or a name stands twice"
    return found
