"""What Linux says of a process, and where it may run."""

from __future__ import annotations

import os
import resource
from collections.abc import Sequence
from pathlib import Path


def pinned(command: Sequence[str | Path], core: int | None) -> list[str]:
    """The command, kept on one core with all its threads; as it is for None."""
    words = [str(word) for word in command]
    return words if core is None else ["taskset", "--cpu-list", str(core), *words]


def raise_file_limit() -> None:
    """Let this process and its children open as many files as the system allows: a connection is one on either side."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def cpu_s(pid: int) -> float:
    """What a process has used of the processor until now, user and system, in seconds, by the kernel's account."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / float(os.sysconf("SC_CLK_TCK"))


def memory_bytes(pid: int) -> int:
    """The proportional set size: what the process alone has, and its share of what it shares."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"the kernel does not say how much memory process {pid} has")
