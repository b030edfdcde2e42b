"""Whether the server could run here, said in sentences: `parlour doctor`, and the first thing that `serve` asks."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from parlour.http.pages import STATIC
from parlour.settings import Settings
from parlour.storage.dialects import database_file, explain, is_sqlite, resolve_url
from parlour.storage.migrations import is_known, newest_revision, read_revision


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `advice` says what to do when it is not well."""

    is_well: bool
    what: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{'ok  ' if self.is_well else 'FAIL'}  {self.what}" + (f"\n      {self.advice}" if self.advice else "")


async def examine(settings: Settings) -> list[Finding]:
    """Everything that a start depends on."""
    findings = [*_examine_machine(settings)]
    if all(finding.is_well for finding in findings):
        findings.append(await examine_database(settings))
    return findings


def _examine_machine(settings: Settings) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding(is_well=True, what=f"Python {version}, SQLite {sqlite3.sqlite_version}")
    has_page = (STATIC / "index.html").exists()
    yield Finding(
        is_well=has_page,
        what="the page is built",
        advice="" if has_page else "Run bin/serve once, or install a built wheel.",
    )
    if is_sqlite(resolve_url(settings.effective_database_url)):
        yield examine_directory(settings)


def examine_directory(settings: Settings) -> Finding:
    """Make the directory of SQLite's file if need be, and see that it can be written to."""
    path = database_file(resolve_url(settings.effective_database_url))
    directory = settings.data_dir if path is None else path.parent
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        advice = f"{error.strerror}: {error.filename}. Choose another with --data DIR."
        return Finding(is_well=False, what=f"the data directory {directory}", advice=advice)
    if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        return Finding(
            is_well=False,
            what=f"the data directory {directory}",
            advice="It cannot be written to; choose another with --data DIR.",
        )
    return Finding(is_well=True, what=f"the data directory {directory}")


async def examine_database(settings: Settings) -> Finding:
    """Whether the database answers and has the schema that this version needs."""
    url = settings.effective_database_url
    shown = resolve_url(url).render_as_string(hide_password=True)
    try:
        revision = await read_revision(url)
    except Exception as error:  # noqa: BLE001 -- whatever stops us from reading it is the finding
        return Finding(
            is_well=False,
            what=f"the database {shown}",
            advice=f"It does not answer: {explain(error)}. Look at PARLOUR_DATABASE_URL.",
        )
    if not is_known(revision):
        return Finding(
            is_well=False,
            what=f"the database {shown}",
            advice="Its schema was made by a newer version of Parlour. Run that version.",
        )
    if revision == newest_revision() or is_sqlite(resolve_url(url)):
        return Finding(is_well=True, what=f"the database {shown}")
    return Finding(
        is_well=False,
        what=f"the database {shown}",
        advice="Its schema is of an older version. Run `parlour migrate` first.",
    )
