"""Keeps what is known about symbols, and answers what follows from it.

`Facts` is immutable: every method that adds something returns new facts. Every symbol is a whole number and at least 1
unless bounds say otherwise. An *assignment* gives each symbol a number; it is admitted when all recorded facts hold.

A question is answered PROVED when it holds for all admitted assignments, REFUTED when it holds for none, and UNKNOWN
otherwise; UNKNOWN may also be said of a question that is decided in truth but takes more than `LIMITS.question_steps` steps or a longer
argument than the search makes. PROVED and REFUTED are never wrong. On facts that admit nothing both would be true.
"""

from __future__ import annotations

from math import inf
from typing import Any, NamedTuple

from netspec.shape.bounds import DEFAULT, extent
from netspec.shape.cases import Box
from netspec.shape.decision import Search
from netspec.shape.dims import Dim, DimTooComplex
from netspec.shape.draft import Contradiction, Draft
from netspec.shape.readback import read_back
from netspec.shape.verdict import PROVED, REFUTED, UNKNOWN, Verdict

__all__ = ["NO_FACTS", "PROVED", "REFUTED", "UNKNOWN", "Answer", "Facts", "Origin", "Recorded", "Verdict"]

OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}
"""The relation that holds exactly when the other does not."""


class Origin(NamedTuple):
    """Where a symbol or a fact about it came from: any object (a Span), and words."""

    where: Any
    text: str


class Answer(NamedTuple):
    """A verdict and the steps it took, at most `LIMITS.question_steps`."""

    verdict: Verdict
    steps: int


class Recorded(NamedTuple):
    """What became of a required relation."""

    facts: Facts
    """The facts with it; unchanged when it held already or cannot hold."""
    verdict: Verdict
    """What was known before: PROVED (nothing new), REFUTED (it contradicts the facts and was not recorded), UNKNOWN (it is new)."""
    left: str | None
    """The relation as text when it, or a part of what follows from it, could not be recorded; else None."""


