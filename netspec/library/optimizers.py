"""Optimizers: chains of gradient transformations, with the formulas and defaults of optax.

Trees are flat dicts by stored path. States are nested dicts of arrays, kept in f32 at least also for bf16 parameters, and updates come
in that width too; `apply_updates` adds them and gives back the parameter's own dtype.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.optimizing import OptimizerStepsTwice, OptimizerWithoutStep
from netspec.library.base import Clock, Duration, Example, Leaf, Optimizer, Rate, Schedule, Transformation
from netspec.library.base.fields import Field
from netspec.library.gradients import add_decayed_weights, clip_by_global_norm, compose, decay_weights, descend, scale_by_adam, trace
from netspec.library.schedules import Cosine, WarmupCosine

LearningRate = Annotated[float, Field(gt=0)] | Schedule
"""A positive number, or a schedule."""
Tiny = Annotated[float, Field(gt=0)]
NonNegative = Annotated[float, Field(ge=0)]


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


class ClipByGlobalNorm(Optimizer):
    """Scales all gradients together so that their common Euclidean norm is at most `max_norm`. It stands before an optimizer."""

    source = "Pascanu, Mikolov and Bengio 2013, On the difficulty of training recurrent neural networks"
    descends: ClassVar[bool] = False

    max_norm: Tiny
    """The largest norm that passes unchanged."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(max_norm=1.0)), Example(cls(max_norm=0.25)))

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        return compose(clip=clip_by_global_norm(self.max_norm))


class Chain(Optimizer):
    """Gradient transformations one after another; what `->` between optimizers makes. Exactly one of them takes the step."""

    parts: tuple[Optimizer, ...] = Field(min_length=1)
    """The transformations in order."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(parts=(ClipByGlobalNorm(max_norm=1.0), Adam(learning_rate=1e-3)))),
            Example(cls(parts=(ClipByGlobalNorm(max_norm=0.5), Sgd(learning_rate=0.1, momentum=0.9)))),
        )

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        return compose(**{f"{i}_{part.op_name()}": part.build(clock, leaves) for i, part in enumerate(self.parts)})


def step_problem(optimizer: Optimizer) -> Diagnostic | None:
    """The problem of a chain that never steps against the gradient, so that it would climb, or does so twice; None when it is fine."""
    parts = _flat(optimizer)
    steps = [part.op_name() for part in parts if part.descends]
    if not steps:
        return OptimizerWithoutStep(parts=tuple(part.op_name() for part in parts))
    return OptimizerStepsTwice(steps=tuple(steps)) if len(steps) > 1 else None


def _flat(optimizer: Optimizer) -> list[Optimizer]:
    return [leaf for part in optimizer.parts for leaf in _flat(part)] if isinstance(optimizer, Chain) else [optimizer]
