"""Tells which problem an offending token is: each rule knows one mistake people make, and the first that recognises its own speaks."""

from __future__ import annotations

import re
from collections.abc import Callable

from netspec.diagnostics.base import Diagnostic, Edit, Repair
from netspec.limits import LIMITS
from netspec.source import NOWHERE, Span
from netspec.syntax import problems
from netspec.syntax._table import LITERALS
from netspec.syntax.mistake_place import Place, describe
from netspec.syntax.mistakes_expressions import EXPRESSION_RULES
from netspec.syntax.mistakes_statements import SECTION_RULES, STATEMENT_RULES

_WORDS = {
    "NAME": "a name",
    "NUMBER": "a number",
    "STRING": "a string",
    "SEP": "a new line",
    "$END": "the end of the file",
    "COMPARE": "a comparison",
    "UNIT": "a unit",
}


def explain(place: Place) -> Diagnostic:
    """The problem at a place."""
    rules: tuple[Callable[[Place], Diagnostic | None], ...] = (*SECTION_RULES, *STATEMENT_RULES, *EXPRESSION_RULES)
    for rule in rules:
        found = rule(place)
        if found is not None:
            return found
    opened = NOWHERE if place.opened is None else place.span(place.opened)
    ways = _with_element_type(place)
    return problems.UnexpectedWord(at=place.here, found=describe(place.token), expected=_list_expected(place), opened=opened, ways=ways)


def _with_element_type(place: Place) -> tuple[Repair, ...]:
    """`input x: (B, 20)` says the shape alone: images and features are `f32`, ids `i32`."""
    shape = _SHAPE.match(place.here.source.text, place.here.start)
    if place.first.type != "INPUT" or place.previous.type != "COLON" or shape is None:
        return ()
    dims = re.sub(r"^(?:None|none|-1)\b", "B", (shape[1] or shape[2]).strip().rstrip(", "))
    at = Span(place.here.source, shape.start(), shape.end())
    return tuple(Repair((Edit(at, f"{kind}[{dims}]"),), f"input {place.name}: {kind}[{dims}]") for kind in ("f32", "i32"))


_SHAPE = re.compile(r"\(([^()\[\]\n]+)\)(?=\s*(?:\n|#|$))|\[([^()\[\]\n]+)\](?=\s*(?:\n|#|$))")


def _list_expected(place: Place) -> tuple[str, ...]:
    """What could stand here, when that is little enough to say."""
    signs = {name: f"`{text}`" for text, name in LITERALS.items()}
    names = sorted(place.parser.accepts() - {"HOLE", "EXTREME"})
    words = tuple(_WORDS.get(name) or signs.get(name) or f"`{name.lower()}`" for name in names)
    return words if len(words) <= LIMITS.listed_words else ()
