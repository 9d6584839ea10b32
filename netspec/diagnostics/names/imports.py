"""Defines the problems of `import`: files that are missing, outside the project, or import each other. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit, Place, Repair
from netspec.record import record
from netspec.source import NOWHERE, Span


@record(kw_only=True)
class ImportNotFound(Diagnostic):
    """The file that an `import` names cannot be read. Paths are relative to the importing file."""

    path: str
    why: str
    near: tuple[str, ...] = ()

    def message(self) -> str:
        return f'cannot import from "{self.path}": {self.why}'

    def help(self) -> str | None:
        repair = self.chosen()
        if repair is not None:
            return f"did you mean {repair.words}?"
        return f'there is "{self.near[0]}"' if self.near else None

    def repairs(self) -> Sequence[Repair]:
        return [Repair((Edit(self.at, f'"{path}"'),), f'"{path}"') for path in self.near]


@record(kw_only=True)
class ImportOutside(Diagnostic):
    """An `import` may only reach files of the project: relative paths that stay below its root, and no links that lead out of it.
    The root is the nearest folder above the spec with a `.git` or `pyproject.toml`, else the spec's own folder."""

    path: str

    def message(self) -> str:
        return f'"{self.path}" is outside the project'

    def help(self) -> str | None:
        return "write a path relative to this file that stays inside the project"


@record(kw_only=True)
class ImportCycle(Diagnostic):
    """Files import each other in a circle."""

    cycle: tuple[str, ...]
    first: Span = NOWHERE

    def message(self) -> str:
        return f"these files import each other: {' -> '.join(self.cycle)}"

    def places(self) -> Sequence[Place]:
        return [] if self.first is NOWHERE else [Place(self.first, "the circle begins here")]


@record(kw_only=True)
class TooManyImports(Diagnostic):
    """The imports of a spec reach more files, or go deeper, than the limits allow."""

    what: str
    limit: int

    def message(self) -> str:
        return f"more than {self.limit} {self.what} are imported"


@record(kw_only=True)
class NotOneFile(Diagnostic):
    """A spec cannot be written as one file with what it imports: two of its files give one name to different blocks, by which their weights
    are known."""

    name: str
    defined: tuple[str, ...]
    """Where the two are defined, as `parts.net:3`."""

    def message(self) -> str:
        one, other = self.defined
        return f"`{self.name}` is defined at {one} and at {other}, and one file has room for one of them."

    def help(self) -> str | None:
        return f"give one of them another name, such as `{self.name}2`"
