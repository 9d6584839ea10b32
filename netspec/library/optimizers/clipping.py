"""Gradients of a bounded size. These stand before an optimizer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from netspec.library.base import Clock, Example, Leaf, Optimizer, Transformation
from netspec.library.gradients import clipping
from netspec.library.gradients.core import compose
from netspec.library.optimizers.argument_bounds import Tiny


class ClipByValue(Optimizer):
    """Moves every number of the gradients into [-limit, limit]. It stands before an optimizer."""

    source = "Mikolov 2012, Statistical language models based on neural networks"
    descends: ClassVar[bool] = False

    limit: Tiny
    """The largest number that passes unchanged."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(limit=1.0)), Example(cls(limit=0.1)))

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        return compose(clip=clipping.clip_by_value(self.limit))


class ClipByNorm(Optimizer):
    """Scales the gradient of each parameter by itself, so that its Euclidean norm is at most `max_norm`. It stands before an optimizer.

    Every layer of a `repeat` has a norm of its own.
    """

    source = "TensorFlow, tf.clip_by_norm"
    descends: ClassVar[bool] = False

    max_norm: Tiny
    """The largest norm that passes unchanged."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(max_norm=1.0)), Example(cls(max_norm=0.25)))

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        return compose(clip=clipping.clip_by_norm(self.max_norm, leaves))


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
        return compose(clip=clipping.clip_by_global_norm(self.max_norm))


class AdaptiveClip(Optimizer):
    """Adaptive gradient clipping (AGC): the gradient of each unit at most `ratio` times as long as the unit's weights.

    A unit is a column of a kernel, all that enters one output; of a vector all of it. Weights shorter than `eps` count as that long, so
    that what begins at zero can move. It stands before an optimizer.
    """

    source = "Brock, De, Smith and Simonyan 2021, High-performance large-scale image recognition without normalization"
    descends: ClassVar[bool] = False

    ratio: Tiny = 0.01
    """How long a gradient may be beside the weights."""
    eps: Tiny = 1e-3
    """The least length of weights that counts."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls()), Example(cls(ratio=0.1, eps=0.01)))

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        return compose(clip=clipping.clip_by_units(self.ratio, self.eps, leaves))
