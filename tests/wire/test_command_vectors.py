"""commands.json: what the server makes of one text message, whatever the state of the connection."""

from __future__ import annotations

import json

import pytest

from parlour.wire.codec import BadFrame, decode_command, encode
from parlour.wire.errors import CloseCode
from tests.wire.vectors import Row, rows_of

ROWS = rows_of("commands.json")


@pytest.mark.parametrize("row", ROWS)
def test_the_server_reads_a_command_as_the_vector_says(row: Row) -> None:
    assert _reading(row["text"]) == {key: row[key] for key in ("is", "refused", "close") if key in row}


@pytest.mark.parametrize("row", ROWS)
def test_bytes_are_read_as_text_is(row: Row) -> None:
    assert _reading(row["text"].encode()) == _reading(row["text"])


def _reading(text: str | bytes) -> Row:
    try:
        return {"is": json.loads(encode(decode_command(text)))}
    except BadFrame as bad:
        if bad.hopeless:
            return {"close": CloseCode.BAD_FRAME}
        ref = {} if bad.ref is None else {"ref": bad.ref}
        return {"refused": {"code": bad.code, **ref}}
