"""Optimizers around others, which see to numbers that are none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from netspec.library.base import Clock, Example, Leaf, Optimizer, Positive, Transformation
from netspec.library.base.field_bounds import Field
from netspec.library.gradients.guards import if_finite, scale_loss
from netspec.library.gradients.kernel_lengths import split_direction_and_length
from netspec.library.optimizers.adam import Adam
from netspec.library.optimizers.argument_bounds import NonNegative, Tiny
from netspec.library.optimizers.gradient_descent import Sgd


class SkipNonfinite(Optimizer):
    """Leaves out the steps whose gradients hold a NaN or an infinity: parameters and the optimizer's state stay as they are.

    After more than `max_consecutive_errors` such steps in a row the next one is taken all the same, so that the run shows what is wrong.
    """

    source = "optax, apply_if_finite"

    inner: Optimizer
    """The optimizer that takes the step, a chain too."""
    max_consecutive_errors: Positive = 5
    """How many steps in a row may be left out."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(inner=Adam(learning_rate=1e-3))), Example(cls(inner=Sgd(learning_rate=0.1), max_consecutive_errors=2)))

    def steps(self) -> tuple[str, ...]:
        return self.inner.steps()

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        return if_finite(self.inner.build(clock, leaves), self.max_consecutive_errors)


class DynamicLossScale(Optimizer):
    """Takes gradients of the loss times a scale, so that small ones do not vanish in narrow numbers, and divides them by it again.

    A step whose gradients are not finite is left out and the scale multiplied by `backoff_factor`; after `growth_interval` good steps in
    a row it is multiplied by `growth_factor`. It stands around everything else: `dynamic_loss_scale(clip_by_global_norm(1.0) -> adam(…))`.
    """

    source = "Micikevicius and others 2018, Mixed precision training; flax DynamicScale"

    scales: ClassVar[bool] = True

    inner: Optimizer
    """The optimizer that takes the step, a chain too."""
    initial_scale: Tiny = 65536.0
    """The scale of the first step."""
    growth_factor: Annotated[float, Field(gt=1)] = 2.0
    """What the scale is multiplied by after good steps."""
    backoff_factor: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """What the scale is multiplied by after a bad step."""
    growth_interval: Positive = 2000
    """How many good steps in a row let it grow."""
    minimum_scale: Tiny = 1.1754943508222875e-38
    """It never becomes smaller than this."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        small = cls(inner=Adam(learning_rate=1e-3), initial_scale=4.0, growth_interval=3, minimum_scale=1.0)
        return (Example(cls(inner=Sgd(learning_rate=0.1))), Example(small))

    def steps(self) -> tuple[str, ...]:
        return self.inner.steps()

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        numbers = self.growth_factor, self.backoff_factor, self.growth_interval, self.minimum_scale
        return scale_loss(self.inner.build(clock, leaves), self.initial_scale, *numbers)


class WeightNorm(Optimizer):
    """Weight normalisation as a way to train: the inner optimizer moves lengths and directions in place of kernels.

    Every kernel is length * v / (eps + ‖v‖), a length for each output and the norm over everything else; v begins with length 1. Vectors
    and numbers are moved as they are. The model itself is not changed: its kernels are stored and saved as always. Gradients of length
    and direction are exact also when v has grown, which those of flax.optim were not.
    """

    source = "Salimans and Kingma 2016, Weight normalization: a simple reparameterization to accelerate training"

    inner: Optimizer
    """The optimizer that moves lengths and directions, a chain too."""
    weight_decay: NonNegative = 0.0
    """Pull of the directions' lengths towards zero, added to their gradient; it changes how fast they turn."""
    eps: Tiny = 1e-8
    """Added to the norm."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(inner=Sgd(learning_rate=0.1))), Example(cls(inner=Adam(learning_rate=1e-3), weight_decay=1e-3)))

    def steps(self) -> tuple[str, ...]:
        return self.inner.steps()

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        return split_direction_and_length(lambda own: self.inner.build(clock, own), self.weight_decay, self.eps, leaves)
