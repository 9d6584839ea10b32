"""Normalisation by statistics of the whole batch, and of groups of features."""

from __future__ import annotations

import math

from netspec.diagnostics.shapes.norms import UnevenGroupSize
from netspec.diagnostics.shapes.sizes import UnevenGroups
from netspec.kernels.array_forms import widen
from netspec.kernels.normalize import moments, number
from netspec.lazy import jnp
from netspec.library.base import Array, Example, Flow, In, Initializer, Passage, Positive, Scope, Weight
from netspec.library.base.field_bounds import model_validator
from netspec.library.initializers.distributions import Ones, Zeros
from netspec.library.layers.norm_statistics import MASK, Epsilon, Momentum, Normalization, other_axes, places, stretch_mask, stretch_weight
from netspec.library.shape_rules.axis_arguments import Axes, axes_of
from netspec.library.shape_rules.requirements import need_multiple
from netspec.library.shape_rules.sizes import parameter
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import elements

GROUPS = 32
"""Number of groups where neither it nor their size is given."""


class BatchNorm(Normalization):
    """Normalises each feature (last axis) by its mean and variance over all other axes of the batch.

    [batch, …, features] -> the same: y = (x - mean) / sqrt(variance + epsilon) · scale + bias. In training the statistics are the
    batch's own (biased variance), over all devices that share the batch, and the buffers move towards them: `mean` = momentum · `mean` +
    (1 - momentum) · batch mean, `var` likewise. Examples of weight 0, which pad a batch, and what `mask` leaves out do not count; a feature
    of which nothing counts keeps its buffers. In eval the buffers are used, and the mask is not. With other axes than the last as features,
    each place along them is a feature. Parameters `scale`, `bias`, buffers `mean`, `var`, each [features].
    PyTorch's `momentum` is the weight of the present, 0.1 where this is 0.9, and its `running_var` the unbiased variance: n / (n - 1) times
    this one.
    FLOPs: per element 2 (subtract, multiply by the folded factor), and 1 more for the bias.
    """

    inputs = (In("x", "the batch first, the features last", rank=2), MASK)
    masking = "mixes"  # in training
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
    axis: Axes = -1
    """The axis of the features, or several."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 5, 5, 3]",)),
            Example(cls(momentum=0.9, epsilon=1e-3, scale=False), ("f32[7, 1]",)),
            Example(cls(bias=False), ("f32[3, 5, 2]",)),
            Example(cls(axis=(1, -1)), ("f32[6, 2, 3, 4]",)),
            Example(cls(axis=1), ("f32[5, 3, 4]",), {"mask": "bool[5, 1, 4]"}),
            Example(cls(momentum=0.5), ("f32[4, 6, 2]",), {"mask": "bool[4, 6]"}),
        )

    def features(self, rank: int) -> tuple[int, ...]:
        return places(self.axis, rank)

    def shape(self, facts: Facts, x: TensorType, **mask: TensorType) -> TensorType:
        axes_of(self.op_name(), self.axis, x)
        return super().shape(facts, x, **mask)

    def buffers(self, x: TensorType, **mask: TensorType) -> dict[str, Weight]:
        shape = tuple(x.shape[axis] for axis in self.features(x.rank))
        return {"mean": parameter("mean", shape, Zeros()), "var": parameter("var", shape, Ones())}

    def apply(self, scope: Scope, x: Array, *, mask: Array | None = None) -> Array:
        features, values = self.features(x.ndim), widen(x)
        if not scope.training:
            centred = values - stretch_weight(scope.buffer("mean"), values, features)
            return self.affine(scope, centred, stretch_weight(scope.buffer("var"), values, features), x.dtype)
        counts, axes = self._counts(scope, x, mask), other_axes(features, x.ndim)
        mean, centred, variance = moments(scope.kernels, values, counts, axes=axes)
        self._move(scope, mean, variance, None if counts is None else number(values, axes, counts))
        return self.affine(scope, centred, variance, x.dtype)

    def _counts(self, scope: Scope, x: Array, mask: Array | None) -> Array | None:
        """True for what is not masked, of examples that are no padding."""
        found, weight = stretch_mask(x, mask), stretch_mask(x, scope.weight)
        if weight is None:
            return found
        return weight != 0 if found is None else found & (weight != 0)

    def _move(self, scope: Scope, mean: Array, variance: Array, count: Array | None) -> None:
        """Running statistics for the next step."""
        keep = self.momentum if count is None else jnp.where(count > 0, self.momentum, 1.0)
        for name, batch in (("mean", mean), ("var", variance)):
            old = scope.buffer(name)
            moved = keep * old.reshape(batch.shape) + (1 - keep) * batch
            scope.update(name, moved.reshape(old.shape).astype(old.dtype))

    def flops(self, x: TensorType, **mask: TensorType) -> Dim:
        return x.size * (2 + int(self.bias))

    def mixes_examples(self, training: bool, *inputs: TensorType, **optional: TensorType) -> bool:
        return training

    def pooled(self, training: bool, *inputs: TensorType, **optional: TensorType) -> Dim | int | None:
        x = inputs[0]
        return elements([x.shape[axis] for axis in other_axes(self.features(x.rank), x.rank)]) if training else None

    def takes_means(self, *inputs: TensorType, **optional: TensorType) -> tuple[int, ...]:
        return other_axes(self.features(inputs[0].rank), inputs[0].rank)

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(*self.features(passage.types[0].rank))  # outside training the statistics are buffers


class GroupNorm(Normalization):
    """Splits the features (last axis) into groups and normalises each group of each example over its features and all axes of space.

    [batch, …, features] -> the same: y = (x - mean) / sqrt(variance + epsilon) · scale + bias. Parameters `scale`, `bias` [features].
    A group of which nothing counts gives the bias. PyTorch's features are the second axis, and its epsilon is 1e-5.
    FLOPs: per element 5 (mean, subtract, square, sum, multiply), and 1 each for scale and bias.
    """

    inputs = (In("x", "the batch first, the features last", rank=2), MASK)
    source = "Wu and He, Group Normalization, 2018; Flax linen GroupNorm"

    groups: Positive | None = None
    """Number of groups, which divides the number of features; 32 where `group_size` is not given either."""
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
    group_size: Positive | None = None
    """Features of each group, in place of `groups`; it divides their number."""

    @model_validator(mode="after")
    def _one_of_both(self) -> GroupNorm:
        """Checks that only one of `groups` and `group_size` is given."""
        if self.groups is not None and self.group_size is not None:
            raise ValueError("either groups or group_size, not both: the features decide the other")
        return self

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(groups=2), ("f32[2, 3, 3, 6]",)),
            Example(cls(groups=1, epsilon=1e-3, scale=False), ("f32[3, 5]",)),
            Example(cls(groups=3, bias=False), ("f32[1, 4, 9]",)),
            Example(cls(group_size=2), ("f32[2, 3, 6]",)),
            Example(cls(groups=2), ("f32[3, 5, 4]",), {"mask": "bool[3, 5]"}),
        )

    def _count(self, features: int) -> int:
        """How many groups so many features make."""
        return (GROUPS if self.groups is None else self.groups) if self.group_size is None else features // self.group_size

    def shape(self, facts: Facts, x: TensorType, **mask: TensorType) -> TensorType:
        features, name, why = x.shape[-1], self.op_name(), "so that the groups are equal"
        if self.group_size is None:
            groups = self._count(0)
            need_multiple(facts, name, features, groups, why, UnevenGroups(name, groups, features, x, blame="groups"))
        else:
            problem = UnevenGroupSize(name, self.group_size, features, blame="group_size")
            need_multiple(facts, name, features, self.group_size, why, problem)
        return super().shape(facts, x, **mask)

    def apply(self, scope: Scope, x: Array, *, mask: Array | None = None) -> Array:
        number = self._count(x.shape[-1])
        split = (x.shape[0], math.prod(x.shape[1:-1]), number, x.shape[-1] // number)
        found = stretch_mask(x, mask)
        counts = None if found is None else jnp.broadcast_to(found, x.shape).reshape(split)
        _, centred, variance = moments(scope.kernels, widen(x).reshape(split), counts, axes=(1, 3))
        variance = jnp.broadcast_to(variance, (x.shape[0], 1, *split[2:])).reshape(x.shape[0], *(1,) * (x.ndim - 2), x.shape[-1])
        return self.affine(scope, centred.reshape(x.shape), variance, x.dtype)

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(*range(1, passage.types[0].rank))

    def pooled(self, training: bool, *inputs: TensorType, **optional: TensorType) -> Dim | int | None:
        x = inputs[0]
        return elements(x.shape[1:-1]) * (x.shape[-1] // max(self._count(x.shape[-1].value), 1)) if x.shape[-1].is_constant else None
