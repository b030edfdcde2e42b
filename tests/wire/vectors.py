"""Reads protocol/vectors: every row becomes a test of its own, named as the row is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from _pytest.mark import ParameterSet

VECTORS = Path(__file__).parents[2] / "protocol" / "vectors"

Row = dict[str, Any]


def rows_of(file: str) -> list[ParameterSet]:
    """The rows of one vector file, ready for parametrize."""
    rows: list[Row] = json.loads((VECTORS / file).read_text(encoding="utf-8"))
    names = [row["name"] for row in rows]
    assert len(set(names)) == len(names), f"{file}: two rows of one name"
    return [pytest.param(row, id=row["name"]) for row in rows]
