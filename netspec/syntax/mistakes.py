"""Tells which problem an offending token is: each rule knows one mistake people make, and the first that recognises its own speaks."""

from __future__ import annotations

from collections.abc import Callable

from netspec.diagnostics.base import Diagnostic
from netspec.limits import LIMITS
from netspec.source import NOWHERE
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
    return problems.UnexpectedWord(at=place.here, found=describe(place.token), expected=_list_expected(place), opened=opened)


def _list_expected(place: Place) -> tuple[str, ...]:
    """What could stand here, when that is little enough to say."""
    signs = {name: f"`{text}`" for text, name in LITERALS.items()}
    names = sorted(place.parser.accepts() - {"HOLE"})
    words = tuple(_WORDS.get(name) or signs.get(name) or f"`{name.lower()}`" for name in names)
    return words if len(words) <= LIMITS.listed_words else ()
