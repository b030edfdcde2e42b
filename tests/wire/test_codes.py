"""Public codes: each has one meaning, and a close code's range alone tells a client what to do."""

from __future__ import annotations

from typing import get_args

import pytest

from parlour.wire.errors import MEANINGS, Advice, CloseCode, Code, Refusal, advice

EXPECTED: dict[CloseCode, Advice] = {
    CloseCode.BYE: "stop",
    CloseCode.RESTART: "retry",
    CloseCode.NO_PONG: "retry",
    CloseCode.TOO_SLOW: "retry",
    CloseCode.DRAINING: "retry",
    CloseCode.INTERNAL: "retry",
    CloseCode.TOO_BIG: "stop",
    CloseCode.NO_HELLO: "retry",
    CloseCode.OVERLOADED: "retry",
    CloseCode.SIGN_IN: "sign_in",
    CloseCode.BAD_FRAME: "stop",
    CloseCode.VERSION: "stop",
    CloseCode.ROOM_CLOSED: "stop",
    CloseCode.REMOVED: "stop",
    CloseCode.NOT_FOUND: "stop",
}


def test_every_code_has_exactly_one_meaning() -> None:
    assert set(MEANINGS) == set(get_args(Code))


def test_every_close_code_has_its_advice() -> None:
    assert {code: advice(code) for code in CloseCode} == EXPECTED


@pytest.mark.parametrize("code", [1001, 1006, 1011, 1013, 3000, 4000, 4099, 4300, 4999])
def test_a_close_code_that_nobody_knows_is_retried(code: int) -> None:
    assert advice(code) == "retry"


def test_a_frame_too_big_is_not_sent_again() -> None:
    assert advice(1009) == "stop"


def test_a_refusal_speaks_its_codes_sentence_unless_it_has_a_better_one() -> None:
    assert Refusal("locked").message == MEANINGS["locked"].message
    assert Refusal("locked", "Closed for the night.").message == "Closed for the night."
