"""Finds which remainders an equation leaves open: it reads `p % n == r` out of the normal form, and tries residues one by one."""

from __future__ import annotations

from netspec.shape.algebra import moduli
from netspec.shape.bounds import scale_range
from netspec.shape.cases import Box
from netspec.shape.decision import Search
from netspec.shape.dims import Dim
from netspec.shape.verdict import REFUTED


def remainder_form(dim: Dim) -> tuple[Dim, int, int, int] | None:
    """(p, n, j, r) with dim == j*(p - n*floor(p/n)) + r, or None. `H % 16 == 0` stands as `H - 16*(H//16)`."""
    for floor in dim.floors():
        coefficient = next((c for m, c in dim.terms if m == ((floor, 1),)), 0)
        if not coefficient or coefficient % floor.divisor:
            continue
        factor = -coefficient // floor.divisor
        rest = dim - factor * (floor.inner - floor.divisor * Dim.sum([(((floor, 1),), 1)]))
        if rest.is_constant:
            return floor.inner, floor.divisor, factor, rest.value
    return None


def admit_residues(dim: Dim, box: Box, limit: int) -> tuple[str, int, list[int]] | None:
    """(symbol, L, residues r for which dim == 0 is not refuted when symbol = L*k + r); None unless one symbol stands in floors."""
    periods = moduli(dim)
    if len(periods) != 1:
        return None
    ((symbol, period),) = periods.items()
    if period > limit:
        return None
    return symbol, period, [r for r in range(period) if _admits(dim, symbol, period, r, box)]


def _admits(dim: Dim, symbol: str, period: int, residue: int, box: Box) -> bool:
    """Whether the equation may hold where the symbol has this remainder."""
    k = symbol + "#"
    width = scale_range(box.range(symbol), period, residue)
    if width[0] > width[1]:
        return False
    part = Box({**box.bounds, k: width})
    return Search(part).glance(dim.substitute({symbol: period * Dim.symbol(k) + residue})) is not REFUTED
