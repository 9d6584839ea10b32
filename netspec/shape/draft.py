"""Keeps facts while they are being written: a mutable copy that takes one condition after another.

The symbols of the user are expressed by *base* symbols, of which the box knows ranges: H % 16 == 0 makes H = 16*k with a new
base symbol k = H//16, T == S replaces T by S, 2*T == 3*S makes both multiples of one t. What cannot be solved for a symbol
stays in the box as a polynomial that is >= 0, == 0 or != 0. Dropping a condition is always sound (fewer things are proved
or refuted), so every limit here simply drops.
"""

from __future__ import annotations

from math import gcd, inf

from netspec.limits import LIMITS
from netspec.shape.algebra import common_symbols, content, divide_content, divide_symbol, read_linear, split
from netspec.shape.bounds import DEFAULT, End, Range, ceiling, lower, scale_range
from netspec.shape.cases import Box
from netspec.shape.decision import Search
from netspec.shape.dims import Atom, Dim, Floor
from netspec.shape.residues import admit_residues, remainder_form
from netspec.shape.verdict import PROVED, REFUTED


class Draft:
    """Takes conditions on base symbols. Raises `Contradiction` when it sees that nothing is admitted any more."""

    def __init__(self, rewrite: dict[str, Dim], back: dict[str, tuple[str, int, int]], box: Box) -> None:
        self.rewrite, self.back = dict(rewrite), dict(back)
        self.bounds = dict(box.bounds)
        self.nonneg, self.zero, self.nonzero = list(box.nonneg), list(box.zero), list(box.nonzero)
        self.work = 0
        self.dropped = False

    def box(self) -> Box:
        """What is known now, as a search takes it."""
        return Box(self.bounds, tuple(self.nonneg), tuple(self.zero), tuple(self.nonzero))

    def inner(self, dim: Dim) -> Dim:
        """A dim of user's symbols over base symbols."""
        return dim.substitute(self.rewrite)

    # ---- conditions ----------------------------------------------------------------------------------------------
    def add_nonneg(self, dim: Dim) -> None:
        """dim >= 0."""
        dim = divide_content(dim)
        if lower(-dim, self.bounds) > 0:
            raise Contradiction
        if lower(dim, self.bounds) >= 0 or self._full():
            return
        atom, sign, rest = _single_atom(dim), dim.terms[0][1], dim.constant_term
        if isinstance(atom, str):
            self.narrow(atom, -rest if sign > 0 else -inf, rest if sign < 0 else inf)
        elif isinstance(atom, Floor):
            n = atom.divisor
            self.add_nonneg(atom.inner + rest * n if sign > 0 else rest * n + n - 1 - atom.inner)
        else:
            self._store(self.nonneg, dim)

    def add_nonzero(self, dim: Dim) -> None:
        """dim != 0."""
        verdict = Search(self.box()).glance(dim)
        if verdict is PROVED:
            raise Contradiction
        if verdict is not REFUTED and not self._full():
            self._store(self.nonzero, self._reduced(dim))

    def add_zero(self, dim: Dim) -> None:
        """dim == 0."""
        verdict = Search(self.box()).glance(dim)
        if verdict is REFUTED:
            raise Contradiction
        if verdict is PROVED or self._full():
            return
        dim = self._reduced(dim)
        if not (self._solve(dim) or self._diophantine(dim) or self._remainder(dim) or self._sieved(dim)):
            if _single_atom(dim) is None:
                self._store(self.zero, dim)
            else:
                self.add_nonneg(dim)
                self.add_nonneg(self.inner(-dim))

    def congruent(self, dim: Dim, n: int, remainder: int) -> None:
        """dim == remainder modulo n, where dim has one symbol, which stands alone."""
        rest = Dim.sum((m, c % n) for m, c in (dim - remainder).terms)
        common = gcd(n, content(rest))
        if rest.constant_term % common:
            raise Contradiction
        rest, n = Dim.sum((m, c // common) for m, c in rest.terms), n // common
        if n == 1 or self._full():
            return
        ((symbol, factor),) = (read_linear(rest) or {}).items()
        self.scale(symbol, n, -rest.constant_term * pow(factor, -1, n) % n)

    # ---- symbols -------------------------------------------------------------------------------------------------
    def narrow(self, symbol: str, low: End, high: End) -> None:
        """low <= symbol <= high."""
        if symbol in self.rewrite:
            return
        old = self.bounds.get(symbol, DEFAULT)
        new: Range = (max(low, old[0]), min(high, old[1]))
        if new == old:
            return
        if new[0] > new[1]:
            raise Contradiction
        self.bounds[symbol] = new
        if new[0] == new[1]:
            self.replace(symbol, Dim.of(int(new[0])))
        self._propagate()

    def scale(self, symbol: str, n: int, remainder: int) -> None:
        """base symbol = n*k + remainder with a new base symbol k."""
        fresh = self._fresh(symbol, n, remainder)
        self.bounds[fresh] = scale_range(self.bounds.pop(symbol, DEFAULT), n, remainder)
        if self.bounds[fresh][0] > self.bounds[fresh][1]:
            raise Contradiction
        self._put(symbol, n * Dim.symbol(fresh) + remainder)

    def replace(self, symbol: str, value: Dim) -> None:
        """base symbol = value; its range becomes a condition on the value."""
        low, high = self.bounds.pop(symbol, DEFAULT)
        self._put(symbol, value)
        if isinstance(low, int):
            self.add_nonneg(self.inner(value - low))
        if isinstance(high, int):
            self.add_nonneg(self.inner(high - value))

    def _fresh(self, symbol: str, n: int, remainder: int) -> str:
        """The name of (symbol - remainder) / n; no symbol of the user has such a name."""
        fresh = f"{symbol}/{n}"
        while fresh in self.back:
            fresh += "'"
        self.back[fresh] = (symbol, n, remainder)
        return fresh

    def _put(self, symbol: str, value: Dim) -> None:
        """Replace a base symbol everywhere, and take up again the conditions in which it stood."""
        self.rewrite = {name: old.substitute({symbol: value}) for name, old in self.rewrite.items()}
        self.rewrite[symbol] = value
        nonneg, zero, nonzero = (_take_dims(group, symbol) for group in (self.nonneg, self.zero, self.nonzero))
        for group, add in ((zero, self.add_zero), (nonneg, self.add_nonneg), (nonzero, self.add_nonzero)):
            for dim in group:
                add(self.inner(dim))

    # ---- solving an equation ------------------------------------------------------------------------------------
    def _reduced(self, dim: Dim) -> Dim:
        """The same equation without its content and without symbols that every term has."""
        common = gcd(content(dim), dim.constant_term)
        dim = Dim.sum((m, c // common) for m, c in dim.terms)
        for symbol in common_symbols(dim):
            while symbol in common_symbols(dim) and self.bounds.get(symbol, DEFAULT)[0] >= 1:
                dim = divide_symbol(dim, symbol)
        return dim

    def _solve(self, dim: Dim) -> bool:
        """Replace a symbol that stands alone with coefficient 1 or -1; rather by a sum of positive terms, rather a late name."""
        found = []
        for symbol in dim.symbols():
            parts = split(dim, symbol)
            if parts and parts[0] in (1, -1):
                value = -parts[1] if parts[0] == 1 else parts[1]
                found.append((all(c > 0 for m, c in value.terms if m), symbol, value))
        if not found:
            return False
        _, symbol, value = max(found, key=lambda item: item[:2])
        self.replace(symbol, value)
        return True

    def _diophantine(self, dim: Dim) -> bool:
        """a*x + b*y + c == 0 fixes x modulo b, after which y can be solved for (a and b have no common factor, or nothing is admitted)."""
        factors = read_linear(dim)
        if not factors or len(factors) != 2:
            return False
        (x, a), (_, b) = sorted(factors.items())
        if gcd(a, b) > 1:
            raise Contradiction
        start = -dim.constant_term * pow(a, -1, abs(b)) % abs(b)
        self.scale(x, abs(b), start)
        self.add_zero(self.inner(dim))
        return True

    def _remainder(self, dim: Dim) -> bool:
        """p % n == r, written as p - n*floor(p/n) - r."""
        form = remainder_form(dim)
        if form is None:
            return False
        part, n, factor, rest = form
        if rest % factor or not 0 <= -rest // factor < n:
            raise Contradiction
        if len(read_linear(part) or ()) != 1:
            return False
        self.congruent(part, n, -rest // factor)
        return True

    def _sieved(self, dim: Dim) -> bool:
        """An equation with floors of one symbol: only some of its residues can hold, perhaps one class of them."""
        found = admit_residues(dim, self.box(), LIMITS.cases)
        if found is None:
            return False
        symbol, period, residues = found
        if not residues:
            raise Contradiction
        step = gcd(period, *(r - residues[0] for r in residues))
        if step == 1:
            return False
        self.scale(symbol, step, residues[0] % step)
        self.add_zero(self.inner(dim))
        return True

    # ---- keeping -------------------------------------------------------------------------------------------------
    def _full(self) -> bool:
        """Count one condition; True when the work of this fact is used up."""
        self.work += 1
        self.dropped = self.dropped or self.work > LIMITS.added_conditions
        return self.work > LIMITS.added_conditions

    def _store(self, group: list[Dim], dim: Dim) -> None:
        """Keeps a condition, if it is short and there is room; one that is dropped costs proofs, never truth."""
        if dim in group:
            return
        if len(dim.terms) > LIMITS.question_factors or len(self.nonneg) + len(self.zero) + len(self.nonzero) >= LIMITS.stored_conditions:
            self.dropped = True
            return
        group.append(dim)
        self._propagate()

    def _propagate(self) -> None:
        """Ranges that follow from stored conditions a*s + r >= 0 and values that `!=` takes off the ends."""
        for _ in range(LIMITS.range_rounds):
            before = dict(self.bounds)
            for dim in [*self.nonneg, *self.zero, *(-d for d in self.zero)]:
                for symbol in sorted(dim.symbols()):
                    self._draw(dim, symbol)
            for dim in list(self.nonzero):
                self._trim(dim)
            if self.bounds == before or self._full():
                return

    def _draw(self, dim: Dim, symbol: str) -> None:
        """Where dim >= 0 is a*s + rest: a <= -1 and s >= 0 give s <= rest / -a, a constant a > 0 gives s >= -rest / a."""
        parts = split(self.inner(dim), symbol)
        if parts is None or not parts[0]:
            return
        factor, rest = parts
        most, least = -lower(-rest, self.bounds), lower(-factor, self.bounds)
        if not isinstance(most, int):
            return
        if isinstance(least, int) and least >= 1 and self.bounds.get(symbol, DEFAULT)[0] >= 0:
            if most < 0:
                raise Contradiction
            self.narrow(symbol, -inf, most // least)
        elif factor.is_constant and factor.value > 0:
            self.narrow(symbol, ceiling(-most, factor.value), inf)

    def _trim(self, dim: Dim) -> None:
        """Moves an end of a symbol's range that is now known not to be taken."""
        dim = self.inner(dim)
        factors = read_linear(dim)
        if not factors or len(factors) != 1:
            return
        ((symbol, factor),) = factors.items()
        value = -dim.constant_term // factor
        low, high = self.bounds.get(symbol, DEFAULT)
        if value * factor == -dim.constant_term and value in (low, high):
            self.narrow(symbol, value + 1 if value == low else -inf, value - 1 if value == high else inf)


class Contradiction(Exception):
    """Nothing is admitted any more."""


def _single_atom(dim: Dim) -> Atom | None:
    """The atom of a dim that is `atom + c` or `c - atom`."""
    monomial, sign = dim.terms[0]
    plain = len(monomial) == 1 and monomial[0][1] == 1 and sign in (1, -1)
    return monomial[0][0] if plain and dim - dim.constant_term == Dim.sum([(monomial, sign)]) else None


def _take_dims(group: list[Dim], symbol: str) -> list[Dim]:
    """Remove the dims that contain the symbol from the list, and return them."""
    taken = [dim for dim in group if symbol in dim.symbols()]
    group[:] = [dim for dim in group if symbol not in dim.symbols()]
    return taken
