"""Computes with products of symbols and floors: their order, their product, and the limits within which polynomials stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netspec.limits import LIMITS

if TYPE_CHECKING:
    from netspec.shape.dims import Atom, Monomial

HUGE = 1 << LIMITS.coefficient_bits


class DimTooComplex(ArithmeticError):
    """An operation would leave one of the limits of polynomials."""


def key(atom: Atom) -> str:
    """Symbols first, then floors; floors with equal text are equal."""
    return atom if type(atom) is str else atom._key  # type: ignore[union-attr]


def order(term: tuple[Monomial, int]) -> tuple[int, list[tuple[str, int]]]:
    """Sort key of terms: higher degree first, then by name. An admissible order, which `exact_quotient` relies on."""
    monomial = term[0]
    return -sum(power for _, power in monomial), [(key(atom), -power) for atom, power in monomial]


def times(left: Monomial, right: Monomial) -> Monomial:
    """The product of two monomials."""
    if not left or not right:
        return left or right
    powers = dict(left)
    for atom, power in right:
        powers[atom] = powers.get(atom, 0) + power
    return tuple(sorted(powers.items(), key=lambda item: key(item[0])))
