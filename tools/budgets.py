"""House rules on size and names that no linter knows; prints each breach, and the sizes as they are.

What a median says little about, the tail says: a file that nobody wants to open. ESLint holds the
functions and components of web/ to the same limits.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILE_LINES = 400
FUNCTION_LINES = 60
COMPONENT_LINES = 200
COMPONENT_EFFECTS = 2
# The 90th percentiles of the code that ships: long things are the exception.
USUAL_FILE_LINES = 250
USUAL_FUNCTION_LINES = 25

COUNTED = {".py", ".ts", ".svelte", ".css", ".js", ".sh"}
# A migration is a list of what to do, written once and never edited.
NOT_COUNTED = re.compile(r"\.gen\.ts$|/migrations/versions/")

# Names that say that something is done, but not what.
EMPTY_NOUN = re.compile(r"(Manager|Helper|Utils?|Data|Info)$")
EMPTY_VERB = re.compile(r"^_*(handle|process)_|^(handle|process)[A-Z]")
EMPTY_FILE = re.compile(r"(^|_)(manager|helpers?|utils?|misc|common)$", re.IGNORECASE)
SCRIPT_NAME = re.compile(r"\b(?:class|interface|type|function|const|let)\s+([A-Za-z_]\w*)")


@dataclass(frozen=True)
class Function:
    name: str
    line: int
    length: int


@dataclass(frozen=True)
class Source:
    """One file of the repository, by its path from the root."""

    path: Path
    text: str

    @property
    def length(self) -> int:
        return self.text.count("\n")

    @property
    def ships(self) -> bool:
        return self.path.parts[0] in {"src", "web"} and ".test." not in self.path.name

    def functions(self) -> list[Function]:
        if self.path.suffix != ".py":
            return []
        nodes = ast.walk(ast.parse(self.text))
        return [_measure(node) for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]

    def names(self) -> Iterator[tuple[int, str]]:
        """Every class, function and type that the file introduces, with its line."""
        if self.path.suffix == ".py":
            for node in ast.walk(ast.parse(self.text)):
                if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not _is_override(node):
                    yield node.lineno, node.name
        elif self.path.suffix in {".ts", ".js", ".svelte"}:
            for number, line in enumerate(self.text.splitlines(), 1):
                for found in SCRIPT_NAME.finditer(line):
                    yield number, found[1]


def _measure(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Function:
    return Function(node.name, node.lineno, (node.end_lineno or node.lineno) - node.lineno + 1)


def _is_override(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether the name was given by somebody else's class, as `@override` says."""
    return any(ast.unparse(decorator).split(".")[-1] == "override" for decorator in node.decorator_list)


def find_breaches(sources: Iterable[Source]) -> Iterator[str]:
    for source in sources:
        yield from _too_long(source)
        yield from _empty_names(source)


def _too_long(source: Source) -> Iterator[str]:
    is_component = source.path.suffix == ".svelte"
    limit = COMPONENT_LINES if is_component else FILE_LINES
    if source.length > limit:
        yield f"{source.path}: {source.length} lines, at most {limit}"
    effects = source.text.count("$effect(")
    if is_component and effects > COMPONENT_EFFECTS:
        yield f"{source.path}: {effects} effects, at most {COMPONENT_EFFECTS}: a function is missing"
    for function in source.functions():
        if function.length > FUNCTION_LINES:
            yield (
                f"{source.path}:{function.line}: {function.name} has {function.length} lines, at most {FUNCTION_LINES}"
            )


def _empty_names(source: Source) -> Iterator[str]:
    if EMPTY_FILE.search(source.path.name.split(".")[0]):
        yield f"{source.path}: the name of the file does not say what is in it"
    for line, name in source.names():
        if EMPTY_NOUN.search(name) or EMPTY_VERB.search(name):
            yield f"{source.path}:{line}: the name {name} does not say what it is or does"


def find_tails(sources: Iterable[Source]) -> Iterator[str]:
    """Print how long the files and functions that ship are; yield each tail that is too long."""
    shipped = [source for source in sources if source.ships]
    functions = [function.length for source in shipped for function in source.functions()]
    yield from _tail("files", [source.length for source in shipped], USUAL_FILE_LINES)
    yield from _tail("Python functions", functions, USUAL_FUNCTION_LINES)


def _tail(what: str, lengths: list[int], usual: int) -> Iterator[str]:
    ordered = sorted(lengths) or [0]
    median, ninetieth = (ordered[len(ordered) * percent // 100] for percent in (50, 90))
    print(f"{len(lengths)} {what}: median {median} lines, 90th percentile {ninetieth}, longest {ordered[-1]}")
    if ninetieth > usual:
        yield f"{what}: one in ten is over {ninetieth} lines long, {usual} at most"


def read_sources(root: Path = ROOT) -> list[Source]:
    """Read what git knows or would add: build output and caches are not ours to judge."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    paths = [Path(name) for name in listed.split("\0") if name and not NOT_COUNTED.search(name)]
    counted = sorted(path for path in paths if path.suffix in COUNTED and (root / path).is_file())
    return [Source(path, (root / path).read_text()) for path in counted]


def main() -> int:
    sources = read_sources()
    breaches = [*find_breaches(sources), *find_tails(sources)]
    for breach in breaches:
        print(breach)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
