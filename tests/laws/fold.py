"""A room as a client draws it, and how one event changes it. Pure, and written from protocol.md alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

JSON = dict[str, Any]


@dataclass(frozen=True)
class Drawn:
    """What is on the screen: the title, the members by id with name and role, the messages by seq."""

    title: str = ""
    members: dict[str, tuple[str, str]] = field(default_factory=dict)
    messages: dict[int, JSON] = field(default_factory=dict)


def draw(title: str, members: Iterable[JSON], messages: Iterable[JSON]) -> Drawn:
    """A room from what a snapshot or a fresh fetch says."""
    return Drawn(
        title,
        {member["person_id"]: (member["name"], member["role"]) for member in members},
        {message["seq"]: said(message["seq"], message["at"], message) for message in messages},
    )


def fold(drawn: Drawn, events: Iterable[JSON]) -> Drawn:
    """The room after these events."""
    for event in events:
        drawn = _apply(drawn, event, event["data"])
    return drawn


def said(seq: int, at: str, message: JSON) -> JSON:
    """What a message and its event have in common."""
    return {"seq": seq, "at": at, **{name: message[name] for name in ("cid", "body", "reply_to", "author")}}


def _apply(drawn: Drawn, event: JSON, data: JSON) -> Drawn:
    match event["kind"]:
        case "room.created" | "room.updated":
            return replace(drawn, title=data.get("title", drawn.title))
        case "member.joined":
            return replace(drawn, members={**drawn.members, data["person_id"]: (data["name"], data["role"])})
        case "member.left":
            return replace(drawn, members={id_: who for id_, who in drawn.members.items() if id_ != data["person_id"]})
        case "member.renamed":
            _, role = drawn.members[data["person_id"]]
            return replace(drawn, members={**drawn.members, data["person_id"]: (data["name"], role)})
        case "member.role":
            name, _ = drawn.members[data["person_id"]]
            return replace(drawn, members={**drawn.members, data["person_id"]: (name, data["role"])})
        case "message.posted":
            message = said(event["seq"], event["at"], data)
            return replace(drawn, messages={**drawn.messages, event["seq"]: message})
        case _:
            return drawn
