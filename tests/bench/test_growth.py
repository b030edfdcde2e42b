"""What `bin/bench growth` measures is a server like any other, however its rooms were filled."""

from __future__ import annotations

from pathlib import Path

from bench.growth.place import VERBS
from bench.growth.run import world


async def test_a_seeded_server_serves_every_verb_that_is_measured(tmp_path: Path) -> None:
    async with world(tmp_path, 4, (120, 400)) as (_, places):
        assert [(place.rooms, place.messages) for place in places] == [(4, 120), (4, 400)]
        for place in places:
            for verb in VERBS:
                await place.measure(verb, 2)
                assert len(place.took_ms[verb]) == 2
                assert min(place.took_ms[verb]) > 0
