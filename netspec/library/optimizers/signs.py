"""Steps along the sign of the gradient or of its mean: every element moves by the same length."""

from __future__ import annotations

from collections.abc import Mapping

from netspec.library.base import Clock, Duration, Example, Leaf, Optimizer, Rate, Transformation
from netspec.library.gradients.core import compose
from netspec.library.gradients.descent import descend
from netspec.library.gradients.signs import scale_by_lion, sign_of_gradient, sign_of_mean
from netspec.library.optimizers.argument_bounds import FloatDtype, LearningRate, NonNegative
from netspec.library.optimizers.moments import Decaying
from netspec.library.schedules import Cosine, WarmupCosine


class SignSgd(Optimizer):
    """Each element steps by the learning rate, against the sign of its gradient: p - lr * sign(g). Where the gradient is 0 it rests.

    With momentum it is Signum: m = momentum * m + (1 - momentum) * g, p - lr * sign(m).
    """

    source = "Bernstein and others 2018, signSGD: compressed optimisation for non-convex problems"

    learning_rate: LearningRate
    """Length of a step of every element: a number or a schedule."""
    momentum: Rate = 0.0
    """How much of the mean of past gradients is kept, 0 to 1; 0 keeps none."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(learning_rate=1e-3)), Example(cls(learning_rate=Cosine(start=0.01), momentum=0.9)))

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        sign = sign_of_mean(self.momentum) if self.momentum else sign_of_gradient()
        return compose(sign=sign, step=descend(self.learning_rate, clock))


class Lion(Decaying):
    """Steps along the sign of a mean in which the last gradient counts more than in what is kept: one moment, half of Adam's memory.

    p - lr * (sign(b1 * m + (1 - b1) * g) + weight_decay * p), then m = b2 * m + (1 - b2) * g. All elements step by the same length, so
    a learning rate 3 to 10 times smaller than Adam's and a decay as many times larger are usual.
    """

    source = "Chen and others 2023, Symbolic discovery of optimization algorithms"

    learning_rate: LearningRate
    """Length of a step of every element: a number or a schedule."""
    b1: Rate = 0.9
    """How much of the mean the step keeps, beside the last gradient."""
    b2: Rate = 0.99
    """Decay of the mean of the gradient."""
    mu_dtype: FloatDtype | None = None
    """Element type in which the mean is kept: bf16 halves its memory. The parameters', f32 at least, when left out."""
    weight_decay: NonNegative = 1e-3
    """Pull towards zero; it is multiplied by the learning rate."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        warm = WarmupCosine(peak=1e-4, warmup=Duration(10, "step"))
        return (
            Example(cls(learning_rate=1e-4)),
            Example(cls(learning_rate=warm, b1=0.95, b2=0.98, weight_decay=0.1, decay_mask="**/kernel")),
        )

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        """Raises `Mistake` when `decay_mask` matches no path."""
        return compose(lion=scale_by_lion(self.b1, self.b2, self.mu_dtype), **self.decay(leaves), step=descend(self.learning_rate, clock))
