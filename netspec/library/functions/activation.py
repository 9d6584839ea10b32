"""Activation functions. FLOPs count one for each arithmetic operation, comparison and exponential, tanh or error function."""

from __future__ import annotations

from typing import Annotated, ClassVar

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.attention import UnfitShape
from netspec.diagnostics.training.classes import SoftmaxOfOne
from netspec.lazy import jax, jnp, lax
from netspec.library.base import Array, Example, Flow, Function, In, Passage, Scope
from netspec.library.base.field_bounds import Field
from netspec.library.shape_rules.requirements import need_equal
from netspec.library.shape_rules.sizes import axis_of
from netspec.shape import Dim, Facts, TensorType


class _Elementwise(Function):
    """A function of each element by itself; `cost` is its FLOPs per element."""

    inputs = (In("x", "any tensor"),)
    elementwise: ClassVar[bool] = True
    cost: ClassVar[int] = 1

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[4, 7]",)), Example(cls(), ("f32[3, 1, 5]",)))

    def flops(self, x: TensorType) -> Dim:
        return x.size * self.cost


class Identity(_Elementwise):
    """The tensor as it is, a stage that changes nothing: where an activation or layer is chosen by a parameter.

    Any shape -> the same. FLOPs: 0.
    """

    inputs = (In("x", "any tensor", dtype="any"),)
    keeps_values: ClassVar[bool] = True
    cost: ClassVar[int] = 0

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (*super().examples(), Example(cls(), ("i32[3]",)))

    def apply(self, scope: Scope, x: Array) -> Array:
        return x


class Relu(_Elementwise):
    """max(x, 0), with gradient 0 at 0. Any shape -> the same. FLOPs: 1 per element."""

    source = "Nair and Hinton, Rectified Linear Units Improve Restricted Boltzmann Machines, 2010"

    def apply(self, scope: Scope, x: Array) -> Array:
        return jax.nn.relu(x)


class Tanh(_Elementwise):
    """Hyperbolic tangent. Any shape -> the same. FLOPs: 1 per element."""

    def apply(self, scope: Scope, x: Array) -> Array:
        return jnp.tanh(x)


class Sigmoid(_Elementwise):
    """1 / (1 + exp(-x)). Any shape -> the same. FLOPs: 4 per element."""

    gives: ClassVar[str] = "probabilities"
    cost: ClassVar[int] = 4

    def apply(self, scope: Scope, x: Array) -> Array:
        return jax.nn.sigmoid(x)


class Silu(_Elementwise):
    """x · sigmoid(x), also called swish. Any shape -> the same. FLOPs: 5 per element."""

    aliases: ClassVar[tuple[str, ...]] = ("swish",)
    cost: ClassVar[int] = 5
    source = "Elfwing et al., Sigmoid-Weighted Linear Units, 2017"

    def apply(self, scope: Scope, x: Array) -> Array:
        return jax.nn.silu(x)


class Gelu(_Elementwise):
    """x · Φ(x), with Φ the normal distribution function; `approximate` replaces it by x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))).

    Any shape -> the same. FLOPs: 9 per element approximately, 5 exactly. As in Flax the tanh form is the default; in PyTorch it is the
    exact one, `gelu(approximate=false)`.
    """

    source = "Hendrycks and Gimpel, Gaussian Error Linear Units, 2016"

    approximate: bool = True
    """Use the tanh form."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[4, 7]",)), Example(cls(approximate=False), ("f32[3, 1, 5]",)))

    def apply(self, scope: Scope, x: Array) -> Array:
        return jax.nn.gelu(x, approximate=self.approximate)

    def flops(self, x: TensorType) -> Dim:
        return x.size * (9 if self.approximate else 5)


class Elu(_Elementwise):
    """x where x > 0, else alpha · (exp(x) - 1). Any shape -> the same. FLOPs: 4 per element."""

    cost: ClassVar[int] = 4
    source = "Clevert et al., Exponential Linear Units, 2015"

    alpha: float = 1.0
    """Minus the limit at minus infinity."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[4, 7]",)), Example(cls(alpha=0.5), ("f32[3, 1, 5]",)))

    def apply(self, scope: Scope, x: Array) -> Array:
        return jax.nn.elu(x, self.alpha)


