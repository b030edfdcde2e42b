"""Each import contract holds for a small Parlour that keeps it, and breaks for one line that does not."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# A Parlour in miniature: every kind of module, every import allowed.
KEPT = {
    "app": "from parlour.rooms import routes\nimport parlour.live.gateway",
    "cli": "import parlour.app",
    "settings": "import os",
    "wire/__init__": "",
    "wire/frames": "import msgspec\nfrom parlour.wire import errors",
    "wire/errors": "",
    "live/__init__": "",
    "live/hub": "import asyncio\nimport parlour.wire.frames",
    "live/gateway": "import parlour.live.hub\nimport parlour.messages.actions",
    "storage/__init__": "import sqlalchemy",
    "accounts/__init__": "",
    "accounts/actions": "import time\nfrom parlour.accounts import tables, rules",
    "accounts/tables": "import parlour.storage",
    "accounts/rules": "import parlour.wire.errors",
    "rooms/__init__": "",
    "rooms/routes": "import litestar\nimport parlour.rooms.actions\nimport parlour.messages.actions",
    "rooms/actions": "import parlour.rooms.tables\nimport parlour.accounts.actions",
    "rooms/tables": "import parlour.rooms.rules",
    "rooms/rules": "",
    "messages/__init__": "",
    "messages/actions": "import parlour.rooms.actions",
    "presence": "import parlour.rooms.actions",
    "client/__init__": "import httpx\nimport parlour.wire.frames",
}


@pytest.fixture
def parlour(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    package = tmp_path / "parlour"
    package.mkdir()
    (package / "__init__.py").touch()
    for name, text in KEPT.items():
        module = package / f"{name}.py"
        module.parent.mkdir(exist_ok=True)
        module.write_text(f"{text}\n")
    return package


def lint(parlour: Path, *options: str) -> tuple[int, str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache", *options]
    environment = {"PYTHONPATH": f"{parlour.parent}:{ROOT}", "COLUMNS": "200"}
    done = subprocess.run(command, cwd=parlour.parent, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_imports_that_follow_the_architecture_keep_every_contract(parlour: Path) -> None:
    code, said = lint(parlour)
    assert code == 0, said
    assert "0 broken" in said


def test_every_module_has_its_place_in_the_import_direction() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (nouns,) = [contract for contract in contracts if contract["id"] == "nouns"]
    placed = {module.strip(" ()") for layer in nouns["layers"] for module in re.split("[|:]", layer)}
    # No layers: live/ is spread over several, the client and the routes have contracts of their own.
    placed |= {"parlour.live", "parlour.client", "parlour.live.routes"}
    assert find_modules(ROOT / "src" / "parlour") | find_modules(ROOT / "src" / "parlour" / "live") <= placed


def find_modules(package: Path) -> set[str]:
    prefix = ".".join(package.relative_to(ROOT / "src").parts)
    names = {path.stem for path in package.glob("*.py")} | {path.parent.name for path in package.glob("*/__init__.py")}
    return {f"{prefix}.{name}" for name in names - {"__init__"}}


@pytest.mark.parametrize(
    ("contract", "module", "line"),
    [
        ("nouns", "rooms/actions", "import parlour.messages.actions"),
        ("nouns", "messages/actions", "import parlour.presence"),
        ("nouns", "accounts/actions", "import parlour.app"),
        ("nouns", "live/hub", "import parlour.rooms.rules"),
        ("nouns", "storage/__init__", "import parlour.accounts.tables"),
        ("nouns", "messages/actions", "import parlour.live.gateway"),
        ("settings", "messages/actions", "import parlour.settings"),
        ("settings", "storage/__init__", "import parlour.settings"),
        ("nouns", "settings", "import parlour.storage"),
        ("routes", "messages/actions", "import parlour.rooms.routes"),
        ("routes", "live/gateway", "import parlour.rooms.routes"),
        ("inside", "rooms/tables", "import parlour.rooms.actions"),
        ("inside", "rooms/rules", "import parlour.rooms.tables"),
        ("tables", "rooms/actions", "import parlour.accounts.tables"),
        ("wire", "wire/frames", "import asyncio"),
        ("wire", "wire/frames", "import time"),
        ("wire", "wire/frames", "import sqlalchemy"),
        ("wire", "wire/errors", "import parlour.settings"),
        ("rules", "rooms/rules", "import random"),
        ("rules", "rooms/rules", "import parlour.storage"),
        ("client", "client/__init__", "import parlour.accounts.rules"),
    ],
)
def test_one_import_against_the_architecture_breaks_its_contract(
    parlour: Path, contract: str, module: str, line: str
) -> None:
    path = parlour / f"{module}.py"
    path.write_text(f"{path.read_text()}{line}\n")
    code, said = lint(parlour, "--contract", contract)
    assert code == 1, said
    assert "0 kept, 1 broken" in said
