"""Defines the problems of layers over graphs, and of experts."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.record import record


@record
class PoolOfWhat(Diagnostic):
    """Graphs that stand one behind another are told apart by the number of each node's graph, `ids`; `graphs` says how many there are."""

    op: str
    numbered: bool
    """The nodes say which graph they belong to."""

    def message(self) -> str:
        if self.numbered:
            return f"`{self.op}` is told which graph each node belongs to, but not how many graphs there are."
        return f"`{self.op}` is told how many graphs there are, but not which one each node belongs to."

    def help(self) -> str:
        return "add `graphs=` and a number" if self.numbered else "add `ids=` and the number of each node's graph, or leave out `graphs`"


@record
class TooManyChoices(Diagnostic):
    """A mixture of experts sends each token to different experts, so it cannot choose more than there are."""

    op: str
    top_k: int
    experts: int

    def message(self) -> str:
        return f"`{self.op}` sends each token to {self.top_k} experts, but has only {self.experts}."
