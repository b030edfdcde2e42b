"""docs/guides/deploy.md: a backup brings everything back, and clients notice that time went back."""

from __future__ import annotations

import subprocess

from tests.conftest import Serve
from tests.docs.snippets import snippets_of

GUIDE = "docs/guides/deploy.md"
FOLDER = "/var/lib/parlour"


async def test_a_backup_of_a_running_server_brings_back_what_was_said_before_it(serve: Serve) -> None:
    server = await serve()
    folder = str(server.process.data_dir)
    alice = await server.guest()
    await alice.opens()
    await alice.posts("before")
    _run("backup", folder)
    await alice.posts("after")

    await server.stops()
    _run("restore", folder)
    await server.starts()

    page = await alice.reads()
    assert [message["body"] for message in page["messages"]] == ["before"]


async def test_after_a_restore_a_client_is_told_to_load_the_room_again(serve: Serve) -> None:
    server = await serve()
    folder = str(server.process.data_dir)
    alice = await server.guest()
    room = await alice.opens()
    _run("backup", folder)
    lost = await alice.posts("lost")

    await server.stops()
    _run("restore", folder)
    await server.starts()

    await alice.posts("said instead")
    entered = await alice.enters(epoch=room.epoch, after=lost["seq"])
    assert entered["mode"] == "reset"
    assert [message["body"] for message in entered["snapshot"]["messages"]] == ["said instead"]


def _run(name: str, folder: str) -> None:
    script = snippets_of(GUIDE)[name].replace(FOLDER, folder)
    subprocess.run(["sh", "-euc", script], check=True)
