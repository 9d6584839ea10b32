"""Defines the problem of an evaluation whose numbers depend on how its examples are cut into batches. Floor 0."""

from __future__ import annotations

from typing import ClassVar

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.suggestions.nearest import divisors
from netspec.record import record


@record(kw_only=True)
class MixesExamples(Diagnostic):
    """Something that an evaluation measures is computed from several examples of a batch together: a product that compares each with each,
    a mean over the batch."""

    severity: ClassVar[str] = "warning"

    op: str
    takes: tuple[str, ...]
    """Types of its inputs."""
    gives: str
    batch: int
    examples: int | None = None
    """How many are evaluated, where that is known."""

    def message(self) -> str:
        what = f"`{self.op}` computes {self.gives} from {' and '.join(self.takes)}"
        return f"{what}, over all examples of a batch, in an evaluation those that fill up the last batch among them"

    def help(self) -> str | None:
        if self.examples is None:
            return "choose a batch size that divides the number of evaluated examples, then there is nothing to fill up"
        near = min(divisors(self.examples), key=lambda n: (abs(n - self.batch), n))
        return f"a batch size that divides the {self.examples} evaluated examples leaves nothing to fill up: `batch({near})`"
