"""The composition root: from settings to adapters to one ASGI application. The only file that chooses."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from litestar import Litestar, Router
from litestar.config.cors import CORSConfig
from litestar.di import Provide
from litestar.exceptions import HTTPException, NotFoundException

from parlour.accounts import routes as account_routes
from parlour.accounts.actions import Accounts, Person
from parlour.accounts.identity import SAFE_METHODS, AnyRequest, Origins, check_json, provide_person
from parlour.accounts.limits import Doors, Limits
from parlour.http.access_log import log_requests
from parlour.http.api_docs import openapi_config
from parlour.http.bodies import JsonRequest
from parlour.http.compression import compression_config
from parlour.http.headers import add_headers
from parlour.http.pages import missing_pages, pages
from parlour.http.problems import render_bug, render_http, render_refusal
from parlour.http.queries import check_query
from parlour.insights import health, metrics
from parlour.live import routes as live_routes
from parlour.live.admission import Admission
from parlour.live.bus import Hint, MemoryBus
from parlour.live.gateway import Gateway
from parlour.live.hub import Hub
from parlour.live.link import Flusher
from parlour.live.roster import Roster
from parlour.live.services import Services
from parlour.live.watch import HeadWatch
from parlour.messages import routes as message_routes
from parlour.messages.actions import Messages
from parlour.messages.snapshots import Snapshots
from parlour.messages.streams import Streams
from parlour.presence.actions import Presence
from parlour.rooms import routes as room_routes
from parlour.rooms.actions import Rooms
from parlour.rooms.guessing import Guessing, MissCounter
from parlour.rooms.lifetime import Lifetimes
from parlour.rooms.opening import Codes
from parlour.rooms.purging import Purge
from parlour.rooms.views import Views
from parlour.settings import Settings
from parlour.storage.batch import Announcement
from parlour.storage.database import Database
from parlour.storage.journal import Journal
from parlour.timers import every
from parlour.wire.errors import RESTARTS, Refusal
from parlour.wire.frames import FRAME_BYTES

TICK_S = 1.0
EXTEND_MOST_S = 3600.0
EXTEND_SHARE = 0.1
FORGET_EVERY_S = 3600.0
DRAIN_WITHIN_S = 5.0


def now_ms() -> int:
    """The wall clock."""
    return time.time_ns() // 1_000_000


class Parlour:
    """The parts of one node, wired together."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.database = Database(settings.effective_database_url)
        self.bus = MemoryBus()
        self.roster = Roster()
        self.flusher = Flusher()
        self.limits = Limits(is_on=settings.rate_limits)
        self.doors = Doors(is_on=settings.rate_limits)
        self.journal = Journal(self.database, self._announce)
        misses = MissCounter(now_ms)
        self.guessing = Guessing(self.limits, misses)
        self.codes = Codes(secrets.randbelow, misses.in_last_day)
        self.accounts = Accounts(self.database, now_ms, settings.session_ttl_s, self)
        self.rooms = Rooms(self.database, self.journal, self.roster, self.codes, now_ms)
        self.messages = Messages(self.database, self.journal, self.rooms, now_ms)
        self.hub = Hub(self.messages.read_behind)
        self.watch = HeadWatch(self.hub, self.messages.read_heads)
        self.bus.subscribe(self.hub.offer)
        self.admission = Admission()
        self.presence = Presence(self.hub, self.roster, now_ms)
        self.views = Views(settings.public_url, settings.empty_room_ttl_s)
        self.streams = Streams(self.accounts, self.rooms, self.hub, self.presence, self.flusher)
        self.lifetimes = Lifetimes(
            self.database, self.roster, self.codes, now_ms, settings.empty_room_ttl_s, self.hub.close_room
        )
        self.purge = Purge(self.database)
        self.gateway = Gateway(
            Services(
                accounts=self.accounts,
                rooms=self.rooms,
                messages=self.messages,
                snapshots=Snapshots(self.messages, self.views),
                presence=self.presence,
                hub=self.hub,
                admission=self.admission,
                limits=self.limits,
                now_ms=now_ms,
            )
        )

    def _announce(self, announcements: Sequence[Announcement]) -> None:
        """What a COMMIT made goes to every node's Hub; who left a room stops hearing it."""
        for made in announcements:
            self.bus.publish(Hint(made.room_id, made.epoch, made.seq, made.frame))
            if made.kind == "member.left":
                self.hub.evict(made.room_id, made.change.by_id)

    async def renamed(self, person: Person) -> None:
        """Somebody has another name: their connections speak under it, their rooms hear of it."""
        self.gateway.rename(person)
        await self.rooms.announce_rename(person)

    def signed_out(self, session: str) -> None:
        """A session has ended: its sockets and streams close."""
        self.gateway.end_session(session)
        self.streams.end_session(session)

    async def gone(self, person_id: str) -> None:
        """A guest never comes back: their rooms are not kept, nor owned, by somebody who is nobody."""
        await self.rooms.leave_all(person_id)

    @property
    def _extend_every_s(self) -> float:
        return min(EXTEND_MOST_S, self.settings.session_ttl_s * EXTEND_SHARE)

    async def _extend_sessions(self) -> None:
        await self.accounts.extend_sessions(self.gateway.sessions)

    @asynccontextmanager
    async def running(self, _app: object = None) -> AsyncIterator[None]:
        """From the first request to the last."""
        self.journal.start()
        await self.lifetimes.begin()
        timers = [
            asyncio.create_task(every(TICK_S, self.gateway.tick), name="heartbeats"),
            asyncio.create_task(every(TICK_S, self.lifetimes.tick), name="lifetimes"),
            asyncio.create_task(every(TICK_S, self.purge.purge), name="purge"),
            asyncio.create_task(every(TICK_S, self.watch.tick), name="heads"),
            asyncio.create_task(every(self._extend_every_s, self._extend_sessions), name="sessions in use"),
            asyncio.create_task(every(FORGET_EVERY_S, self.accounts.forget_ended_sessions), name="sessions"),
        ]
        try:
            yield
        finally:
            for timer in timers:
                timer.cancel()
            await asyncio.gather(*timers, return_exceptions=True)
            await self.journal.stop(DRAIN_WITHIN_S)
            with suppress(Refusal):
                await self.lifetimes.end()
            await self.database.close()

    async def drain(self) -> None:
        """Before the server stops: everyone is told, waiting posts are committed and answered, sockets close."""
        self.gateway.drain()
        self.streams.drain()
        await self.journal.settle(DRAIN_WITHIN_S)
        self.gateway.close_all()


