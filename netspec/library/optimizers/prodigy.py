"""Adam without a learning rate to choose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from netspec.library.base import Clock, Example, Leaf, Optimizer, Rate, Transformation
from netspec.library.base.field_bounds import Field
from netspec.library.gradients.core import compose
from netspec.library.gradients.decay import decay_weights
from netspec.library.gradients.prodigy import prodigy
from netspec.library.optimizers.argument_bounds import LearningRate, NonNegative, Tiny
from netspec.library.optimizers.averages import value_of
from netspec.library.schedules import Cosine


class Prodigy(Optimizer):
    """Adam with decoupled weight decay, whose learning rate is estimated while it trains: from how far the parameters have come.

    m and v are Adam's moments of d * g; p - lr * d * c * (m / (sqrt(v) + d * eps) + weight_decay * p), c = sqrt(1 - b2^t) / (1 - b1^t);
    then d = max(d, estim_lr_coef * r / ‖s‖₁), where r and s are running sums of d² c lr g·(p₀ - p) and of d² c lr g over estim_lr0, with
    decay beta3. d is one number for all parameters. A learning rate of 1 that falls to 0 is a good schedule: `cosine(1.0)`.
    """

    source = "Mishchenko and Defazio 2024, Prodigy: an expeditiously adaptive parameter-free learner"

    learning_rate: LearningRate = 1.0
    """What the estimated length of a step is multiplied by: a number or a schedule."""
    b1: Rate = 0.9
    """Decay of the first moment."""
    b2: Rate = 0.999
    """Decay of the second moment."""
    beta3: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Decay of the sums of the estimate; the root of b2 when left out."""
    eps: Tiny = 1e-8
    """Added to the square root, times the estimate."""
    estim_lr0: Tiny = 1e-6
    """The first estimate of the learning rate, which should be too small."""
    estim_lr_coef: Tiny = 1.0
    """What estimates are multiplied by."""
    weight_decay: NonNegative = 0.0
    """Pull towards zero; it is multiplied by the learning rate and its estimate."""
    safeguard_warmup: bool = False
    """Leave the learning rate out of the divisor of the estimate, which it would spoil in a warm-up."""
    decay_mask: str | None = None
    """Which parameters decay, as a pattern over their paths such as `"**/kernel"`; all of them when left out."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls()),
            Example(cls(learning_rate=Cosine(start=1.0), b2=0.99, estim_lr0=1e-5, weight_decay=0.01, safeguard_warmup=True)),
        )

    def patterns(self) -> dict[str, str]:
        return {} if self.decay_mask is None else {"decay_mask": self.decay_mask}

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        """Raises `Mistake` when `decay_mask` matches no path."""
        beta3 = self.b2**0.5 if self.beta3 is None else self.beta3
        decay = decay_weights(self.weight_decay, self.decay_mask, leaves)
        made = prodigy(
            value_of(self.learning_rate, clock),
            self.b1,
            self.b2,
            beta3,
            self.eps,
            self.estim_lr0,
            self.estim_lr_coef,
            lambda nothing, params: decay.update(nothing, {}, params)[0],
            self.safeguard_warmup,
        )
        return compose(prodigy=made)
