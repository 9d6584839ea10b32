"""Gradient descent, with momentum or without."""

from __future__ import annotations

from collections.abc import Mapping

from netspec.library.base import Clock, Example, Leaf, Optimizer, Rate, Transformation
from netspec.library.gradients.core import compose
from netspec.library.gradients.descent import descend, trace
from netspec.library.optimizers.argument_bounds import FloatDtype, LearningRate
from netspec.library.optimizers.moments import Decaying


class Sgd(Optimizer):
    """Stochastic gradient descent: p - lr * g, with momentum p - lr * m where m = momentum * m + g."""

    learning_rate: LearningRate
    """Length of a step: a number or a schedule."""
    momentum: Rate = 0.0
    """How much of the last step's direction is kept, 0 to 1; 0 keeps none."""
    nesterov: bool = False
    """Look ahead: step along g + momentum * m instead of m."""
    accumulator_dtype: FloatDtype | None = None
    """Element type in which the momentum is kept: bf16 halves its memory. The parameters', f32 at least, when left out."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        from netspec.library.schedules import Cosine  # here, so that a check does not wait for schedules that its spec has not

        return (
            Example(cls(learning_rate=0.1)),
            Example(cls(learning_rate=0.1, momentum=0.9)),
            Example(cls(learning_rate=Cosine(start=0.1), momentum=0.9, nesterov=True)),
        )

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        step = descend(self.learning_rate, clock)
        return compose(**self._kept(), step=step)

    def _kept(self) -> dict[str, Transformation]:
        return {"momentum": trace(self.momentum, self.nesterov, self.accumulator_dtype)} if self.momentum else {}


class Momentum(Decaying):
    """Gradient descent with momentum and weight decay: m = beta * m + g + weight_decay * p, then p - lr * m.

    Unlike in `adamw`, the decay passes through the momentum, as an L2 term of the loss would. `decoupled`, it does not:
    m = beta * m + g, then p - lr * (m + weight_decay * p).
    """

    source = "Polyak 1964; Sutskever and others 2013 (nesterov); Loshchilov and Hutter 2019 (decoupled)"

    learning_rate: LearningRate
    """Length of a step: a number or a schedule."""
    beta: Rate = 0.9
    """How much of the last step's direction is kept, 0 to 1."""
    nesterov: bool = False
    """Look ahead: step along g + beta * m instead of m."""
    accumulator_dtype: FloatDtype | None = None
    """Element type in which the momentum is kept: bf16 halves its memory. The parameters', f32 at least, when left out."""
    decoupled: bool = False
    """Take the decay, times the learning rate, from the parameter; if not, it is added to the gradient."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(learning_rate=0.1)),
            Example(cls(learning_rate=0.05, beta=0.8, weight_decay=1e-3, nesterov=True)),
            Example(cls(learning_rate=0.05, weight_decay=1e-3, decay_mask="**/kernel", decoupled=True)),
        )

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        """Raises `Mistake` when `decay_mask` matches no path."""
        momentum, decay = {"momentum": trace(self.beta, self.nesterov, self.accumulator_dtype)}, self.decay(leaves)
        parts = {**momentum, **decay} if self.decoupled else {**decay, **momentum}
        return compose(**parts, step=descend(self.learning_rate, clock))
