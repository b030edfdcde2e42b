"""What every table shares, and the two tables of the log that the journal owns.

A room's log is gapless by `seq`. A post is one row of `messages` (the message is its own log entry, see
messages/tables.py); every other kind of change is one row of `entries`; the log is their union.
"""

from __future__ import annotations

import re
import secrets

from sqlalchemy import BigInteger, MetaData, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

ID_CHARS = 22
_ID = re.compile(rf"[A-Za-z0-9_-]{{{ID_CHARS}}}", re.ASCII)

_NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The one metadata of all mapped classes."""

    metadata = MetaData(naming_convention=_NAMING)
    type_annotation_map = {int: BigInteger, str: String}  # noqa: RUF012 -- SQLAlchemy's own idiom


def new_id() -> str:
    """128 random bits as 22 URL-safe characters."""
    return secrets.token_urlsafe(16)


def is_id(text: str) -> bool:
    """Whether it could be an id: what has another shape names nothing, and no database is asked about it."""
    return _ID.fullmatch(text) is not None


class Head(Base):
    """Where each room's log ends. The row is the room's lock: seq is taken under it.

    `epoch` names this history of the room: a log that was lost and begun again has another one.
    """

    __tablename__ = "heads"
    room_id: Mapped[str] = mapped_column(String(ID_CHARS), primary_key=True)
    epoch: Mapped[str] = mapped_column(String(ID_CHARS))
    head: Mapped[int]


class Entry(Base):
    """A change in a room's log that is not a post. `data` is the event's data as JSON text."""

    __tablename__ = "entries"
    room_id: Mapped[str] = mapped_column(String(ID_CHARS), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(40))
    at_ms: Mapped[int]
    by_id: Mapped[str] = mapped_column(String(ID_CHARS))
    data: Mapped[str] = mapped_column(Text)
    __table_args__ = ({"sqlite_with_rowid": False},)


class Probe(Base):
    """One padded row that is written over and over, to find out whether the store takes writes again."""

    __tablename__ = "probes"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    padding: Mapped[str] = mapped_column(Text)
