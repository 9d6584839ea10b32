"""Defines what problems share whose repair is known as the text that is meant. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from netspec.diagnostics.base import Diagnostic, Edit, Place, Repair
from netspec.limits import LIMITS
from netspec.record import record, replace
from netspec.source import Span


@record(kw_only=True)
class Rewritten(Diagnostic):
    """Base of the problems of statements that are written as in another language: netspec reads them as what they mean, so that nothing
    behind them is wrong because of them, and one problem stands for all places of one habit."""

    merges: ClassVar[bool] = False
    """Equal ones are one problem, since their repairs are independent of one another."""
    meant: str = ""
    """The statement as it is written here; empty where that is not known, or too long to show."""
    changes: tuple[tuple[Span, str], ...] = ()
    """What makes it so: pieces of text and what takes their place."""
    otherwise: tuple[tuple[Span, str], ...] = ()
    """Other changes, where these do not hold."""
    others: tuple[Span, ...] = ()
    """Further places of the same habit."""

    def places(self) -> Sequence[Place]:
        return [Place(span, "and here") for span in self.others[: LIMITS.suggestions]]

    def advice(self) -> str | None:
        """The repair in general words."""
        return None

    def help(self) -> str | None:
        chosen = self.chosen()
        if not self.changes or chosen is None:
            return self.advice()
        if self.meant and chosen == Repair(tuple(self.own_edits())):
            return f"write `{self.meant}`"
        return "delete it" if all(not edit.text for edit in chosen.edits) else self.advice()

    def own_edits(self) -> Sequence[Edit]:
        return [Edit(span, text) for span, text in self.changes]

    def repairs(self) -> Sequence[Repair]:
        other = tuple(Edit(span, text) for span, text in self.otherwise)
        return [*super().repairs(), Repair(other)] if other else super().repairs()


def merge_repeated(problems: Sequence[Diagnostic]) -> list[Diagnostic]:
    """Problems in their order; those of one habit that say the same are one, at the first place, and their edits go together."""
    groups: dict[tuple[str, str], list[Rewritten]] = {}
    for problem in problems:
        if isinstance(problem, Rewritten) and problem.merges:
            groups.setdefault((problem.slug(), problem.message()), []).append(problem)
    merged = {id(same[0]): _merge(same) for same in groups.values()}
    rest = {id(problem) for same in groups.values() for problem in same[1:]}
    return [merged.get(id(problem), problem) for problem in problems if id(problem) not in rest]


def _merge(same: Sequence[Rewritten]) -> Rewritten:
    """The first of several problems, with the places and edits of all."""
    first, *more = same
    if not more:
        return first
    changes = tuple((edit.span, edit.text) for problem in same for edit in problem.own_edits())
    others = (*first.others, *(span for problem in more for span in (problem.at, *problem.others)))
    return replace(first, changes=changes, others=others)
