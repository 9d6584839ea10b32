"""Gradient descent, with momentum or without."""

from __future__ import annotations

from collections.abc import Mapping

from netspec.library.base import Clock, Example, Leaf, Optimizer, Rate, Transformation
from netspec.library.gradients.core import compose
from netspec.library.gradients.decay import add_decayed_weights
from netspec.library.gradients.descent import descend, trace
from netspec.library.optimizers.numbers import LearningRate, NonNegative
from netspec.library.schedules import Cosine


class Sgd(Optimizer):
    """Stochastic gradient descent: p - lr * g, with momentum p - lr * m where m = momentum * m + g."""

    learning_rate: LearningRate
    """Length of a step: a number or a schedule."""
    momentum: Rate = 0.0
    """How much of the last step's direction is kept, 0 to 1; 0 keeps none."""
    nesterov: bool = False
    """Look ahead: step along g + momentum * m instead of m."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(learning_rate=0.1)),
            Example(cls(learning_rate=0.1, momentum=0.9)),
            Example(cls(learning_rate=Cosine(start=0.1), momentum=0.9, nesterov=True)),
        )

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        step = descend(self.learning_rate, clock)
        return compose(momentum=trace(self.momentum, self.nesterov), step=step) if self.momentum else compose(step=step)


class Momentum(Optimizer):
    """Gradient descent with momentum and coupled weight decay: m = beta * m + g + weight_decay * p, then p - lr * m.

    Unlike in `adamw`, the decay passes through the momentum, as an L2 term of the loss would.
    """

    source = "Polyak 1964; Sutskever and others 2013 (nesterov)"

    learning_rate: LearningRate
    """Length of a step: a number or a schedule."""
    beta: Rate = 0.9
    """How much of the last step's direction is kept, 0 to 1."""
    weight_decay: NonNegative = 0.0
    """Pull towards zero, added to the gradient."""
    nesterov: bool = False
    """Look ahead: step along g + beta * m instead of m."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(learning_rate=0.1)), Example(cls(learning_rate=0.05, beta=0.8, weight_decay=1e-3, nesterov=True)))

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        step, momentum = descend(self.learning_rate, clock), trace(self.beta, self.nesterov)
        if not self.weight_decay:
            return compose(momentum=momentum, step=step)
        return compose(decay=add_decayed_weights(self.weight_decay), momentum=momentum, step=step)
