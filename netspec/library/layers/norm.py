"""Normalisation layers. Statistics are taken in at least f32, from values that were centred first, so that they stay accurate
when the mean is large beside the spread; a variance is never negative."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

from netspec.diagnostics.shapes import UnevenGroups
from netspec.lazy import jnp, lax
from netspec.library.base import Array, Example, Flow, In, Initializer, Layer, Passage, Positive, Scope, Weight
from netspec.library.base.fields import Field
from netspec.library.initializers import Ones, Zeros
from netspec.library.proofs import need_multiple
from netspec.library.sizes import along_last, parameter
from netspec.shape import Dim, Facts, TensorType

Epsilon = Annotated[float, Field(ge=0)]
Momentum = Annotated[float, Field(ge=0, le=1)]


class _Normalization(Layer):
    """What the normalisations share: the scale and bias of the last axis. Each class declares the arguments in its own order."""

    if TYPE_CHECKING:
        epsilon: float
        scale: bool
        bias: bool
        scale_init: Initializer
        bias_init: Initializer

    def params(self, x: TensorType) -> dict[str, Weight]:
        scale = {"scale": parameter("scale", x.shape[-1:], self.scale_init)} if self.scale else {}
        return scale | ({"bias": parameter("bias", x.shape[-1:], self.bias_init)} if self.bias else {})

    def affine(self, scope: Scope, centred: Array, variance: Array, dtype: object) -> Array:
        """centred / sqrt(variance + epsilon) · scale + bias, in the dtype given."""
        factor = lax.rsqrt(variance + self.epsilon)
        if self.scale:
            factor = factor * along_last(scope.param("scale"), centred)
        y = centred * factor
        return (y + along_last(scope.param("bias"), y) if self.bias else y).astype(dtype)


class BatchNorm(_Normalization):
    """Normalises each feature (last axis) by its mean and variance over all other axes of the batch.

    [batch, …, features] -> the same: y = (x - mean) / sqrt(variance + epsilon) · scale + bias. In training the statistics are the
    batch's own (biased variance; examples of weight 0, which pad a batch, do not count) and the buffers move towards them:
    `mean` = momentum · `mean` + (1 - momentum) · batch mean, `var` likewise. In eval the buffers are used.
    Parameters `scale`, `bias`, buffers `mean`, `var`, each [features].
    FLOPs: per element 2 (subtract, multiply by the folded factor), and 1 more for the bias.
    """

    inputs = (In("x", "the batch first, the features last", rank=2),)
    source = "Ioffe and Szegedy, Batch Normalization, 2015; Flax linen BatchNorm"

    momentum: Momentum = 0.99
    """Weight of the past in the running statistics."""
    epsilon: Epsilon = 1e-5
    """Added to the variance."""
    scale: bool = True
    """Multiply by a learned scale."""
    bias: bool = True
    """Add a learned bias."""
    scale_init: Initializer = Ones()
    """Initial value of the scale."""
    bias_init: Initializer = Zeros()
    """Initial value of the bias."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 5, 5, 3]",)),
            Example(cls(momentum=0.9, epsilon=1e-3, scale=False), ("f32[7, 1]",)),
            Example(cls(bias=False), ("f32[3, 5, 2]",)),
        )

    def buffers(self, x: TensorType) -> dict[str, Weight]:
        return {"mean": parameter("mean", x.shape[-1:], Zeros()), "var": parameter("var", x.shape[-1:], Ones())}

    def apply(self, scope: Scope, x: Array) -> Array:
        wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
        if not scope.training:
            centred = wide - along_last(scope.buffer("mean"), wide)
            return self.affine(scope, centred, along_last(scope.buffer("var"), wide), x.dtype)
        counts = None if scope.weight is None else (scope.weight != 0).reshape((-1,) + (1,) * (x.ndim - 1))
        mean, centred, variance = moments(wide, tuple(range(x.ndim - 1)), counts)
        self._move(scope, mean, variance, counts)
        return self.affine(scope, centred, variance, x.dtype)

    def _move(self, scope: Scope, mean: Array, variance: Array, counts: Array | None) -> None:
        """Running statistics for the next step; a batch in which nothing counts leaves them alone."""
        keep = self.momentum if counts is None else jnp.where(jnp.any(counts), self.momentum, 1.0)
        for name, batch in (("mean", mean), ("var", variance)):
            old = scope.buffer(name)
            scope.update(name, (keep * old + (1 - keep) * batch.reshape(old.shape)).astype(old.dtype))

    def flops(self, x: TensorType) -> Dim:
        return x.size * (2 + int(self.bias))

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(-1)  # outside training the statistics are buffers


