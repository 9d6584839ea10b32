"""Optimizers that know something of the curvature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from netspec.library.base import Clock, Example, Leaf, Optimizer, Positive, Rate, Transformation
from netspec.library.base.field_bounds import Field
from netspec.library.gradients.core import compose
from netspec.library.gradients.decay import decay_weights
from netspec.library.gradients.descent import descend
from netspec.library.gradients.second_order import scale_by_lbfgs, scale_by_sophia, search_along
from netspec.library.optimizers.argument_bounds import LearningRate, NonNegative, Tiny
from netspec.library.schedules import Cosine


class Sophia(Optimizer):
    """Momentum divided by the Hessian's diagonal, in steps of lr at most: long where the loss is flat, clipped where it is concave.

    m = b1 * m + (1 - b1) * g, corrected for its start; u = m / max(gamma * h, eps) within ±clip_threshold; p - lr * (u + weight_decay * p).
    After the first step and then after every update_interval-th one, h = b2 * h + (1 - b2) * s * (H s), with s random signs: Hutchinson's
    estimate, at the price of about two more passes over the batch. Until then h is 0 and every element moves by lr.
    """

    source = "Liu, Li, Hall, Liang and Ma 2024, Sophia: a scalable stochastic second-order optimizer for language model pre-training"

    learning_rate: LearningRate
    """Length of a step: a number or a schedule."""
    b1: Rate = 0.965
    """Decay of the first moment."""
    b2: Rate = 0.99
    """Decay of the estimates of the diagonal, from one estimate to the next."""
    eps: Tiny = 1e-8
    """The least that the diagonal counts as."""
    weight_decay: NonNegative = 1e-4
    """Pull towards zero; it is multiplied by the learning rate."""
    decay_mask: str | None = None
    """Which parameters decay, as a pattern over their paths such as `"**/kernel"`; all of them when left out."""
    gamma: Tiny = 0.01
    """What the diagonal is multiplied by: more of it clips fewer elements."""
    clip_threshold: Tiny | None = 1.0
    """The longest step of an element over the learning rate; `none` sets no limit."""
    update_interval: Positive = 10
    """Steps from one estimate to the next."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Of the random signs."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(learning_rate=1e-3)),
            Example(cls(learning_rate=Cosine(start=0.01), b1=0.9, gamma=0.05, update_interval=5, weight_decay=0.1, decay_mask="**/kernel")),
        )

    def patterns(self) -> dict[str, str]:
        return {} if self.decay_mask is None else {"decay_mask": self.decay_mask}

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        """Raises `Mistake` when `decay_mask` matches no path."""
        scale = scale_by_sophia(self.b1, self.b2, self.eps, self.gamma, self.clip_threshold, self.update_interval, self.seed, leaves)
        decay = decay_weights(self.weight_decay, self.decay_mask, leaves)
        return compose(sophia=scale, decay=decay, step=descend(self.learning_rate, clock))


class Lbfgs(Optimizer):
    """Newton's method with an inverse Hessian made of the last steps, and a search for the length of each step. For whole data sets.

    p - t * lr * P g, where P is what the last `memory_size` pairs of (step, change of the gradient) make of a multiple of the identity, all
    parameters being one vector. t meets the strong Wolfe conditions: f(p + t d) <= f(p) + 1e-4 t d·g and |slope| <= 0.9 |slope at 0|,
    tried first at 1; each try is a pass over the same batch, with the same dropout. Batches that change from step to step mislead P: the
    batch should be the data set.
    """

    source = "Liu and Nocedal 1989, On the limited memory BFGS method; Nocedal and Wright 2006, Numerical optimization, chapters 3 and 7"

    learning_rate: LearningRate = 1.0
    """What the direction is multiplied by before the search: a number or a schedule."""
    memory_size: Positive = 10
    """How many past steps are remembered, each at the price of two copies of the parameters."""
    scale_init_precond: bool = True
    """Begin with the curvature along the last step times the identity, at first with a step no longer than 1; if not, with the identity."""
    line_search: Annotated[int, Field(ge=0)] = 20
    """The most tries for the length of a step; 0: no search, t is 1."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls()), Example(cls(learning_rate=0.1, memory_size=5, scale_init_precond=False, line_search=0)))

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        direction = compose(direction=scale_by_lbfgs(self.memory_size, self.scale_init_precond), step=descend(self.learning_rate, clock))
        return search_along(direction, self.line_search) if self.line_search else direction
