"""Makes one problem of a call as another library has it and of what stands in its parentheses: `Bidirectional(LSTM(64))`, whose repair
writes all of it anew. Floor 0.

The repairs of the problems inside are applied one after the other, the innermost first, each to the text that those before it have left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from netspec.diagnostics.base import Diagnostic, Edit, Repair, written
from netspec.diagnostics.edits import apply_edits
from netspec.diagnostics.patience import Patience
from netspec.diagnostics.text.rewritten import Rewritten
from netspec.limits import LIMITS
from netspec.record import replace
from netspec.source import Source, Span

Check = Callable[[Source], Sequence[Diagnostic]]


class Draft:
    """A text under repair, and for each of its characters the place in the first text that it comes from."""

    def __init__(self, source: Source) -> None:
        self.first, self.text = source, source
        self.places: list[int | None] = [*range(len(source.text))]

    def apply(self, edits: Iterable[Edit]) -> Draft:
        """The draft behind edits of its text."""
        made, end = Draft(self.first), 0
        made.places = []
        for edit in sorted(edits, key=lambda e: (e.span.start, e.span.end)):
            if edit.span.start >= end:
                made.places += [*self.places[end : edit.span.start], *[None] * len(edit.text)]
                end = edit.span.end
        made.places += self.places[end:]
        made.text = Source(self.text.path, apply_edits(self.text, edits))
        return made

    def edits(self) -> tuple[Edit, ...]:
        """The edits of the first text that make this one of it."""
        found, new, next_ = [], "", 0
        ends = zip((*self.text.text, ""), (*self.places, len(self.first.text)), strict=True)
        for character, place in ends:
            if place is None:
                new += character
                continue
            if new or place != next_:
                found.append(Edit(Span(self.first, next_, place), new, raw=self.first.pointers is not None))
            new, next_ = "", place + 1
        return tuple(found)


def join_nested(source: Source, problems: Sequence[Diagnostic], check: Check, patience: Patience | None = None) -> list[Diagnostic]:
    """The problems; a call that is one has those inside of it in its repair. `check` gives the problems of a text."""
    calls = [(p, span) for p in problems if (span := p.covers()) is not None and span.source is source]
    kept, patience = {id(p): p for p in problems}, patience or Patience()
    check = patience.watch(check)
    for outer, region in sorted(calls, key=lambda call: (call[1].start, -call[1].end)):
        if not patience.lasts():
            break
        inside = [p for p in kept.values() if p is not outer and p.severity == "error" and lies_in(p, outer, region)]
        if not inside or id(outer) not in kept:
            continue
        edits = mend(source, problems, [outer, *inside], check, patience)
        kept[id(outer)] = replace(outer, ways=(Repair(edits, read_back(source, region, edits)),)) if edits else outer
        gone = {id(p) for p in inside if edits or not outer.repairs() or goes_along(p)}
        kept = {key: p for key, p in kept.items() if key not in gone}
    return [*kept.values()]


def lies_in(problem: Diagnostic, outer: Diagnostic, region: Span) -> bool:
    """A problem stands in the parentheses of a call; in those of an op that is known only what is wrong with its text."""
    at = problem.at
    if at.source is not region.source or at.start < region.start or at.end > region.end:
        return False
    return not outer.covers_text or (isinstance(problem, Rewritten) and problem.merges)


def goes_along(problem: Diagnostic) -> bool:
    """A problem in a call that is written anew as a whole: another constant, a name of a library."""
    return (isinstance(problem, Rewritten) and problem.merges) or "." in getattr(problem, "name", "")


def mend(source: Source, problems: Sequence[Diagnostic], group: Sequence[Diagnostic], check: Check, patience: Patience) -> tuple[Edit, ...]:
    """The edits behind which the problems of the group are gone and no other has come; none where that is not found. Of the ways to repair
    one inside, the first ones are right where it stands alone, the last ones where it is a stage."""
    wrong, wanted = set(map(key_of, group)), Counter(map(key_of, problems)) - Counter(map(key_of, group))
    for order in (1, -1):
        draft, left = Draft(source), problems
        for _ in range(LIMITS.nested_repairs):
            step = find_step(draft, [p for p in left if key_of(p) in wrong], left, check, order, patience)
            if step is None:
                break
            draft, left = step
        if Counter(map(key_of, left)) == wanted:
            return draft.edits()
    return ()


def find_step(
    draft: Draft, group: Sequence[Diagnostic], problems: Sequence[Diagnostic], check: Check, order: int, patience: Patience
) -> tuple[Draft, Sequence[Diagnostic]] | None:
    """The draft behind a repair of the innermost problem of the group that has one, and what is left then; of its ways the first that does
    it, or by `order` -1 the last."""
    before = Counter(map(key_of, problems))
    for problem in sorted(group, key=lambda p: (-p.at.start, p.at.end)):
        for repair in [*islice(problem.repairs(), LIMITS.suggestions)][::order]:
            edits = written(repair.edits)
            if not edits or not patience.lasts() or any(edit.span.source is not draft.text for edit in edits):
                continue
            made = draft.apply(edits)
            left = [p for p in check(made.text) if not p.late]  # which nothing was said of beside the errors
            after = Counter(map(key_of, left))
            if not after - before and after[key_of(problem)] < before[key_of(problem)]:
                return made, left
    return None


def key_of(problem: Diagnostic) -> tuple[str, str]:
    """What makes a problem the same in two texts."""
    return problem.slug(), problem.message()


def read_back(source: Source, region: Span, edits: Sequence[Edit]) -> str:
    """How the call reads behind the edits, for a help; nothing where that is long."""
    if source.pointers is not None or not edits:
        return ""
    start, end = min(region.start, *(e.span.start for e in edits)), max(region.end, *(e.span.end for e in edits))
    text = apply_edits(source, edits)
    words = " ".join(text[start : end + len(text) - len(source.text)].split())
    return words if len(words) <= LIMITS.quoted_characters * 2 else ""
