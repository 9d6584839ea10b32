"""Describes which values of symbols are admitted, and cuts them into cases that together cover them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import inf, prod

from netspec.limits import LIMITS
from netspec.shape.algebra import content, moduli
from netspec.shape.bounds import DEFAULT, Range, lower, scale_range
from netspec.shape.dims import Dim

Dims = tuple[Dim, ...]


class Box:
    """What is admitted: ranges of symbols (1 to infinity where not named) and polynomials that are >= 0, == 0, != 0. Immutable."""

    __slots__ = ("bounds", "nonneg", "zero", "nonzero")

    def __init__(self, bounds: Mapping[str, Range], nonneg: Dims = (), zero: Dims = (), nonzero: Dims = ()) -> None:
        self.bounds, self.nonneg, self.zero, self.nonzero = bounds, nonneg, zero, nonzero

    def range(self, symbol: str) -> Range:
        return self.bounds.get(symbol, DEFAULT)

    def facts(self) -> tuple[Dim, ...]:
        """All conditions of the box: at least zero, zero, not zero."""
        return self.nonneg + self.zero + self.nonzero

    def where(self, values: Mapping[str, Dim | int], widths: Mapping[str, Range]) -> Box | None:
        """The part where symbols have these values, over new symbols with these ranges; None when it is seen to be empty."""
        if any(low > high for low, high in widths.values()):
            return None
        part = Box({**self.bounds, **widths}, *(_substitute_facts(group, values) for group in (self.nonneg, self.zero, self.nonzero)))
        old = set(self.facts())
        if any(dim not in old and -lower(-dim, part.bounds) < 0 for dim in part.nonneg):
            return None
        if any(dim not in old and is_never_zero(dim, part) for dim in part.zero) or any(dim == 0 for dim in part.nonzero):
            return None
        return part


def _substitute_facts(facts: Dims, values: Mapping[str, Dim | int]) -> Dims:
    """The facts after a substitution. Long ones only get numbers, otherwise they are left out, which is sound and much quicker."""
    numbers = all(isinstance(value, int) for value in values.values())
    kept = facts if numbers else [dim for dim in facts if sum(len(m) for m, _ in dim.terms) <= LIMITS.judged_factors]
    return tuple(dim.substitute(values) for dim in kept)


def is_never_zero(dim: Dim, box: Box) -> bool:
    """True when the ranges or divisibility show that it is never zero."""
    if dim.is_constant:
        return dim.value != 0
    if dim.constant_term % (content(dim) or 1):
        return True
    return lower(dim, box.bounds) > 0 or lower(-dim, box.bounds) > 0


def cases(dim: Dim, box: Box) -> Iterator[tuple[dict[str, Dim | int], Box]]:
    """Substitutions that together cover the box, each with the box of what is left. None when nothing can be split."""
    choices = _choices(dim, box)
    if not choices and len(dim.symbols()) != 1:
        return
    for combination in product(*choices.values()):
        values = {symbol: value for symbol, (value, _) in zip(choices, combination, strict=True)}
        widths = {symbol: width for value, width in combination if isinstance(value, Dim) for symbol in value.symbols()}
        part = box.where(values, widths)
        if part is not None:
            yield values, part


Choice = tuple[Dim | int, Range]


def _choices(dim: Dim, box: Box) -> dict[str, Sequence[Choice]]:
    """For each symbol worth splitting its values: all of them where that is few, else those inside floors first, then those with few."""
    reach = _find_connected(dim, box)
    if prod(_width(symbol, box) for symbol in reach) <= LIMITS.cases:
        return {symbol: _values(symbol, box) for symbol in sorted(reach)}
    periods = moduli(dim)
    found: dict[str, Sequence[Choice]] = {}
    count = 1
    for symbol in sorted(periods) + sorted(reach - periods.keys(), key=lambda s: (_width(s, box), s)):
        size = min(_width(symbol, box), periods.get(symbol, inf))
        if size == inf or count * size > LIMITS.cases:
            continue
        count *= int(size)
        found[symbol] = _values(symbol, box) if _width(symbol, box) <= size else _residues(symbol, periods[symbol], box)
    return found


def _find_connected(dim: Dim, box: Box) -> set[str]:
    """The symbols of a dim and of every fact that is tied to it."""
    reach = set(dim.symbols())
    for _ in box.facts():
        reach.update(*(fact.symbols() for fact in box.facts() if not reach.isdisjoint(fact.symbols())))
    return reach


def _width(symbol: str, box: Box) -> int | float:
    """How many values a box admits for a symbol."""
    low, high = box.range(symbol)
    return high - low + 1


def _values(symbol: str, box: Box) -> list[Choice]:
    """One choice for every value that a box admits for a symbol."""
    low, high = box.range(symbol)
    return [(value, (value, value)) for value in range(int(low), int(high) + 1)]


def _residues(symbol: str, period: int, box: Box) -> list[Choice]:
    """symbol = period*k + r for each r, with the range of k."""
    k = Dim.symbol(symbol + "#")
    return [(period * k + r, scale_range(box.range(symbol), period, r)) for r in range(period)]
