"""Rows of figures: printed as a table, appended as JSON lines with the machine and the commit they were taken on."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).parent / "results"

Row = Mapping[str, str | float | int]


def percentile(sorted_values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie; the nearest rank."""
    return sorted_values[min(len(sorted_values) - 1, int(share * len(sorted_values)))]


def summarize(values_ms: Sequence[float]) -> dict[str, float]:
    """Percentiles in milliseconds."""
    ordered = sorted(values_ms)
    shares = {"p50_ms": 0.5, "p90_ms": 0.9, "p99_ms": 0.99}
    summary = {name: round(percentile(ordered, share), 2) for name, share in shares.items()}
    return {**summary, "max_ms": round(ordered[-1], 2)}


def record(name: str, rows: Iterable[Row]) -> None:
    """Print the rows and append them to bench/results/NAME.jsonl, each as soon as it is there."""
    about = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "commit": _commit(), "machine": machine()}
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / f"{name}.jsonl").open("a") as file:
        for row in rows:
            print(json.dumps({**row, **about}), file=file, flush=True)
            print("  ".join(f"{key}={value}" for key, value in row.items()), flush=True)


def machine() -> dict[str, str | int]:
    """What the figures were taken on."""
    return {
        "cores": os.cpu_count() or 0,
        "cpu": _cpu(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def _cpu() -> str:
    if sys.platform != "linux":
        return platform.processor()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    command = ("git", "describe", "--always", "--dirty", "--exclude=*")
    described = subprocess.run(command, cwd=RESULTS.parent, capture_output=True, text=True, check=False)
    return described.stdout.strip() or "unknown"
