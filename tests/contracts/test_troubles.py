"""What a driver's error means: the store is away, or a statement is at fault."""

from __future__ import annotations

import asyncpg  # type: ignore[import-untyped]
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from parlour.storage.database import Database
from parlour.storage.dialects import Trouble, diagnose
from parlour.wire.errors import Refusal


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (asyncpg.TooManyConnectionsError("too many clients"), Trouble.UNWRITABLE),
        (asyncpg.DiskFullError("no space"), Trouble.UNWRITABLE),
        (asyncpg.InvalidPasswordError("who?"), Trouble.LOST),
        (asyncpg.InvalidCatalogNameError("what?"), Trouble.LOST),
        (asyncpg.CannotConnectNowError("starting up"), Trouble.LOST),
        (asyncpg.QueryCanceledError("timeout"), Trouble.LOST),
        (TimeoutError(), Trouble.LOST),
        (asyncpg.UndefinedTableError("a bug"), Trouble.BROKEN),
        (ValueError("a bug"), Trouble.BROKEN),
    ],
)
def test_what_keeps_everybody_out_is_no_fault_of_a_statement(error: Exception, trouble: Trouble) -> None:
    assert diagnose(error) is trouble


@pytest.mark.postgres
async def test_a_database_that_is_gone_is_unavailable_and_not_broken(postgres_store: str) -> None:
    database = Database(make_url(postgres_store).set(database="nowhere").render_as_string(hide_password=False))
    with pytest.raises(Refusal, match="storage_unavailable"):
        async with database.reading() as connection:
            await connection.execute(text("SELECT 1"))
    await database.close()
