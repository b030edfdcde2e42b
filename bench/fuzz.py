"""`bin/bench fuzz`: nonsense into the real socket, byte by byte and frame by frame, beside people who go on talking.

Every connection is somebody's who speaks the protocol nearly right: commands with pieces missing, doubled or of the
wrong kind, in frames that are cut, unmasked, reserved, in pieces, too long, or not WebSocket at all. The server must
answer or hang up, log no fault, keep its memory, and let a neighbour talk all the time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final

from websockets.asyncio.client import connect

from bench.audience import Member, gather
from bench.processes import memory_bytes
from bench.results import Row
from bench.server import Served, running

AT_ONCE: Final = 4
MOST_FRAMES: Final = 30
ANSWER_WITHIN_S: Final = 5.0
GROWTH_BYTES: Final = 48 * 1024 * 1024
"""What a server may gain in an hour of this; a leak of one frame a connection is several times as much."""
WARM_UP_SHARE: Final = 0.2
_HANDSHAKE: Final = (
    "GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nAuthorization: Bearer {token}\r\n\r\n"
)
_OPCODES: Final = (0, 1, 1, 1, 1, 2, 3, 8, 9, 10, 15)
_VALUES: Final[Sequence[object]] = (None, True, -1, 0, 2**63, 1e308, "", "x", "\ud800", "\0", [], {}, [[]], "a" * 5_000)


class Nonsense:
    """Draws what is sent."""

    def __init__(self, dice: random.Random, member: Member) -> None:
        self._dice = dice
        self._commands: Sequence[dict[str, object]] = (
            {"op": "hello", "ref": 1, "v": 1, "client": "fuzz", "token": member.token},
            {"op": "enter", "ref": 2, "room": member.room_id},
            {"op": "post", "ref": 3, "room": member.room_id, "cid": "c" * 36, "body": "hi"},
            {"op": "fill", "ref": 4, "room": member.room_id, "after": 0, "limit": 10},
            {"op": "exit", "ref": 5, "room": member.room_id},
            {"op": "ping", "ref": 6},
        )

    def is_patient(self) -> bool:
        """Whether to wait until the socket is open: only then does a frame reach the link."""
        return self._dice.random() < 0.9  # noqa: PLR2004 -- nearly always

    def draw_count(self) -> int:
        """How much to say on a connection."""
        return self._dice.randrange(MOST_FRAMES)

    def draw(self) -> bytes:
        """The next bytes of a connection."""
        dice = self._dice
        if dice.random() < 0.05:  # noqa: PLR2004 -- now and then
            return dice.randbytes(dice.randrange(200))
        frame = self._frame(self._payload())
        if dice.random() < 0.1:  # noqa: PLR2004 -- now and then
            at = dice.randrange(len(frame))
            frame = frame[:at] + dice.randbytes(1) + frame[at + 1 :]
        return frame

    def _payload(self) -> bytes:
        dice = self._dice
        command = dict(dice.choice(self._commands))
        for _ in range(dice.choice((0, 0, 1, 2))):
            command[dice.choice((*command, "op", "extra"))] = dice.choice(_VALUES)
        text = json.dumps(command, ensure_ascii=dice.random() < 0.5).encode(errors="surrogatepass")  # noqa: PLR2004
        if dice.random() < 0.1:  # noqa: PLR2004 -- now and then
            text = text[: dice.randrange(len(text) + 1)] + dice.randbytes(dice.randrange(4))
        return text

    def _frame(self, payload: bytes) -> bytes:
        dice = self._dice
        is_plain = dice.random() < 0.6  # noqa: PLR2004 -- mostly
        head = 0x81 if is_plain else dice.choice((0, 0x80, 0x80, 0xC0)) | dice.choice(_OPCODES)
        size, is_masked = len(payload), is_plain or dice.random() < 0.9  # noqa: PLR2004 -- nearly always
        length = bytes((size,)) if size < 126 else b"\x7e" + size.to_bytes(2, "big")  # noqa: PLR2004 -- RFC 6455
        if not is_plain and dice.random() < 0.1:  # noqa: PLR2004 -- now and then
            length = b"\x7f" + dice.choice((size, 2**16, 2**62, 2**64 - 1)).to_bytes(8, "big")
        if not is_masked:
            return bytes((head,)) + length + payload
        mask = dice.randbytes(4)
        masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))
        return bytes((head, length[0] | 0x80)) + length[1:] + mask + masked


async def fuzz(served: Served, seconds: float, seed: int) -> Row:
    """Talk nonsense for so long.

    Raises:
        RuntimeError: the server died, logged a fault, grew, or left the neighbour without an answer.
    """
    members = await asyncio.to_thread(gather, served.address, rooms=1, people=AT_ONCE + 1)
    end_s, counts = time.monotonic() + seconds, {"connections": 0, "answers": 0}
    fools = [
        asyncio.create_task(_be_a_fool(served, Nonsense(random.Random(seed + number), member), member, end_s, counts))  # noqa: S311
        for number, member in enumerate(members[1:])
    ]
    neighbour = asyncio.create_task(_be_a_neighbour(served, members[0], end_s, counts))
    await asyncio.sleep(seconds * WARM_UP_SHARE)
    before_bytes = memory_bytes(served.pid)
    await asyncio.gather(*fools, neighbour)
    grown_bytes = memory_bytes(served.pid) - before_bytes
    if grown_bytes > GROWTH_BYTES:
        raise RuntimeError(f"the server grew by {grown_bytes:,} bytes")
    if faults := [line for line in (served.folder / "log").read_text().splitlines() if _is_fault(line)]:
        raise RuntimeError(f"the server logged {len(faults)} faults: {faults[0][:2000]}")
    return {"what": "fuzz", "seed": seed, "seconds": seconds, **counts, "grown_kb": grown_bytes // 1024}


def _is_fault(line: str) -> bool:
    return "Traceback" in line or '"level": "error"' in line or '"level":"error"' in line or "Exception in" in line


async def _be_a_fool(served: Served, nonsense: Nonsense, member: Member, end_s: float, counts: dict[str, int]) -> None:
    while time.monotonic() < end_s:
        counts["connections"] += 1
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        # The time limit is outside: a TimeoutError is an OSError, and silence is not to be forgiven.
        async with asyncio.timeout(ANSWER_WITHIN_S):
            with suppress(OSError, asyncio.IncompleteReadError):
                writer.write(_HANDSHAKE.format(token=member.token).encode())
                if nonsense.is_patient():
                    await reader.readuntil(b"\r\n\r\n")
        reading = asyncio.create_task(_read_all(reader))
        with suppress(OSError):
            for _ in range(nonsense.draw_count()):
                writer.write(nonsense.draw())
                await writer.drain()
                await asyncio.sleep(0)
        with suppress(OSError):
            writer.close()
            await writer.wait_closed()
        await reading


async def _read_all(reader: asyncio.StreamReader) -> None:
    with suppress(OSError):
        while await reader.read(65_536):
            pass


async def _be_a_neighbour(served: Served, member: Member, end_s: float, counts: dict[str, int]) -> None:
    """Somebody who behaves, and must be answered."""
    async with connect(f"ws://127.0.0.1:{served.port}/api/v1/live", max_size=None) as socket:
        for kind, text in member.visitor(talks=False).steps:
            if kind == "say":
                await socket.send(text)
        while time.monotonic() < end_s:
            counts["answers"] += 1
            await socket.send(json.dumps({"op": "ping", "ref": counts["answers"]}))
            async with asyncio.timeout(ANSWER_WITHIN_S):
                while '"op":"pong"' not in str(await socket.recv()):
                    pass


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of `bin/bench fuzz`."""
    parser.add_argument("--minutes", type=float, default=60.0, help="how long (default: 60)")
    parser.add_argument("--seed", type=int, help="draw the same nonsense as a run before")


def run(arguments: argparse.Namespace) -> Iterator[Row]:
    """Fuzz a server of its own."""
    seed = int.from_bytes(os.urandom(4)) if arguments.seed is None else int(arguments.seed)
    print(f"seed {seed}", flush=True)
    with running({}) as served:
        yield asyncio.run(fuzz(served, arguments.minutes * 60, seed))
