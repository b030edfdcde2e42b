"""`bin/bench powerloss`: FULL loses nothing that was acknowledged; NORMAL does, or the proof would prove nothing."""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.powerloss.cut import Outcome, cut_power
from bench.powerloss.disk import why_not
from bench.results import Row
from bench.torture.victim import SOURCE

SHORTEST_S: Final = 1.0
LONGEST_S: Final = 4.0
FEWEST_ACKNOWLEDGED: Final = 100
PRAGMA: Final = "synchronous=FULL"


class NotProvenError(Exception):
    """A promise was broken, or too little happened to say that it was kept."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `bin/bench powerloss`."""
    parser.add_argument("--cuts", type=int, default=15, help="how often the power fails under FULL (default: 15)")


def run(arguments: argparse.Namespace) -> Iterator[Row]:
    """Cut the power so often under FULL, and under NORMAL until something is lost; a row each.

    Raises:
        SystemExit: there can be no disk of our own here, or it is not proven.
    """
    with tempfile.TemporaryDirectory(prefix="parlour-powerloss-") as folder:
        if reason := why_not(Path(folder)):
            raise SystemExit(f"powerloss cannot run: {reason}")
    try:
        yield prove(arguments.cuts, is_full=True)
        yield prove(arguments.cuts, is_full=False)
    except NotProvenError as error:
        raise SystemExit(str(error)) from None


def prove(cuts: int, *, is_full: bool) -> Row:
    """Cut the power so often, and judge; under NORMAL, at most so often, and only until something is lost.

    A cut right after a checkpoint of the log loses nothing under NORMAL either: it has just been synced.

    Raises:
        NotProvenError: FULL lost something, NORMAL lost nothing, or too little happened.
    """
    outcomes: list[Outcome] = []
    while len(outcomes) < cuts and (is_full or not any(outcome.lost for outcome in outcomes)):
        outcomes.append(_cut(is_full=is_full))
    name = "FULL" if is_full else "NORMAL"
    lost = sum(outcome.lost for outcome in outcomes)
    acknowledged = sum(len(outcome.acknowledged) for outcome in outcomes)
    if min(len(outcome.acknowledged) for outcome in outcomes) < FEWEST_ACKNOWLEDGED:
        raise NotProvenError(
            f"fewer than {FEWEST_ACKNOWLEDGED} posts were acknowledged before a cut: that says nothing"
        )
    if any(outcome.doubled for outcome in outcomes):
        raise NotProvenError(f"synchronous={name}: a post is in a log twice")
    if not all(outcome.is_gapless for outcome in outcomes):
        raise NotProvenError(f"synchronous={name}: a log has a hole")
    if bool(lost) is is_full:
        raise NotProvenError(f"synchronous={name}: {lost} of {acknowledged} acknowledged posts were lost")
    return {
        "what": "power loss",
        "synchronous": name,
        "cuts": len(outcomes),
        "acknowledged": acknowledged,
        "lost": lost,
    }


def _cut(*, is_full: bool) -> Outcome:
    with tempfile.TemporaryDirectory(prefix="parlour-powerloss-") as name:
        folder = Path(name)
        source = SOURCE if is_full else _with_normal(folder)
        after_s = random.SystemRandom().uniform(SHORTEST_S, LONGEST_S)
        return asyncio.run(cut_power(folder, after_s=after_s, source=source))


def _with_normal(folder: Path) -> Path:
    """The server's source, with the one word changed that this is about."""
    source = folder / "src"
    shutil.copytree(SOURCE, source, ignore=shutil.ignore_patterns("static", "__pycache__"))
    path = source / "parlour/storage/dialects.py"
    text = path.read_text()
    if text.count(PRAGMA) != 1:
        raise RuntimeError(f"{path} sets {PRAGMA} nowhere, or more than once")
    path.write_text(text.replace(PRAGMA, "synchronous=NORMAL"))
    return source
