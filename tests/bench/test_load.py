"""The load generator of bench/ counts what it says it counts, and a run that went wrong is no result.

Skipped where no C compiler is: nothing else here needs one.
"""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from bench import fanout
from bench.contestants import EVENT_BYTES, Arena, Contestant, Shape, reference
from bench.load import Dialect, Measurement, Pace, Visitor, load
from bench.peers.lineup import BARE

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler (cc)")

SMALL = Shape("small", rooms=2, people=6, talkers=2, window=3)
PACE = Pace(window=3, seconds=0.3, warm_up_s=0.05, drain_s=0.5)

Tell = Callable[[int, ServerConnection, str], None]
"""Passes the text of a number on to one member."""


class Party(Contestant):
    """A server in this process, whose faults a test chooses."""

    name = "party"
    dialect: Dialect = BARE

    def __init__(self, tell: Tell, answer: str = "ok", answers_after_s: float = 0.0) -> None:
        self._tell, self._answer, self._answers_after_s = tell, answer, answers_after_s
        self._rooms: dict[str, list[ServerConnection]] = {}
        self._turn = threading.Lock()
        self._closed = threading.Event()
        self._heard = 0

    @contextmanager
    def playing(self, shape: Shape) -> Iterator[Arena]:
        with serve(self._talk, "127.0.0.1", 0, compression=None, process_request=_let_in) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            visitors = [_visitor(shape, index) for index in range(shape.connections)]
            yield Arena(pid=os.getpid(), port=server.socket.getsockname()[1], visitors=visitors)
            self._closed.set()
            server.shutdown()
            thread.join()

    def _talk(self, connection: ServerConnection) -> None:
        members = self._rooms.setdefault(str(connection.recv()), [])
        members.append(connection)
        connection.send("joined")
        for text in connection:
            with self._turn:
                self._heard += 1
                for member in members:
                    self._tell(self._heard, member, str(text))
            self._closed.wait(self._answers_after_s)
            connection.send(self._answer)


def _let_in(connection: ServerConnection, request: Request) -> Response | None:
    return None if request.path == "/" else connection.respond(404, "Closed.")


def _visitor(shape: Shape, index: int) -> Visitor:
    room, place = divmod(index, shape.people)
    steps = (("say", f"room{room}"), ("hear", "joined"))
    return Visitor(room, steps, post="~%Sx" if place < shape.talkers else "")


def _measure(contestant: Contestant, pace: Pace = PACE) -> Measurement:
    with (
        contestant.playing(SMALL) as arena,
        load(contestant.dialect, arena.visitors, pace, port=arena.port, watched=[arena.pid], core=None) as generator,
    ):
        return generator.measure()


def _honest(_number: int, member: ServerConnection, text: str) -> None:
    try:
        member.send(text)
    except ConnectionClosed:
        return


def _forgetful(number: int, member: ServerConnection, text: str) -> None:
    if number != 5:
        _honest(number, member, text)


def _stammering(number: int, member: ServerConnection, text: str) -> None:
    _honest(number, member, text)
    if number == 5:
        _honest(number, member, text)


def test_everybody_in_a_room_hears_each_post_once() -> None:
    measured = _measure(Party(_honest))
    assert measured.posts > 0
    assert measured.total_acked == measured.total_sent
    assert measured.total_delivered == measured.total_expected == measured.total_sent * SMALL.people
    assert 0 < measured.delivery.p50_ms <= measured.delivery.p99_ms <= measured.delivery.max_ms


def test_at_a_given_rate_so_many_posts_are_sent_however_quick_the_server_is() -> None:
    measured = _measure(Party(_honest), replace(PACE, rate=200, seconds=0.5, warm_up_s=0.5))
    assert 150 < measured.total_sent <= 201


def test_at_a_given_rate_time_counts_from_when_a_post_was_due() -> None:
    # Each of four talkers is due every 20 ms and answered after 60: the third post of a second has waited already.
    slow = Party(_honest, answers_after_s=0.06)
    measured = _measure(slow, replace(PACE, window=1, rate=200, seconds=0.5, drain_s=3))
    assert measured.ack.max_ms > 3 * 60


def test_a_lost_delivery_is_missing() -> None:
    assert _measure(Party(_forgetful)).missing == SMALL.people


def test_a_delivery_that_came_twice_is_one_too_many() -> None:
    assert _measure(Party(_stammering)).missing == -SMALL.people


@pytest.mark.parametrize("tell", [_forgetful, _stammering])
def test_a_run_that_lost_or_doubled_is_no_result(tell: Tell) -> None:
    party = Party(tell)
    with pytest.raises(RuntimeError, match=r"where \d+ were due"):
        fanout.check(party, _measure(party))


def test_a_run_in_which_nobody_was_answered_is_no_result() -> None:
    party = Party(_honest, answer="perhaps")
    with pytest.raises(RuntimeError, match="only 0 posts were answered"):
        fanout.check(party, _measure(party))


def test_a_refusal_ends_the_run() -> None:
    party = Party(_honest, answer="no")
    party.dialect = replace(BARE, refusal="no")
    with pytest.raises(RuntimeError, match="refused: no"):
        _measure(party)


def test_a_server_that_lets_nobody_in_ends_the_run() -> None:
    party = Party(_honest)
    party.dialect = replace(BARE, path="/closed")
    with pytest.raises(RuntimeError, match=r"handshake was refused: HTTP/1\.1 404"):
        _measure(party)


def test_the_reference_in_c_loses_nothing_either_way() -> None:
    modes = {reference("together"): 100, reference("together", EVENT_BYTES): EVENT_BYTES, reference("each"): 100}
    for mode, message_bytes in modes.items():
        measured = _measure(mode)
        assert measured.posts > 100
        assert measured.missing == 0
        assert measured.delivered_bytes == message_bytes * measured.deliveries
