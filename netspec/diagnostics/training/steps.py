"""Problems of the order in an optimizer's chain. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.record import record


@record(kw_only=True)
class ChangesTheStep(Diagnostic):
    """A gradient transformation stands behind the optimizer: it works on the step, which has the learning rate in it, not on the gradient.

    A chain of optimizers is read from left to right: gradients come in on the left, what is added to the parameters leaves on the right.
    A bound meant for gradients is far too large or too small for steps.

    ```net bad
    model M {
      input image: f32[B, 8, 8, 1]
      output logits = image -> flatten -> dense(10)
    }
    train M {
      data = digits() -> batch(32)
      loss = softmax_cross_entropy(logits, label)
      optimizer = adam(0.001) -> clip_by_global_norm(1.0)
      duration = 2 epochs
    }
    ```

    ```net good
    model M {
      input image: f32[B, 8, 8, 1]
      output logits = image -> flatten -> dense(10)
    }
    train M {
      data = digits() -> batch(32)
      loss = softmax_cross_entropy(logits, label)
      optimizer = clip_by_global_norm(1.0) -> adam(0.001)
      duration = 2 epochs
    }
    ```
    """

    severity = "warning"

    part: str
    """The transformation, as written."""
    step: str
    """The optimizer before it, as written."""

    def message(self) -> str:
        return f"`{self.part.split('(')[0]}` stands behind `{self.step.split('(')[0]}`: it changes the step, not the gradient."

    def help(self) -> str | None:
        return f"write `{self.part} -> {self.step}`"


@record(kw_only=True)
class StandsTooEarly(Diagnostic):
    """What changes the step of an optimizer stands before it, where it only sees the gradient: a frozen parameter may still decay.

    ```net bad
    netspec 1
    model M {
      input image: f32[B, 8, 8, 1]
      output logits = image -> flatten -> body: dense(16) -> relu -> dense(10)
    }
    train M {
      data = digits() -> batch(32)
      loss = softmax_cross_entropy(logits, label)
      optimizer = freeze("body/**") -> adamw(0.001)
      duration = 2 epochs
    }
    ```

    ```net good
    netspec 1
    model M {
      input image: f32[B, 8, 8, 1]
      output logits = image -> flatten -> body: dense(16) -> relu -> dense(10)
    }
    train M {
      data = digits() -> batch(32)
      loss = softmax_cross_entropy(logits, label)
      optimizer = adamw(0.001) -> freeze("body/**")
      duration = 2 epochs
    }
    ```
    """

    part: str
    """The transformation, as written."""
    step: str
    """The optimizer behind it, as written."""

    def message(self) -> str:
        return f"`{self.part.split('(')[0]}` stands before `{self.step.split('(')[0]}`: it changes the gradient, not the step."

    def help(self) -> str | None:
        return f"write `{self.step} -> {self.part}`"
