"""Lines over a logarithmic scale: what something costs as there is ever more of something else."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bench.pictures.svg import HEADING, MARGIN, WIDTH, element, sheet, words

HEIGHT: Final = 240
LEFT: Final = 44
NAMES: Final = 290
SCALE: Final = 40
LABEL: Final = 16
"""Names at the lines' ends keep so far apart."""
STEPS: Final = 4


@dataclass(frozen=True, slots=True)
class Line:
    """What one thing costs: points of (how many, how much), in order."""

    name: str
    points: Sequence[tuple[float, float]]


def lines(title: str, subtitle: str, along: str, unit: str, figures: Sequence[Line]) -> str:
    """The picture: `along` says what there is more and more of, from left to right; `unit` is that of the costs."""
    frame = _Frame(
        [amount for line in figures for amount, _ in line.points], [cost for line in figures for _, cost in line.points]
    )
    shapes = [*_draw_grid(frame, along, unit)]
    for line, baseline in zip(figures, _spread([frame.y(line.points[-1][1]) + 5 for line in figures]), strict=True):
        path = " L".join(f"{frame.x(amount):.1f} {frame.y(cost):.1f}" for amount, cost in line.points)
        shapes.append(element("path", {"class": "line", "d": f"M{path}"}))
        shapes += [
            element("circle", {"class": "ours", "cx": frame.x(amount), "cy": frame.y(cost), "r": 3.5})
            for amount, cost in line.points
        ]
        shapes.append(words(frame.right + 12, baseline, f"{line.name}, {line.points[-1][1]:.1f} {unit}"))
    told = "; ".join(
        f"{line.name}: {', '.join(f'{cost:.1f} {unit} at {amount:,.0f}' for amount, cost in line.points)}"
        for line in figures
    )
    return sheet(title, subtitle, told, HEADING + HEIGHT + SCALE + MARGIN / 2, shapes)


class _Frame:
    """Where a point lies. Costs are drawn from nothing, so that a flat line is flat."""

    def __init__(self, amounts: Sequence[float], costs: Sequence[float]) -> None:
        self.amounts = sorted(set(amounts))
        self.step = _round_up(max(costs) / STEPS)
        self.right = WIDTH - MARGIN - NAMES

    def x(self, amount: float) -> float:
        first, last = math.log10(self.amounts[0]), math.log10(self.amounts[-1])
        left = MARGIN + LEFT
        return left + (math.log10(amount) - first) / (last - first) * (self.right - left)

    def y(self, cost: float) -> float:
        return HEADING + HEIGHT * (1 - cost / (self.step * STEPS))


def _round_up(value: float) -> float:
    """The next of 1, 2, 5, 10, 20, ..."""
    decade = 10.0 ** math.floor(math.log10(value))
    return next(step * decade for step in (1, 2, 5, 10) if step * decade >= value)


def _draw_grid(frame: _Frame, along: str, unit: str) -> Iterator[str]:
    left, bottom = MARGIN + LEFT, HEADING + HEIGHT
    for number in range(STEPS + 1):
        y = frame.y(frame.step * number)
        yield element("line", {"class": "grid", "x1": left, "x2": frame.right, "y1": y, "y2": y})
        told = f"{frame.step * number:g}" + (f" {unit}" if number == STEPS else "")
        yield words(left - 8, y + 4, told, "faint end")
    for amount in frame.amounts:
        yield words(frame.x(amount), bottom + 18, f"{amount:,.0f}", "faint middle")
    yield words((left + frame.right) / 2, bottom + 36, along, "faint middle")


def _spread(baselines: Sequence[float]) -> list[float]:
    """Move names apart that would lie over each other."""
    order = sorted(range(len(baselines)), key=baselines.__getitem__)
    moved = list(baselines)
    for lower, upper in zip(order[1:], order, strict=False):
        moved[lower] = max(moved[lower], moved[upper] + LABEL)
    over = max(0.0, max(moved) - (HEADING + HEIGHT))
    return [baseline - over for baseline in moved]
