"""stream.json: one room's log as a client follows it, step by step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, assert_never

import pytest

from parlour.wire.stream import Apply, AskFill, Effect, Reenter, Reload, Stream
from tests.wire.logs import entered, event, filled, head, log_event
from tests.wire.vectors import Row, rows_of


@pytest.mark.parametrize("row", rows_of("stream.json"))
def test_the_stream_answers_each_step_as_the_vector_says(row: Row) -> None:
    stream = Stream(position=row.get("position"))
    for step in row["steps"]:
        assert _as_json(_take(stream, step)) == _expanded(step["gives"]), step
        assert _enter_fields(stream) == step.get("enter", _enter_fields(stream)), step


def _enter_fields(stream: Stream) -> Row:
    point = stream.resume_point
    fields = {"epoch": point.epoch, "after": point.after}
    return {key: value for key, value in fields.items() if value is not None}


def _run(bounds: list[int]) -> Iterable[int]:
    """[first, last] stands for every seq between, both included; [] for none."""
    return range(bounds[0], bounds[1] + 1) if bounds else ()


def _take(stream: Stream, step: Row) -> list[Effect]:
    now_ms = step["at_ms"]
    match step:
        case {"event": seq}:
            return stream.event(event(seq), now_ms)
        case {"events": bounds}:
            return [effect for seq in _run(bounds) for effect in stream.event(event(seq), now_ms)]
        case {"filled": bounds, "head": end}:
            return stream.filled(filled(_run(bounds), end), now_ms)
        case {"head": end}:
            return stream.head(head(end), now_ms)
        case {"entered": {"mode": mode, "epoch": epoch, "head": end}}:
            return stream.entered(entered(mode, epoch, end), now_ms)
        case {"disconnected": True}:
            stream.disconnected()
            return []
        case {"fill_refused": True}:
            stream.fill_refused(now_ms)
            return []
        case {"tick": True}:
            return stream.tick(now_ms)
        case _:
            pytest.fail(f"a step without a known input: {step}")


def _expanded(gives: list[Row]) -> list[Any]:
    """`{"apply": [first, last]}` stands for one application each."""
    return [
        single
        for effect in gives
        for single in ([{"apply": seq} for seq in _run(effect["apply"])] if "apply" in effect else [effect])
    ]


def _as_json(effects: list[Effect]) -> list[Any]:
    return [_effect_as_json(effect) for effect in effects]


def _effect_as_json(effect: Effect) -> Row:
    match effect:
        case Apply(applied):
            assert applied == log_event(applied.seq)
            return {"apply": applied.seq}
        case Reload(snapshot, at):
            assert snapshot == {"head": at}
            return {"reload": at}
        case AskFill(after, limit):
            return {"fill": {"after": after, "limit": limit}}
        case Reenter():
            return {"reenter": True}
        case _:
            assert_never(effect)
