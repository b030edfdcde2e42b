"""The first lines on the terminal: where to open the server here, and from a phone nearby."""

from __future__ import annotations

import io
import socket
from typing import Any

import segno

from parlour.settings import Settings


def greeting(settings: Settings, port: int) -> str:
    """What to show when the server listens on `port`."""
    if settings.public_url:
        return _render(settings.public_url, None)
    is_everywhere = settings.host in ("0.0.0.0", "::", "")  # noqa: S104 -- compared, not bound
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    here = f"http://localhost:{port}" if is_everywhere else f"http://{host}:{port}"
    address = find_lan_address() if is_everywhere else None
    return _render(here, f"http://{address}:{port}" if address else None)


def _render(here: str, network: str | None) -> str:
    lines = ["", f"  Parlour is open at   {here}"]
    if network is not None:
        lines.append(f"  On your network      {network}")
    picture = io.StringIO()
    segno.make_qr(network or here).terminal(out=picture, compact=True, border=2)
    return "\n".join((*lines, "", picture.getvalue().rstrip("\n"), "", "  Ctrl+C stops it.", "", ""))


def find_lan_address() -> str | None:
    """This machine's address on the local network: the one it would send from. Nothing is sent (RFC 5737 address)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address: Any = probe.getsockname()[0]
    return None if address.startswith("127.") else str(address)
