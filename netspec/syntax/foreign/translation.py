"""Finds all foreign forms of a text and says them as problems, one for each habit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from netspec.diagnostics.base import Diagnostic, Edit
from netspec.limits import LIMITS
from netspec.record import record
from netspec.source import Source, Span
from netspec.syntax.edited_text import EditedText
from netspec.syntax.foreign import applications, bodies, choices, comments, functions, imports, lines, lists, loops, methods, words
from netspec.syntax.foreign.form import Change, Form, Rule
from netspec.syntax.foreign.text_view import TextView

RULES: tuple[Rule, ...] = (
    *comments.RULES,
    *imports.RULES,
    *functions.RULES,
    *loops.RULES,
    *bodies.RULES,
    *lists.RULES,
    *words.RULES,
    *lines.RULES,
    *choices.RULES,
    *applications.RULES,
    *methods.RULES,
)


@record
class Translation:
    """What a text says in another language's forms."""

    edited: EditedText
    problems: tuple[Diagnostic, ...]


def translate(source: Source, found: Sequence[Diagnostic]) -> Translation | None:
    """The text with its foreign forms as ours, and what is said of them; None where it has none. `found` are the problems of the text as it
    is: a form that cannot be read counts only where it is one of them."""
    forms = [form for form in find_forms(source) if form.reads or _explains(source, form, found)]
    if not forms:
        return None
    changes = [change for form in forms for change in form.changes]
    return Translation(EditedText(source, _edits(source, changes)), tuple(_describe(source, forms)))


def find_forms(source: Source) -> list[Form]:
    """The forms of a text, none inside of another's changes."""
    view = TextView(source)
    return _Search(view).find(0, view.last)


class _Search:
    """Looks for forms; what a form moves is rewritten first, and once."""

    def __init__(self, view: TextView) -> None:
        self.view = view
        view.render = self.render
        self.rendered: dict[tuple[int, int], str] = {}
        self.left = LIMITS.translated_words
        """How many words may still be looked at: nested forms are looked at more than once."""

    def find(self, first: int, last: int) -> list[Form]:
        """The forms that begin within the words [first, last]; of those that overlap the first."""
        forms: list[Form] = []
        taken: list[Change] = []
        hidden = -1
        for i in range(first, last + 1):
            self.left -= 1
            if self.left < 0:
                break
            if self.view.start(i) < hidden:
                continue
            for rule in RULES:
                form = rule(self.view, i)
                if form is None or any(_overlaps(a, b) for a in form.changes for b in taken):
                    continue
                forms.append(form)
                taken += form.changes
                hidden = max(hidden, form.hides)
        return forms

    def render(self, i: int, j: int) -> str:
        """The text of the words [i, j] with the forms among them rewritten."""
        if i > j:
            return ""
        if (i, j) not in self.rendered:
            view, start, end = self.view, self.view.start(i), self.view.stop(j)
            outer, view.last = view.last, min(j, view.last)
            forms = [f for f in self.find(i, j) if all(start <= a and b <= end for a, b, _ in f.changes)]
            view.last = outer
            self.rendered[i, j] = apply_changes(view.text, [c for f in forms for c in f.changes], start, end)
        return self.rendered[i, j]


def _overlaps(one: Change, other: Change) -> bool:
    """Whether two changes would take the same characters; what is put in at the edge of another is beside it."""
    if one[0] == one[1] and other[0] == other[1]:
        return False
    return one[0] < other[1] and other[0] < one[1]


def apply_changes(text: str, changes: Iterable[Change], start: int, end: int) -> str:
    """The characters [start, end) of a text after changes."""
    out, at = [], start
    for begin, close, new in sorted(changes, key=lambda c: (c[0], c[1])):
        out += [text[at:begin], new]
        at = close
    return "".join([*out, text[at:end]])


def _explains(source: Source, form: Form, found: Sequence[Diagnostic]) -> bool:
    """Whether a problem stands in the lines of a form, or right behind them, where an odd statement is often noticed."""
    start, end = form.whole or (form.start, form.end)
    first = source.text.rfind("\n", 0, start) + 1
    last = len(source.text)
    for _ in range(2):
        line_end = source.text.find("\n", end)
        end = last if line_end < 0 else line_end + 1
    return any(first <= p.at.start <= min(end, last) for p in found)


def _describe(source: Source, forms: list[Form]) -> Iterable[Diagnostic]:
    """A problem for each habit, at its first place."""
    from netspec.diagnostics.text.foreign_forms import ForeignForm

    for habit in dict.fromkeys(form.habit for form in forms):
        same = [form for form in forms if form.habit == habit]
        first = same[0]
        changes = [change for form in same for change in form.changes]
        yield ForeignForm(
            at=Span(source, first.start, first.end),
            habit=habit,
            found=" ".join(source.text[first.start : first.end].split()),
            meant=_meant(source, first),
            changes=tuple((Span(source, a, b), new) for a, b, new in changes),
            others=tuple(Span(source, form.start, form.end) for form in same[1:]),
        )


def _meant(source: Source, form: Form) -> str:
    """The statements that come of a form; "" where they are too long to show."""
    start = min([form.start, *(a for a, _, _ in form.changes)])
    end = max([form.end, *(b for _, b, _ in form.changes)])
    start = max(source.text.rfind("\n", 0, start) + 1, 0)
    line_end = source.text.find("\n", max(end - 1, start) if source.text[end - 1 : end] == "\n" else end)
    text = apply_changes(source.text, form.changes, start, len(source.text) if line_end < 0 else line_end)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    shown = re.sub(r"\s+", " ", "; ".join(lines)).replace("{; ", "{ ").replace("; }", " }")
    return shown if len(shown) <= 2 * LIMITS.quoted_characters else ""


def _edits(source: Source, changes: Iterable[Change]) -> list[Edit]:
    return [Edit(Span(source, start, end), text) for start, end, text in changes]
