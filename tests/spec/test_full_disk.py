"""A full disk: nothing is acknowledged that is not kept, everybody can go on reading, and it heals by itself."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from tests.cast import Guest, Server, assert_refused, succeed
from tests.conftest import Serve
from tests.patience import eventually

PAGE = "x" * 4_000


async def is_ready(server: Server) -> bool:
    return (await (await server.browser()).get("/health/ready")).is_success


@contextmanager
def files_as_large_as_they_are(server: Server) -> Iterator[None]:
    """No file of the server may grow beyond the size of its write-ahead log now."""
    size_bytes = server.process.database.with_name("parlour.sqlite3-wal").stat().st_size
    _, most = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size_bytes, most))
    try:
        yield
    finally:
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (most, most))


async def fills_up(guest: Guest) -> tuple[str, list[str]]:
    """Post until the first refusal; the cid that was refused, and those that were acknowledged."""
    kept: list[str] = []
    while len(kept) < 5_000:
        cid = str(uuid4())
        answer = await guest.socket.asks("post", room=guest.room.id, cid=cid, body=PAGE)
        if answer["op"] == "refused":
            assert (answer["code"], answer["final"]) == ("storage_unavailable", False)
            assert answer["retry_after_s"] > 0
            return cid, kept
        kept.append(cid)
    raise AssertionError("the disk did not fill up")


async def cids_of(guest: Guest) -> list[str]:
    return [event["data"]["cid"] for event in await guest.reads_log() if event["kind"] == "message.posted"]


async def is_read_only(server: Server, alice: Guest, kept: list[str], refused_cid: str) -> None:
    """What must be so while the message of `refused_cid` cannot be kept: the server says so, and can be read."""
    message = {"cid": str(uuid4()), "body": PAGE}
    response = await alice.http.post(f"{alice.room.path}/messages", json=message)
    assert_refused(response, "storage_unavailable")
    assert int(response.headers["retry-after"]) > 0
    operator = await server.browser()
    ready = await operator.get("/health/ready")
    assert (ready.status_code, ready.json()["status"]) == (503, "unavailable")
    succeed(await operator.get("/health/live"))
    assert await cids_of(alice) == kept
    assert not alice.socket.has_heard(op="event", data={"cid": refused_cid})


async def test_a_disk_that_takes_no_more_costs_an_answer_and_no_message(serve: Serve) -> None:
    server = await serve(rate_limits="off")
    alice = await server.guest()
    await alice.opens()
    await alice.enters()
    kept = [(await alice.says(PAGE))["cid"] for _ in range(50)]
    with files_as_large_as_they_are(server):
        refused_cid, more = await fills_up(alice)
        await is_read_only(server, alice, kept + more, refused_cid)
    await eventually(lambda: is_ready(server))
    posted = await alice.says(PAGE, cid=refused_cid)
    assert posted["dup"] is False
    assert await cids_of(alice) == [*kept, *more, refused_cid]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB; only root can make one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "parlour-test", disk], check=False).returncode != 0:
        pytest.skip("only root may mount")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


async def test_a_disk_that_is_full_heals_when_there_is_room_again(serve: Serve, small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"." * 2_000_000)
    server = await serve(rate_limits="off", database_url=f"sqlite:///{small_disk / 'parlour.sqlite3'}")
    alice = await server.guest()
    await alice.opens()
    await alice.enters()
    refused_cid, kept = await fills_up(alice)
    await is_read_only(server, alice, kept, refused_cid)
    ballast.unlink()
    await eventually(lambda: is_ready(server))
    await alice.says(PAGE, cid=refused_cid)
    assert await cids_of(alice) == [*kept, refused_cid]
    await server.is_killed()
    await server.starts()
    assert await cids_of(alice) == [*kept, refused_cid]
