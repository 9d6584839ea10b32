"""Tries the repairs that problems propose, on the whole file, so that following one never leads to the next problem. Floor 0.

A repair holds when its problem is gone behind it and no other has come, but for lints that a file with errors is not asked for. What is
gone with it besides had the same cause: it is not reported.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from netspec.diagnostics.base import Diagnostic, Edit, Repair, written
from netspec.diagnostics.edits import apply_edits
from netspec.diagnostics.patience import Patience
from netspec.limits import LIMITS
from netspec.record import replace
from netspec.source import Source

Check = Callable[[Source], Sequence[Diagnostic]]
Key = tuple[str, str]


def try_repairs(source: Source, problems: Sequence[Diagnostic], check: Check, patience: Patience | None = None) -> list[Diagnostic]:
    """The problems with the repairs that hold, tried in their order, each on the file with those before it. `check` gives the problems of
    a text. Repairs in other files than this one are not tried. What asks for a fact about sizes comes last: another repair may make it
    needless."""
    trial = _Trial(source, problems, check, patience or Patience())
    settled = {n: trial.settle(problems[n]) for n in sorted(range(len(problems)), key=lambda n: bool(problems[n].statements_missing()))}
    return trial.without_consequences([settled[n] for n in range(len(problems))])


class _Trial:
    """One file while its repairs are tried: the edits that held so far, and the problems that are left behind them."""

    def __init__(self, source: Source, problems: Sequence[Diagnostic], check: Check, patience: Patience) -> None:
        self.source, self.check, self.patience = source, patience.watch(check), patience
        self.accepted: list[Edit] = []
        self.left = Counter(map(_key, problems))
        self.wrong = any(problem.severity == "error" for problem in problems)
        self.removed: list[tuple[Diagnostic, Repair, Counter[Key]]] = []
        self.tries, self.characters = LIMITS.repair_tries, LIMITS.repair_characters

    def settle(self, problem: Diagnostic) -> Diagnostic:
        """The problem with the first of its repairs that holds, or with none; as it is where that cannot be tried."""
        repairs = problem.repairs()
        if not repairs or any(edit.span.source is not self.source for repair in repairs for edit in repair.edits):
            return problem
        for repair in repairs:
            if not self._affordable():
                return problem
            if self._holds(problem, repair):
                return replace(problem, tried=True, held=repair)
        return replace(problem, tried=True)

    def _affordable(self) -> bool:
        self.tries -= 1
        self.characters -= len(self.source.text)
        return self.tries >= 0 and self.characters >= 0 and self.patience.lasts()

    def _holds(self, problem: Diagnostic, repair: Repair) -> bool:
        """Behind the repair its problem is gone and no other has come: then the next ones are tried on what it makes of the file."""
        edits = written(repair.edits)
        if not edits or self.left[_key(problem)] == 0:
            return False
        text = apply_edits(self.source, [*self.accepted, *edits])
        found = self.check(Source(self.source.path, text))
        after, seen_late = Counter(map(_key, found)), {_key(problem) for problem in found if problem.late and self.wrong}
        if after[_key(problem)] >= self.left[_key(problem)] or (after - self.left).keys() - seen_late:
            return False
        self.removed.append((problem, repair, self.left - after))
        self.accepted += edits
        self.left = after
        return True

    def without_consequences(self, problems: Iterable[Diagnostic]) -> list[Diagnostic]:
        """The problems without those that went away with another one's repair, which did not touch their place."""
        kept = list(problems)
        for first, repair, gone in self.removed:
            rest = gone - Counter([_key(first)])
            errors = [p for p in kept if rest[_key(p)] and first.severity == "warning" and p.severity == "error"]
            same = next((p for p in errors if any(own.edits == repair.edits for own in p.repairs())), None)
            if same is not None:  # the error says more of the mistake that the warning is about
                own = next(own for own in same.repairs() if own.edits == repair.edits)
                kept = [replace(p, held=own) if p is same else p for p in kept if not _is_same(p, first)]
                continue
            for problem in [p for p in kept if rest[_key(p)] and not _is_same(p, first) and _is_consequence(p, first, repair)]:
                rest[_key(problem)] -= 1
                kept.remove(problem)
        return kept


def _key(problem: Diagnostic) -> Key:
    """What makes a problem the same in two texts, in which it stands at different places."""
    return problem.slug(), problem.message()


def _is_same(problem: Diagnostic, other: Diagnostic) -> bool:
    return _key(problem) == _key(other) and problem.at == other.at


def _is_consequence(problem: Diagnostic, first: Diagnostic, repair: Repair) -> bool:
    """It comes from the same mistake: no warning takes an error away, and what an edit writes over is another matter, unless the edit
    writes it again."""
    if first.severity == "warning" and problem.severity == "error":
        return False
    apart = (edit.span.end <= problem.at.start or problem.at.end <= edit.span.start for edit in repair.edits)
    return all(away or problem.at.text in edit.text for away, edit in zip(apart, repair.edits, strict=True))
