"""Logarithms of sums and differences of exponentials, without overflow."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar

from netspec.lazy import jax, jnp
from netspec.library.base import Array, Example, In, Scope
from netspec.library.base.field_bounds import Field
from netspec.library.functions.elementwise import _Maths
from netspec.library.functions.reductions import _Reduction, widen_floats


class Log1mexp(_Maths):
    """log(1 - exp(-x)) for x > 0, exact near 0 and for large x: the log of the probability that something of log-probability -x fails.

    Minus infinity at 0, NaN below. Any shape -> the same. FLOPs: 4 per element.
    """

    positive = True
    cost: ClassVar[int] = 4
    source = "Mächler, Accurately Computing log(1 - exp(-|a|)), 2012; jax.nn.log1mexp"

    def apply(self, scope: Scope, x: Array) -> Array:
        near = x < math.log(2)
        small, large = jnp.where(near, x, 1), jnp.where(near, 1, x)  # so that neither branch has a slope without end
        return jnp.where(near, jnp.log(-jnp.expm1(-small)), jnp.log1p(-jnp.exp(-large)))


class Logmeanexp(_Reduction):
    """log of the mean of exp(x) along axes without overflow, over all elements without `axis`. Computed in at least f32.

    [...] -> the shape without the axes. `logsumexp` less the logarithm of the number of elements; what averages probabilities that
    are given as logarithms, of several models or samples. FLOPs: 4 per element.
    """

    inputs = (In("x", "any tensor"),)
    cost: ClassVar[int] = 4
    source = "jax.nn.logmeanexp"

    def over(self, scope: Scope, x: Array, axes: tuple[int, ...]) -> Array:
        number = math.prod(x.shape[axis] for axis in axes)
        return (jax.nn.logsumexp(widen_floats(x), axes, keepdims=self.keepdims) - math.log(number)).astype(x.dtype)


class SoftCap(_Maths):
    """cap · tanh(x / cap): x where it is small, and never beyond ± cap, with a slope everywhere.

    What holds the logits of a large language model in bounds: `logits -> soft_cap(30.0)`. Any shape -> the same. FLOPs: 3 per element.
    """

    cost: ClassVar[int] = 3
    source = "Bello et al., Neural Combinatorial Optimization, 2017; Gemma 2, 2024"

    cap: Annotated[float, Field(gt=0)]
    """What the result stays between, above and below 0."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(cap=1.5), ("f32[4, 7]",)), Example(cls(cap=30.0), ("f32[3, 1, 5]",)))

    def apply(self, scope: Scope, x: Array) -> Array:
        return jnp.tanh(x / self.cap) * self.cap
