"""/rooms and /codes: open a room, find its door, join it, leave it."""

from __future__ import annotations

from functools import partial

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Struct

from parlour.accounts.actions import Person
from parlour.accounts.identity import AnyRequest, address_of, origin_of
from parlour.accounts.limits import COMINGS, ROOMS_OF_ADDRESS, ROOMS_OF_PERSON, Limits, address_key
from parlour.rooms.actions import Rooms
from parlour.rooms.guessing import Guessing
from parlour.rooms.rules import read_code
from parlour.rooms.views import CreatedView, GatheringView, Views


class NewRoomBody(Struct, frozen=True):
    """A title of at most 80 characters, and a password for a room that not everybody with the code may enter."""

    title: str | None = None
    password: str | None = None


class JoinBody(Struct, frozen=True):
    """The room's password, if it has one."""

    password: str | None = None


class DoorView(Struct, frozen=True):
    """What a code leads to."""

    code: str
    title: str
    needs_password: bool


@post("/rooms")
async def create_room(
    request: AnyRequest,
    person: NamedDependency[Person],
    rooms: NamedDependency[Rooms],
    views: NamedDependency[Views],
    limits: NamedDependency[Limits],
    data: JSONBody[NewRoomBody | None] = None,
) -> CreatedView:
    """Open a room; you own it and are its first member."""
    await limits.spend(ROOMS_OF_ADDRESS, address_key(address_of(request)))
    await limits.spend(ROOMS_OF_PERSON, person.id)
    body = data or NewRoomBody()
    return views.created(await rooms.create(person, body.title, body.password), origin_of(request))


@get("/rooms/{room_id:str}")
async def read_room(
    request: AnyRequest,
    person: NamedDependency[Person],
    room_id: FromPath[str],
    rooms: NamedDependency[Rooms],
    views: NamedDependency[Views],
) -> GatheringView:
    """The room and its members, as of now."""
    return views.gathering(await rooms.load_gathering(person, room_id), origin_of(request))


@post("/rooms/{room_id:str}/leave", status_code=204)
async def leave_room(
    person: NamedDependency[Person],
    room_id: FromPath[str],
    rooms: NamedDependency[Rooms],
    limits: NamedDependency[Limits],
) -> None:
    """Give up your place; you can read nothing of the room any more."""
    await limits.spend(COMINGS, person.id)
    await rooms.leave(person, room_id)


@get("/codes/{code:str}")
async def read_door(
    request: AnyRequest, code: FromPath[str], rooms: NamedDependency[Rooms], guessing: NamedDependency[Guessing]
) -> DoorView:
    """Whether a code leads somewhere. Needs no session."""
    async with guessing.try_code(address_of(request)):
        door = await rooms.load_door(code)
    return DoorView(door.code, door.title, door.needs_password)


@post("/codes/{code:str}/join", status_code=200)
async def join_room(
    request: AnyRequest,
    person: NamedDependency[Person],
    code: FromPath[str],
    rooms: NamedDependency[Rooms],
    views: NamedDependency[Views],
    guessing: NamedDependency[Guessing],
    limits: NamedDependency[Limits],
    data: JSONBody[JoinBody | None] = None,
) -> GatheringView:
    """Become a member of the room behind the code."""
    await limits.spend(COMINGS, person.id)
    address = address_of(request)
    try_password = partial(guessing.try_password, address, read_code(code) or "")
    async with guessing.try_code(address):
        gathering = await rooms.join(person, code, data.password if data else None, try_password)
    return views.gathering(gathering, origin_of(request))


router = Router("/", route_handlers=[create_room, read_room, leave_room, read_door, join_room], tags=["rooms"])
