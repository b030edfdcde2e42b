"""The command line: parlour serve, parlour migrate, parlour doctor."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import structlog

from parlour import __version__, serving
from parlour.doctor import Finding, examine, examine_database, examine_directory
from parlour.logs import configure_logs
from parlour.settings import SettingError, Settings, load_settings
from parlour.storage.claim import AlreadyServedError
from parlour.storage.dialects import explain, is_sqlite, is_unavailable, resolve_url
from parlour.storage.migrations import NewerSchemaError, migrate

_log = structlog.get_logger("parlour")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the process's exit status."""
    parsed = _parser().parse_args(arguments)
    flags = {"host": "host", "port": "port", "data": "data_dir"}
    try:
        given = {field: getattr(parsed, flag, None) for flag, field in flags.items()}
        settings = load_settings(given)
        resolve_url(settings.effective_database_url)
    except (SettingError, ValueError) as error:
        sys.stderr.write(f"parlour: {error}\n")
        return 2
    configure_logs(settings.log_format)
    commands = {"serve": _serve, "migrate": _migrate, "doctor": _doctor}
    try:
        return commands[parsed.command](settings)
    except AlreadyServedError as error:
        return _complain(f"another Parlour serves {error} already. Stop it, or give this one another database.")
    except NewerSchemaError as error:
        return _complain(f"{error} was made by a newer version of Parlour. Run that version.")
    except Exception as error:
        if not is_unavailable(error):
            raise
        return _complain(f"the database of PARLOUR_DATABASE_URL does not answer: {explain(error)}")


def _complain(sentence: str) -> int:
    sys.stderr.write(f"parlour: {sentence}\n")
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="parlour", description="A room to talk in, for anyone, at once.")
    parser.add_argument("--version", action="version", version=f"parlour {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    serve = commands.add_parser("serve", help="run the server")
    serve.add_argument("--host", help="address to listen on (default: 0.0.0.0, so that phones nearby can join)")
    serve.add_argument("--port", type=_port, help="TCP port (default: 8000; 0 picks a free one)")
    migrating = commands.add_parser("migrate", help="bring the database's schema up to date")
    doctor = commands.add_parser("doctor", help="check that the server could run here")
    for command in (serve, migrating, doctor):
        command.add_argument("--data", type=Path, metavar="DIR", help="where SQLite is kept (default: data)")
    return parser


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65_535:  # noqa: PLR2004 -- TCP's own bounds
        raise ValueError
    return port


def _serve(settings: Settings) -> int:
    _warn(settings)
    problem = _examine_store(settings)
    if not problem.is_well:
        return _report([problem], sys.stderr)
    serving.run(settings)
    return 0


def _examine_store(settings: Settings) -> Finding:
    """What must be well before the store is touched: SQLite's is looked into only by the one that claimed it."""
    return examine_directory(settings) if _is_embedded(settings) else asyncio.run(examine_database(settings))


def _warn(settings: Settings) -> None:
    if not settings.rate_limits:
        _log.warning("rate_limits_off", advice="PARLOUR_RATE_LIMITS=off is for load tests only")
    if settings.redis_url:
        _log.warning("redis_unused", advice="PARLOUR_REDIS_URL is set, but a single node needs no Redis")


def _migrate(settings: Settings) -> int:
    if _is_embedded(settings):
        problem = examine_directory(settings)
        if not problem.is_well:
            return _report([problem], sys.stderr)
    revision = asyncio.run(migrate(settings.effective_database_url))
    sys.stdout.write(f"The schema is at {revision}.\n")
    return 0


def _doctor(settings: Settings) -> int:
    findings = asyncio.run(examine(settings))
    return _report(findings, sys.stdout)


def _is_embedded(settings: Settings) -> bool:
    return is_sqlite(resolve_url(settings.effective_database_url))


def _report(findings: Sequence[Finding], stream: TextIO) -> int:
    stream.writelines(f"{finding}\n" for finding in findings)
    return 0 if all(finding.is_well for finding in findings) else 1


if __name__ == "__main__":
    sys.exit(main())
