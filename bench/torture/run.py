"""One run: people come, talk through bad networks to a server that is killed, and at last tell what they know."""

from __future__ import annotations

import asyncio
import gc
import itertools
import random
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Final

import httpx

from bench.torture import crowd
from bench.torture.history import Histories
from bench.torture.mischief import Mischief, Pen
from bench.torture.proxy import Proxy
from bench.torture.records import Calm, Ended, Killed, Memory, Ready, Renamed, Renaming, now_us
from bench.torture.sizes import Size
from bench.torture.talker import Draft, Person, Stage, Talker
from bench.torture.victim import SOURCE, Victim

BEAT_S: Final = 0.01
SETTLE_BEAT_S: Final = 0.05
SETTLE_BEATS_A_HINT: Final = 40
TURNS: Final = 20
"""Every talker gets a tick each so many beats."""
KILLED_SHARE: Final = 0.7
"""So much is said while the server is being killed; the rest in its last, long life."""
STORM_SHARE: Final = 0.1
"""So many lives end when people are still coming back from the death before."""
AIMS: Final = {"behind a commit": 60, "behind an answer": 15, "at any moment": 25}
BURST: Final = 40
"""So many say something at the same moment when somebody has taken aim."""
HARMS_PER_CUT: Final = 0.3
POSTS_PER_RENAME: Final = 100
MOST_UNSENT: Final = 16
TALKS_OFFLINE_SHARE: Final = 0.05
MEMORY_EVERY_S: Final = 0.5
STALLED_AFTER_S: Final = 120.0
LAST_WORD_WITHIN_S: Final = 6.0
"""A second more than the promise, so that a breach of it is seen and not waited out."""
LAST_WORD: Final = "the last word"
BACK_PER_S: Final = 300
"""So many clients a second hear that the server may be reached again."""


