"""Lists what an older version of the language wrote otherwise: rewrites by the version that brought them, as data.

`check` explains what it meets, `netspec migrate` edits the file and leaves everything else in it as it was written. A rewrite may be
tried on any file that is not newer than its version: what it looks for has no other meaning there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from netspec.diagnostics.base import Edit
from netspec.diagnostics.text.versions import RenamedArgument
from netspec.record import record
from netspec.source import Span
from netspec.syntax import tree
from netspec.syntax.header import VERSION
from netspec.syntax.tree_walk import descendants


class Rewrite(Protocol):
    """What a newer version of the language writes otherwise."""

    def edits(self, node: tree.Node) -> Iterator[Edit]:
        """What changes at a node of the file."""
        ...


@record
class RenameArgument:
    """An op's argument has another name."""

    op: str
    old: str
    new: str

    def edits(self, node: tree.Node) -> Iterator[Edit]:
        """The places of the argument's old name."""
        if isinstance(node, tree.Call) and node.callee.text == self.op:
            yield from (Edit(a.name_span, self.new) for a in node.args if a.name == self.old)


MIGRATIONS: Mapping[int, tuple[RenameArgument, ...]] = {
    1: (RenameArgument("layer_norm", "eps", "epsilon"), RenameArgument("batch_norm", "eps", "epsilon")),
}
"""Version -> the rewrites that lead to it from the one before."""


def find_renamed_argument(at: Span, op: str, name: str) -> RenamedArgument | None:
    """The problem of an argument that has another name now; None for one that never existed."""
    for version, rewrites in MIGRATIONS.items():
        for rewrite in rewrites:
            if isinstance(rewrite, RenameArgument) and (rewrite.op, rewrite.old) == (op, name):
                return RenamedArgument(at=at, op=op, name=name, now=rewrite.new, since=version)
    return None


def migrate_file(file: tree.File) -> list[Edit]:
    """The edits that bring a file, read without problems but its age, to the present version."""
    rewrites = [r for version, group in sorted(MIGRATIONS.items()) if version >= file.version for r in group]
    edits = [edit for node in descendants(file) for rewrite in rewrites for edit in rewrite.edits(node)]
    return edits if file.version >= VERSION else [Edit(file.version_span, str(VERSION)), *edits]
