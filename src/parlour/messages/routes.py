"""/rooms/{id}/messages and /rooms/{id}/events: say something, read history, follow the log."""

from __future__ import annotations

from typing import Annotated

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from parlour.accounts.actions import Person
from parlour.accounts.identity import AnyRequest, address_of, token_of
from parlour.accounts.limits import POSTS, Doors, Limits
from parlour.http.streaming import EventStream, wants_events
from parlour.messages.actions import PAGE_BYTES, Draft, Messages, MessageView, Position, view
from parlour.messages.pages import bounded
from parlour.messages.rules import MOST_PAGE_EVENTS, MOST_PAGE_MESSAGES, PAGE_MESSAGES
from parlour.messages.streams import Exchange, Streams
from parlour.messages.tables import Page
from parlour.rooms.actions import Rooms
from parlour.wire.errors import Refusal
from parlour.wire.frames import LogEvent
from parlour.wire.times import rfc3339

_MOST_SEQ = 2**53 - 1
_SEQ_DIGITS = len(str(_MOST_SEQ))
_OptionalSeq = Annotated[int | None, QueryParameter(ge=0, le=_MOST_SEQ)]


class PostBody(Struct, frozen=True):
    """What to say. `cid` is the client's own UUID for it: sent again, it is the same message."""

    cid: str
    body: str
    reply_to: Annotated[int, Meta(ge=1, le=_MOST_SEQ)] | None = None


class PostedView(Struct, frozen=True):
    """Where it stands now."""

    seq: int
    cid: str
    at: str


class MessagePage(Struct, frozen=True):
    """Messages, oldest first. `has_more` looks in the direction that was asked for, `has_newer` towards the head."""

    messages: list[MessageView]
    has_more: bool
    has_newer: bool


class EventPage(Struct, frozen=True):
    """A contiguous run of the log; go on behind its last seq until `head`."""

    events: list[LogEvent]
    head: int


@get("/rooms/{room_id:str}/messages")
async def read_messages(
    person: NamedDependency[Person],
    room_id: FromPath[str],
    messages: NamedDependency[Messages],
    before: _OptionalSeq = None,
    after: _OptionalSeq = None,
    around: _OptionalSeq = None,
    limit: Annotated[int, QueryParameter(ge=1, le=MOST_PAGE_MESSAGES)] = PAGE_MESSAGES,
) -> MessagePage:
    """A page of history: the newest messages, or those before, after or around a position."""
    if sum(position is not None for position in (before, after, around)) > 1:
        raise Refusal("bad_request", "Give at most one of before, after and around.")
    page = await messages.load_page(person, room_id, Position(before, after, around), limit)
    page = bounded(page, _nearest(page, after=after, around=around), PAGE_BYTES)
    return MessagePage(view(page), page.has_newer if after is not None else page.has_older, page.has_newer)


def _nearest(page: Page, *, after: int | None, around: int | None) -> int:
    """The index of the message that was asked for, and that a page which is too large must keep."""
    if after is not None:
        return 0
    if around is not None:
        return sum(row.seq < around for row in page.rows)
    return len(page.rows) - 1


@post("/rooms/{room_id:str}/messages")
async def post_message(
    person: NamedDependency[Person],
    room_id: FromPath[str],
    data: JSONBody[PostBody],
    rooms: NamedDependency[Rooms],
    messages: NamedDependency[Messages],
    limits: NamedDependency[Limits],
) -> Response[PostedView]:
    """Say something. 201 once it is durable; 200 with the same seq when this cid was said before."""
    await limits.spend(POSTS, person.id)
    seat = await rooms.load_seat(person, room_id)
    posting = messages.post(seat, Draft(data.cid, data.body, data.reply_to))
    rooms.visit(seat)
    written = await posting
    posted = PostedView(written.seq, data.cid, rfc3339(written.at_ms))
    return Response(posted, status_code=200 if written.is_duplicate else 201)


@get("/rooms/{room_id:str}/events")
async def read_events(
    request: AnyRequest,
    person: NamedDependency[Person],
    room_id: FromPath[str],
    messages: NamedDependency[Messages],
    streams: NamedDependency[Streams],
    doors: NamedDependency[Doors],
    after: _OptionalSeq = None,
    limit: Annotated[int, QueryParameter(ge=1, le=MOST_PAGE_EVENTS)] = MOST_PAGE_EVENTS,
) -> Response[EventPage] | EventStream:
    """The room's log behind `after`: a page, or with `Accept: text/event-stream` a live stream (id = seq)."""
    position = _position(request, after)
    if wants_events(request.headers.get("accept", "")):

        async def carry(exchange: Exchange) -> None:
            with doors.open(address_of(request)):
                await streams.follow(token_of(request), room_id, position, exchange)

        return EventStream(carry)
    run = await messages.load_events(person, room_id, position, limit)
    return Response(EventPage(list(run.events), run.head))


def _position(request: AnyRequest, after: int | None) -> int:
    """An EventSource that comes back says where it was in a header, and that wins over the URL it began with."""
    last = request.headers.get("last-event-id")
    if last is None:
        return after or 0
    if len(last) > _SEQ_DIGITS or not (last.isascii() and last.isdigit()) or int(last) > _MOST_SEQ:
        raise Refusal("bad_request", "Last-Event-ID must be a seq.")
    return int(last)


router = Router("/", route_handlers=[read_messages, post_message, read_events], tags=["messages"])
