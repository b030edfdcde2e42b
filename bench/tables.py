"""Rows of figures as a Markdown table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bench.results import Row


def markdown(rows: Sequence[Row], columns: Mapping[str, str]) -> str:
    """The table: `columns` maps keys of the rows to headings, in order. Figures stand to the right."""
    marks = ["---:" if isinstance(rows[0][key], int | float) else "---" for key in columns]
    lines = [list(columns.values()), marks, *([_cell(row[key]) for key in columns] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:,}"
