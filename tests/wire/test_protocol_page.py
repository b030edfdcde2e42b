"""protocol.md says what the code does: its examples decode, its tables are complete, its numbers are the ones used."""

from __future__ import annotations

import json
import re
from typing import Any, get_args

import pytest

from parlour.wire import client, errors, frames, stream
from parlour.wire.codec import decode_command, decode_frame
from tests.wire.vectors import VECTORS

PAGE = (VECTORS.parent / "protocol.md").read_text(encoding="utf-8")
LINES = PAGE.splitlines()
SAID = {
    f"the page's line {number}": (line[0], line[2:])
    for number, line in enumerate(LINES, start=1)
    if re.match(r'[<>] \{"op"', line)
}


def _section(title: str) -> str:
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None, f"no section {title}"
    return found[1]


def _first_cells(title: str) -> list[str]:
    """The first cell of each row of the tables in a section, without their headings."""
    cells = [line.split("|")[1].strip() for line in _section(title).splitlines() if line.startswith("|")]
    return [cell.strip("`*") for cell in cells if not set(cell) <= {"-"}]


@pytest.mark.parametrize(("speaker", "text"), SAID.values(), ids=SAID.keys())
def test_every_example_decodes(speaker: str, text: str) -> None:
    if speaker == "<":
        assert decode_frame(text) is not None
    elif json.loads(text)["op"] != "dance":
        decode_command(text)


def test_there_are_examples_of_both_speakers() -> None:
    assert {speaker for speaker, _ in SAID.values()} == {"<", ">"}


def test_the_table_of_commands_is_complete() -> None:
    assert _first_cells("Commands")[1:] == _ops(frames.AnyCommand)


def test_the_tables_name_every_frame() -> None:
    tables = _section("Commands") + _section("Frames nobody asked for")
    assert [op for op in _ops(frames.AnyFrame) if f"`{op}`" not in tables] == []


def test_the_table_of_error_codes_is_the_code() -> None:
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in _section("Error codes").splitlines() if "|" in line
    ]
    expected = [
        [f"`{code}`", str(meaning.status), "yes" if meaning.final else "no", meaning.message]
        for code, meaning in errors.MEANINGS.items()
    ]
    assert rows[2:] == expected


@pytest.mark.parametrize("code", errors.CloseCode)
def test_the_table_of_close_codes_has(code: errors.CloseCode) -> None:
    listed = [number for cell in _first_cells("Close codes") for number in cell.split(", ")]
    assert str(int(code)) in listed


@pytest.mark.parametrize(
    "sentence",
    [
        f"| message on the socket | {frames.FRAME_BYTES:,} bytes |",
        f"| posts in flight, in each room and connection | {frames.POSTS_IN_FLIGHT} |",
        f"| events in one fill | {frames.FILL_EVENTS}, and 256 KB |",
        f"| hello | within {frames.HELLO_WITHIN_S} s |",
        f"| ping | every {frames.HEARTBEAT_S} s |",
        f"| 4001 | silent for {frames.SILENCE_S} s | |",
        f"at most {stream.HELD_EVENTS}\n   events",
        f"one step further for {stream.STALL_MS} ms",
        f"double that up to {stream.SLOWEST_RETRY_MS // 1000} s",
        f"from {client.RETRY_MIN_MS / 1000} s to a bound",
        f"bound is {client.RETRY_FIRST_MS // 1000} s, and doubles with each failure",
        f"failure up to {client.RETRY_MAX_MS // 1000} s",
        f"again after {client.STEADY_MS // 1000} s of `live`",
        f"heard for {client.PONG_WITHIN_MS // 1000} s after your `ping`",
        f"give it {client.PROBE_WITHIN_MS // 1000} s",
    ],
)
def test_the_page_says_the_number_that_the_code_uses(sentence: str) -> None:
    assert sentence in PAGE


def test_every_link_inside_the_page_leads_somewhere() -> None:
    anchors = {
        re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in LINES if line[:1] == "#"
    }
    assert [link for link in re.findall(r"\(#([^)]+)\)", PAGE) if link not in anchors] == []


def _ops(union: Any) -> list[str]:  # noqa: ANN401 -- a union is no type of its own
    return [member.__struct_config__.tag for member in get_args(union)]
