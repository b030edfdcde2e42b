"""A disk of our own, whose state at any moment can be kept: ext4 on a file.

What the file system has not yet sent to its disk is not in the file, as it is not on a disk whose power is cut. Needs
root, loop devices and mkfs.ext4.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

SIZE_BYTES: Final = 256 * 1024 * 1024
COMMIT_EVERY_S: Final = 60
"""How long ext4 may keep what nobody asked it to write: longer than any run, so that what was not synced is lost."""


def why_not(folder: Path) -> str | None:
    """Why there can be no such disk here; None when there can."""
    if os.geteuid() != 0:
        return "mounting a disk needs root"
    if missing := [tool for tool in ("mkfs.ext4", "mount", "umount") if shutil.which(tool) is None]:
        return f"there is no {missing[0]} here"
    try:
        with mounted(format_disk(folder / "probe.img"), folder / "probe"):
            pass
    except subprocess.CalledProcessError as error:
        return f"no loop device can be mounted here: {error}"
    return None


def format_disk(image: Path) -> Path:
    """An empty disk."""
    with image.open("wb") as file:
        file.truncate(SIZE_BYTES)
    subprocess.run(("mkfs.ext4", "-q", "-F", str(image)), check=True)
    return image


@contextmanager
def mounted(image: Path, place: Path) -> Iterator[Path]:
    """The disk's files, under `place`. A disk that lost its power is mended by ext4's journal here."""
    place.mkdir()
    subprocess.run(
        ("mount", "-o", f"loop,commit={COMMIT_EVERY_S}", str(image), str(place)), check=True, capture_output=True
    )
    try:
        yield place
    finally:
        subprocess.run(("umount", "--lazy", str(place)), check=True)


def keep(image: Path, copy: Path) -> Path:
    """The disk as it is at this moment."""
    subprocess.run(("cp", "--sparse=always", str(image), str(copy)), check=True)
    return copy
