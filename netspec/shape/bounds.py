"""How small and how large a polynomial can be when its symbols are bounded.

Three estimates of the lower end are taken and the best one kept: interval arithmetic over the monomials; the same after
each symbol is measured from its lower or from its upper end (which sees that B*T - B >= 0 for T >= 1); and the same after
floor(p/n) is replaced by the side of (p - n + 1)/n <= floor(p/n) <= p/n that makes the polynomial smaller.
Every estimate holds for all assignments within the bounds, so the best one does too. They need not be attained.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, lcm, prod

from netspec.shape.dims import ZERO, Dim, DimTooComplex, Floor, Monomial

End = int | float
"""A whole number, or minus or plus infinity."""
Range = tuple[End, End]
DEFAULT: Range = (1, inf)
"""Every dim is at least 1."""
MAX_SHIFT = 64
"""Polynomials whose expansion around an end has more terms than this are not measured from it."""
ROUNDS = 2
"""How often floors are replaced by fractions, one per monomial each time."""

Bounds = Mapping[str, Range]


def extent(dim: Dim, bounds: Bounds) -> Range:
    """Lower and upper end of a dim."""
    return lower(dim, bounds), -lower(-dim, bounds)


def lower(dim: Dim, bounds: Bounds, rounds: int = ROUNDS) -> End:
    """A number that the dim is never below; minus infinity when none is seen. `rounds` more floors may be replaced by fractions."""
    if dim.is_constant:
        return dim.value
    best = interval(dim, bounds)[0]
    floors = bool(dim.floors())
    if not floors and all(sum(power for _, power in m) < 2 for m, _ in dim.terms):
        return best  # exact for a sum of symbols
    try:
        best = max(best, _shifted(dim, bounds))
        if rounds and floors:
            best = max(best, _relaxed(dim, bounds, rounds - 1))
    except DimTooComplex:
        pass
    return best


def interval(dim: Dim, bounds: Bounds) -> Range:
    """Interval arithmetic, term by term."""
    low: End = 0
    high: End = 0
    for monomial, coefficient in dim.terms:
        small, large = _multiply((coefficient, coefficient), _monomial(monomial, bounds))
        low, high = _add(low, small), _add(high, large)
    return low, high


def _monomial(monomial: Monomial, bounds: Bounds) -> Range:
    product: Range = (1, 1)
    for atom, power in monomial:
        product = _multiply(product, _power(_atom(atom, bounds), power))
    return product


def _atom(atom: str | Floor, bounds: Bounds) -> Range:
    if isinstance(atom, str):
        return bounds.get(atom, DEFAULT)
    # Nested floors get the plain estimate, so that the work grows with their number and not with a power of their depth.
    low, high = interval(atom.inner, bounds) if atom.inner.floors() else extent(atom.inner, bounds)
    return _divide(low, atom.divisor), _divide(high, atom.divisor)


def _power(base: Range, power: int) -> Range:
    result = base
    for _ in range(power - 1):
        result = _multiply(result, base)
    return (max(result[0], 0), result[1]) if power % 2 == 0 else result


def _multiply(left: Range, right: Range) -> Range:
    corners = [_times(x, y) for x in left for y in right]
    return min(corners), max(corners)


def _times(x: End, y: End) -> End:
    if x == 0 or y == 0:
        return 0
    if isinstance(x, float) or isinstance(y, float):
        return inf if (x > 0) == (y > 0) else -inf
    return x * y


def _add(x: End, y: End) -> End:
    return y if isinstance(y, float) else x if isinstance(x, float) else x + y


def _divide(x: End, n: int) -> End:
    return x if isinstance(x, float) else x // n


def ceiling(x: End, n: int) -> End:
    """x / n rounded up."""
    return x if isinstance(x, float) else -(-x // n)


def _shifted(dim: Dim, bounds: Bounds) -> End:
    """Interval arithmetic after `s = low + s'`, and after `s = high - s'`, where these ends are finite; floors stand as symbols."""
    if sum(prod(power + 1 for _, power in m) for m, _ in dim.terms) > MAX_SHIFT:
        return -inf
    flat, ranges = _flatten(dim, bounds)
    return max(_measured(flat, ranges, upper=False), _measured(flat, ranges, upper=True))


def _measured(flat: Dim, ranges: dict[str, Range], *, upper: bool) -> End:
    moved: dict[str, Dim] = {}
    widths: dict[str, Range] = {}
    for name, (low, high) in ranges.items():
        if isinstance(high, int) and (upper or not isinstance(low, int)):
            moved[name], widths[name] = high - Dim.symbol(name), (0, _add(high, -low))
        elif isinstance(low, int):
            moved[name], widths[name] = low + Dim.symbol(name), (0, _add(high, -low))
        else:
            widths[name] = (low, high)
    return interval(flat.substitute(moved), widths)[0]


def _flatten(dim: Dim, bounds: Bounds) -> tuple[Dim, dict[str, Range]]:
    """The polynomial with each floor named as a symbol of its own, and the range of every symbol."""
    flat = Dim.sum((tuple((_name(a), p) for a, p in m), c) for m, c in dim.terms) if dim.floors() else dim
    return flat, {_name(atom): _atom(atom, bounds) for atom in dim.atoms()}


def _name(atom: str | Floor) -> str:
    return atom if isinstance(atom, str) else "~" + atom.text()


def _relaxed(dim: Dim, bounds: Bounds, rounds: int) -> End:
    """The lower end after floors are replaced by the fractions that bound them; everything is scaled by their denominators."""
    scale = lcm(*(floor.divisor for floor in dim.floors()))
    total, changed = ZERO, False
    for monomial, coefficient in dim.terms:
        smaller = _fraction(monomial, coefficient, scale, bounds)
        changed = changed or smaller is not None
        total = total + (Dim.sum([(monomial, coefficient * scale)]) if smaller is None else smaller)
    return ceiling(lower(total, bounds, rounds), scale) if changed else -inf


def _fraction(monomial: Monomial, coefficient: int, scale: int, bounds: Bounds) -> Dim | None:
    """A polynomial not above scale * coefficient * monomial with one floor less; None when the sign of the rest is open."""
    floor = next((atom for atom, power in monomial if isinstance(atom, Floor) and power == 1), None)
    if floor is None:
        return None
    rest = tuple(item for item in monomial if item[0] != floor)
    low, high = _multiply((coefficient, coefficient), _monomial(rest, bounds))
    if low < 0 < high:
        return None
    inner = floor.inner - (floor.divisor - 1) if low >= 0 else floor.inner
    return inner * Dim.sum([(rest, coefficient * (scale // floor.divisor))])
