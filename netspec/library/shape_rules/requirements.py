"""Requires something of sizes for a shape rule: proved is fine, refuted is the rule's own problem, anything else cannot be proved."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.shapes.sizes import UnprovenSize
from netspec.shape import Dim, Facts, Verdict


def need_equal(facts: Facts, op: str, a: Dim | int, b: Dim | int, why: str, problem: Diagnostic) -> None:
    """a == b. Raises `Mistake(problem)` when they always differ, `Mistake(UnprovenSize)` when they may differ."""
    _need(facts, op, Dim.of(a), "==", Dim.of(b), f"{a} == {b}", why, problem)


def need_at_least(facts: Facts, op: str, a: Dim | int, least: Dim | int, why: str, problem: Diagnostic) -> None:
    """a >= least. Raises `Mistake(problem)` when it is always smaller, `Mistake(UnprovenSize)` when it may be."""
    _need(facts, op, Dim.of(a), ">=", Dim.of(least), f"{a} >= {least}", why, problem)


def need_multiple(facts: Facts, op: str, a: Dim, n: int, why: str, problem: Diagnostic) -> None:
    """a % n == 0. Raises `Mistake(problem)` when it never is, `Mistake(UnprovenSize)` when it may not be."""
    _need(facts, op, a % n, "==", Dim.of(0), f"{product(a)} % {n} == 0", why, problem)


def product(dim: Dim) -> str:
    """A dim as an operand, in parentheses where it is a sum."""
    return f"({dim})" if len(dim.terms) > 1 else str(dim)


def _need(facts: Facts, op: str, a: Dim, relation: str, b: Dim, claim: str, why: str, problem: Diagnostic) -> None:
    """Raises `Mistake` unless `a relation b` is proved: the rule's own problem where it is refuted, else what is missing to prove it."""
    verdict = facts.compare(relation, a, b)
    if verdict is Verdict.REFUTED:
        raise Mistake(problem)
    if verdict is Verdict.UNKNOWN:
        fact = facts.missing_relation(a, b, relation)
        raise Mistake(UnprovenSize(op, claim, fact[-1], why, problem, fact, blame=problem.blame))
