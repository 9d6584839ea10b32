"""Optimizers around optimizers, and what evaluates: parameters that follow the training ones more slowly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from netspec.lazy import jnp
from netspec.library.base import Array, Clock, Duration, Example, Leaf, Optimizer, Positive, Rate, Schedule, Transformation
from netspec.library.base.field_bounds import Field, model_validator
from netspec.library.gradients.accumulators import scale_by_rms
from netspec.library.gradients.averages import lookahead, schedule_free
from netspec.library.gradients.core import compose
from netspec.library.gradients.decay import decay_weights
from netspec.library.gradients.descent import descend
from netspec.library.optimizers.adam import Adam, AdamW
from netspec.library.optimizers.argument_bounds import LearningRate, NonNegative, Tiny
from netspec.library.optimizers.chain import Chain
from netspec.library.optimizers.gradient_descent import Sgd
from netspec.library.schedules import Linear

Share = Annotated[float, Field(gt=0, le=1)]
Mix = Annotated[float, Field(gt=0, lt=1)]


class Lookahead(Optimizer):
    """Any optimizer, followed by slow parameters: every sync_period steps they go a part of the way, and it goes on from there.

    slow += slow_step_size * (fast - slow), fast = slow in every sync_period-th step. Gradients are taken at the fast parameters;
    evaluations and predictions use the slow ones.
    """

    source = "Zhang, Lucas, Hinton and Ba 2019, Lookahead optimizer: k steps forward, 1 step back"

    inner: Optimizer
    """The optimizer of the fast parameters, a chain too."""
    sync_period: Positive = 5
    """How many of its steps make one of the slow parameters."""
    slow_step_size: Share = 0.5
    """What part of the way the slow parameters go."""
    reset_state: bool = False
    """Let the inner optimizer begin anew after each step of the slow parameters."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(inner=Adam(learning_rate=1e-3))),
            Example(cls(inner=Sgd(learning_rate=0.1, momentum=0.9), sync_period=6, slow_step_size=0.8, reset_state=True)),
        )

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        return lookahead(self.inner.build(clock, leaves), self.sync_period, self.slow_step_size, self.reset_state)


class ScheduleFree(Optimizer):
    """Any optimizer without momentum, made to need no falling learning rate: what evaluates is the mean of all its parameters.

    With z the parameters of `inner`, x their mean, weighed by (the greatest learning rate so far)^weight_lr_power: gradients are taken at
    y = b1 * x + (1 - b1) * z. Evaluations and predictions use x; y is what a run trains. b1 takes the place of momentum, so
    `inner` has none (`adam(lr, b1=0.0)`), and its learning rate may warm up but should not fall.
    """

    source = "Defazio and others 2024, The road less scheduled"

    inner: Optimizer
    """The optimizer of z, without momentum."""
    learning_rate: LearningRate | None = None
    """The learning rate that weighs the mean; that of `inner` when left out."""
    b1: Mix = 0.9
    """How near to the mean gradients are taken, between 0 and 1."""
    weight_lr_power: NonNegative = 2.0
    """How much less the steps of a warm-up count in the mean."""

    @model_validator(mode="after")
    def _rate_known(self) -> ScheduleFree:
        """Checks that a learning rate is given, here or by the optimizer inside."""
        if self.learning_rate is None and rate_of(self.inner) is None:
            raise ValueError("an `inner` without a learning rate and no `learning_rate` either")
        return self

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        warm = Linear(start=0.0, end=0.01, duration=Duration(10, "step"))
        return (
            Example(cls(inner=Sgd(learning_rate=1.0))),
            Example(cls(inner=AdamW(learning_rate=warm, b1=0.0, weight_decay=0.01), learning_rate=0.01, b1=0.95, weight_lr_power=0.0)),
        )

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        rate = self.learning_rate if self.learning_rate is not None else rate_of(self.inner)
        return schedule_free(self.inner.build(clock, leaves), value_of(rate or 1.0, clock), self.b1, self.weight_lr_power)


