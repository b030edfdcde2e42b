"""Django Channels with its in-memory layer on uvicorn with uvloop.

Its documentation keeps the in-memory layer for development; the one for production sends everything through Redis.
A channel holds 100 messages before the layer drops some; here it holds as many as a long queue needs.
"""

import sys

import django
import uvicorn
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.urls import path

settings.configure(
    CHANNEL_LAYERS={
        "default": {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 10_000}},
    }
)
django.setup()


class Talk(AsyncWebsocketConsumer):
    room = ""

    async def receive(self, text_data: str) -> None:
        if self.room:
            await self.channel_layer.group_send(self.room, {"type": "chat.message", "text": text_data})
            await self.send(text_data="ok")
        else:
            self.room = text_data
            await self.channel_layer.group_add(self.room, self.channel_name)
            await self.send(text_data="joined")

    async def chat_message(self, event: dict[str, str]) -> None:
        await self.send(text_data=event["text"])

    async def disconnect(self, _code: int) -> None:
        await self.channel_layer.group_discard(self.room, self.channel_name)


if __name__ == "__main__":
    uvicorn.run(
        ProtocolTypeRouter({"websocket": URLRouter([path("", Talk.as_asgi())])}),
        port=int(sys.argv[1]),
        loop="uvloop",
        ws_per_message_deflate=False,
        log_level="warning",
    )
