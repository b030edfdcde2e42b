"""What is committed serves anyone: locks that name no host, commands that run, nothing of one machine."""

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("build", "runtime", "dev", "bench")
PACKAGES = ("web", "bench/lighthouse", "bench/peers")
PIN = re.compile(r"^([a-z0-9-]+)(?:\[[^]]*\])?==(\S+)", re.MULTILINE)


def lock(name: str) -> str:
    return (ROOT / "requirements" / f"{name}.txt").read_text()


def pins(text: str) -> set[tuple[str, str]]:
    return set(PIN.findall(text))


def asked(requirements: list[str]) -> set[str]:
    return {re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower() for requirement in requirements}


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_host_and_no_folder_of_a_machine(name: str) -> None:
    assert pins(lock(name))
    assert not re.search(r"://|(^|\s)--(index-url|extra-index-url|find-links)|\s/", lock(name))


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_its_hashes(name: str) -> None:
    blocks = re.split(r"^(?=[a-z0-9])", lock(name), flags=re.MULTILINE)
    assert [block for block in blocks if "==" in block and "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("name", ["build", "runtime"])
def test_what_is_served_is_what_was_tested(name: str) -> None:
    assert pins(lock(name)) <= pins(lock("dev"))


def test_others_are_measured_on_the_versions_that_we_run_on() -> None:
    ours, theirs = dict(pins(lock("dev"))), dict(pins(lock("bench")))
    shared = ours.keys() & theirs.keys()
    assert {"uvicorn", "uvloop", "websockets"} <= shared
    assert {name for name in shared if ours[name] != theirs[name]} == set()


def test_the_locks_hold_what_pyproject_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    names = {name for name, _ in pins(lock("runtime"))}
    assert asked(project["project"]["dependencies"]) <= names
    groups = project["dependency-groups"]
    assert asked(groups["build"]) <= {name for name, _ in pins(lock("build"))}
    for name in ("dev", "bench"):
        assert asked([line for line in groups[name] if isinstance(line, str)]) <= {pin for pin, _ in pins(lock(name))}


@pytest.mark.parametrize("folder", PACKAGES)
def test_a_lock_of_node_packages_names_no_host(folder: str) -> None:
    packages = json.loads((ROOT / folder / "package-lock.json").read_text())["packages"]
    assert len(packages) > 1
    assert [name for name, package in packages.items() if "resolved" in package] == []


@pytest.mark.parametrize("name", ["serve", "dev", "test", "check", "bench", "lock"])
def test_a_command_runs_with_nothing_but_a_posix_shell(name: str) -> None:
    command = ROOT / "bin" / name
    assert os.access(command, os.X_OK)
    assert command.read_text().startswith("#!/bin/sh\n")
    assert subprocess.run(["/bin/sh", "-n", command], check=False).returncode == 0