class Run:
    """Everything that goes on at once."""

    def __init__(
        self, size: Size, folder: Path, seed: int, source: Path = SOURCE, aims: Mapping[str, int] = AIMS
    ) -> None:
        self._size = size
        self._aims = aims
        self._dice = random.Random(seed)  # noqa: S311 -- a run can be repeated
        self._pen = Pen(self._dice)
        self._mischief = Mischief(self._dice, self._pen)
        self._victim = Victim(folder, source)
        self._histories = Histories(folder, size.rooms)
        self._proxy = Proxy(0)
        self._http = crowd.open_http()
        self._talkers: list[Talker] = []
        self._turn = itertools.cycle(range(TURNS))
        self._life = 0
        self._is_talking = False
        self._renames = 0
        self._owed_posts = 0.0
        self._beating: asyncio.Task[None] | None = None
        self._shot: asyncio.Future[int] | None = None
        self._errands: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """From the first start of the server to its last words."""
        try:
            with self._histories:
                try:
                    await self._gather()
                    await self._live_and_die()
                finally:
                    await self._scatter()
                await self._take_down_the_outcome()
        finally:
            self._victim.close()
            await self._http.aclose()

    async def _scatter(self) -> None:
        """Everybody goes."""
        if self._beating is not None:
            self._beating.cancel()
        for talker in self._talkers:
            talker.stop()
        await self._proxy.close()

    async def _gather(self) -> None:
        await self._start()
        self._proxy.server_port = self._victim.port
        await self._proxy.open()
        self._http.base_url = f"{self._victim.url}/api/v1"
        people = await crowd.gather(self._http, self._size)
        stage = Stage(self._proxy, self._histories, self._dice, self._answered, self._mischief.welcome)
        self._talkers = [Talker(person, stage) for person in people]
        for person in people:
            self._histories.note(person.room, crowd.introduce(person))
        # What was made until now stays: looking through it again and again would stop everybody's clock.
        gc.collect()
        gc.freeze()

    async def _live_and_die(self) -> None:
        self._beating = asyncio.create_task(self._beat(), name="beat")
        self._bring_back(Talker.start)
        await self._until(lambda: all(talker.is_live for talker in self._talkers))
        self._is_talking = True
        posts_a_life = self._size.posts * KILLED_SHARE / max(1, self._size.kills)
        for _ in range(self._size.kills):
            share = STORM_SHARE if self._dice.random() < STORM_SHARE else self._dice.uniform(0.7, 1.3)
            await self._until_written(self._pen.written + posts_a_life * share)
            await self._kill()
            await self._start()
            self._is_talking = True
            self._bring_back(Talker.hurry)
        enough = max(self._size.posts, self._pen.written + self._size.posts * (1 - KILLED_SHARE))
        await self._until(lambda: self._pen.written >= enough and self._mischief.cuts >= self._size.cuts)
        self._is_talking, self._mischief.is_over = False, True
        self._histories.note_server(Calm(now_us()))
        await self._settle(self._size.settles_within_s)
        self._say_the_last_word()
        await self._settle(LAST_WORD_WITHIN_S)
        self._histories.note_server(Ended(now_us()))
        await asyncio.gather(*self._errands)

    async def _take_down_the_outcome(self) -> None:
        """What a server says that was killed once more: what it has on disk, not what it remembers."""
        self._victim.kill()
        await self._victim.start()
        await crowd.take_down(self._http, [talker.person for talker in self._talkers], self._histories)

    async def _start(self) -> None:
        await self._victim.start()
        self._life += 1
        self._histories.note_server(Ready(now_us(), self._life))

    async def _kill(self) -> None:
        aim = self._dice.choices(list(self._aims), list(self._aims.values()))[0]
        match aim:
            case "behind a commit":
                self._is_talking = False
                aiming = await self._victim.aim()
                for talker in self._dice.sample(self._talkers, min(BURST, len(self._talkers))):
                    if talker.is_live:
                        talker.say(*self._pen.write())
                at = await self._victim.shoot(aiming, self._dice.randint(1, 3))
            case "behind an answer":
                self._shot = asyncio.get_running_loop().create_future()
                at = await asyncio.wait_for(self._shot, STALLED_AFTER_S)
                self._shot = None
            case _:
                await asyncio.sleep(self._dice.uniform(0, 0.2))
                at = self._victim.kill()
        self._histories.note_server(Killed(at, self._life, aim))

    def _answered(self) -> None:
        """A client has just read that its post is kept."""
        if self._shot is not None and not self._shot.done():
            self._shot.set_result(self._victim.kill())

    def _bring_back(self, how: Callable[[Talker], None]) -> None:
        """Everybody hears that the server may be reached, not all at once."""
        for talker in self._talkers:
            wait_s = self._dice.uniform(0, len(self._talkers) / BACK_PER_S)
            asyncio.get_running_loop().call_later(wait_s, how, talker)

    async def _beat(self) -> None:
        """Clocks, talk and mischief, a hundred times a second."""
        clock = asyncio.get_running_loop().time
        before_s = remembered_s = clock()
        while True:
            await asyncio.sleep(BEAT_S)
            now_s = clock()
            for talker in self._talkers[next(self._turn) :: TURNS]:
                talker.tick()
            if self._is_talking:
                self._talk(min(now_s - before_s, 10 * BEAT_S))
            if now_s - remembered_s >= MEMORY_EVERY_S and (rss_kb := self._victim.rss_kb()):
                remembered_s = now_s
                live = sum(talker.is_live for talker in self._talkers)
                self._histories.note_server(Memory(now_us(), self._life, rss_kb, live))
            before_s = now_s

    def _talk(self, seconds: float) -> None:
        self._owed_posts += seconds * self._size.posts_per_s
        while self._owed_posts >= 1:
            self._owed_posts -= 1
            talker = self._dice.choice(self._talkers)
            if talker.is_live or self._dice.random() < TALKS_OFFLINE_SHARE:
                self._say(talker)

    def _say(self, talker: Talker) -> None:
        if len(talker.outbox) >= MOST_UNSENT:
            return
        talker.say(*self._pen.write())
        if talker.is_live and self._pen.written >= self._renames * POSTS_PER_RENAME:
            self._renames += 1
            self._send_off(self._rename(talker.person))
        owed_cuts = self._pen.written * self._size.cuts / self._size.posts
        if self._mischief.cuts < owed_cuts and (unlucky := self._pick_live()) is not None:
            self._mischief.cut(unlucky)
        if self._mischief.harms < owed_cuts * HARMS_PER_CUT and (unlucky := self._pick_live()) is not None:
            self._mischief.harm(unlucky)

    def _pick_live(self) -> Talker | None:
        talker = self._dice.choice(self._talkers)
        return talker if talker.is_live and not talker.is_cut and talker.wire is not None else None

    def _send_off(self, errand: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(errand, name="errand")
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _rename(self, person: Person) -> None:
        """Over HTTP, past the bad network: what was not answered may have happened or not."""
        name = f"Talker {self._dice.randrange(10_000)}"
        self._histories.note(person.room, Renaming(now_us(), person.who, name))
        try:
            await crowd.rename(self._http, person, name)
        except httpx.HTTPError:
            return
        self._histories.note(person.room, Renamed(now_us(), person.who, name))

    def _has_settled(self) -> bool:
        """Whether everybody is back, has said everything, and has heard as much as anybody in the room."""
        heads: dict[int, int] = {}
        for talker in self._talkers:
            heads[talker.person.room] = max(heads.get(talker.person.room, 0), talker.stream.position or 0)
        return all(
            talker.is_live and not talker.outbox and talker.stream.position == heads[talker.person.room]
            for talker in self._talkers
        )

    def _say_the_last_word(self) -> None:
        """One more post in every room, when all is quiet: no later one can show that it was missed."""
        for talker in {talker.person.room: talker for talker in self._talkers}.values():
            cid, _ = self._pen.write()
            talker.say(cid.removeprefix("not-"), Draft(LAST_WORD))

    async def _until_written(self, enough: float) -> None:
        await self._until(lambda: self._pen.written >= enough)

    async def _until(self, is_so: Callable[[], bool]) -> None:
        clock = asyncio.get_running_loop().time
        done, give_up_at_s = (0, 0), clock() + STALLED_AFTER_S
        while not is_so():
            if done != (so_far := (self._pen.written, self._mischief.cuts)):
                done, give_up_at_s = so_far, clock() + STALLED_AFTER_S
            if clock() > give_up_at_s:
                raise TimeoutError("the run stalled")
            if self._beating is not None and self._beating.done():
                self._beating.result()
            await asyncio.sleep(BEAT_S)

    async def _settle(self, within_s: float) -> None:
        """Wait until everybody knows all, and go on in any case: what is missing then, the checker finds."""
        for beat in range(int(within_s / SETTLE_BEAT_S)):
            if self._has_settled():
                return
            if beat % SETTLE_BEATS_A_HINT == 0:
                self._bring_back(Talker.hurry)
            await asyncio.sleep(SETTLE_BEAT_S)
