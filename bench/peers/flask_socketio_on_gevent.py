"""Flask-SocketIO on gevent with gevent-websocket.

Its documentation ranks eventlet before gevent, and eventlet's own advises against new uses of eventlet.
"""

import sys

from gevent import monkey

monkey.patch_all()

from flask import Flask  # noqa: E402 -- gevent asks to patch before anything else is imported
from flask_socketio import SocketIO, emit, join_room  # noqa: E402

app = Flask(__name__)
server = SocketIO(app, async_mode="gevent", transports=["websocket"])


@server.on("join")
def join(room: str) -> str:
    join_room(room)
    return "joined"


@server.on("post")
def post(room: str, body: str) -> str:
    emit("message", body, to=room)
    return "ok"


if __name__ == "__main__":
    server.run(app, port=int(sys.argv[1]))
