"""Elementwise mathematics. FLOPs count one for each operation, exponential and other special function."""

from __future__ import annotations

from typing import ClassVar

from netspec.lazy import jnp, lax
from netspec.library.base import Array, Example, Function, In, Scope
from netspec.library.functions.broadcasting import need_value
from netspec.shape import Dim, Facts, TensorType


class _Maths(Function):
    """A function of each element by itself, named as in jax.numpy; `cost` is its FLOPs per element."""

    inputs = (In("x", "any tensor"),)
    elementwise: ClassVar[bool] = True
    function: ClassVar[str]
    cost: ClassVar[int] = 1

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[4, 7]",)), Example(cls(), ("f32[3, 1, 5]",)))

    def apply(self, scope: Scope, x: Array) -> Array:
        return getattr(jnp, self.function)(x)

    def flops(self, x: TensorType) -> Dim:
        return x.size * self.cost


class _OfNumbers(_Maths):
    """The same on floats and whole numbers."""

    inputs = (In("x", "any tensor of numbers", dtype="number"),)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[4, 7]",)), Example(cls(), ("i32[3, 1, 5]",)))


class Exp(_Maths):
    """e to the power of x. Any shape -> the same. FLOPs: 1 per element."""

    function = "exp"


class Expm1(_Maths):
    """exp(x) - 1, exact also near 0. Any shape -> the same. FLOPs: 1 per element."""

    function = "expm1"


class Log(_Maths):
    """The natural logarithm: NaN below 0, minus infinity at 0. Any shape -> the same. FLOPs: 1 per element."""

    function = "log"
    positive = True


class Log1p(_Maths):
    """log(1 + x), exact also near 0. Any shape -> the same. FLOPs: 1 per element."""

    function = "log1p"
    positive = True


class Sqrt(_Maths):
    """The square root: NaN below 0, with an infinite slope at 0. Any shape -> the same. FLOPs: 1 per element."""

    function = "sqrt"
    positive = True


class Rsqrt(_Maths):
    """1 / sqrt(x). Any shape -> the same. FLOPs: 1 per element."""

    positive = True

    def apply(self, scope: Scope, x: Array) -> Array:
        return lax.rsqrt(x)


class Square(_OfNumbers):
    """x · x. Any shape -> the same. FLOPs: 1 per element."""

    function = "square"


class Abs(_OfNumbers):
    """|x|. Any shape -> the same. FLOPs: 1 per element."""

    function = "abs"


class Sign(_OfNumbers):
    """-1, 0 or 1, with gradient 0. Any shape -> the same. FLOPs: 1 per element."""

    function = "sign"
    jumps = True
    sloped = False


class Sin(_Maths):
    """The sine of x in radians. Any shape -> the same. FLOPs: 1 per element."""

    function = "sin"


class Cos(_Maths):
    """The cosine of x in radians. Any shape -> the same. FLOPs: 1 per element."""

    function = "cos"


class Atan(_Maths):
    """The arc tangent, between -π/2 and π/2. Any shape -> the same. FLOPs: 1 per element."""

    function = "arctan"


class Erf(_Maths):
    """The error function, 2/√π · ∫₀ˣ exp(-t²) dt. Any shape -> the same. FLOPs: 1 per element."""

    def apply(self, scope: Scope, x: Array) -> Array:
        return lax.erf(x)


class Floor(_Maths):
    """The largest whole number that is not above x, as a float, with gradient 0. Any shape -> the same. FLOPs: 1 per element."""

    function = "floor"
    jumps = True
    sloped = False


class Ceil(_Maths):
    """The smallest whole number that is not below x, as a float, with gradient 0. Any shape -> the same. FLOPs: 1 per element."""

    function = "ceil"
    jumps = True
    sloped = False


class Round(_Maths):
    """The nearest whole number as a float, of two the even one, with gradient 0. Any shape -> the same. FLOPs: 1 per element."""

    function = "round"
    jumps = True
    sloped = False


class _Test(_Maths):
    """A question about each element: bool."""

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        return x.with_dtype("bool")


class Isfinite(_Test):
    """True where x is neither infinite nor NaN. Any shape -> bool of the same. FLOPs: 1 per element."""

    function = "isfinite"


class Isnan(_Test):
    """True where x is NaN. Any shape -> bool of the same. FLOPs: 1 per element."""

    function = "isnan"


class StopGradient(Function):
    """x itself, as a constant for differentiation: no gradient flows back through it. Any shape -> the same. FLOPs: 0."""

    inputs = (In("x", "any tensor", dtype="any"),)
    keeps_values = True
    elementwise: ClassVar[bool] = True
    sloped = False

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[4, 7]",)), Example(cls(), ("i32[3]",)))

    def apply(self, scope: Scope, x: Array) -> Array:
        return lax.stop_gradient(x)


class Each(Function):
    """The values of a loss or metric before they are averaged, one for each example (position, number): `each(huber(y, t)) * w`.

    In `train` a call of a loss is a finished mean; in here it is a tensor of the loss's values, times its `mask`, its `weight` and what
    its labels weigh, so that what does not count is 0. A tensor is what it is. Any shape -> the same. FLOPs: 0.
    """

    inputs = (In("values", "a loss or metric, or any tensor", dtype="any"),)
    keeps_values = True
    elementwise: ClassVar[bool] = True
    opens_means: ClassVar[bool] = True

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[4, 7]",)), Example(cls(), ("i32[3]",)))

    def apply(self, scope: Scope, values: Array) -> Array:
        return values


class Clip(Function):
    """x, but not below `low` and not above `high`: min(max(x, low), high). Any shape -> the same. FLOPs: 1 per element and bound."""

    inputs = (In("x", "any tensor of numbers", dtype="number"),)
    elementwise: ClassVar[bool] = True
    gives: ClassVar[str] = "same"

    low: int | float | None = None
    """The smallest value that stays; none when absent."""
    high: int | float | None = None
    """The largest value that stays; none when absent."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(low=-1, high=0.5), ("f32[4, 7]",)),
            Example(cls(high=3), ("i32[3, 1]",)),
            Example(cls(low=0.0), ("f32[5]",)),
        )

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        for name, bound in (("low", self.low), ("high", self.high)):
            if bound is not None:
                need_value(self.op_name(), bound, x, blame=name)
        return x

    def apply(self, scope: Scope, x: Array) -> Array:
        bounds = [None if bound is None else jnp.asarray(bound, x.dtype) for bound in (self.low, self.high)]
        return jnp.clip(x, *bounds)

    def flops(self, x: TensorType) -> Dim:
        return x.size * sum(bound is not None for bound in (self.low, self.high))
