"""Starting: one server for each database, and one clear sentence when it cannot start."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from parlour.settings import Settings
from parlour.storage.dialects import database_file, resolve_url
from tests.conftest import Serve
from tests.server import SOURCE

WITHIN_S = 30


def says(command: str, *flags: str, **settings: str) -> tuple[int, str]:
    """What the command line answers when it cannot do it: its status and its last words."""
    environment: Mapping[str, str] = {**os.environ, "PYTHONPATH": str(SOURCE), **settings}
    arguments = [sys.executable, "-m", "parlour.cli", command, *flags]
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=WITHIN_S, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


async def test_a_second_server_on_one_file_does_not_start_whatever_its_directory(serve: Serve, tmp_path: Path) -> None:
    first = await serve()
    url = f"sqlite:///{first.process.database}"
    other = tmp_path / "other"
    link = tmp_path / "link.sqlite3"
    link.symlink_to(first.process.database)
    for name in (url, f"sqlite:///{link}"):
        status, words = says("serve", "--port", "0", "--data", str(other), PARLOUR_DATABASE_URL=name)
        assert status == 1
        assert "another Parlour serves" in words
    assert (await (await first.browser()).get("/health/ready")).status_code == 200


@pytest.mark.slow
@pytest.mark.postgres
async def test_a_second_server_on_one_postgresql_does_not_start(serve: Serve, postgres_url: str) -> None:
    assert says("migrate", PARLOUR_DATABASE_URL=postgres_url)[0] == 0
    first = await serve(database_url=postgres_url)

    status, words = says("serve", "--port", "0", PARLOUR_DATABASE_URL=postgres_url)

    assert status == 1
    assert "another Parlour serves" in words
    await first.is_killed()
    await first.starts(database_url=postgres_url)


@pytest.mark.parametrize(
    "url",
    ["garbage", "postgresql://me:secret@localhost:port/parlour", "postgresql://me:secret@localhost:70000/parlour"],
)
def test_what_is_no_database_url_is_named(url: str) -> None:
    status, words = says("serve", PARLOUR_DATABASE_URL=url)
    assert status == 2
    assert words.startswith("parlour: PARLOUR_DATABASE_URL is no database URL")
    assert "secret" not in words


@pytest.mark.parametrize("command", ["serve", "migrate"])
def test_a_database_that_does_not_answer_is_named(command: str) -> None:
    status, words = says(command, PARLOUR_DATABASE_URL="postgresql://me:secret@127.0.0.1:9/parlour")
    assert status == 1
    assert "does not answer" in words
    assert "PARLOUR_DATABASE_URL" in words
    assert "secret" not in words


@pytest.mark.parametrize("command", ["serve", "migrate"])
async def test_a_schema_of_a_newer_version_is_left_alone(serve: Serve, command: str) -> None:
    server = await serve()
    await server.stops()
    with sqlite3.connect(server.process.database) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()

    status, words = says(command, "--data", str(server.process.database.parent))

    assert status == 1
    assert "newer version of Parlour" in words


@pytest.mark.parametrize("name", ["wh?at=1", "100%", "a#b", "ü b", "%41"])
def test_the_data_directory_may_have_any_name(tmp_path: Path, name: str) -> None:
    settings = Settings(data_dir=tmp_path / name)
    assert database_file(resolve_url(settings.effective_database_url)) == tmp_path / name / "parlour.sqlite3"
