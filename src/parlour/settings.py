"""Every setting, in one frozen record. The only reader of the environment."""

from __future__ import annotations

import dataclasses
import ipaddress
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.engine import URL

DAY_S = 86_400


class SettingError(ValueError):
    """A setting has a value that Parlour cannot use; the text names the setting and what it takes."""


def _setting(variable: str, default: str, about: str, parse: Callable[[str], Any]) -> Any:  # noqa: ANN401 -- it stands for the type of each field
    metadata = {"variable": variable, "default": default, "about": about, "parse": parse}
    return dataclasses.field(default_factory=lambda: parse(default), metadata=metadata)


def _parse_list(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(",") if item.strip())


def _parse_origins(text: str) -> tuple[str, ...]:
    origins = tuple(item.rstrip("/") for item in _parse_list(text))
    for origin in origins:
        parts = urlsplit(origin)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.path:
            message = f"{origin!r} is no origin; write it like https://chat.example.org"
            raise ValueError(message)
    return origins


def _parse_networks(text: str) -> tuple[str, ...]:
    return tuple(str(ipaddress.ip_network(item, strict=False)) for item in _parse_list(text))


def _parse_switch(text: str) -> bool:
    if text.lower() in ("on", "1", "true", "yes"):
        return True
    if text.lower() in ("off", "0", "false", "no"):
        return False
    message = "it takes on or off"
    raise ValueError(message)


def _parse_seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < 10 * 366 * DAY_S:
        message = "it takes a number of seconds greater than 0"
        raise ValueError(message)
    return seconds


def _parse_port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:  # noqa: PLR2004 -- TCP's own bounds
        message = "it takes a port from 0 to 65535"
        raise ValueError(message)
    return port


def _parse_url(text: str) -> str:
    return _parse_origins(text)[0] if text else ""


def _parse_log_format(text: str) -> str:
    if text not in ("auto", "json", "console"):
        message = "it takes auto, json or console"
        raise ValueError(message)
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What can be set, with its default. Command-line flags of `parlour serve` win over the environment."""

    host: str = _setting("PARLOUR_HOST", "0.0.0.0", "The address to listen on; the flag is `--host`.", str)  # noqa: S104 -- a phone in the same room must reach it
    port: int = _setting("PARLOUR_PORT", "8000", "The TCP port; 0 picks a free one; the flag is `--port`.", _parse_port)
    data_dir: Path = _setting(
        "PARLOUR_DATA_DIR", "data", "Where the embedded database is kept; the flag is `--data`.", Path
    )
    database_url: str = _setting(
        "PARLOUR_DATABASE_URL",
        "",
        "`postgresql://…` to keep everything in PostgreSQL. Empty: SQLite in the data directory.",
        str,
    )
    redis_url: str = _setting(
        "PARLOUR_REDIS_URL", "", "Reserved for clusters: a single node needs none and says so when it is set.", str
    )
    public_url: str = _setting(
        "PARLOUR_PUBLIC_URL",
        "",
        "The origin that people open, for example `https://chat.example.org`. Empty: taken from each request.",
        _parse_url,
    )
    allowed_origins: tuple[str, ...] = _setting(
        "PARLOUR_ALLOWED_ORIGINS",
        "",
        "Other origins, comma-separated, whose pages may use the API and the socket (CORS).",
        _parse_origins,
    )
    trusted_proxies: tuple[str, ...] = _setting(
        "PARLOUR_TRUSTED_PROXIES",
        "",
        "Addresses or networks of reverse proxies whose X-Forwarded-For and -Proto are believed. Nobody else's are.",
        _parse_networks,
    )
    empty_room_ttl_s: float = _setting(
        "PARLOUR_EMPTY_ROOM_TTL_S",
        str(DAY_S),
        "A room with nobody present is deleted with all it holds after this many seconds.",
        _parse_seconds,
    )
    session_ttl_s: float = _setting(
        "PARLOUR_SESSION_TTL_S", str(30 * DAY_S), "A session ends after this many seconds without use.", _parse_seconds
    )
    rate_limits: bool = _setting(
        "PARLOUR_RATE_LIMITS",
        "on",
        "`off` switches every rate limit off. For load tests only: warned about at start.",
        _parse_switch,
    )
    metrics_token: str = _setting(
        "PARLOUR_METRICS_TOKEN",
        "",
        "When set, /metrics asks for it as a Bearer token. When empty, /metrics answers this machine only.",
        str,
    )
    log_format: str = _setting(
        "PARLOUR_LOG_FORMAT",
        "auto",
        "`json`, `console`, or `auto`: console on a terminal, else json.",
        _parse_log_format,
    )

    @property
    def effective_database_url(self) -> str:
        """The database's URL, SQLite's file in the data directory by default."""
        if self.database_url:
            return self.database_url
        path = str(self.data_dir.absolute() / "parlour.sqlite3")
        return URL.create("sqlite", database=path).render_as_string(hide_password=False)


def load_settings(overrides: Mapping[str, object], environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from the environment; `overrides` (the flags given) win.

    Raises:
        SettingError: names the first setting that has no usable value.
    """
    values: dict[str, Any] = {name: value for name, value in overrides.items() if value is not None}
    for field in dataclasses.fields(Settings):
        variable = field.metadata["variable"]
        if field.name in values or variable not in environment:
            continue
        try:
            values[field.name] = field.metadata["parse"](environment[variable])
        except ValueError as error:
            message = f"{variable}={environment[variable]!r}: {error}"
            raise SettingError(message) from None
    return Settings(**values)