class LeakyRelu(_Elementwise):
    """x where x >= 0, else slope · x. Any shape -> the same. FLOPs: 2 per element."""

    cost: ClassVar[int] = 2
    source = "Maas et al., Rectifier Nonlinearities Improve Neural Network Acoustic Models, 2013"

    slope: float = 0.01
    """Slope below 0."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[4, 7]",)), Example(cls(slope=0.2), ("f32[3, 1, 5]",)))

    def apply(self, scope: Scope, x: Array) -> Array:
        return jax.nn.leaky_relu(x, self.slope)


class _AlongAxis(Function):
    """A function of each vector along one axis, computed in at least f32."""

    inputs = (In("x", "any tensor with that axis", rank=1),)

    axis: int = -1
    """The axis, counted from 0, or from the end with -1, -2, …"""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[4, 7]",)), Example(cls(axis=1), ("f32[3, 6, 5]",)), Example(cls(axis=-2), ("f32[3, 4, 2]",)))

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        axis_of(self.op_name(), self.axis, x)
        return x

    def flops(self, x: TensorType) -> Dim:
        return x.size * 5

    def mixes_examples(self, training: bool, *inputs: TensorType, **optional: TensorType) -> bool:
        return self.axis % inputs[0].rank == 0

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(self.axis)


class _Shares(_AlongAxis):
    """What makes numbers along an axis to parts of one whole; a mask leaves some of them out."""

    filler = "-1e9"
    masks = {"x": -1}
    zeroes = True
    of_one: ClassVar[tuple[str, str]]
    """What it makes of an axis of one number, and what would take one score."""

    inputs = (*_AlongAxis.inputs, In("mask", "true where an element counts; stretches to x", dtype="bool", optional=True))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            *super().examples(),
            Example(cls(), ("f32[4, 2, 7]",), {"mask": "bool[4, 1, 7]"}),
            Example(cls(axis=-2), ("f32[4, 5, 2]",), {"mask": "bool[5, 2]"}),
        )

    def shape(self, facts: Facts, x: TensorType, **optional: TensorType) -> TensorType:
        if "mask" in optional:
            self._need_stretch(facts, x, optional["mask"])
        result = super().shape(facts, x)
        if x.shape[self.axis] == 1:
            raise Mistake(SoftmaxOfOne(op=self.op_name(), axis=self.axis, input=x, constant=self.of_one[0], sigmoid=self.of_one[1]))
        return result

    def _need_stretch(self, facts: Facts, x: TensorType, mask: TensorType) -> None:
        """Raises `Mistake` unless the mask stretches to the shape of x: its last axes are equal to those of x, or 1."""
        problem = UnfitShape(self.op_name(), "mask", mask, (x.shape,), blame="mask")
        if mask.rank > x.rank:
            raise Mistake(problem)
        for have, want in zip(reversed(mask.shape), reversed(x.shape), strict=False):
            if have != 1 or mask.rank < x.rank:
                need_equal(facts, self.op_name(), have, want, "so that each element has its own", problem)

    def _parts(self, x: Array, mask: Array) -> tuple[Array, Array, Array, Array]:
        """x less its largest element that counts; the exponentials, 0 where it does not count; their sum, 1 where nothing counts;
        and the mask, stretched over x."""
        there = jnp.broadcast_to(mask.reshape((1,) * (x.ndim - mask.ndim) + mask.shape), x.shape)
        top = jnp.max(x, self.axis, keepdims=True, initial=-jnp.inf, where=there)
        rest = x - lax.stop_gradient(jnp.where(jnp.isfinite(top), top, 0))
        powers = jnp.where(there, jnp.exp(jnp.where(there, rest, 0)), 0)
        total = jnp.sum(powers, self.axis, keepdims=True)
        return rest, powers, jnp.where(total == 0, 1, total), there

    def flops(self, x: TensorType, **optional: TensorType) -> Dim:
        return super().flops(x)

    def flow(self, passage: Passage) -> Flow:
        for name, flow in passage.named.items():
            back = passage.types[0].rank - self.axis % passage.types[0].rank  # how far from the end
            if passage.named_types[name].rank - back in flow.axes:
                passage.refuse("it mixes all positions")
        return super().flow(passage)


class Softmax(_Shares):
    """exp(x) / Σ exp(x) along one axis: non-negative numbers that sum to 1. Computed in at least f32.

    Any shape -> the same. Where `mask` is false an element counts nothing and becomes 0; if it is so along the whole axis, all are 0.
    FLOPs: 5 per element (maximum, subtract, exponential, sum, divide).
    """

    gives: ClassVar[str] = "probabilities"
    of_one = ("1", "sigmoid")

    def apply(self, scope: Scope, x: Array, *, mask: Array | None = None) -> Array:
        wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
        if mask is None:
            return jax.nn.softmax(wide, self.axis).astype(x.dtype)
        _, powers, total, _ = self._parts(wide, mask)
        return (powers / total).astype(x.dtype)


class LogSoftmax(_Shares):
    """x - log Σ exp(x) along one axis: the logarithm of softmax, without its underflow. Computed in at least f32.

    Any shape -> the same. Where `mask` is false an element counts nothing and becomes 0, so that it adds nothing to a sum of logarithms
    (though 0 is also the largest logarithm there is: look for a largest element among the scores, or in `softmax`).
    FLOPs: 5 per element (maximum, subtract, exponential, sum, subtract).
    """

    gives: ClassVar[str] = "log_probabilities"
    of_one = ("0", "log_sigmoid")

    def apply(self, scope: Scope, x: Array, *, mask: Array | None = None) -> Array:
        wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
        if mask is None:
            return jax.nn.log_softmax(wide, self.axis).astype(x.dtype)
        rest, _, total, there = self._parts(wide, mask)
        return jnp.where(there, rest - jnp.log(total), 0).astype(x.dtype)


class Standardize(_AlongAxis):
    """(x - mean) / sqrt(variance + epsilon) along one axis, without parameters. Computed in at least f32, from centred values.

    Any shape -> the same. FLOPs: 5 per element (mean, subtract, square, sum, multiply).
    """

    filler = ""
    source = "jax.nn.standardize"

    epsilon: Annotated[float, Field(ge=0)] = 1e-5
    """Added to the variance."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        shapes = (cls(), "f32[4, 7]"), (cls(axis=1), "f32[3, 4, 5]"), (cls(axis=-2), "f32[3, 4, 2]"), (cls(epsilon=0.1), "f32[4, 3]")
        return tuple(Example(op, (kind,)) for op, kind in shapes)

    def apply(self, scope: Scope, x: Array) -> Array:
        wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
        rest = wide - lax.stop_gradient(jnp.mean(wide, self.axis, keepdims=True))
        centred = rest - jnp.mean(rest, self.axis, keepdims=True)  # the first mean is rounded where it is large
        return (centred * lax.rsqrt(jnp.mean(lax.square(centred), self.axis, keepdims=True) + self.epsilon)).astype(x.dtype)

    def pooled(self, training: bool, *inputs: TensorType, **optional: TensorType) -> Dim | int | None:
        return inputs[0].shape[self.axis]
