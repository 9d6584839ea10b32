"""Decides whether a polynomial is zero, or at least zero, for every assignment that a box admits, in at most `LIMITS.question_steps` steps.

One step is one look at up to four factors of one polynomial: its ends (`bounds`), its content, and what the box says about others.
Where that leaves a question open it is split into at most `LIMITS.cases` cases, which together cover every assignment: a symbol
with few admitted values takes each of them, and one inside a floor becomes L*k + r for each residue r, which makes the floor exact.
All cases proved: PROVED; all refuted: REFUTED. Cases that admit no assignment do not count.
A symbol that stands alone is also tried value by value near its ends (`LIMITS.peeled_values`), since far out the leading term decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import gcd

from netspec.deadline import tick
from netspec.limits import LIMITS
from netspec.shape.algebra import common_symbols, divide_symbol, exact_quotient
from netspec.shape.bounds import lower
from netspec.shape.cases import Box, cases, is_never_zero
from netspec.shape.dims import Dim, DimTooComplex
from netspec.shape.verdict import PROVED, REFUTED, UNKNOWN, Verdict


class OutOfSteps(Exception):
    """The question took all its steps, or is about a polynomial of too many factors."""


class Search:
    """One question: counts its steps."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.steps = 0

    def zero(self, dim: Dim) -> Verdict:
        """Is it zero?"""
        return self._ask(dim, self._zero)

    def nonneg(self, dim: Dim) -> Verdict:
        """Is it at least zero?"""
        return self._ask(dim, self._nonneg)

    def glance(self, dim: Dim) -> Verdict:
        """Is it zero, as far as one look without cases shows?"""
        try:
            return self._zero(dim, self.box)
        except (OutOfSteps, DimTooComplex):
            return UNKNOWN

    def _ask(self, dim: Dim, look: Callable[[Dim, Box], Verdict]) -> Verdict:
        """A look at the question as a whole, then case by case; UNKNOWN when the steps are used up."""
        try:
            verdict = look(dim, self.box)
            return self._cases(dim, look) if verdict is UNKNOWN else verdict
        except (OutOfSteps, DimTooComplex):
            return UNKNOWN

    def _step(self, *dims: Dim) -> None:
        """Count a look at some polynomials."""
        sizes = [sum(len(monomial) for monomial, _ in dim.terms) for dim in dims]
        self.steps += 1 + sum(sizes) // 4
        tick()
        if self.steps > LIMITS.question_steps or max(sizes, default=0) > LIMITS.question_factors:
            self.steps = min(self.steps, LIMITS.question_steps)
            raise OutOfSteps

    # ---- one look -----------------------------------------------------------------------------------------------
    def _zero(self, dim: Dim, box: Box) -> Verdict:
        """Is the dim zero everywhere in the box (PROVED), or nowhere (REFUTED)?"""
        self._step(dim)
        if not dim.is_constant:
            dim = _strip(dim, box, both=True)
        if dim.is_constant:
            return PROVED if dim.value == 0 else REFUTED
        if is_never_zero(dim, box) or any(exact_quotient(fact, dim) is not None for fact in box.nonzero):
            return REFUTED
        known = self._by_equalities(dim, box)
        if known is not UNKNOWN or not (box.nonneg or box.zero):
            return known
        above, below = self._follows(dim, box, 2), self._follows(-dim, box, 2)
        if above and below:
            return PROVED
        return REFUTED if self._follows(dim - 1, box, 2) or self._follows(-dim - 1, box, 2) else UNKNOWN

    def _by_equalities(self, dim: Dim, box: Box) -> Verdict:
        """Is it a multiple of something that is zero, or a multiple plus a constant?"""
        for fact in box.zero:
            if exact_quotient(dim, fact) is not None:
                return PROVED
            shifted = dim - dim.constant_term
            ratio = exact_quotient(shifted, fact - fact.constant_term)
            if ratio is not None and ratio.is_constant and dim.constant_term != ratio.value * fact.constant_term:
                return REFUTED
        return UNKNOWN

    def _nonneg(self, dim: Dim, box: Box) -> Verdict:
        """Is the dim at least zero everywhere in the box (PROVED), or nowhere (REFUTED)?"""
        self._step(dim)
        if not dim.is_constant:
            dim = _strip(dim, box, both=False)
        if dim.is_constant:
            return PROVED if dim.value >= 0 else REFUTED
        if lower(dim, box.bounds) >= 0:
            return PROVED
        if lower(-dim, box.bounds) > 0:
            return REFUTED
        if not (box.nonneg or box.zero):
            return UNKNOWN
        return PROVED if self._follows(dim, box, 2) else REFUTED if self._follows(-dim - 1, box, 2) else UNKNOWN

    def _follows(self, dim: Dim, box: Box, depth: int) -> bool:
        """dim >= 0 from the ranges and at most `depth` facts f >= 0: a*dim == rest + b*f with a, b > 0 and rest >= 0."""
        self._step(dim)
        if lower(dim, box.bounds) >= 0:
            return True
        if depth == 0:
            return False
        known = [f for f in box.nonneg if not f.symbols().isdisjoint(dim.symbols())]
        known += [s for f in box.zero if not f.symbols().isdisjoint(dim.symbols()) for s in (f, -f)]
        return any(self._follows(rest, box, depth - 1) for fact in known[: LIMITS.combined_facts] for rest in _eliminate(dim, fact))

    # ---- many cases ---------------------------------------------------------------------------------------------
    def _cases(self, dim: Dim, look: Callable[[Dim, Box], Verdict]) -> Verdict:
        """The answer that all cases agree on."""
        found: Verdict | None = None
        for values, box in cases(dim, self.box):
            self._step(dim, *self.box.facts())
            verdict = self._peeled(dim.substitute(values), box, look)
            if verdict is UNKNOWN or found not in (None, verdict):
                return UNKNOWN
            found = verdict
        return UNKNOWN if found is None else found

    def _peeled(self, dim: Dim, box: Box, look: Callable[[Dim, Box], Verdict]) -> Verdict:
        """One case; a polynomial in one symbol is looked at value by value near the ends of its range."""
        verdict = look(dim, box)
        if verdict is not UNKNOWN or len(dim.symbols()) != 1 or dim.floors():
            return verdict
        found: Verdict | None = None
        (symbol,) = dim.symbols()
        for value, part in _peels(symbol, box):
            verdict = look(dim.substitute({symbol: value}) if value is not None else dim, part)
            if verdict is UNKNOWN or found not in (None, verdict):
                return UNKNOWN
            found = verdict
        return UNKNOWN if found is None else found


