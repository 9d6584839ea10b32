"""Prints a dim, as `4*D`, `B*T + 1` or `(H + 1)//2`. The text is an expression of the language with the same meaning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netspec.shape.dims import Dim, Monomial

    Terms = Sequence[tuple[Monomial, int]]


def quotient(inner: Dim, divisor: int) -> str:
    """`H//2` for a plain symbol, `(H + 1)//2` for anything longer."""
    text = str(inner)
    return f"{text}//{divisor}" if text.isidentifier() else f"({text})//{divisor}"


def polynomial(terms: Terms) -> str:
    """The sum as one reads it; a positive term leads where there is one."""
    ordered = sorted(terms, key=lambda term: term[1] < 0) if terms[0][1] < 0 else terms
    parts = [("-" if c < 0 else "+", _product(m, abs(c))) for m, c in ordered]
    head = parts[0][1] if parts[0][0] == "+" else "-" + _parenthesise_negated(ordered[0], parts[0][1])
    return head + "".join(f" {sign} {part}" for sign, part in parts[1:])


def _parenthesise_negated(term: tuple[Monomial, int], text: str) -> str:
    """A leading term behind a minus, which binds tighter than `//`: a bare quotient gets parentheses."""
    return f"({text})" if abs(term[1]) == 1 and len(term[0]) == 1 and not isinstance(term[0][0][0], str) and term[0][0][1] == 1 else text


def _product(monomial: Monomial, coefficient: int) -> str:
    """A monomial with its coefficient, as the language writes it."""
    alone = coefficient == 1 and len(monomial) == 1 and monomial[0][1] == 1
    factors = [str(coefficient)] if coefficient != 1 or not monomial else []
    for atom, power in monomial:
        text = atom if isinstance(atom, str) else atom.text() if alone else f"({atom.text()})"
        factors.append(text if power == 1 else f"{text}**{power}")
    return "*".join(factors)
