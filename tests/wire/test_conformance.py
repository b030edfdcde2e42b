"""The socket against the 247 cases of the Autobahn suite that are about what it does: RFC 6455, by a stranger."""

from __future__ import annotations

from bench.conformance import BINARY, DEVIATIONS, GROUPS, examine, faults

CASES = 247
BINARY_CASES = 8


async def test_every_case_is_passed_through_plain_asgi_but_for_the_deviations() -> None:
    results = await examine("/asgi", None, tuple(GROUPS))

    assert len(results) == CASES
    assert faults(results).keys() == DEVIATIONS.keys()


async def test_every_case_is_passed_through_a_link_but_for_the_deviations() -> None:
    results = await examine("/link", None, (*GROUPS, BINARY))

    assert len(results) == CASES - BINARY_CASES
    assert faults(results).keys() == DEVIATIONS.keys()


async def test_a_case_that_is_not_passed_is_seen() -> None:
    results = await examine("/link", (BINARY,), ())

    assert len(faults(results)) == BINARY_CASES
