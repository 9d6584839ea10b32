"""Finds all foreign forms of a text and says them as problems, one for each habit."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence

from netspec.diagnostics.base import Diagnostic, Edit
from netspec.limits import LIMITS
from netspec.record import record
from netspec.source import Source, Span
from netspec.syntax.edited_text import EditedText
from netspec.syntax.foreign import applications, bodies, choices, comments, functions, imports, lines, lists, loops, methods, words
from netspec.syntax.foreign.form import Change, Form, Rule
from netspec.syntax.foreign.problems_of_forms import apply_changes, describe
from netspec.syntax.foreign.text_view import TextView

_FAMILIES = (comments, imports, functions, loops, bodies, lists, words, lines, choices, applications, methods)
RULES: tuple[Rule, ...] = tuple(rule for family in _FAMILIES for rule in family.RULES)
"""Rules about what may stand anywhere."""
AT_STARTS: tuple[Rule, ...] = tuple(rule for family in _FAMILIES for rule in (*family.STATEMENTS, *family.RULES))
"""Rules that are asked where a statement begins."""


@record
class Translation:
    """What a text says in another language's forms."""

    edited: EditedText
    problems: tuple[Diagnostic, ...]


def translate(source: Source, found: Sequence[Diagnostic], readable: bool) -> Translation | None:
    """The text with its foreign forms as ours, and what is said of them; None where it has none. `found` are the problems of the text as it
    is: forms that cannot be read count only where one of their habit is among them, and
    those that can only where they are asked for."""
    forms = [form for form in find_forms(source) if readable or not form.reads]
    meant = {form.habit for form in forms if form.reads or _explains(source, form, found)}
    forms = [form for form in forms if form.changes and form.habit in meant]
    if not forms:
        return None
    changes = [change for form in forms for change in form.changes]
    return Translation(EditedText(source, _edits(source, changes)), tuple(describe(source, forms)))


def find_forms(source: Source) -> list[Form]:
    """The forms of a text, none inside of another's changes."""
    view = TextView(source)
    return _Search(view).find(0, view.last)


class _Search:
    """Looks for forms; what a form moves is rewritten first, and once."""

    def __init__(self, view: TextView) -> None:
        self.view = view
        view.render, view.spend = self.render, self.spend
        self.rendered: dict[tuple[int, int], str] = {}
        self.left = LIMITS.translated_words
        """How many words may still be looked at: nested forms are looked at more than once."""

    def spend(self, words: int) -> bool:
        """Whether so much more may be looked at."""
        self.left -= words
        return self.left >= 0

    def find(self, first: int, last: int) -> list[Form]:
        """The forms that begin within the words [first, last]; of those that overlap the first."""
        forms: list[Form] = []
        taken: list[tuple[int, int]] = []
        hidden = -1
        for i in range(first, last + 1):
            if not self.spend(1):
                break
            if self.view.start(i) < hidden:
                continue
            for rule in AT_STARTS if i in self.view.starts else RULES:
                form = rule(self.view, i) if self.view.start(i) >= hidden else None
                if form is None or any(_overlaps(change, taken) for change in form.changes):
                    continue
                forms.append(form)
                for start, end, _ in form.changes:
                    insort(taken, (start, end))
                hidden = max(hidden, form.hides)
        return forms

    def render(self, i: int, j: int) -> str:
        """The text of the words [i, j] with the forms among them rewritten."""
        if i > j:
            return ""
        if (i, j) not in self.rendered:
            view, start, end = self.view, self.view.start(i), self.view.stop(j)
            if view.depth >= LIMITS.block_depth:  # deeper than anybody writes
                return view.text[start:end]
            outer, view.last = view.last, min(j, view.last)
            view.depth += 1
            forms = [f for f in self.find(i, j) if all(start <= a and b <= end for a, b, _ in f.changes)]
            view.depth -= 1
            view.last = outer
            self.rendered[i, j] = apply_changes(view.text, [c for f in forms for c in f.changes], start, end)
        return self.rendered[i, j]


def _overlaps(change: Change, taken: Sequence[tuple[int, int]]) -> bool:
    """Whether a change would take characters that one of those before, in their order, takes; what is put in at an edge is beside it."""
    start, end, _ = change
    place = bisect_left(taken, (start, start))
    if place and taken[place - 1][1] > start:
        return True
    while place < len(taken) and taken[place][0] < end:
        if taken[place][0] > start or taken[place][1] > start:
            return True
        place += 1
    return False


def _explains(source: Source, form: Form, found: Sequence[Diagnostic]) -> bool:
    """Whether a problem stands in the lines of a form, or right behind them, where an odd statement is often noticed."""
    start, end = form.whole or (form.start, form.end)
    first = source.text.rfind("\n", 0, start) + 1
    last = len(source.text)
    for _ in range(2):
        line_end = source.text.find("\n", end)
        end = last if line_end < 0 else line_end + 1
    return any(first <= p.at.start <= min(end, last) for p in found)


def _edits(source: Source, changes: Iterable[Change]) -> list[Edit]:
    return [Edit(Span(source, start, end), text) for start, end, text in changes]
