"""Lighthouse's mobile scores of the landing page, and of a room as somebody sees it who is signed in and inside.

The room is opened through the page in a browser profile that the audit then uses, without clearing the session.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bench.results import Row
from bench.server import serving
from tools.chromium import MISSING, find_chromium
from tools.packages import NodePackages

TOOL = Path(__file__).parent / "lighthouse"
CATEGORIES = ("performance", "accessibility", "best-practices")
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
MESSAGES = 30


def run() -> list[Row]:
    """Audit both screens; one row each, scores from 0 to 100."""
    executable = find_chromium()
    if executable is None:
        raise SystemExit(MISSING)
    os.environ["CHROME_PATH"] = executable
    NodePackages(TOOL).install()
    with serving() as address, tempfile.TemporaryDirectory(prefix="parlour-lighthouse-") as profile:
        landing = _audit(address, profile)
        with _signed_out_page(executable, profile) as page:
            room_url = _open_room(page, address)
        room = _audit(room_url, profile)
    return [{"what": "landing", **landing}, {"what": "room", **room}]


@contextmanager
def _signed_out_page(executable: str, profile: str) -> Iterator[Page]:
    """A page whose cookies and storage stay in the profile for the audit that follows."""
    with sync_playwright() as playwright:
        launch = playwright.chromium.launch_persistent_context
        context = launch(profile, executable_path=executable, args=list(CHROMIUM_FLAGS))
        yield context.pages[0]
        context.close()


def _open_room(page: Page, address: str) -> str:
    """Create a room through the page and say a screenful in it; the room's address."""
    page.goto(address)
    page.get_by_label("Your name").fill("Ada")
    page.get_by_role("button", name="Create a room").click()
    page.wait_for_url("**/r/*")
    for number in range(MESSAGES):
        page.get_by_role("textbox").last.fill(f"Message number {number}, which is of an ordinary length.")
        page.keyboard.press("Enter")
    page.get_by_role("log").get_by_text(f"Message number {MESSAGES - 1},").wait_for()
    return page.url


def _audit(url: str, profile: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="parlour-lighthouse-") as folder:
        report = Path(folder) / "report.json"
        flags = " ".join((*CHROMIUM_FLAGS, "--headless=new", f"--user-data-dir={profile}"))
        NodePackages(TOOL).node(
            "node_modules/lighthouse/cli/index.js",
            url,
            f"--chrome-flags={flags}",
            "--disable-storage-reset",
            f"--only-categories={','.join(CATEGORIES)}",
            "--output=json",
            f"--output-path={report}",
            "--quiet",
        )
        found: dict[str, Any] = json.loads(report.read_text())
    _tell_failures(found)
    return {name: round(found["categories"][name]["score"] * 100) for name in CATEGORIES}


def _tell_failures(report: dict[str, Any]) -> None:
    """Print each audit that cost points, so that a low score says what to mend."""
    for category in CATEGORIES:
        for reference in report["categories"][category]["auditRefs"]:
            audit = report["audits"][reference["id"]]
            if reference["weight"] and audit["score"] is not None and audit["score"] < 1:
                print(f"  {category}: {audit['id']} {audit['score']} {audit.get('displayValue', '')}")
