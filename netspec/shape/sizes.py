"""Holds numbers for free sizes against what is known of them. Floor 0."""

from __future__ import annotations

from functools import lru_cache

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.running.weights import SizeExcluded
from netspec.shape.dims import Dim
from netspec.shape.facts import Facts
from netspec.shape.verdict import Verdict


@lru_cache(maxsize=4096)
def find_excluded(facts: Facts, sizes: tuple[tuple[str, int], ...]) -> list[Diagnostic]:
    """The first size that the facts, and the sizes before it, do not allow."""
    known = facts
    for symbol, size in sizes:
        recorded = known.require("==", Dim.symbol(symbol), size)
        if recorded.verdict is Verdict.REFUTED:
            low, high = facts.range(Dim.symbol(symbol))
            return [SizeExcluded(symbol=symbol, size=size, low=low, high=high)]
        known = recorded.facts
    return []
