"""Says foreign forms as problems: which class each habit is, with its facts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from netspec.diagnostics.base import Diagnostic
from netspec.limits import LIMITS
from netspec.source import Source, Span
from netspec.syntax import problems
from netspec.syntax.foreign.form import Change, Form

_OUTPUT = "write `output name = …`"
_BOUND = "a name is bound without a word or a type before it: `x = …`"

KINDS: dict[str, tuple[str, Callable[[str], dict[str, Any]]]] = {
    "changed in place": ("ForeignOperator", lambda found: {"found": found, "sign": None}),
    "sign": ("ForeignOperator", lambda found: {"found": found, "sign": None}),
    "list method": ("ListMethod", lambda found: {"found": found}),
    "import": ("BadImport", lambda found: {"found": f"`{found}`"}),
    "library import": ("BadImport", lambda found: {"found": f"`{found}`", "library": True}),
    "comment": ("ForeignComment", lambda found: {"found": found}),
    "loop": ("ForeignLoop", lambda found: {"found": found}),
    "body": ("MissingBrace", lambda found: {"what": found.rstrip(":"), "colon": found.endswith(":")}),
    "operator first": ("OperatorFirst", lambda found: {"operator": found}),
    "backslash": ("UnknownCharacter", lambda found: {"text": found}),
    "trailing comma": ("TrailingComma", lambda found: {}),
    "trailing operator": ("MissingOperand", lambda found: {"after": found, "found": "the end of the line"}),
    "arrow left out": ("MissingArrow", lambda found: {}),
    "declared": ("ForeignKeyword", lambda found: {"found": found, "instead": _BOUND}),
    "return": ("ForeignKeyword", lambda found: {"found": found, "instead": _OUTPUT}),
    "thousands": ("ForeignKeyword", lambda found: {"found": found, "instead": "digits are grouped by `_`"}),
    "list type": ("ForeignKeyword", lambda found: {"found": found, "instead": "a list of numbers has the type `list[int]`"}),
    "plural": ("ForeignKeyword", lambda found: {"found": found, "instead": f"write `{found[:-1]}`, one line for each"}),
    "useless": ("ForeignKeyword", lambda found: {"found": found, "instead": "delete it"}),
    "assert": ("ForeignKeyword", lambda found: {"found": found, "instead": 'write `require condition, "message"`'}),
    "self": ("ForeignKeyword", lambda found: {"found": found, "instead": "names of a body stand alone: `x = …`"}),
    "else if": ("ForeignKeyword", lambda found: {"found": found, "instead": "write `else if … { … }`"}),
    "setting": ("ColonForEquals", lambda found: {"name": found}),
    "choice": ("TrailingIf", lambda found: {"value": found}),
    "if statement": ("IfIsAnExpression", lambda found: {"name": found}),
    "applied": ("LayerCalledTwice", lambda found: {"found": found}),
    "library name": ("LibraryName", lambda found: {"found": found}),
    "method": ("TensorMethod", lambda found: {"found": found}),
    "function": ("BadFunction", lambda found: {"found": "a param without a type" if found == "let" else f"`{found}`"}),
}
"""Habit -> the class of its problem, and its facts from what was found."""


def describe(source: Source, forms: Sequence[Form]) -> Iterable[Diagnostic]:
    """A problem for each habit, at its first place; a sign and a comment are one habit each by their sign."""
    groups: dict[tuple[str, str], list[Form]] = {}
    for form in forms:
        sign = found_of(source, form) if form.habit in ("sign", "comment") else ""
        groups.setdefault((form.habit, sign), []).append(form)
    if ("applied", "") in groups:
        groups["applied", ""] += groups.pop(("library name", ""), [])
    for whole, part in ((("setting", ""), ("trailing comma", "")), (("body", ""), ("setting", ""))):
        if whole in groups:  # a body in JSON or YAML is one mistake
            groups[whole] += groups.pop(part, [])
    for (habit, _), same in groups.items():
        name, facts = KINDS[habit]
        first = same[0]
        yield getattr(problems, name)(
            at=Span(source, first.start, first.end),
            meant=show(source, first),
            changes=spans(source, [change for form in same for change in form.changes]),
            otherwise=spans(source, first.otherwise) if len(same) == 1 else (),
            others=tuple(Span(source, form.start, form.end) for form in same[1:]),
            **facts(found_of(source, first)),
        )


def found_of(source: Source, form: Form) -> str:
    """The foreign part, on one line."""
    text = " ".join((form.found or source.text[form.start : form.end]).split())
    return text if len(text) <= LIMITS.quoted_characters else f"{text[: LIMITS.quoted_characters - 1]}…"


def spans(source: Source, changes: Iterable[Change]) -> tuple[tuple[Span, str], ...]:
    return tuple((Span(source, start, end), text) for start, end, text in changes)


def show(source: Source, form: Form) -> str:
    """The statements that come of a form; "" where they are too long to show."""
    start = min([form.start, *(a for a, _, _ in form.changes)])
    end = max([form.end, *(b for _, b, _ in form.changes)])
    start = source.text.rfind("\n", 0, start) + 1
    line_end = source.text.find("\n", max(end - 1, start))
    text = apply_changes(source.text, form.changes, start, len(source.text) if line_end < 0 else line_end)
    text = next((new for begin, close, new in form.changes if begin == close and new.endswith("\n\n")), text)  # it moves: only that
    lines = [line.split(" #")[0].strip() for line in text.splitlines() if line.strip()]
    shown = re.sub(r"\s+", " ", "; ".join(lines)).replace("{; ", "{ ").replace("; }", " }").replace(";;", ";").rstrip("; ")
    shown = re.sub(r"([-+*/@=,]|->|\band|\bor); ", r"\1 ", shown).replace("; ->", " ->")
    return shown if len(shown) <= 2 * LIMITS.quoted_characters else ""


def apply_changes(text: str, changes: Iterable[Change], start: int, end: int) -> str:
    """The characters [start, end) of a text after changes."""
    out, at = [], start
    for begin, close, new in sorted(changes, key=lambda c: (c[0], c[1])):
        if begin >= at:
            out += [text[at:begin], new]
            at = close
    return "".join([*out, text[at:end]])