class Facts:
    """An immutable set of facts about symbols."""

    __slots__ = ("_rewrite", "_back", "_box", "_origins", "_contradiction")

    def __init__(self) -> None:
        self._rewrite: dict[str, Dim] = {}
        self._back: dict[str, tuple[str, int, int]] = {}
        self._box = Box({})
        self._origins: dict[str, tuple[Origin, ...]] = {}
        self._contradiction: str | None = None

    # ---- adding -------------------------------------------------------------------------------------------------
    def origin(self, symbol: str, where: Any, text: str = "") -> Facts:
        """Note where a symbol came from."""
        new = self._copy()
        new._origins = {**self._origins, symbol: (*self._origins.get(symbol, ()), Origin(where, text))}
        return new

    def bound(self, symbol: str, lo: int | None = None, hi: int | None = None, where: Any = None, text: str = "") -> Facts:
        """lo <= symbol <= hi, either end may be missing. `lo` cannot widen the default of 1 (see `from_zero`)."""
        facts = self
        for op, end in ((">=", lo), ("<=", hi)):
            if end is not None:
                facts = facts._with(op, Dim.symbol(symbol), Dim.of(end))[0]
        return facts.origin(symbol, where, text) if where is not None else facts

    def from_zero(self, symbol: str) -> Facts:
        """Let a fresh symbol start at 0 (an index, a count) and not at 1. Raises ValueError once facts mention it."""
        if symbol in self._rewrite or symbol in self._box.bounds or any(symbol in f.symbols() for f in self._box.facts()):
            raise ValueError(f"facts about {symbol} are known already")
        new = self._copy()
        new._box = Box({**self._box.bounds, symbol: (0, inf)}, self._box.nonneg, self._box.zero, self._box.nonzero)
        return new

    def divisible(self, dim: Dim | int, n: int, remainder: int = 0) -> Facts:
        """dim % n == remainder."""
        return self.require("==", Dim.of(dim) % n, remainder % n).facts

    def assume_equal(self, a: Dim | int, b: Dim | int) -> Facts:
        """a == b."""
        return self.require("==", a, b).facts

    def require(self, relation: str, a: Dim | int, b: Dim | int, where: Any = None, text: str = "") -> Recorded:
        """Record `a relation b`, relation one of == != < <= > >=; `where` is noted as an origin of its symbols."""
        left, right = Dim.of(a), Dim.of(b)
        verdict = self.compare(relation, left, right)
        if verdict is not UNKNOWN:
            return Recorded(self, verdict, None)
        facts, dropped = self._with(relation, left, right)
        if facts._contradiction is not None:
            return Recorded(self, REFUTED, None)
        if where is not None:
            for symbol in sorted(left.symbols() | right.symbols()):
                facts = facts.origin(symbol, where, text)
        return Recorded(facts, UNKNOWN, f"{left} {relation} {right}" if dropped else None)

    def _with(self, relation: str, a: Dim, b: Dim) -> tuple[Facts, bool]:
        """The facts with a relation, and whether something was dropped."""
        draft = Draft(self._rewrite, self._back, self._box)
        new = self._copy()
        try:
            _add(draft, relation, draft.inner(a), draft.inner(b))
        except Contradiction:
            new._contradiction = f"{a} {relation} {b}"
            return new, False
        except DimTooComplex:
            return self, True
        new._rewrite, new._back, new._box = draft.rewrite, draft.back, draft.box()
        return new, draft.dropped

    def _copy(self) -> Facts:
        """A copy that shares every table with the original."""
        new = Facts.__new__(Facts)
        new._rewrite, new._back, new._box = self._rewrite, self._back, self._box
        new._origins, new._contradiction = self._origins, self._contradiction
        return new

    # ---- asking -------------------------------------------------------------------------------------------------
    def equal(self, a: Dim | int, b: Dim | int) -> Verdict:
        """Is a == b?"""
        return self.ask("==", a, b).verdict

    def at_least(self, a: Dim | int, n: Dim | int) -> Verdict:
        """Is a >= n?"""
        return self.ask(">=", a, n).verdict

    def divides(self, n: int, a: Dim | int) -> Verdict:
        """Is a a multiple of n?"""
        return self.ask("==", self._inner(Dim.of(a)) % n, 0).verdict

    def compare(self, relation: str, a: Dim | int, b: Dim | int) -> Verdict:
        """Does `a relation b` hold, relation one of == != < <= > >=?"""
        return self.ask(relation, a, b).verdict

    def ask(self, relation: str, a: Dim | int, b: Dim | int) -> Answer:
        """`compare` with the number of steps. Raises KeyError for an unknown relation."""
        if relation in ("!=", "<", ">"):
            answer = self.ask(OPPOSITE[relation], a, b)
            return Answer(answer.verdict.opposite, answer.steps)
        search = Search(self._box)
        try:
            left, right = self._inner(Dim.of(a)), self._inner(Dim.of(b))
            verdict = _ASK[relation](search, left - right)
        except DimTooComplex:
            verdict = UNKNOWN
        return Answer(verdict, search.steps)

    def normal(self, dim: Dim | int) -> Dim:
        """The dim rewritten under the facts: equal symbols merged, floors exact where divisibility is known. Equal results: equal dims."""
        plain = Dim.of(dim)
        return plain if plain.is_constant or not self._rewrite else read_back(self._inner(plain), self._back)

    def range(self, dim: Dim | int) -> tuple[int | None, int | None]:
        """The smallest and largest value that the bounds allow, not always attained; None where there is no end."""
        low, high = extent(self._inner(Dim.of(dim)), self._box.bounds)
        return _whole_end(low), _whole_end(high)

    def known(self) -> list[str]:
        """All that is known of the user's symbols, as text of the language: `T % 4 == 0`, `T <= 128`, `S == T`. Facts that were recorded in
        another order, or twice, have the same."""
        found = [text for symbol, value in self._rewrite.items() if symbol not in self._back for text in self._known_of(symbol, value)]
        found += [text for symbol in self._box.bounds if symbol not in self._back for text in self._known_ends(symbol, 1)]
        groups = zip((">=", "==", "!="), _groups(self._box), strict=True)
        found += [f"{read_back(dim, self._back)} {relation} 0" for relation, group in groups for dim in group]
        return sorted(dict.fromkeys(found))

    def _known_of(self, symbol: str, value: Dim) -> list[str]:
        """What is known of a symbol that is no base symbol: what it is equal to, or what divides it and how large it is."""
        meant = read_back(value, self._back)
        if meant != Dim.symbol(symbol):
            another = str(meant) in meant.symbols()
            return [" == ".join(sorted((symbol, str(meant)))), *self._known_ends(symbol, 1)] if another else [f"{symbol} == {meant}"]
        rest, one = (value.substitute(dict.fromkeys(value.symbols(), number)).value for number in (0, 1))
        return [f"{symbol} % {one - rest} == {rest}", *self._known_ends(symbol, rest or one)]

    def _known_ends(self, symbol: str, least: int) -> list[str]:
        """Its bounds; `least` is the smallest number that it can be anyway."""
        low, high = self.range(Dim.symbol(symbol))
        ends = [f"{symbol} >= {low}"] if low is not None and low > least else []
        return ends if high is None else [*ends, f"{symbol} <= {high}"]

    def missing(self, a: Dim | int, b: Dim | int, relation: str = "==") -> str:
        """A fact that would prove `a relation b`, as text of the language: `H % 16 == 0`, `T <= 1024`, `T == S`."""
        return self.missing_relation(a, b, relation)[-1]

    def missing_relation(self, a: Dim | int, b: Dim | int, relation: str = "==") -> tuple[str, Dim, Dim, str]:
        """The same as its relation and two sides, with the text."""
        from netspec.shape.repairs import find_missing_fact

        return find_missing_fact(self, Dim.of(a), relation, Dim.of(b))

    def origins(self, symbol: str) -> tuple[Origin, ...]:
        """Where the symbol came from (first) and where facts about it stand."""
        return self._origins.get(symbol, ())

    @property
    def contradiction(self) -> str | None:
        """The fact, as text, after which nothing was admitted any more; it and what came with it is not used."""
        return self._contradiction

    def _inner(self, dim: Dim) -> Dim:
        """The dim in base symbols."""
        return dim.substitute(self._rewrite)

    def __repr__(self) -> str:
        known = [f"{name} == {value}" for name, value in self._rewrite.items()]
        known += [f"{low} <= {name} <= {high}" for name, (low, high) in self._box.bounds.items() if (low, high) != DEFAULT]
        known += [f"{dim} {op} 0" for op, group in zip((">=", "==", "!="), _groups(self._box), strict=True) for dim in group]
        return f"Facts({', '.join(known)})"


NO_FACTS = Facts()
"""Nothing is known but that every dim is at least 1."""

_ASK = {
    "==": lambda search, difference: search.zero(difference),
    ">=": lambda search, difference: search.nonneg(difference),
    "<=": lambda search, difference: search.nonneg(-difference),
}


def _add(draft: Draft, relation: str, a: Dim, b: Dim) -> None:
    """Adds a relation to a draft, with 0 at its right side."""
    if relation == "==":
        draft.add_zero(a - b)
    elif relation == "!=":
        draft.add_nonzero(a - b)
    else:
        difference = a - b if relation[0] == ">" else b - a
        draft.add_nonneg(difference if relation[1:] else difference - 1)


def _groups(box: Box) -> tuple[tuple[Dim, ...], ...]:
    """The three groups of conditions of a box."""
    return box.nonneg, box.zero, box.nonzero


def _whole_end(value: int | float) -> int | None:
    """An end of a range as a whole number, or None where it is infinite."""
    return value if isinstance(value, int) else None
