"""Defines the problem of an evaluation whose numbers depend on how its examples are cut into batches. Floor 0."""

from __future__ import annotations

from math import gcd
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
    """How many are evaluated, or trained on, where that is known."""
    test: int = 0
    """How many the test part has besides, which the same batches go over at the end."""
    training: bool = False
    masks: bool = False
    """Could `batch_mask` leave out what fills up? It is seen in `train`, and not in a model."""
    rank: int = 1
    """Axes of what it takes."""
    means: bool = False
    """It makes one element of those of all examples, or holds each against such a one."""
    filler: str = ""
    """What changes nothing for the op; "": no number does."""

    def message(self) -> str:
        what = f"`{self.op}` computes {self.gives} from {' and '.join(self.takes)}"
        where = 'in training with `partial="pad"`' if self.training else "in an evaluation"
        return f"{what}, over all examples of a batch, {where} those that fill up the last batch among them"

    def help(self) -> str | None:
        done = "trained" if self.training else "evaluated"
        mask = self._leave_out() if self.masks else ""
        if self.examples is None:
            return f"choose a batch size that divides the number of {done} examples, then there is nothing to fill up{mask}"
        near = min(divisors(gcd(self.examples, self.test)), key=lambda n: (abs(n - self.batch), n))
        counts = f"{self.examples} {done} examples" + (f" and the {self.test} of the test part" if self.test else "")
        return f"a batch size that divides the {counts} leaves nothing to fill up: `batch({near})`{mask}"

    def _leave_out(self) -> str:
        """How `batch_mask` does it, by a number that changes nothing, or in a mean."""
        mask = "batch_mask" if self.rank < 2 else f"batch_mask[{', '.join([':'] + ['none'] * (self.rank - 1))}]"
        if not self.filler and not self.means:
            return "; or leave out what does not count by `batch_mask`, bool[B]"
        if not self.filler:
            mean = f"sum(where({mask}, x, 0), axis=0) / sum(cast(batch_mask, f32))"
            return f"; or take the mean of those that count, `{mean}`, and build on it"
        weighs = "; a loss by weights is `loss(…, weight=w, normalize=true)`" if self.filler == "0" else ""
        return f"; or leave out what does not count: `{self.op}(where({mask}, x, {self.filler}), axis=0)`{weighs}"
