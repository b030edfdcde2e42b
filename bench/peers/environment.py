"""The peers' own environments: a second virtual environment beside Parlour's, and node_modules, both from locks.

Apart, because what the peers need must not decide which versions Parlour is tested with.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

from tools.packages import NodePackages, node_command

PEERS = Path(__file__).parent
LOCK = PEERS.parent.parent / "requirements" / "bench.txt"
HOME = Path(sys.prefix) / "bench" / "peers"


def install() -> None:
    """Bring both to what the locks say; no work when they are. Needs the network, once."""
    NodePackages(PEERS).install()
    stamp, wanted = HOME / "lock-sha256", hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    venv.create(HOME, clear=True, symlinks=True)
    pip = (sys.executable, "-m", "pip", "--python", str(_python()), "--quiet", "--disable-pip-version-check")
    subprocess.run((*pip, "install", "--require-hashes", "--requirement", str(LOCK)), check=True)
    stamp.write_text(wanted)


def python_command(peer: str, port: int) -> list[str]:
    """How to start a peer that is written in Python."""
    return [str(_python()), str(PEERS / f"{peer}.py"), str(port)]


def javascript_command(peer: str, port: int) -> list[str]:
    """How to start a peer that is written in JavaScript."""
    return node_command(str(PEERS / f"{peer}.mjs"), str(port))


def _python() -> Path:
    return HOME / "bin" / "python"
