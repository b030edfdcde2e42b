"""Reads every Markdown file as a stranger would, and prints what would let them down.

A link to a file or heading must lead somewhere; a bin/ command must exist; a setting must be one.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^ {0,3}(```|~~~).*?^ {0,3}\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)|<(?:img|source)[^>]*?\b(?:src|srcset)=\"([^\"]+)\"")
HEADING = re.compile(r"^#{1,6} +(.+?)(?: +#+)?$", re.MULTILINE)
COMMAND = re.compile(r"(?<![\w./-])(?:\./)?(bin/[a-z][\w-]*)")
SETTING = re.compile(r"\bPARLOUR_[A-Z][A-Z0-9_]*[A-Z0-9]\b")
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:")


def find_faults(page: Path, root: Path = ROOT) -> Iterator[str]:
    text = page.read_text()
    prose = CODE.sub("", FENCE.sub("", text))
    for found in LINK.finditer(prose):
        target = found[1] or found[2]
        if not ELSEWHERE.match(target) and not _leads_somewhere(page, target):
            yield f"{page.relative_to(root)}: the link to {target} leads nowhere"
    for name in sorted(set(COMMAND.findall(text))):
        if not os.access(root / name, os.X_OK):
            yield f"{page.relative_to(root)}: there is no command {name}"
    for name in sorted(set(SETTING.findall(text)) - _settings(root)):
        yield f"{page.relative_to(root)}: nothing reads the setting {name}"


def _leads_somewhere(page: Path, target: str) -> bool:
    name, _, anchor = target.partition("#")
    there = (page.parent / name).resolve() if name else page
    if not there.exists():
        return False
    return not anchor or there.suffix != ".md" or anchor in anchors(there.read_text())


def anchors(text: str) -> set[str]:
    """Name the headings as GitHub does: lower case, words joined by hyphens, repeats numbered."""
    names: set[str] = set()
    for heading in HEADING.findall(FENCE.sub("", text)):
        plain = re.sub(r"[^\w\- ]", "", re.sub(r"\]\([^)]*\)", "", heading).lower()).strip().replace(" ", "-")
        names.add(
            plain if plain not in names else next(f"{plain}-{n}" for n in range(1, 99) if f"{plain}-{n}" not in names)
        )
    return names


def _settings(root: Path) -> set[str]:
    """Every setting that some code of ours names."""
    folders = [root / name for name in ("src", "tools", "bench", "bin", "tests", "web/src")]
    files = [path for folder in folders for path in folder.rglob("*")]
    files += [root / "hatch_build.py", root / "web" / "vite.config.ts"]
    scripts = (path for path in files if path.is_file() and path.suffix in {"", ".py", ".ts", ".sh"})
    texts = (path.read_text(errors="ignore") for path in scripts)
    return {name for text in texts for name in SETTING.findall(text)}


def read_pages(root: Path = ROOT) -> list[Path]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.md"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    return sorted(root / name for name in listed.split("\0") if name and (root / name).is_file())


def main() -> int:
    pages = read_pages()
    faults = [fault for page in pages for fault in find_faults(page)]
    for fault in faults:
        print(fault)
    print(f"{len(pages)} pages read, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