class LayerNorm(_Normalization):
    """Normalises each vector along the last axis by its own mean and (biased) variance.

    [..., features] -> the same: y = (x - mean) / sqrt(variance + epsilon) · scale + bias. Parameters `scale`, `bias` [features].
    FLOPs: per element 5 (mean, subtract, square, sum, multiply), and 1 each for scale and bias.
    """

    inputs = (In("x", "any leading axes, then the features", rank=1),)
    source = "Ba et al., Layer Normalization, 2016; Flax linen LayerNorm"

    epsilon: Epsilon = 1e-6
    """Added to the variance."""
    scale: bool = True
    """Multiply by a learned scale."""
    bias: bool = True
    """Add a learned bias."""
    scale_init: Initializer = Ones()
    """Initial value of the scale."""
    bias_init: Initializer = Zeros()
    """Initial value of the bias."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 5, 8]",)),
            Example(cls(epsilon=1e-3, bias=False), ("f32[3, 7]",)),
            Example(cls(scale=False), ("f32[5]",)),
        )

    def apply(self, scope: Scope, x: Array) -> Array:
        wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
        _, centred, variance = moments(wide, (x.ndim - 1,), None)
        return self.affine(scope, centred, variance, x.dtype)

    def flops(self, x: TensorType) -> Dim:
        return x.size * (5 + int(self.scale) + int(self.bias))

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(-1)


class GroupNorm(_Normalization):
    """Splits the features (last axis) into groups and normalises each group of each example over its features and all axes of space.

    [batch, …, features] -> the same: y = (x - mean) / sqrt(variance + epsilon) · scale + bias. Parameters `scale`, `bias` [features].
    FLOPs: per element 5 (mean, subtract, square, sum, multiply), and 1 each for scale and bias.
    """

    inputs = (In("x", "the batch first, the features last", rank=2),)
    source = "Wu and He, Group Normalization, 2018; Flax linen GroupNorm"

    groups: Positive = 32
    """Number of groups; it divides the number of features."""
    epsilon: Epsilon = 1e-6
    """Added to the variance."""
    scale: bool = True
    """Multiply by a learned scale."""
    bias: bool = True
    """Add a learned bias."""
    scale_init: Initializer = Ones()
    """Initial value of the scale."""
    bias_init: Initializer = Zeros()
    """Initial value of the bias."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(groups=2), ("f32[2, 3, 3, 6]",)),
            Example(cls(groups=1, epsilon=1e-3, scale=False), ("f32[3, 5]",)),
            Example(cls(groups=3, bias=False), ("f32[1, 4, 9]",)),
        )

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        features = x.shape[-1]
        problem = UnevenGroups(self.op_name(), self.groups, features, x, blame="groups")
        need_multiple(facts, self.op_name(), features, self.groups, "so that the groups are equal", problem)
        return x

    def apply(self, scope: Scope, x: Array) -> Array:
        wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
        groups = wide.reshape(x.shape[0], math.prod(x.shape[1:-1]), self.groups, x.shape[-1] // self.groups)
        _, centred, variance = moments(groups, (1, 3), None)
        variance = jnp.broadcast_to(variance, (x.shape[0], 1, *groups.shape[2:])).reshape(x.shape[0], *(1,) * (x.ndim - 2), x.shape[-1])
        return self.affine(scope, centred.reshape(x.shape), variance, x.dtype)

    def flops(self, x: TensorType) -> Dim:
        return x.size * (5 + int(self.scale) + int(self.bias))

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(*range(1, passage.types[0].rank))


def moments(x: Array, axes: tuple[int, ...], counts: Array | None) -> tuple[Array, Array, Array]:
    """Mean, centred values and biased variance over the axes, which are kept as size 1; `counts` is true where a value takes part.

    The second pass corrects the first one's mean by the mean of what it left: without it, rounding in a large mean enters the variance.
    """
    first = lax.stop_gradient(_mean(x, axes, counts))
    rest = x - first
    correction = _mean(rest, axes, counts)
    centred = rest - correction
    return first + correction, centred, _mean(lax.square(centred), axes, counts)


def _mean(x: Array, axes: tuple[int, ...], counts: Array | None) -> Array:
    if counts is None:
        return jnp.mean(x, axes, keepdims=True)
    number = jnp.sum(jnp.broadcast_to(counts, x.shape), axes, dtype=x.dtype, keepdims=True)
    return jnp.sum(jnp.where(counts, x, 0), axes, keepdims=True) / jnp.maximum(number, 1)
