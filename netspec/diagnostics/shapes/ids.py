"""Problems of whole numbers that choose a row or a class, where the spec itself says what they are. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.record import record
from netspec.shape import Dim


@record
class IdBeyondVocabulary(Diagnostic):
    """An id that the spec makes itself is not below the number of rows that there are to choose from: it would give NaN."""

    op: str
    made: str
    """What makes the number."""
    number: Dim
    below: Dim

    def message(self) -> str:
        return f"`{self.made}` gives the number {self.number}, but `{self.op}` has rows for 0 to {self.below - 1} only."

    def help(self) -> str | None:
        return f"write `{self.op}({self.number + 1}, …)` for one more row" if self.number == self.below else None
