"""Adam, and Adam with decoupled weight decay."""

from __future__ import annotations

from collections.abc import Mapping

from netspec.library.base import Clock, Duration, Example, Leaf, Optimizer, Rate, Transformation
from netspec.library.gradients.core import compose
from netspec.library.gradients.decay import decay_weights
from netspec.library.gradients.descent import descend
from netspec.library.gradients.moments import scale_by_adam
from netspec.library.optimizers.numbers import LearningRate, NonNegative, Tiny
from netspec.library.schedules import WarmupCosine


class Adam(Optimizer):
    """Adam: steps scaled by running estimates of the gradient's first and second moments, both corrected for their start at zero.

    p - lr * m / (sqrt(v + eps_root) + eps).
    """

    source = "Kingma and Ba 2015, Adam: a method for stochastic optimization"

    learning_rate: LearningRate
    """Length of a step: a number or a schedule."""
    b1: Rate = 0.9
    """Decay of the first moment (the mean of the gradient)."""
    b2: Rate = 0.999
    """Decay of the second moment (the mean of its square)."""
    eps: Tiny = 1e-8
    """Added to the square root, against division by zero."""
    eps_root: NonNegative = 0.0
    """Added under the square root."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(learning_rate=1e-3)), Example(cls(learning_rate=0.01, b1=0.5, b2=0.98, eps=1e-6, eps_root=1e-9)))

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        return compose(adam=scale_by_adam(self.b1, self.b2, self.eps, self.eps_root), step=descend(self.learning_rate, clock))


class AdamW(Optimizer):
    """Adam with decoupled weight decay: p - lr * (m / (sqrt(v + eps_root) + eps) + weight_decay * p)."""

    source = "Loshchilov and Hutter 2019, Decoupled weight decay regularization"

    learning_rate: LearningRate
    """Length of a step: a number or a schedule."""
    b1: Rate = 0.9
    """Decay of the first moment (the mean of the gradient)."""
    b2: Rate = 0.999
    """Decay of the second moment (the mean of its square)."""
    eps: Tiny = 1e-8
    """Added to the square root, against division by zero."""
    eps_root: NonNegative = 0.0
    """Added under the square root."""
    weight_decay: NonNegative = 1e-4
    """Pull towards zero; it is multiplied by the learning rate."""
    decay_mask: str | None = None
    """Which parameters decay, as a pattern over their paths such as `"**/kernel"`; all of them when left out."""

    @classmethod
    def op_name(cls) -> str:
        return "adamw"

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        schedule = WarmupCosine(peak=3e-4, warmup=Duration(10, "step"))
        return (
            Example(cls(learning_rate=1e-3)),
            Example(cls(learning_rate=schedule, b2=0.98, eps=1e-9, weight_decay=0.1, decay_mask="**/kernel")),
        )

    def patterns(self) -> dict[str, str]:
        return {} if self.decay_mask is None else {"decay_mask": self.decay_mask}

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        """Raises `Mistake` when `decay_mask` matches no path."""
        return compose(
            adam=scale_by_adam(self.b1, self.b2, self.eps, self.eps_root),
            decay=decay_weights(self.weight_decay, self.decay_mask, leaves),
            step=descend(self.learning_rate, clock),
        )
