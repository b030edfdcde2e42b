"""Bars beside each other on a logarithmic scale, for figures of which the largest is hundreds of times the smallest."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from bench.pictures.svg import HEADING, MARGIN, WIDTH, element, sheet, words

NAMES = 215
VALUES = 90
ROW = 30
BAR = 18
SCALE = 26


@dataclass(frozen=True, slots=True)
class Bar:
    """One figure. `kind`: ours, somebody else's, or the limit that nobody can pass."""

    name: str
    value: float
    kind: Literal["ours", "theirs", "limit"]


def bars(title: str, subtitle: str, unit: str, figures: Sequence[Bar]) -> str:
    """The picture, least figure first."""
    ordered = sorted(figures, key=lambda bar: bar.value)
    bottom = HEADING + ROW * len(ordered)
    scale = _Scale(ordered[0].value, ordered[-1].value)
    shapes = [*_draw_grid(scale, bottom, unit)]
    for index, bar in enumerate(ordered):
        shapes += _draw_bar(bar, HEADING + ROW * index, scale, unit)
    told = "; ".join(f"{bar.name}: {_told(bar.value)} {unit}" for bar in ordered)
    return sheet(title, subtitle, told, bottom + SCALE + MARGIN / 2, shapes)


class _Scale:
    """Where a value lies: a whole number of decades fits between the names and the values."""

    def __init__(self, least: float, most: float) -> None:
        self.first = math.floor(math.log10(least))
        self.last = max(self.first + 1, math.ceil(math.log10(most)))

    def x(self, value: float) -> float:
        share = (math.log10(value) - self.first) / (self.last - self.first)
        left = MARGIN + NAMES
        return left + share * (WIDTH - MARGIN - VALUES - left)


def _draw_grid(scale: _Scale, bottom: float, unit: str) -> Iterator[str]:
    for decade in range(scale.first, scale.last + 1):
        x = scale.x(10.0**decade)
        yield element("line", {"class": "grid", "x1": x, "x2": x, "y1": HEADING, "y2": bottom})
        yield words(x, bottom + 16, f"{10.0**decade:g}", "faint middle")
    yield words(MARGIN + NAMES - 30, bottom + 16, f"{unit}, logarithmic", "faint end")


def _draw_bar(bar: Bar, top: float, scale: _Scale, unit: str) -> Iterator[str]:
    left, end, baseline = MARGIN + NAMES, scale.x(bar.value), top + ROW / 2 + 5
    emphasis = "ink bold" if bar.kind == "ours" else "ink"
    shape: dict[str, str | float] = {"x": left, "y": top + (ROW - BAR) / 2, "width": end - left, "height": BAR, "rx": 3}
    yield words(left - 10, baseline, bar.name, f"{emphasis} end")
    yield element("rect", {**shape, "class": bar.kind})
    yield words(end + 8, baseline, f"{_told(bar.value)} {unit}", emphasis)


def _told(value: float) -> str:
    """Two digits that count; all those before the point."""
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}" if value >= 1 else f"{value:.2g}"  # noqa: PLR2004
