"""What came after Adam: other second moments and other corrections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from netspec.library.base import Clock, Duration, Example, Leaf, Optimizer, Rate, Transformation
from netspec.library.base.field_bounds import Field
from netspec.library.gradients.core import compose
from netspec.library.gradients.descent import descend
from netspec.library.gradients.moment_variants import (
    scale_by_adamax,
    scale_by_adan,
    scale_by_amsgrad,
    scale_by_belief,
    scale_by_radam,
    scale_by_yogi,
)
from netspec.library.optimizers.argument_bounds import LearningRate, NonNegative, Tiny
from netspec.library.optimizers.moments import Decaying, Moments
from netspec.library.schedules import Cosine, WarmupCosine


class Adamax(Optimizer):
    """Adam with the infinity norm: steps are divided by a slowly falling maximum of the gradient's size.

    m = b1 * m + (1 - b1) * g, u = max(b2 * u, |g| + eps), p - lr * m / (1 - b1^t) / u.
    """

    source = "Kingma and Ba 2015, Adam: a method for stochastic optimization, section 7"

    learning_rate: LearningRate
    """Length of a step: a number or a schedule."""
    b1: Rate = 0.9
    """Decay of the first moment (the mean of the gradient)."""
    b2: Rate = 0.999
    """Decay of the maximum of the gradient's size."""
    eps: Tiny = 1e-8
    """Added to the gradient's size, against division by zero."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(learning_rate=2e-3)), Example(cls(learning_rate=Cosine(start=0.01), b1=0.8, b2=0.99, eps=1e-6)))

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        return compose(adamax=scale_by_adamax(self.b1, self.b2, self.eps), step=descend(self.learning_rate, clock))


class Adamaxw(Decaying, Adamax):
    """`adamax` with decoupled weight decay: p - lr * (its step + weight_decay * p)."""

    source = "Kingma and Ba 2015, Adam, section 7; Loshchilov and Hutter 2019 (decay)"

    weight_decay: NonNegative = 1e-4
    """Pull towards zero; it is multiplied by the learning rate."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(learning_rate=2e-3)), Example(cls(learning_rate=0.01, weight_decay=0.1, decay_mask="**/kernel")))

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        """Raises `Mistake` when `decay_mask` matches no path."""
        adamax = scale_by_adamax(self.b1, self.b2, self.eps)
        return compose(adamax=adamax, **self.decay(leaves), step=descend(self.learning_rate, clock))


class Amsgrad(Moments):
    """Adam that divides by the largest second moment so far, so that its steps never grow again.

    n = max(n, v̂), p - lr * m̂ / (sqrt(n + eps_root) + eps); m̂ and v̂ as in `adam`. The paper has neither correction.
    """

    source = "Reddi, Kale and Kumar 2018, On the convergence of Adam and beyond"

    correct_mean: bool = True
    """Divide the first moment by 1 - b1^t, since it begins at zero."""
    correct_square: bool = True
    """Divide the second moment by 1 - b2^t before the maximum is taken."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(learning_rate=1e-3)), Example(cls(learning_rate=0.01, b2=0.99, correct_mean=False, correct_square=False)))

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        amsgrad = scale_by_amsgrad(self.b1, self.b2, self.eps, self.eps_root, self.correct_mean, self.correct_square)
        return compose(amsgrad=amsgrad, step=descend(self.learning_rate, clock))


class Adabelief(Decaying, Moments):
    """Adam whose steps are long where the gradient is as its mean foretold, and short where it surprises.

    v = b2 * v + (1 - b2) * (g - m)² + eps_root, p - lr * (m̂ / (sqrt(v̂) + eps) + weight_decay * p); m, m̂ and v̂ as in `adam`, `eps_root`
    being added in every step. The same as `flax.optim.AdaBelief`, whose `eps` stands for both.
    """

    source = "Zhuang and others 2020, AdaBelief optimizer: adapting stepsizes by the belief in observed gradients"

    eps: Tiny = 1e-16
    """Added to the square root, against division by zero."""
    eps_root: NonNegative = 1e-16
    """Added to the second moment in every step."""
    nesterov: bool = False
    """Look ahead, as `nadam` does."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(learning_rate=1e-3)),
            Example(cls(learning_rate=0.01, eps=1e-8, eps_root=1e-12, weight_decay=0.01, decay_mask="**/kernel", nesterov=True)),
        )

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        """Raises `Mistake` when `decay_mask` matches no path."""
        belief = scale_by_belief(self.b1, self.b2, self.eps, self.eps_root, self.nesterov)
        return compose(belief=belief, **self.decay(leaves), step=descend(self.learning_rate, clock))


