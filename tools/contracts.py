"""Import contracts that import-linter has no word for; pyproject.toml names and uses them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

PACKAGE = "parlour"
Link = tuple[str, str]  # importer, imported


class _DirectImports(Contract):
    """A contract over single imports; a subclass says which of them break it."""

    def find_broken(self, graph: ImportGraph) -> Iterable[Link]:
        raise NotImplementedError

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002, FBT001  (import-linter's interface)
        broken = sorted(self.find_broken(graph))
        return ContractCheck(kept=not broken, metadata={"broken": broken, "graph": graph})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, imported in check.metadata["broken"]:
            details = check.metadata["graph"].get_import_details(importer=importer, imported=imported)
            lines = ", ".join(f"l.{detail['line_number']}" for detail in details)
            output.print_error(f"{importer} imports {imported} ({lines})", bold=False)
        output.new_line()


class OwnTables(_DirectImports):
    """`parlour.NOUN.tables` is imported inside of `parlour.NOUN` only."""

    def find_broken(self, graph: ImportGraph) -> Iterator[Link]:
        for tables in graph.find_matching_modules(f"{PACKAGE}.*.tables"):
            noun = tables.removesuffix(".tables")
            for importer in graph.find_modules_that_directly_import(tables):
                if not _is_within(importer, noun):
                    yield importer, tables


class OnlyImports(_DirectImports):
    """The source imports, beside itself, only what is listed.

    Without `allowed`, any package of others will do; `allowed_ours` lists the modules of Parlour.
    """

    # import-linter puts the values that it has read in the place of the fields.
    source: str = fields.StringField()  # type: ignore[assignment]
    allowed: set[str] | None = fields.SetField(subfield=fields.StringField(), required=False)  # type: ignore[assignment]
    allowed_ours: set[str] | None = fields.SetField(subfield=fields.StringField(), required=False)  # type: ignore[assignment]

    def find_broken(self, graph: ImportGraph) -> Iterator[Link]:
        if self.source not in graph.modules:
            return
        for importer in {self.source, *graph.find_descendants(self.source)}:
            for imported in graph.find_modules_directly_imported_by(importer):
                if not self._allows(imported):
                    yield importer, imported

    def _allows(self, imported: str) -> bool:
        if _is_within(imported, PACKAGE):
            ours = (self.source, *(self.allowed_ours or ()))
            return any(_is_within(imported, module) for module in ours)
        return self.allowed is None or imported in self.allowed


def _is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")
