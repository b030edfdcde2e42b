"""frames.json: what a client makes of one text message of the server."""

from __future__ import annotations

import json

import pytest

from parlour.wire.codec import BadFrame, decode_frame, encode
from tests.wire.vectors import Row, rows_of


@pytest.mark.parametrize("row", rows_of("frames.json"))
def test_a_client_reads_a_frame_as_the_vector_says(row: Row) -> None:
    assert _reading(row["text"]) == {key: row[key] for key in ("is", "skip", "bad") if key in row}


def _reading(text: str) -> Row:
    try:
        frame = decode_frame(text)
    except BadFrame:
        return {"bad": True}
    return {"skip": True} if frame is None else {"is": json.loads(encode(frame))}
