"""/session: who am I, sign in as a guest, rename, sign out."""

from __future__ import annotations

from litestar import Response, Router, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import Struct

from parlour.accounts.actions import Accounts, Person
from parlour.accounts.identity import AnyRequest, address_of, bearer_of, cookie_of, expired_cookies, session_cookies
from parlour.accounts.limits import RENAMES, SIGN_INS, Limits, address_key
from parlour.settings import Settings


class NameBody(Struct, frozen=True):
    """A name: 1 to 40 characters."""

    name: str


class PersonView(Struct, frozen=True):
    """A person."""

    id: str
    name: str
    kind: str


class SessionView(Struct, frozen=True):
    """Whose session this is."""

    person: PersonView


class NewSessionView(Struct, frozen=True):
    """A new session. `token` is shown this once; it works as `Authorization: Bearer`."""

    person: PersonView
    token: str


@post("/session")
async def sign_in(
    request: AnyRequest,
    data: JSONBody[NameBody],
    accounts: NamedDependency[Accounts],
    limits: NamedDependency[Limits],
    settings: NamedDependency[Settings],
) -> Response[NewSessionView]:
    """Become a guest with a name."""
    await limits.spend(SIGN_INS, address_key(address_of(request)))
    signed_in = await accounts.sign_in_guest(data.name)
    return Response(
        NewSessionView(_view(signed_in.person), signed_in.token),
        cookies=session_cookies(request, signed_in.token, settings.session_ttl_s),
    )


@get("/session")
async def who_am_i(
    request: AnyRequest, person: NamedDependency[Person], settings: NamedDependency[Settings]
) -> Response[SessionView]:
    """Who this session is. Renews the cookie, so that a session in use does not end in the browser alone."""
    token = None if bearer_of(request) else cookie_of(request)
    cookies = session_cookies(request, token, settings.session_ttl_s) if token else []
    return Response(SessionView(_view(person)), cookies=cookies)


@patch("/session")
async def rename(
    data: JSONBody[NameBody],
    person: NamedDependency[Person],
    accounts: NamedDependency[Accounts],
    limits: NamedDependency[Limits],
) -> SessionView:
    """Take another name, in every room."""
    await limits.spend(RENAMES, person.id)
    return SessionView(_view(await accounts.rename(person, data.name)))


@delete("/session")
async def sign_out(
    request: AnyRequest, person: NamedDependency[Person], accounts: NamedDependency[Accounts]
) -> Response[None]:
    """End this session everywhere it is used."""
    await accounts.sign_out(person)
    return Response(None, status_code=204, cookies=expired_cookies(request))


def _view(person: Person) -> PersonView:
    return PersonView(person.id, person.name, person.kind)


router = Router("/", route_handlers=[sign_in, who_am_i, rename, sign_out], tags=["session"])
