"""Turns for newcomers: never more at once, none lost, those who have begun first, and the door never shut."""

from __future__ import annotations

import asyncio
import random

from parlour.live.admission import DOOR_EVERY, Admission, Step


class _Crowd:
    """People who take turns, and note who had one and how many had one together."""

    def __init__(self, at_once: int) -> None:
        self.admission = Admission(at_once)
        self.served: list[str] = []
        self.together = self.most_together = 0
        self.may_go = asyncio.Event()

    async def come(self, name: str, step: Step) -> None:
        async with self.admission.turn(step):
            self.served.append(name)
            self.together += 1
            self.most_together = max(self.most_together, self.together)
            try:
                await self.may_go.wait()
                await asyncio.sleep(0)
            finally:
                self.together -= 1


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_no_more_than_so_many_have_a_turn_at_one_time() -> None:
    crowd = _Crowd(3)
    people = [asyncio.create_task(crowd.come(str(number), "door")) for number in range(20)]
    await _settle()
    assert (crowd.together, crowd.admission.waiting) == (3, 17)
    crowd.may_go.set()
    await asyncio.gather(*people)
    assert crowd.most_together == 3
    assert crowd.served == [str(number) for number in range(20)]


async def test_who_has_begun_goes_first_and_the_door_is_never_shut() -> None:
    crowd = _Crowd(1)
    people = [asyncio.create_task(crowd.come("first", "door"))]
    await _settle()
    people += [asyncio.create_task(crowd.come("door", "door")) for _ in range(3)]
    people += [asyncio.create_task(crowd.come("inside", "inside")) for _ in range(12)]
    await _settle()
    crowd.may_go.set()
    await asyncio.gather(*people)
    waits = [index for index, name in enumerate(crowd.served[1:]) if name == "door"]
    assert waits == [0, DOOR_EVERY, 2 * DOOR_EVERY]


async def test_who_goes_away_loses_nobody_elses_turn() -> None:
    dice = random.Random(7)  # noqa: S311 -- draws what happens
    for _ in range(50):
        crowd = _Crowd(2)
        crowd.may_go.set()
        steps: list[Step] = [dice.choice(("door", "inside")) for _ in range(30)]
        people = [asyncio.create_task(crowd.come(str(number), step)) for number, step in enumerate(steps)]
        for person in people:
            if dice.random() < 0.5:
                await asyncio.sleep(0)
            if dice.random() < 0.4:
                person.cancel()
        async with asyncio.timeout(5):
            await asyncio.gather(*people, return_exceptions=True)
        assert (crowd.together, crowd.admission.waiting) == (0, 0)
        assert crowd.most_together <= 2
        async with asyncio.timeout(1), crowd.admission.turn("door"), crowd.admission.turn("inside"):
            pass


async def test_a_turn_that_was_given_to_somebody_who_has_just_gone_is_given_on() -> None:
    admission = Admission(1)
    async with admission.turn("door"):
        waiter = asyncio.create_task(_take(admission))
        await _settle()
    waiter.cancel()  # It has the turn already, and has not run since.
    async with asyncio.timeout(1), admission.turn("inside"):
        pass


async def _take(admission: Admission) -> None:
    async with admission.turn("inside"):
        pass
