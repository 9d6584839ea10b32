"""Optimizers with one length of steps for each layer: norms are of every parameter by itself, also of those that `repeat` stacks."""

from __future__ import annotations

from collections.abc import Mapping

from netspec.library.base import Clock, Duration, Example, Leaf, Rate, Transformation
from netspec.library.gradients.core import compose
from netspec.library.gradients.decay import decay_weights
from netspec.library.gradients.descent import descend, trace
from netspec.library.gradients.moments import scale_by_adam
from netspec.library.gradients.trust import scale_by_novograd, scale_by_separate_norms, scale_by_trust_ratio
from netspec.library.optimizers.argument_bounds import LearningRate, NonNegative, Tiny
from netspec.library.optimizers.moments import Decaying, Moments
from netspec.library.schedules import WarmupCosine


class Lamb(Decaying, Moments):
    """Adam for very large batches: each parameter's step is as long as the parameter itself, times the learning rate.

    u = m̂ / (sqrt(v̂ + eps_root) + eps) + weight_decay * p with m̂ and v̂ as in `adam`; p - lr * |p| / |u| * u, where |.| is the Euclidean norm
    of one parameter. Where p or u is all zeros the ratio is 1 (in `flax.optim.LAMB` parameters that began at zero never moved).
    """

    source = "You and others 2020, Large batch optimization for deep learning: training BERT in 76 minutes"

    eps: Tiny = 1e-6
    """Added to the square root, against division by zero."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        warm = WarmupCosine(peak=0.01, warmup=Duration(10, "step"))
        return (Example(cls(learning_rate=1e-3)), Example(cls(learning_rate=warm, weight_decay=0.01, decay_mask="**/kernel")))

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        """Raises `Mistake` when `decay_mask` matches no path."""
        adam = scale_by_adam(self.b1, self.b2, self.eps, self.eps_root)
        return compose(adam=adam, **self.decay(leaves), trust=scale_by_trust_ratio(leaves), step=descend(self.learning_rate, clock))


class Lars(Decaying):
    """Momentum for very large batches: each parameter's step is in proportion to the parameter's own norm.

    r = trust_coefficient * |p| / (|g + weight_decay * p| + eps), and 1 where a norm is 0; s = lr * r * (g + weight_decay * p);
    m = momentum * m + s, p - m. With `separate_norms`, as in the paper and in `flax.optim.LARS`, the divisor is
    |g| + weight_decay * |p| + eps. |.| is the Euclidean norm of one parameter.
    """

    source = "You, Gitman and Ginsburg 2017, Large batch training of convolutional networks"

    learning_rate: LearningRate
    """What steps are multiplied by: a number or a schedule."""
    momentum: Rate = 0.9
    """How much of the last step is kept, 0 to 1."""
    trust_coefficient: Tiny = 1e-3
    """Length of a step in lengths of the parameter, before the learning rate."""
    eps: NonNegative = 0.0
    """Added to the norm that is divided by."""
    trust_mask: str | None = None
    """Which parameters' steps are scaled so, as a pattern over their paths such as `"**/kernel"`; all of them when left out."""
    separate_norms: bool = False
    """Divide by |g| + weight_decay * |p| in place of |g + weight_decay * p|."""
    nesterov: bool = False
    """Look ahead: step along s + momentum * m instead of m."""
    weight_decay: NonNegative = 0.0
    """Pull towards zero, added to the gradient."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(learning_rate=1.0)),
            Example(cls(learning_rate=2.0, weight_decay=1e-4, decay_mask="**/kernel", trust_mask="**/kernel", nesterov=True)),
            Example(cls(learning_rate=1.0, momentum=0.0, weight_decay=1e-4, eps=1e-8, separate_norms=True)),
        )

    def patterns(self) -> dict[str, str]:
        return super().patterns() | ({} if self.trust_mask is None else {"trust_mask": self.trust_mask})

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        """Raises `Mistake` when a mask matches no path."""
        momentum = {"momentum": trace(self.momentum, self.nesterov)} if self.momentum else {}
        return compose(**self._scaled(leaves), step=descend(self.learning_rate, clock), **momentum)

    def _scaled(self, leaves: Mapping[str, Leaf]) -> dict[str, Transformation]:
        """The weight decay and the trust ratio, with norms of the two apart or of their sum."""
        ratio = self.trust_coefficient, self.eps, self.trust_mask
        if self.separate_norms:
            return {"trust": scale_by_separate_norms(leaves, self.weight_decay, self.decay_mask, *ratio)}
        return {**self.decay(leaves), "trust": scale_by_trust_ratio(leaves, *ratio)}


class Novograd(Decaying, Moments):
    """Momentum of gradients that are divided by a running mean of their layer's norm: one second moment for each parameter.

    v = b2 * v + (1 - b2) * |g|², in the first step v = |g|²; m = b1 * m + g / (sqrt(v + eps_root) + eps) + weight_decay * p; p - lr * m.
    |.| is the Euclidean norm of one parameter. The decay is within the momentum.
    """

    source = "Ginsburg and others 2019, Stochastic gradient methods with layer-wise adaptive moments for training of deep networks"

    b2: Rate = 0.25
    """Decay of the second moment (the mean of the squared norm)."""
    eps: Tiny = 1e-6
    """Added to the square root, against division by zero."""
    weight_decay: NonNegative = 0.0
    """Pull towards zero, added to the divided gradient."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(learning_rate=0.01)),
            Example(cls(learning_rate=0.01, b1=0.95, b2=0.98, weight_decay=1e-3, decay_mask="**/kernel")),
        )

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        """Raises `Mistake` when `decay_mask` matches no path."""
        decay = decay_weights(self.weight_decay, self.decay_mask, leaves)
        novograd = scale_by_novograd(leaves, self.b1, self.b2, self.eps, self.eps_root, decay)
        return compose(novograd=novograd, step=descend(self.learning_rate, clock))
