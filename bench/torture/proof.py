"""A run and its verdict, as one step: `bin/bench torture`."""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.results import Row
from bench.torture.check import Verdict, check_run
from bench.torture.run import AIMS, Run
from bench.torture.sizes import FULL, SIZES, Size
from bench.torture.victim import SOURCE

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

SEED_BITS: Final = 32


def prove(
    size: Size,
    folder: Path,
    *,
    seed: int | None = None,
    source: Path = SOURCE,
    aims: Mapping[str, int] = AIMS,
    processes: int = 2,
) -> Verdict:
    """Run, and judge. The same seed draws the same lots; the machine adds its own."""
    seed = draw_seed() if seed is None else seed
    try:
        with asyncio.Runner(loop_factory=_fast_loop()) as runner:
            runner.run(Run(size, folder, seed, source, aims).run())
    finally:
        gc.unfreeze()
    return check_run(folder, size, processes)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What can be said on the command line."""
    parser.add_argument("--size", choices=SIZES, default=FULL.name, help="full takes some 11 minutes, small one")
    parser.add_argument("--seed", type=int, help="draw the same lots as a run before")


def run(arguments: argparse.Namespace) -> list[Row]:
    """Run, print the verdict, and give it as a row. The histories of a run that proved nothing are kept.

    Raises:
        SystemExit: a promise was broken, or too little happened.
    """
    size: Size = SIZES[arguments.size]
    seed = draw_seed() if arguments.seed is None else int(arguments.seed)
    folder = Path(tempfile.mkdtemp(prefix="parlour-torture-"))
    print(f"{size}, seed {seed}, in {folder}", flush=True)
    began_s = time.monotonic()
    verdict = prove(size, folder, seed=seed)
    took_s = round(time.monotonic() - began_s, 1)
    print(f"{verdict} in {took_s} s")
    if not verdict.is_proof:
        sys.exit(f"look again: python -m bench.torture.check {folder}")
    shutil.rmtree(folder)
    counts = {name.replace(", ", "_").replace(" ", "_"): count for name, count in verdict.counts.items()}
    return [{"what": f"torture, {size.name}", "seed": seed, "seconds": took_s, **counts}]


def draw_seed() -> int:
    """A new one."""
    return random.SystemRandom().getrandbits(SEED_BITS)


def _fast_loop() -> type[AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 -- there is none on Windows
    except ImportError:
        return None
    return uvloop.Loop
