"""What an evaluation measures that depends on how its examples are cut into batches. Floor 0."""

from __future__ import annotations

from typing import ClassVar

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.suggestions.nearest import divisors
from netspec.record import record


@record(kw_only=True)
class MixesExamples(Diagnostic):
    """Something that an evaluation measures is computed from several examples of a batch together: a product that compares each with each,
    a mean over the batch.

    An evaluation counts every example once. Its last batch is filled up to full size with copies of weight 0. Losses and metrics leave them
    out, but an operation over the whole batch takes them in, so that the numbers differ a little from those without them. There is nothing
    to fill up when the batch size divides the number of examples. (In training a last batch that is not full is left out.)

    ```net bad
    model Pairs {
      input image: f32[B, 8, 8, 1]
      z = image -> flatten -> dense(16)
      output logits = softmax(z @ transpose(z)) @ z -> dense(10)
    }
    train Pairs {
      data = digits() -> shuffle -> batch(32)
      loss = softmax_cross_entropy(logits, label)
      optimizer = adam(0.001)
      duration = 2 epochs
    }
    ```
    ```net good
    model Pairs {
      input image: f32[B, 8, 8, 1]
      output logits = image -> flatten -> dense(16) -> relu -> dense(10)
    }
    train Pairs {
      data = digits() -> shuffle -> batch(32)
      loss = softmax_cross_entropy(logits, label)
      optimizer = adam(0.001)
      duration = 2 epochs
    }
    ```
    """

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
