"""Dropout."""

from __future__ import annotations

from typing import ClassVar

from netspec.lazy import jnp
from netspec.library.base import Array, Example, In, Layer, Rate, Scope


class Dropout(Layer):
    """In training sets each element to 0 with probability `rate` and divides the others by 1 - rate; in eval the identity.

    Any shape -> the same. An example's mask depends on the seed, the step, the layer's path and the example's index in the whole batch,
    not on how the batch is split. FLOPs: 0, since it is off in eval.
    """

    inputs = (In("x", "any tensor"),)
    elementwise: ClassVar[bool] = True
    random: ClassVar[bool] = True
    source = "Srivastava et al., Dropout, 2014; Flax linen Dropout"

    rate: Rate
    """Probability that an element is dropped."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(rate=0.5), ("f32[4, 7]",)), Example(cls(rate=0), ("f32[3, 1, 5]",)))

    def apply(self, scope: Scope, x: Array) -> Array:
        if not scope.training or self.rate == 0:
            return x
        keep = 1 - self.rate
        return jnp.where(scope.bernoulli(keep, x.shape), x / keep, jnp.zeros((), x.dtype))
