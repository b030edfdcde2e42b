"""The peers, and the two ways to talk to them: bare texts, and Socket.IO (protocol 5 over Engine.IO 4)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from bench.contestants import Contestant, Process
from bench.load import BODY, STAMP, Dialect
from bench.peers.environment import javascript_command, python_command

Command = Callable[[str, int], Sequence[str]]

BARE = Dialect(path="/", delivery=STAMP, ack="ok")
SOCKET_IO = Dialect(path="/socket.io/?EIO=4&transport=websocket", delivery='42["message"', ack="43", ping="2", pong="3")


def lineup() -> list[Process]:
    """Every peer, the quickest kinds last."""
    return [
        _bare("Django Channels", "django_channels_on_uvicorn", python_command, most_people=1_000, loses_nothing=False),
        _socket_io("Flask-SocketIO", "flask_socketio_on_gevent", python_command, most_people=1_000),
        _socket_io("python-socketio", "python_socketio_on_uvicorn", python_command, most_people=1_000),
        _bare("Starlette", "starlette_on_uvicorn", python_command),
        _socket_io("Socket.IO on Node", "node_socket_io", javascript_command),
        _bare("ws on Node", "node_ws", javascript_command),
        _bare("uWebSockets", "uwebsockets_by_socketify", python_command, loses_nothing=False),
    ]


def _bare(
    name: str, peer: str, command: Command, *, loses_nothing: bool = True, most_people: int = Contestant.most_people
) -> Process:
    """A server that takes the first text for the name of a room, and each later one for a post."""
    return Process(
        name,
        BARE,
        command=partial(command, peer),
        enter=lambda room: (("say", room), ("hear", "joined")),
        post=lambda _room: BODY,
        loses_nothing=loses_nothing,
        most_people=most_people,
    )


def _socket_io(name: str, peer: str, command: Command, *, most_people: int = Contestant.most_people) -> Process:
    """A server of Socket.IO: `0` opens, `40` connects, `42` is an event and `43` its acknowledgement."""
    return Process(
        name,
        SOCKET_IO,
        command=partial(command, peer),
        enter=lambda room: (
            ("hear", "0"),
            ("say", "40"),
            ("hear", "40"),
            ("say", f'420["join","{room}"]'),
            ("hear", "430"),
        ),
        post=lambda room: f'42%R["post","{room}","{BODY}"]',
        most_people=most_people,
    )
