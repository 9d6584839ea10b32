"""Bounds a polynomial whose symbols are bounded: how small and how large it can be.

Three estimates of the lower end are taken and the best one kept: interval arithmetic over the monomials; the same after
each symbol is measured from its lower or from its upper end (which sees that B*T - B >= 0 for T >= 1); and the same after
floor(p/n) is replaced by the side of (p - n + 1)/n <= floor(p/n) <= p/n that makes the polynomial smaller.
Every estimate holds for all assignments within the bounds, so the best one does too. They need not be attained.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, lcm, prod

from netspec.limits import LIMITS
from netspec.shape.dims import ZERO, Atom, Dim, DimTooComplex, Monomial

End = int | float
"""A whole number, or minus or plus infinity."""
Range = tuple[End, End]
DEFAULT: Range = (1, inf)
"""Every dim is at least 1."""

Bounds = Mapping[str, Range]


def extent(dim: Dim, bounds: Bounds) -> Range:
    """Lower and upper end of a dim."""
    if dim.is_constant:
        return dim.value, dim.value
    known = _Flat(dim, bounds)
    return known.lowest(1, LIMITS.floor_rounds), -known.lowest(-1, LIMITS.floor_rounds)


def lower(dim: Dim, bounds: Bounds, rounds: int = LIMITS.floor_rounds) -> End:
    """A number that the dim is never below; minus infinity when none is seen. `rounds` more floors may be replaced by fractions."""
    return dim.value if dim.is_constant else _Flat(dim, bounds).lowest(1, rounds)


def interval(dim: Dim, bounds: Bounds) -> Range:
    """Interval arithmetic, term by term."""
    low: End = 0
    high: End = 0
    for monomial, coefficient in dim.terms:
        small, large = _multiply((coefficient, coefficient), _monomial(monomial, bounds))
        low, high = _add(low, small), _add(high, large)
    return low, high


def _monomial(monomial: Monomial, bounds: Bounds) -> Range:
    """The range of a product of atoms."""
    product: Range = (1, 1)
    for atom, power in monomial:
        product = _multiply(product, _power(_atom(atom, bounds), power))
    return product


def _atom(atom: Atom, bounds: Bounds) -> Range:
    """The range of a symbol or of a floor."""
    if isinstance(atom, str):
        return bounds.get(atom, DEFAULT)
    # Nested floors get the plain estimate, so that the work grows with their number and not with a power of their depth.
    low, high = interval(atom.inner, bounds) if atom.inner.floors() else extent(atom.inner, bounds)
    return _divide(low, atom.divisor), _divide(high, atom.divisor)


def _power(base: Range, power: int) -> Range:
    """The range of a power; an even one is never below 0."""
    result = base
    for _ in range(power - 1):
        result = _multiply(result, base)
    return (max(result[0], 0), result[1]) if power % 2 == 0 else result


def _multiply(left: Range, right: Range) -> Range:
    """The range of a product, which lies between the products of the ends."""
    corners = [_times(x, y) for x in left for y in right]
    return min(corners), max(corners)


def _times(x: End, y: End) -> End:
    """A product of ends in which 0 times infinity is 0: the other factor stays finite."""
    if x == 0 or y == 0:
        return 0
    if isinstance(x, float) or isinstance(y, float):
        return inf if (x > 0) == (y > 0) else -inf
    return x * y


def _add(x: End, y: End) -> End:
    """The sum of two ends of a range; an end at infinity stays there."""
    return y if isinstance(y, float) else x if isinstance(x, float) else x + y


def _divide(x: End, n: int) -> End:
    """An end of a range divided by n and rounded down; infinity stays."""
    return x if isinstance(x, float) else x // n


def ceiling(x: End, n: int) -> End:
    """x / n rounded up."""
    return x if isinstance(x, float) else -(-x // n)


def scale_range(ends: Range, n: int, remainder: int) -> Range:
    """The range of k where n*k + remainder has these ends; empty (low above high) when no k fits."""
    return ceiling(_add(ends[0], -remainder), n), _divide(_add(ends[1], -remainder), n)


class _Flat:
    """A dim as a polynomial in which every floor is named as a symbol, and the range of each symbol."""

    def __init__(self, dim: Dim, bounds: Bounds) -> None:
        self.bounds = bounds
        self.floors = {_name(floor): floor for floor in dim.floors()}
        self.dim = Dim.sum((tuple((_name(a), p) for a, p in m), c) for m, c in dim.terms) if self.floors else dim
        self.ranges = {_name(atom): _atom(atom, bounds) for atom in dim.atoms()}

    def lowest(self, sign: int, rounds: int) -> End:
        """The best lower end of sign * dim."""
        dim = self.dim if sign > 0 else -self.dim
        best = interval(dim, self.ranges)[0]
        if not self.floors and all(sum(power for _, power in m) < 2 for m, _ in dim.terms):
            return best  # exact for a sum of symbols
        try:
            if sum(prod(power + 1 for _, power in m) for m, _ in dim.terms) <= LIMITS.shifted_terms:
                best = max(best, self._measured(dim, upper=False), self._measured(dim, upper=True))
            if rounds and self.floors:
                best = max(best, self._relaxed(dim, rounds - 1))
        except DimTooComplex:
            pass
        return best

    def _measured(self, dim: Dim, *, upper: bool) -> End:
        """Interval arithmetic after `s = low + s'` (or, with `upper`, `s = high - s'`) wherever that end is finite."""
        moved: dict[str, Dim] = {}
        widths: dict[str, Range] = {}
        for name, (low, high) in self.ranges.items():
            widths[name] = (0, _add(high, -low))
            if isinstance(high, int) and (upper or not isinstance(low, int)):
                moved[name] = high - Dim.symbol(name)
            elif isinstance(low, int):
                moved[name] = low + Dim.symbol(name)
            else:
                widths[name] = (low, high)
        return interval(dim.substitute(moved), widths)[0]

    def _relaxed(self, dim: Dim, rounds: int) -> End:
        """The lower end after floors are replaced by the fractions that bound them; everything is scaled by their denominators."""
        scale = lcm(*(floor.divisor for floor in self.floors.values()))
        total, changed = ZERO, False
        for monomial, coefficient in dim.terms:
            smaller = self._fraction(monomial, coefficient, scale)
            changed = changed or smaller is not None
            total = total + (self._opened(monomial, coefficient * scale) if smaller is None else smaller)
        return ceiling(lower(total, self.bounds, rounds), scale) if changed else -inf

    def _fraction(self, monomial: Monomial, coefficient: int, scale: int) -> Dim | None:
        """A polynomial not above scale * coefficient * monomial with one floor less; None when the sign of the rest is open."""
        name = next((atom for atom, power in monomial if atom in self.floors and power == 1), None)
        if name is None:
            return None
        floor, rest = self.floors[str(name)], tuple(item for item in monomial if item[0] != name)
        low, high = _multiply((coefficient, coefficient), _monomial(rest, self.ranges))
        if low < 0 < high:
            return None
        inner = floor.inner - (floor.divisor - 1) if low >= 0 else floor.inner
        return inner * self._opened(rest, coefficient * (scale // floor.divisor))

    def _opened(self, monomial: Monomial, coefficient: int) -> Dim:
        """A term with its floors as floors again."""
        return Dim.sum([(tuple((self.floors.get(str(a), a), p) for a, p in monomial), coefficient)])


def _name(atom: Atom) -> str:
    """No symbol starts with a tilde."""
    return atom if isinstance(atom, str) else "~" + atom.text()
