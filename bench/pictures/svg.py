"""The sheet that every picture is drawn on: its colours, its words, and the few shapes that figures need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

WIDTH = 760
MARGIN = 24
HEADING = 74
"""Where the drawing begins, below the title and the line under it."""
# The page's tokens (web/src/styles/tokens.css) as sRGB: an image on somebody's page has none to ask.
_STYLE = """
  svg { color-scheme: light dark; font: 14px system-ui, sans-serif; }
  .sheet { fill: #fefcf9; }
  text { paint-order: stroke; stroke: #fefcf9; stroke-width: 4px; stroke-linejoin: round; }
  .ink { fill: #2a1f18; } .faint { fill: #615246; font-size: 12px; } .title { font-size: 18px; font-weight: 650; }
  .ours { fill: #115b3e; } .theirs { fill: #c3b5a4; } .limit { fill: none; stroke: #8c7d6d; stroke-dasharray: 4 3; }
  .line { fill: none; stroke: #115b3e; stroke-width: 2; }
  .grid { stroke: #dbd2c5; } .bold { font-weight: 650; } .end { text-anchor: end; } .middle { text-anchor: middle; }
  @media (prefers-color-scheme: dark) {
    .sheet { fill: #1a1511; } text { stroke: #1a1511; }
    .ink { fill: #ede7dc; } .faint { fill: #b3a99c; } .ours { fill: #92caa0; } .theirs { fill: #63574d; }
    .line { stroke: #92caa0; } .limit { stroke: #81756a; } .grid { stroke: #433a33; }
  }
"""


def element(name: str, attributes: Mapping[str, str | float], content: str = "") -> str:
    """One element; numbers with at most one decimal."""
    written = (f' {key}="{_written(value)}"' for key, value in attributes.items())
    return f"<{name}{''.join(written)}>{content}</{name}>"


def words(x: float, y: float, text: str, kind: str = "ink") -> str:
    """A line of text with its baseline at y."""
    return element("text", {"x": x, "y": y, "class": kind}, escape(text))


def sheet(title: str, subtitle: str, alternative: str, height: float, shapes: Sequence[str]) -> str:
    """The whole picture; `alternative` says in words what it shows, to who cannot see it."""
    heading = (words(MARGIN, 36, title, "ink title"), words(MARGIN, 56, subtitle, "faint"))
    parts = (
        element("title", {}, escape(title)),
        element("desc", {}, escape(alternative)),
        element("style", {}, _STYLE),
        element("rect", {"class": "sheet", "width": WIDTH, "height": height, "rx": 10}),
        *heading,
        *shapes,
    )
    about: dict[str, str | float] = {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": f"0 0 {WIDTH} {height:g}",
        "width": WIDTH,
        "height": height,
        "role": "img",
    }
    return element("svg", about, "\n" + "\n".join(parts) + "\n") + "\n"


def _written(value: str | float) -> str:
    return escape(value) if isinstance(value, str) else f"{value:.1f}".removesuffix(".0")
