"""Optimizers that keep less state than the parameters are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from netspec.library.base import Clock, Duration, Example, Leaf, Optimizer, Positive, Rate, Transformation
from netspec.library.base.field_bounds import Field
from netspec.library.gradients.core import compose
from netspec.library.gradients.decay import decay_weights
from netspec.library.gradients.descent import descend
from netspec.library.gradients.factored_moments import clip_by_rms, mean_of, scale_by_factored_rms, scale_by_parameter_rms, scale_by_sm3
from netspec.library.optimizers.argument_bounds import LearningRate, NonNegative, Tiny
from netspec.library.schedules import WarmupCosine


class Adafactor(Optimizer):
    """Adam's scaling with sublinear memory: a matrix's second moments are kept as one row and one column of means.

    v = decay * v + (1 - decay) * (g² + eps) with decay = 1 - (t - decay_offset)^-decay_rate in step t = 1, 2, …; it is kept as
    row * column / mean(row) where the two largest axes of a parameter have min_dim_size_to_factor elements at least.
    y = g / sqrt(v), over max(1, rms(y) / clipping_threshold);
    s = lr * max(rms(p), min_scale) * y, averaged by `momentum`; p - s - weight_decay_rate * p.

    Root mean squares and factors are of each layer alone, also where a `repeat` stacks several. Without a learning rate, s is relative to
    the parameters alone, which suits few models: give one of about 0.01, or a schedule. `weight_decay_rate` is not multiplied by it.
    The defaults are optax's; `flax.optim` has the same steps, with `momentum` called beta1.
    """

    source = "Shazeer and Stern 2018, Adafactor: adaptive learning rates with sublinear memory cost"

    learning_rate: LearningRate | None = None
    """Length of a step: a number or a schedule. Left out, it is 1."""
    min_dim_size_to_factor: Positive = 128
    """Parameters whose second largest axis is shorter keep all their second moments."""
    decay_rate: Annotated[float, Field(gt=0)] = 0.8
    """How fast the decay of the second moments nears 1."""
    decay_offset: Annotated[int, Field(ge=0)] = 0
    """Steps that the decay is behind; for a training that goes on from another one's state."""
    multiply_by_parameter_scale: bool = True
    """Make steps relative to the root mean square of the parameter."""
    clipping_threshold: Tiny | None = 1.0
    """The largest root mean square of a parameter's step before the learning rate; `none` sets no limit."""
    momentum: Rate = 0.0
    """Decay of a running mean of the steps, 0 to 1; 0 keeps none."""
    weight_decay_rate: NonNegative = 0.0
    """Pull towards zero, not multiplied by the learning rate."""
    eps: Tiny = 1e-30
    """Added to squared gradients."""
    factored: bool = True
    """Keep rows and columns; if not, all second moments."""
    decay_mask: str | None = None
    """Which parameters decay, as a pattern over their paths such as `"**/kernel"`; all of them when left out."""
    min_scale: Tiny = 1e-3
    """The least root mean square that a parameter counts as, so that zeros can move."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        schedule = WarmupCosine(peak=0.01, warmup=Duration(10, "step"))
        return (
            Example(cls(learning_rate=0.01)),
            Example(cls(learning_rate=schedule, min_dim_size_to_factor=2, momentum=0.9, weight_decay_rate=1e-3, decay_mask="**/kernel")),
            Example(cls(learning_rate=1e-3, multiply_by_parameter_scale=False, clipping_threshold=None, decay_rate=0.9, factored=False)),
        )

    def decays(self) -> dict[str, str]:
        return {"weight_decay_rate": "decay_mask"} if self.weight_decay_rate else {}

    def patterns(self) -> dict[str, str]:
        return {} if self.decay_mask is None else {"decay_mask": self.decay_mask}

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        """Raises `Mistake` when `decay_mask` matches no path."""
        parts = {
            "moments": scale_by_factored_rms(
                leaves, self.factored, self.decay_rate, self.decay_offset, self.min_dim_size_to_factor, self.eps
            )
        }
        if self.clipping_threshold is not None:
            parts["clip"] = clip_by_rms(self.clipping_threshold, leaves)
        parts["step"] = descend(1.0 if self.learning_rate is None else self.learning_rate, clock)
        if self.multiply_by_parameter_scale:
            parts["size"] = scale_by_parameter_rms(self.min_scale, leaves)
        if self.momentum:
            parts["momentum"] = mean_of(self.momentum)
        if self.weight_decay_rate or self.decay_mask is not None:
            parts["decay"] = decay_weights(-self.weight_decay_rate, self.decay_mask, leaves)
        return compose(**parts)


class Sm3(Optimizer):
    """Adagrad with sublinear memory: of the sums of squares only the greatest along each axis are remembered.

    a = g² + min over the axes of what they remember at the element's index, s = g / sqrt(a + eps), m = momentum * m + (1 - momentum) * s,
    p - lr * m; then every axis remembers the greatest a at each of its indices. Vectors and scalars remember all of it.
    """

    source = "Anil, Gupta, Koren and Singer 2019, Memory-efficient adaptive optimization"

    learning_rate: LearningRate
    """Length of a step: a number or a schedule."""
    momentum: Rate = 0.9
    """Decay of the running mean of steps, 0 to 1."""
    b2: Annotated[float, Field(ge=0, le=1)] = 1.0
    """What is kept of the remembered squares, 0 to 1; below 1 the new square counts 1 - b2."""
    eps: Tiny = 1e-8
    """Added under the square root, against division by zero."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(learning_rate=0.1)), Example(cls(learning_rate=0.05, momentum=0.5, b2=0.99, eps=1e-6)))

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        return compose(
            squares=scale_by_sm3(self.b2, self.eps, leaves), mean=mean_of(self.momentum), step=descend(self.learning_rate, clock)
        )
