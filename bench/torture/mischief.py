"""What the network does to people, and when: every fault is drawn by lot, noted, and healed or final."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Final
from uuid import UUID

from bench.torture.proxy import Wire
from bench.torture.talker import Draft, Talker

LONGEST_FRAME_BYTES: Final = 5_000
SLOW_BYTES_PER_S: Final = 20_000
NOTICED_WITHIN_S: Final = (0.1, 0.8)
"""A client whose connection is half open hears from its system after this time that the network has changed."""
RELEASED_WITHIN_S: Final = (0.5, 6.0)
"""What a half-open connection had swallowed reaches the server after this time, long after the client came back."""
BACK_WITHIN_S: Final = (0.3, 5.0)
"""The network is there again after this time, and says so; until then people wait as long as protocol.md asks for."""
BAD_WAIT_S: Final = (0.3, 2.0)
DELAYED_SHARE: Final = 0.3
DELAYS_S: Final = (0.001, 0.04)
LEFT_HANGING_SHARE: Final = 0.03
SLOW_SHARE: Final = 0.5


class Mischief:
    """Harms the connections of talkers."""

    def __init__(self, dice: random.Random, pen: Pen) -> None:
        self.cuts = self.harms = 0
        self.is_over = False
        self._dice = dice
        self._pen = pen
        self._cuts: list[tuple[int, Callable[[Talker, Wire], None]]] = [
            (30, self._cut_mid_send),
            (20, self._cut_after_send),
            (20, self._cut_mid_hearing),
            (15, self._reset),
            (15, self._open_half),
        ]

    def welcome(self, talker: Talker) -> None:
        """Some come by a slow network; some are told how far the log reaches, and then nothing for a while."""
        if self.is_over or talker.wire is None:
            return
        if self._dice.random() < DELAYED_SHARE:
            talker.wire.delay(self._dice.uniform(*DELAYS_S))
        if self._dice.random() < LEFT_HANGING_SHARE:
            self._stall(talker, talker.wire)

    def cut(self, talker: Talker) -> None:
        """Break this talker's connection, one way or another."""
        wire = talker.wire
        if wire is None or talker.is_cut:
            return
        self.cuts += 1
        weights, cuts = zip(*self._cuts, strict=True)
        self._dice.choices(cuts, weights)[0](talker, wire)
        self._later(BACK_WITHIN_S, self._hurry, talker, wire)

    def harm(self, talker: Talker) -> None:
        """Carry badly for a while: not at all, or slowly."""
        wire = talker.wire
        if wire is None or talker.is_cut:
            return
        self.harms += 1
        if self._dice.random() < SLOW_SHARE:
            talker.note_harm("slow")
            wire.slow_down(SLOW_BYTES_PER_S)
            self._later(BAD_WAIT_S, self._heal, talker, wire)
        else:
            self._stall(talker, wire)

    def _stall(self, talker: Talker, wire: Wire) -> None:
        talker.note_harm("stalled")
        wire.stall()
        self._later(BAD_WAIT_S, self._heal, talker, wire)

    def _heal(self, talker: Talker, wire: Wire) -> None:
        wire.heal()
        if talker.wire is wire:
            talker.note_healing()

    def _cut_mid_send(self, talker: Talker, wire: Wire) -> None:
        """Somewhere in the next post."""
        talker.note_cut("mid-send")
        cid, draft = self._pen.write()
        wire.cut_after(up_bytes=self._dice.randint(1, 160 + len(draft.body.encode())))
        talker.say(cid, draft)

    def _cut_after_send(self, talker: Talker, wire: Wire) -> None:
        """The post reaches the server, its answer gets lost."""
        talker.note_cut("after-send")
        wire.deafen()
        talker.say(*self._pen.write())
        self._later((0.005, 0.05), self._drop, talker, wire)

    def _cut_mid_hearing(self, talker: Talker, wire: Wire) -> None:
        talker.note_cut("mid-hearing")
        wire.cut_after(down_bytes=self._dice.randint(1, LONGEST_FRAME_BYTES))
        self._later((1.0, 2.0), self._drop, talker, wire)

    def _reset(self, talker: Talker, wire: Wire) -> None:
        talker.note_cut("reset")
        talker.say(*self._pen.write())
        wire.reset()

    def _open_half(self, talker: Talker, wire: Wire) -> None:
        """Nothing passes and nobody is told; what was swallowed arrives when the client is back on another one."""
        talker.note_cut("half-open")
        wire.stall()
        talker.say(*self._pen.write())
        self._later(NOTICED_WITHIN_S, self._notice, talker, wire)
        self._later(RELEASED_WITHIN_S, self._release, talker, wire)

    @staticmethod
    def _hurry(talker: Talker, _wire: Wire) -> None:
        talker.hurry()

    def _notice(self, talker: Talker, wire: Wire) -> None:
        if talker.wire is wire:
            talker.doubt()

    def _release(self, talker: Talker, wire: Wire) -> None:
        if talker.wire is not wire:
            wire.heal()
        else:
            self._later((0.5, 1.0), self._release, talker, wire)

    @staticmethod
    def _drop(_talker: Talker, wire: Wire) -> None:
        wire.close()

    def _later(
        self, within_s: tuple[float, float], do: Callable[[Talker, Wire], None], talker: Talker, wire: Wire
    ) -> None:
        asyncio.get_running_loop().call_later(self._dice.uniform(*within_s), do, talker, wire)


class Pen:
    """Writes what people say, each time under a new cid; one in fifty deserves a final refusal."""

    def __init__(self, dice: random.Random) -> None:
        self.written = 0
        self._dice = dice

    def write(self) -> tuple[str, Draft]:
        """A cid and what is said under it."""
        self.written += 1
        cid = str(UUID(int=self._dice.getrandbits(128), version=4))
        draw = self._dice.random()
        if draw < 0.02:  # noqa: PLR2004 -- one in fifty
            return self._write_unsound(cid)
        length = self._dice.randint(500, 3_500) if draw > 0.98 else self._dice.randint(1, 120)  # noqa: PLR2004
        return cid, Draft(f"{cid} {'ä' if length % 2 else 'x'}".ljust(length, "·"))

    def _write_unsound(self, cid: str) -> tuple[str, Draft]:
        faults = [
            (cid, Draft(" \n", is_sound=False)),
            (cid, Draft("x" * 4_001, is_sound=False)),
            (cid, Draft(f"{cid} \x00", is_sound=False)),
            (f"not-{cid}", Draft(cid, is_sound=False)),
            (cid, Draft(cid, is_sound=False, reply_to=2**50)),
        ]
        return self._dice.choice(faults)