class Yogi(Optimizer):
    """Adam whose second moment moves by as much as g² in either direction, so that it falls slowly after large gradients.

    v = v - (1 - b2) * sign(v - g²) * g², p - lr * m̂ / (sqrt(v̂) + eps); m, m̂ and v̂ as in `adam`, but both begin at `initial_accumulator`.
    """

    source = "Zaheer and others 2018, Adaptive methods for nonconvex optimization"

    learning_rate: LearningRate
    """Length of a step: a number or a schedule."""
    b1: Rate = 0.9
    """Decay of the first moment (the mean of the gradient)."""
    b2: Rate = 0.999
    """How little the second moment moves in a step, 0 to 1."""
    eps: Tiny = 1e-3
    """Added to the square root: with the large default, steps do not depend on how small small gradients are."""
    initial_accumulator: NonNegative = 1e-6
    """What both moments begin with."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(learning_rate=0.01)), Example(cls(learning_rate=0.01, b1=0.8, b2=0.99, eps=1e-6, initial_accumulator=0.0)))

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        return compose(yogi=scale_by_yogi(self.b1, self.b2, self.eps, self.initial_accumulator), step=descend(self.learning_rate, clock))


class Radam(Moments):
    """Adam without warm-up: its step is shortened by how little the first gradients tell of their variance.

    With N = 2 / (1 - b2) - 1 and n = N - 2 * t * b2^t / (1 - b2^t), the step of `adam` times
    sqrt((n - 4)(n - 2) N / ((N - 4)(N - 2) n)); while n is below `threshold`, lr * m̂ without a division.
    """

    source = "Liu and others 2020, On the variance of the adaptive learning rate and beyond"

    threshold: Annotated[float, Field(ge=4)] = 5.0
    """From how many gradients on, as n counts them, the second moment is used; at least 4, where its variance begins to exist."""
    nesterov: bool = False
    """Look ahead, as `nadam` does."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(learning_rate=1e-3)), Example(cls(learning_rate=0.01, b2=0.98, threshold=4.0, nesterov=True)))

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        radam = scale_by_radam(self.b1, self.b2, self.eps, self.eps_root, self.threshold, self.nesterov)
        return compose(radam=radam, step=descend(self.learning_rate, clock))


class Adan(Decaying):
    """Looks ahead by the mean of the gradients' differences, without a second gradient.

    With d = g - last g (0 in the first step): m = b1 * m + (1 - b1) * g, v = b2 * v + (1 - b2) * d,
    n = b3 * n + (1 - b3) * (g + (1 - b2) * d)², all three corrected for their start at zero as in `adam`;
    p - lr * ((m̂ + (1 - b2) * v̂) / (sqrt(n̂ + eps_root) + eps) + weight_decay * p).
    The betas are what is kept, as in Adam; the paper's are what is new: 0.02, 0.08, 0.01.
    """

    source = "Xie and others 2022, Adan: adaptive Nesterov momentum algorithm for faster optimizing deep models"

    learning_rate: LearningRate
    """Length of a step: a number or a schedule."""
    b1: Rate = 0.98
    """Decay of the mean of the gradient."""
    b2: Rate = 0.92
    """Decay of the mean of its differences."""
    b3: Rate = 0.99
    """Decay of the mean square."""
    eps: Tiny = 1e-8
    """Added to the square root, against division by zero."""
    eps_root: NonNegative = 1e-8
    """Added under the square root."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        warm = WarmupCosine(peak=0.01, warmup=Duration(10, "step"))
        return (Example(cls(learning_rate=1e-3)), Example(cls(learning_rate=warm, b1=0.9, weight_decay=0.02, decay_mask="**/kernel")))

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        """Raises `Mistake` when `decay_mask` matches no path."""
        adan = scale_by_adan(self.b1, self.b2, self.b3, self.eps, self.eps_root)
        return compose(adan=adan, **self.decay(leaves), step=descend(self.learning_rate, clock))