class ScheduleFreeSgd(Optimizer):
    """Gradient descent that needs no falling learning rate: `schedule_free` of `sgd`, with a warm-up.

    z - lr * (g + weight_decay * y), x the mean of all z, gradients at y = b1 * x + (1 - b1) * z. Evaluations use x.
    """

    source = "Defazio and others 2024, The road less scheduled"

    learning_rate: Tiny = 1.0
    """Length of a step, after the warm-up."""
    warmup: Duration | None = None
    """How long the learning rate rises from 0, for example `500 steps`; not at all when left out."""
    b1: Mix = 0.9
    """How near to the mean gradients are taken, between 0 and 1."""
    weight_decay: NonNegative = 0.0
    """Pull towards zero, multiplied by the learning rate."""
    weight_lr_power: NonNegative = 2.0
    """How much less the steps of a warm-up count in the mean."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls()),
            Example(cls(learning_rate=0.5, warmup=Duration(20, "step"), b1=0.95, weight_decay=1e-4, weight_lr_power=1.0)),
        )

    def rates(self, step: Array, clock: Clock, state: Any) -> dict[str, Array | float]:
        """The learning rate, on its way up at first."""
        return {"": value_of(warm_up(self.learning_rate, self.warmup), clock)(step)}

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        rate = warm_up(self.learning_rate, self.warmup)
        inner = compose(decay=decay_weights(self.weight_decay, None, leaves), step=descend(rate, clock))
        return schedule_free(inner, value_of(rate, clock), self.b1, self.weight_lr_power)


class ScheduleFreeAdamw(Optimizer):
    """Adam that needs no falling learning rate: `schedule_free` of `adamw` without its first moment, with a warm-up.

    z - lr * (g / (sqrt(v) + eps) + weight_decay * y), v corrected for its start, x the mean of all z, gradients at
    y = b1 * x + (1 - b1) * z. Evaluations use x.
    """

    source = "Defazio and others 2024, The road less scheduled"

    learning_rate: Tiny = 0.0025
    """Length of a step, after the warm-up."""
    warmup: Duration | None = None
    """How long the learning rate rises from 0, for example `500 steps`; not at all when left out."""
    b1: Mix = 0.9
    """How near to the mean gradients are taken, between 0 and 1."""
    b2: Rate = 0.999
    """Decay of the second moment."""
    eps: Tiny = 1e-8
    """Added to the square root, against division by zero."""
    weight_decay: NonNegative = 0.0
    """Pull towards zero, multiplied by the learning rate."""
    weight_lr_power: NonNegative = 2.0
    """How much less the steps of a warm-up count in the mean."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls()),
            Example(cls(learning_rate=0.01, warmup=Duration(20, "step"), b1=0.95, b2=0.98, eps=1e-6, weight_decay=0.01)),
        )

    def rates(self, step: Array, clock: Clock, state: Any) -> dict[str, Array | float]:
        """The learning rate, on its way up at first."""
        return {"": value_of(warm_up(self.learning_rate, self.warmup), clock)(step)}

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        rate = warm_up(self.learning_rate, self.warmup)
        inner = compose(
            squares=scale_by_rms(self.b2, self.eps, inside=False, bias_correction=True),
            decay=decay_weights(self.weight_decay, None, leaves),
            step=descend(rate, clock),
        )
        return schedule_free(inner, value_of(rate, clock), self.b1, self.weight_lr_power)


def warm_up(rate: float, warmup: Duration | None) -> float | Schedule:
    """The learning rate, reached along a straight line."""
    return rate if warmup is None else Linear(start=0.0, end=rate, duration=warmup)


def rate_of(optimizer: Optimizer) -> float | Schedule | None:
    """The learning rate of an optimizer; in a chain of the part that has one, and of what stands within others."""
    rate, inner = (getattr(optimizer, name, None) for name in ("learning_rate", "inner"))
    if rate is not None:
        return rate
    parts = optimizer.parts if isinstance(optimizer, Chain) else (inner,) if isinstance(inner, Optimizer) else ()
    return next((found for part in parts if (found := rate_of(part)) is not None), None)


def value_of(rate: float | Schedule, clock: Clock) -> Callable[[Array], Array]:
    """The learning rate as a function of the step."""
    if isinstance(rate, Schedule):
        return lambda step: rate.value(step, clock)
    return lambda step: jnp.full((), rate, jnp.result_type(float))
