"""Finds a fact that would prove what cannot be proved: it tries candidates, so that its text does prove it where one is found."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from netspec.limits import LIMITS
from netspec.shape.algebra import exact_quotient, read_linear, split
from netspec.shape.bounds import ceiling
from netspec.shape.dims import Dim, DimTooComplex, Floor
from netspec.shape.verdict import PROVED

if TYPE_CHECKING:
    from netspec.shape.facts import Facts


Relation = tuple[str, Dim, Dim, str]
"""(op, a, b, text) of a candidate."""


def find_missing_fact(facts: Facts, a: Dim, relation: str, b: Dim) -> Relation:
    """The first candidate that proves `a relation b`, else the relation itself in normal form."""
    try:
        left, right = facts.normal(a), facts.normal(b)
        steps = 0
        for op, x, y, text in islice(_candidates(left, relation, right), LIMITS.repair_candidates):
            answer = facts.require(op, x, y).facts.ask(relation, a, b)
            if answer.verdict is PROVED:
                return op, x, y, text
            steps += answer.steps
            if steps > LIMITS.repair_steps:
                break
    except DimTooComplex:
        left, right = a, b
    return relation, left, right, f"{left} {relation} {right}"


def _candidates(a: Dim, relation: str, b: Dim) -> Iterator[Relation]:
    """Facts that might prove the relation, the plainest first."""
    if len((a - b).terms) > LIMITS.repair_terms:
        return
    yield from _bounds(a - b, relation)
    for floor in dict.fromkeys(_floors(a - b)):
        yield from _divisibility(floor)
    if relation == "==":
        yield from _equations(a - b)


def _bounds(difference: Dim, relation: str) -> Iterator[Relation]:
    """`a*s + c relation 0` as a bound of s."""
    if relation in ("<", ">"):
        difference, relation = (difference + 1, "<=") if relation == "<" else (difference - 1, ">=")
    factors = read_linear(difference)
    if not factors or len(factors) != 1 or relation not in ("<=", ">="):
        return
    ((symbol, factor),) = factors.items()
    if (relation == ">=") == (factor > 0):
        op, end = ">=", int(ceiling(-difference.constant_term * (1 if factor > 0 else -1), abs(factor)))
    else:
        op, end = "<=", difference.constant_term * (-1 if factor > 0 else 1) // abs(factor)
    yield op, Dim.symbol(symbol), Dim.of(end), f"{symbol} {op} {end}"


def _floors(dim: Dim) -> Iterator[Floor]:
    """The floors of a dim, and those inside them."""
    for floor in dim.floors():
        yield floor
        yield from _floors(floor.inner)


def _divisibility(floor: Floor) -> Iterator[Relation]:
    """Remainders that make the floor exact: of its symbol, or of all of its inside."""
    n = floor.divisor
    factors = read_linear(floor.inner)
    for symbol in sorted(floor.inner.symbols()):
        start = 0
        if factors and len(factors) == 1:
            start = next((r for r in range(min(n, 64)) if (factors[symbol] * r + floor.inner.constant_term) % n == 0), 0)
        for remainder in dict.fromkeys((start, 0)):
            yield "==", Dim.symbol(symbol) % n, Dim.of(remainder), f"{symbol} % {n} == {remainder}"
    if not factors or len(factors) > 1:
        text = f"({floor.inner}) % {n} == 0"
        yield "==", floor.inner % n, Dim.of(0), text


def _equations(difference: Dim) -> Iterator[Relation]:
    """The difference is zero, solved for a symbol where that is possible."""
    for symbol in sorted(difference.symbols()):
        parts = split(difference, symbol)
        if parts and parts[0] and not parts[1].is_constant and len(parts[1].terms) == 1:
            yield from _pair(symbol, parts)
    for symbol in sorted(difference.symbols()):
        parts = split(difference, symbol)
        if parts and parts[0] in (1, -1):
            value = -parts[1] if parts[0] == 1 else parts[1]
            yield "==", Dim.symbol(symbol), value, f"{symbol} == {value}"


def _pair(symbol: str, parts: tuple[Dim, Dim]) -> Iterator[Relation]:
    """`f*s - f*t == 0`, where f stands in both: s == t."""
    value = exact_quotient(-parts[1], parts[0])
    if value is not None:
        yield "==", Dim.symbol(symbol), value, f"{symbol} == {value}"
