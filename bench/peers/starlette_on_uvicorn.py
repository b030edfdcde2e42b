"""Starlette on uvicorn with uvloop: the sends of a broadcast are awaited one after the other."""

import sys

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

rooms: dict[str, set[WebSocket]] = {}


async def talk(websocket: WebSocket) -> None:
    await websocket.accept()
    members = rooms.setdefault(await websocket.receive_text(), set())
    members.add(websocket)
    await websocket.send_text("joined")
    try:
        async for text in websocket.iter_text():
            for member in list(members):
                await member.send_text(text)
            await websocket.send_text("ok")
    finally:
        members.discard(websocket)


if __name__ == "__main__":
    uvicorn.run(
        Starlette(routes=[WebSocketRoute("/", talk)]),
        port=int(sys.argv[1]),
        loop="uvloop",
        ws_per_message_deflate=False,
        log_level="warning",
    )
