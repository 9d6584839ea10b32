"""Gradients of a bounded size. These stand before an optimizer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from netspec.library.base import Clock, Example, Leaf, Optimizer, Transformation
from netspec.library.gradients.clipping import clip_by_global_norm
from netspec.library.gradients.core import compose
from netspec.library.optimizers.numbers import Tiny


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
