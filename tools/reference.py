"""Prints the pages of docs/reference that only repeat the code: `python -m tools.reference settings`."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterable, Iterator

from parlour.settings import Settings
from parlour.wire.errors import MEANINGS, CloseCode, advice

ADVICE = {
    "retry": "connect again, and resume",
    "sign_in": "sign in again, then connect",
    "stop": "stop",
}


def settings_page() -> Iterator[str]:
    yield "# Settings"
    yield ""
    yield "Parlour reads its settings from the environment, once, when it starts."
    yield "A value that it cannot use stops it with a sentence that names the setting."
    yield ""
    yield from _table(("Setting", "Default", "What it does"), map(_setting_row, dataclasses.fields(Settings)))


def _setting_row(field: dataclasses.Field[object]) -> tuple[str, ...]:
    default = field.metadata["default"]
    return f"`{field.metadata['variable']}`", f"`{default}`" if default else "empty", field.metadata["about"]


def errors_page() -> Iterator[str]:
    yield "# Error codes and close codes"
    yield ""
    yield "Codes are part of the protocol: programs may rely on them, and none is ever used for something else."
    yield "HTTP answers with problem details (RFC 9457) and the status below; the socket with a `refused` frame."
    yield "Where **again** says yes, the same request may succeed later."
    yield ""
    rows = ((f"`{code}`", str(m.status), "no" if m.final else "yes", m.message) for code, m in MEANINGS.items())
    yield from _table(("Code", "Status", "Again", "What it says"), rows)
    yield ""
    yield "## Close codes of the socket"
    yield ""
    closings = ((str(code.value), _plain(code.name), ADVICE[advice(code)]) for code in CloseCode)
    yield from _table(("Code", "Why", "What a client does"), closings)


def _plain(name: str) -> str:
    return name.lower().replace("_", " ")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for row in (head, ("---",) * len(head), *rows):
        yield f"| {' | '.join(row)} |"


PAGES: dict[str, Callable[[], Iterator[str]]] = {"settings": settings_page, "errors": errors_page}


def main(arguments: list[str]) -> int:
    (name,) = arguments
    print("<!-- Written by tools/reference.py from the code: change it there. -->\n")
    for line in PAGES[name]():
        print(line)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
