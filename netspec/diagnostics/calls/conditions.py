"""Defines the problems of conditions that a block sets its callers with `where` and `require`. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Place
from netspec.record import record
from netspec.source import NOWHERE, Span


@record(kw_only=True)
class WhereFailed(Diagnostic):
    """An argument breaks the `where` of the param it is given to."""

    op: str
    name: str
    value: str
    condition: str
    declared: Span = NOWHERE

    def message(self) -> str:
        return f"`{self.op}` wants `{self.condition}`, which `{self.name}={self.value}` breaks"

    def places(self) -> Sequence[Place]:
        return [] if self.declared is NOWHERE else [Place(self.declared, "the condition")]

    def help(self) -> str | None:
        repair = self.chosen()
        words = repair.words if repair is not None else ""
        return (words if "`" in words else f"the nearest that fits: `{words}`") if words else None


@record(kw_only=True)
class RequireFailed(Diagnostic):
    """A `require` does not hold for the sizes and arguments that reach it."""

    condition: str
    words: str = ""
    """The message of the `require`, its values filled in."""
    values: str = ""

    def message(self) -> str:
        return self.words or f"`{self.condition}` does not hold{self.values and ' for ' + self.values}"

    def help(self) -> str | None:
        repair = self.chosen()
        words = repair.words if repair is not None else ""
        return (words if "`" in words else f"the nearest that fits: `{words}`") if words else None

    def label(self) -> str:
        return f"required here{self.values and ': ' + self.values}" if self.words else ""
