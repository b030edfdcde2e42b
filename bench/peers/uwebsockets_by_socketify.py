"""uWebSockets, driven from Python by socketify: its own publish and subscribe, in C++."""

import sys

from socketify import App, CompressOptions, OpCode, Request, Response, WebSocket

app = App()


def upgrade(response: Response, request: Request, socket_context: object) -> None:
    key, protocol, extensions = (
        request.get_header(f"sec-websocket-{name}") for name in ("key", "protocol", "extensions")
    )
    response.upgrade(key, protocol, extensions, socket_context, {"room": ""})


def hear(websocket: WebSocket, text: str, _opcode: OpCode) -> None:
    place = websocket.get_user_data()
    if place["room"]:
        app.publish(place["room"], text, OpCode.TEXT)
        websocket.send("ok", OpCode.TEXT)
    else:
        place["room"] = text
        websocket.subscribe(text)
        websocket.send("joined", OpCode.TEXT)


if __name__ == "__main__":
    app.ws("/", {"compression": CompressOptions.DISABLED, "upgrade": upgrade, "message": hear})
    app.listen(int(sys.argv[1]), lambda _config: None)
    app.run()
