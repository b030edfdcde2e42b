"""python-socketio's AsyncServer on uvicorn with uvloop, WebSocket transport only."""

import sys

import socketio
import uvicorn

server = socketio.AsyncServer(async_mode="asgi", transports=["websocket"])


@server.event
async def join(sid: str, room: str) -> str:
    await server.enter_room(sid, room)
    return "joined"


@server.event
async def post(_sid: str, room: str, body: str) -> str:
    await server.emit("message", body, to=room)
    return "ok"


if __name__ == "__main__":
    uvicorn.run(
        socketio.ASGIApp(server),
        port=int(sys.argv[1]),
        loop="uvloop",
        ws_per_message_deflate=False,
        log_level="warning",
    )
