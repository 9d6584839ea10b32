"""Computes with polynomials of dims: contents, common factors, exact division, and what a floor's residue depends on."""

from __future__ import annotations

from math import gcd, lcm

from netspec.shape.dims import ZERO, Dim, Floor, Monomial


def content(dim: Dim) -> int:
    """The greatest common divisor of the coefficients other than the constant term; 0 for a constant."""
    return gcd(*(c for m, c in dim.terms if m))


def read_linear(dim: Dim) -> dict[str, int] | None:
    """Coefficients of the symbols when every term is a constant or a number times one symbol, else None."""
    found: dict[str, int] = {}
    for monomial, coefficient in dim.terms:
        if not monomial:
            continue
        atom, power = monomial[0]
        if len(monomial) > 1 or power > 1 or not isinstance(atom, str):
            return None
        found[atom] = coefficient
    return found


def split(dim: Dim, symbol: str) -> tuple[Dim, Dim] | None:
    """(a, rest) with dim == a*symbol + rest and neither containing the symbol; None when it stands in a power or a floor."""
    inside = [(m, c) for m, c in dim.terms if any(atom == symbol for atom, _ in m)]
    factor = Dim.sum((tuple(item for item in m if item[0] != symbol), c) for m, c in inside if (symbol, 1) in m)
    rest = dim - factor * Dim.symbol(symbol)
    if symbol in rest.symbols() or symbol in factor.symbols():
        return None
    return factor, rest


def common_symbols(dim: Dim) -> list[str]:
    """Symbols that every term contains."""
    if not dim.terms:
        return []
    shared = {atom for atom, _ in dim.terms[0][0] if isinstance(atom, str)}
    for monomial, _ in dim.terms[1:]:
        shared &= {atom for atom, _ in monomial if isinstance(atom, str)}
    return sorted(shared)


def divide_symbol(dim: Dim, symbol: str) -> Dim:
    """dim / symbol, where every term contains the symbol."""
    return Dim.sum((_lower_power(m, symbol), c) for m, c in dim.terms)


def _lower_power(monomial: Monomial, symbol: str) -> Monomial:
    """A monomial divided by one symbol."""
    return tuple((a, p - 1 if a == symbol else p) for a, p in monomial if a != symbol or p > 1)


def exact_quotient(dim: Dim, divisor: Dim) -> Dim | None:
    """The polynomial q with q * divisor == dim, or None when there is none (or the divisor is 0).

    `exact_quotient(B*T*D, B*D)` is `T`. Division by leading terms: at most as many rounds as dim can have terms.
    """
    if not divisor.terms:
        return None
    lead, scale = divisor.terms[0]
    quotient, rest = ZERO, dim
    for _ in range(256):
        if not rest.terms:
            return quotient
        part = _divide(rest.terms[0], lead, scale)
        if part is None:
            return None
        quotient, rest = quotient + part, rest - part * divisor
    return None


def _divide(term: tuple[Monomial, int], lead: Monomial, scale: int) -> Dim | None:
    """The quotient of a term and a leading term; None when it does not come out even."""
    monomial, coefficient = term
    powers = dict(monomial)
    for atom, power in lead:
        if powers.get(atom, 0) < power:
            return None
        powers[atom] -= power
    if coefficient % scale:
        return None
    return Dim.sum([(tuple(item for item in powers.items() if item[1]), coefficient // scale)])


def moduli(dim: Dim) -> dict[str, int]:
    """For each symbol inside a floor a number L such that `symbol = L*k + r`, done for all of them, makes every floor exact."""
    found: dict[str, int] = {}
    for floor in dim.floors():
        period = _period(floor)
        for symbol in floor.inner.symbols():
            found[symbol] = lcm(found.get(symbol, 1), period)
    return found


def _period(floor: Floor) -> int:
    """How far a symbol must go for the floor, and those inside it, to repeat their remainders."""
    return floor.divisor * lcm(1, *(_period(inner) for inner in floor.inner.floors()))


def divide_content(dim: Dim) -> Dim:
    """For `dim >= 0`: the same condition with the content divided out and the constant rounded down."""
    g = content(dim)
    return Dim.sum((m, c // g) for m, c in dim.terms) if g > 1 else dim
