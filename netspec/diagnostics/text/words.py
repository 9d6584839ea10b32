"""Defines the problem of a word or sign that no other problem explains. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Place
from netspec.record import record
from netspec.source import NOWHERE, Span


@record(kw_only=True)
class UnexpectedWord(Diagnostic):
    """A word or sign that cannot stand at its place."""

    found: str
    """What stands there, in words."""
    expected: tuple[str, ...] = ()
    """What may stand there, in words; empty when that is too much to say."""
    opened: Span = NOWHERE
    """The bracket around the place, when it helps."""

    def message(self) -> str:
        if not self.expected:
            return f"{self.found} cannot stand here."
        *most, last = self.expected
        return f"expected {', '.join(most)} or {last}, but found {self.found}." if most else f"expected {last}, but found {self.found}."

    def places(self) -> Sequence[Place]:
        return () if self.opened is NOWHERE else (Place(self.opened, "inside of this"),)