def make_app(parlour: Parlour) -> live_routes.LiveDoor:
    """The ASGI application around the parts of a node."""
    settings = parlour.settings
    origins = Origins(settings)

    def check_request(request: AnyRequest) -> None:
        """Before every API call: no foreign page, nothing ambiguous, and nothing new once the server is to stop."""
        origins.check_request(request)
        check_json(request)
        check_query(request)
        if parlour.gateway.is_draining and request.method not in SAFE_METHODS:
            raise Refusal("overloaded", RESTARTS, retry_after_s=1)

    api = Router(
        "/api/v1",
        route_handlers=[account_routes.router, room_routes.router, message_routes.router, live_routes.router],
        before_request=check_request,
    )
    app = Litestar(
        route_handlers=[api, health.router, metrics.router, *pages()],
        dependencies=_dependencies(parlour, origins),
        exception_handlers={
            Refusal: render_refusal,
            NotFoundException: missing_pages(),
            HTTPException: render_http,
            Exception: render_bug,
        },
        before_send=[add_headers],
        middleware=[log_requests],
        cors_config=_cors(settings),
        compression_config=compression_config(),
        openapi_config=openapi_config(),
        request_class=JsonRequest,
        request_max_body_size=FRAME_BYTES,
        lifespan=[parlour.running],
        logging_config=None,
    )
    parts = live_routes.Parts(parlour.gateway, parlour.admission, origins, parlour.flusher, parlour.doors)
    return live_routes.LiveDoor(parts, app)


def _dependencies(parlour: Parlour, origins: Origins) -> dict[str, Provide]:
    parts: dict[str, object] = {
        "settings": parlour.settings,
        "accounts": parlour.accounts,
        "rooms": parlour.rooms,
        "messages": parlour.messages,
        "streams": parlour.streams,
        "views": parlour.views,
        "limits": parlour.limits,
        "doors": parlour.doors,
        "guessing": parlour.guessing,
        "roster": parlour.roster,
        "gateway": parlour.gateway,
        "flusher": parlour.flusher,
        "origins": origins,
        "health": health.Health(parlour.database, parlour.journal, lambda: parlour.gateway.is_draining),
        "metrics": metrics.Metrics(
            metrics.Sources(
                lambda: parlour.gateway.connections, parlour.hub, parlour.roster, parlour.journal, parlour.codes
            ),
            parlour.settings,
        ),
    }
    fixed = {name: Provide(_providing(part), sync_to_thread=False) for name, part in parts.items()}
    return {**fixed, "person": Provide(provide_person)}


def _providing(part: object) -> Callable[[], object]:
    return lambda: part


def _cors(settings: Settings) -> CORSConfig | None:
    if not settings.allowed_origins:
        return None
    return CORSConfig(
        allow_origins=list(settings.allowed_origins),
        allow_methods=["GET", "POST", "PATCH", "PUT", "DELETE"],
        allow_headers=["authorization", "content-type", "last-event-id"],
        expose_headers=["retry-after"],
        allow_credentials=True,
    )
