"""Products of symbols and floors: their order, their product, and the limits within which polynomials stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netspec.shape.dims import Atom, Monomial

MAX_TERMS = 512
"""A polynomial with more terms than this is refused (`DimTooComplex`), which keeps every operation short."""
MAX_POWER = 64
"""The largest exponent of a dim with symbols."""
MAX_BITS = 4096
"""The largest coefficient in bits."""
MAX_DEPTH = 24
"""How deep floors may stand inside floors."""
MAX_TEXT = 2000
"""The longest text of a floor."""
HUGE = 1 << MAX_BITS


class DimTooComplex(ArithmeticError):
    """An operation would leave one of the limits above."""


def key(atom: Atom) -> str:
    """Symbols first, then floors; floors with equal text are equal."""
    return atom if type(atom) is str else atom._key  # type: ignore[union-attr]


def order(term: tuple[Monomial, int]) -> tuple[int, list[tuple[str, int]]]:
    """Sort key of terms: higher degree first, then by name. An admissible order, which `exact_quotient` relies on."""
    monomial = term[0]
    return -sum(power for _, power in monomial), [(key(atom), -power) for atom, power in monomial]


def times(left: Monomial, right: Monomial) -> Monomial:
    if not left or not right:
        return left or right
    powers = dict(left)
    for atom, power in right:
        powers[atom] = powers.get(atom, 0) + power
    return tuple(sorted(powers.items(), key=lambda item: key(item[0])))
