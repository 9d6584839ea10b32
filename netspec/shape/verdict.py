"""Defines the three answers to a question about dims."""

from __future__ import annotations

from enum import Enum


class Verdict(Enum):
    """PROVED: true for every admitted assignment. REFUTED: true for none. UNKNOWN: true for some, or not decided."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNKNOWN = "unknown"

    @property
    def opposite(self) -> Verdict:
        """The answer to the negated question."""
        return _OPPOSITE[self]


PROVED, REFUTED, UNKNOWN = Verdict.PROVED, Verdict.REFUTED, Verdict.UNKNOWN
_OPPOSITE = {PROVED: REFUTED, REFUTED: PROVED, UNKNOWN: UNKNOWN}