def _strip(dim: Dim, box: Box, *, both: bool) -> Dim:
    """Without the symbols that every term has, as long as they are positive (or, with `both`, just not zero)."""
    for symbol in common_symbols(dim):
        low, high = box.range(symbol)
        if low >= 1 or (both and high <= -1):
            dim = _strip(divide_symbol(dim, symbol), box, both=both)
            break
    return dim


def _eliminate(dim: Dim, fact: Dim) -> Iterator[Dim]:
    """a*dim - b*fact (a, b > 0) for each negative term of dim that this removes."""
    negative = {m: c for m, c in fact.terms if m and c < 0}
    for monomial, coefficient in dim.terms:
        if coefficient < 0 and monomial in negative:
            common = gcd(coefficient, negative[monomial])
            yield dim * (-negative[monomial] // common) - fact * (-coefficient // common)


def _peels(symbol: str, box: Box) -> Iterator[tuple[int | None, Box]]:
    """The values at one end of a symbol's range, each with its box, and the rest of the range."""
    low, high = box.range(symbol)
    if isinstance(low, int):
        ends, rest = range(low, low + LIMITS.peeled_values), (low + LIMITS.peeled_values, high)
    elif isinstance(high, int):
        ends, rest = range(high - LIMITS.peeled_values + 1, high + 1), (low, high - LIMITS.peeled_values)
    else:
        return
    for value in ends:
        if low <= value <= high:
            yield value, box
    if rest[0] <= rest[1]:
        yield None, Box({**box.bounds, symbol: rest}, box.nonneg, box.zero, box.nonzero)
