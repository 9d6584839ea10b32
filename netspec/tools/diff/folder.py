"""Defines what is said of two folders of specs. Floor 5."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.record import record
from netspec.tools.diff.difference import Difference


@record
class SpecChange:
    """What became of one spec."""

    path: str
    """From either folder."""
    status: str
    """"added", "removed", "changed", "same", or "failed": problems of either side keep the two from being compared."""
    difference: Difference | None = None
    """Of a spec that both folders have."""
    models: tuple[tuple[str, int], ...] = ()
    """(name, trainable parameters) of what is new or gone."""
    problems: tuple[Diagnostic, ...] = ()


@record
class FolderDifference:
    """What became of each spec, in the order of their paths."""

    before: str
    after: str
    specs: tuple[SpecChange, ...]

    @property
    def same(self) -> bool:
        return all(spec.status == "same" for spec in self.specs)

    @property
    def problems(self) -> list[Diagnostic]:
        return [problem for spec in self.specs for problem in spec.problems]
