"""Reads base symbols back as the user's: where k is (s - r) / n, n*k is read as s - r and what remains as a floor of s."""

from __future__ import annotations

from math import gcd

from netspec.shape.dims import Dim

Meaning = tuple[str, int, int]
"""(s, n, r): the symbol with this meaning is (s - r) / n."""


def read_back(dim: Dim, back: dict[str, Meaning]) -> Dim:
    """The dim in the user's symbols; newer base symbols stand for older ones, so they go first."""
    for symbol in reversed(back):
        if symbol in dim.symbols():
            older, n, remainder = back[symbol]
            whole = Dim.symbol(older) - remainder
            dim = _parts(_multiples(dim, symbol, n, whole), symbol, n, whole).substitute({symbol: whole // n})
    return dim


def _parts(dim: Dim, symbol: str, n: int, whole: Dim) -> Dim:
    """Read 8*k as H//2 where k is H/16, in the terms that have k once."""
    for monomial, coefficient in dim.terms:
        if (symbol, 1) in monomial:
            part = gcd(coefficient, n)
            rest = Dim.sum([(_drop_symbol(monomial, symbol), coefficient // part)])
            dim = dim + rest * (whole // (n // part) - part * Dim.symbol(symbol))
    return dim


def _multiples(dim: Dim, symbol: str, n: int, whole: Dim) -> Dim:
    """Replace n*symbol by `whole`, in the highest powers first, as often as it goes."""
    powers = [power for monomial, _ in dim.terms for atom, power in monomial if atom == symbol]
    for power in range(max(powers, default=0), 0, -1):
        factor = Dim.sum((_drop_symbol(m, symbol), _divide_toward_zero(c, n)) for m, c in dim.terms if (symbol, power) in m)
        lower = Dim.symbol(symbol) ** (power - 1)
        dim = dim + factor * lower * (whole - n * Dim.symbol(symbol))
    return dim


def _drop_symbol(monomial: tuple, symbol: str) -> tuple:
    """The monomial without a symbol."""
    return tuple(item for item in monomial if item[0] != symbol)


def _divide_toward_zero(number: int, n: int) -> int:
    """A quotient rounded towards zero, so that both signs are treated alike."""
    return number // n if number >= 0 else -(-number // n)
