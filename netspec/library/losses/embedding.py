"""Losses of vectors: what belongs together is near, what does not is far."""

from __future__ import annotations

from typing import Annotated, ClassVar

from netspec.kernels.array_forms import widen
from netspec.kernels.matmul import matmul
from netspec.lazy import jax, jnp, lax
from netspec.library.base import Array, Example, In, Loss, Scope
from netspec.library.base.field_bounds import Field
from netspec.library.losses.exact_shapes import batch_values, pair_values, row_values
from netspec.library.shape_rules.targets import MASK, is_integer
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import elements


def unit(x: Array) -> Array:
    """x by its length over the last axis; 0 stays 0, with gradient 0. Long and short vectors neither overflow nor vanish."""
    largest = lax.stop_gradient(jnp.max(jnp.abs(x), axis=-1, keepdims=True))
    scaled = x / jnp.where(largest > 0, largest, 1)
    square = jnp.sum(jnp.square(scaled), axis=-1, keepdims=True)
    return jnp.where(square > 0, scaled * lax.rsqrt(jnp.where(square > 0, square, 1)), 0)


def distance(a: Array, b: Array, epsilon: float) -> Array:
    """sqrt(sum (a - b)² + epsilon) over the last axis."""
    return jnp.sqrt(jnp.sum(jnp.square(a - b), axis=-1) + epsilon)


class CosineDistance(Loss):
    """1 - cos of the angle between predictions and targets, vectors on the last axis: 0 for the same direction, 2 for the opposite one.

    One value per vector. A vector of zeros has no direction; its distance is 1, with gradient 0. FLOPs: 7 per number.
    """

    inputs: ClassVar[tuple[In, ...]] = (
        In("predictions", "Vectors [..., D].", rank=1),
        In("targets", "Vectors of the same shape.", rank=1),
        MASK,
    )

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 3]", "f32[4, 3]")),
            Example(cls(), ("bf16[2, 6, 5]", "f32[2, 6, 5]"), {"mask": "bool[2, 6]"}),
        )

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        return row_values(self, facts, inputs, optional.get("mask"))

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        return 1 - jnp.sum(unit(widen(inputs[0])) * unit(widen(inputs[1])), axis=-1)

    def flops(self, *inputs: TensorType, **optional: TensorType) -> Dim | int:
        return elements(inputs[0].shape) * 7


class Triplet(Loss):
    """An anchor should be nearer to its positive than to its negative: max(0, d(anchor, positive) - d(anchor, negative) + margin).

    d is the Euclidean distance over the last axis, sqrt(sum of squares + epsilon), or with `squared` its square. One value per anchor.
    FLOPs: 6 per number.
    """

    inputs: ClassVar[tuple[In, ...]] = (
        In("anchor", "Vectors [..., D].", rank=1),
        In("positive", "Vectors of the same shape that belong to the anchors.", rank=1),
        In("negative", "Vectors of the same shape that do not.", rank=1),
        MASK,
    )
    source = "Balntas et al., Learning Local Feature Descriptors with Triplets and Shallow Convolutional Neural Networks, 2016"

    margin: Annotated[float, Field(ge=0)] = 1.0
    """By how much nearer the positive must be."""
    squared: bool = False
    """Compare squares of distances, as FaceNet does."""
    epsilon: Annotated[float, Field(gt=0)] = 1e-6
    """Added to the sums of squares, so that equal vectors have a gradient."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 3]", "f32[4, 3]", "f32[4, 3]")),
            Example(cls(margin=0.2, squared=True), ("bf16[2, 6, 5]", "bf16[2, 6, 5]", "f32[2, 6, 5]"), {"mask": "bool[2, 6]"}),
        )

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        return row_values(self, facts, inputs, optional.get("mask"))

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        anchor, positive, negative = map(widen, inputs)
        near, far = distance(anchor, positive, self.epsilon), distance(anchor, negative, self.epsilon)
        gap = near * near - far * far if self.squared else near - far
        return jnp.maximum(gap + self.margin, 0)

    def flops(self, *inputs: TensorType, **optional: TensorType) -> Dim | int:
        return elements(inputs[0].shape) * 6


class Contrastive(Loss):
    """Pairs that belong together should be near, others a margin apart: d² for the former, max(0, margin - d)² for the latter.

    d is the Euclidean distance over the last axis. One value per pair. FLOPs: 3 per number and 6 per pair.
    """

    inputs: ClassVar[tuple[In, ...]] = (
        In("left", "Vectors [..., D].", rank=1),
        In("right", "Vectors of the same shape.", rank=1),
        In("same", "Do they belong together? Of shape [...]: booleans, integers 0 and 1, or floats 0 to 1.", dtype="any"),
        MASK,
    )
    source = "Hadsell et al., Dimensionality Reduction by Learning an Invariant Mapping, 2006"

    margin: Annotated[float, Field(gt=0)] = 1.0
    """How far apart a pair must be that does not belong together."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 3]", "f32[4, 3]", "bool[4]")),
            Example(cls(margin=2.0), ("bf16[2, 6, 5]", "bf16[2, 6, 5]", "i32[2, 6]"), {"mask": "bool[2, 6]"}),
        )

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        return pair_values(self, facts, inputs, optional.get("mask"))

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        left, right, same = widen(inputs[0]), widen(inputs[1]), inputs[2]
        square = jnp.sum(jnp.square(left - right), axis=-1)
        apart = jnp.where(square > 0, jnp.sqrt(jnp.where(square > 0, square, 1)), 0)
        yes = same.astype(square.dtype)
        values = yes * square + (1 - yes) * jnp.square(jnp.maximum(self.margin - apart, 0))
        return values if not is_integer(same) else jnp.where((same == 0) | (same == 1), values, jnp.nan)

    def flops(self, *inputs: TensorType, **optional: TensorType) -> Dim | int:
        return elements(inputs[0].shape) * 3 + elements(inputs[2].shape) * 6


class _InBatch(Loss):
    """A loss of two vectors of each example, which are to find each other among those of the whole batch.

    Examples that only fill up a batch are nobody's neighbours.
    """

    inputs: ClassVar[tuple[In, ...]] = (
        In("left", "One vector of each example, [B, D].", rank=2),
        In("right", "The other one, of the same shape.", rank=2),
        MASK,
    )

    temperature: Annotated[float, Field(gt=0)] = 0.07
    """What cosines are divided by before the softmax: the smaller, the more the nearest neighbours matter."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 3]", "f32[4, 3]")),
            Example(cls(temperature=0.5), ("bf16[6, 5]", "bf16[6, 5]"), {"mask": "bool[6]"}),
        )

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        return batch_values(self, facts, inputs, optional.get("mask"))

    def mixes_examples(self, training: bool, *inputs: TensorType, **optional: TensorType) -> bool:
        return True

    def scores(self, scope: Scope, left: Array, right: Array) -> Array:
        """Cosines by the temperature, [rows of left, rows of right]; minus infinity for what fills up a batch."""
        found = matmul(scope.kernels, unit(left), unit(right).T) / self.temperature
        if scope.weight is None:
            return found
        counts = (scope.weight != 0)[None] | jnp.eye(len(scope.weight), dtype=bool)
        return jnp.where(counts, found, -jnp.inf)


class InfoNce(_InBatch):
    """Cross-entropy of finding an example's right vector by its left one among all of the batch, and the other way round; the mean of both.

    Scores are cosines by the temperature: CLIP's loss. One value per example, in nats. The more examples a batch has, the harder it is, and
    an evaluation depends on its batch size; with `accumulate` each part of a batch looks at itself alone. FLOPs: B · D · 2 + 8 · B for each
    of the B examples.
    """

    source = "van den Oord et al., Representation Learning with Contrastive Predictive Coding, 2018; Radford et al., CLIP, 2021"

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        left, right = map(widen, inputs)
        there, back = self.scores(scope, left, right), self.scores(scope, right, left)
        return 0.5 * sum(jax.nn.logsumexp(x, axis=-1) - jnp.diagonal(x) for x in (there, back))

    def flops(self, *inputs: TensorType, **optional: TensorType) -> Dim | int:
        batch, size = inputs[0].shape
        return batch * batch * (size * 2 + 8)


class NtXent(_InBatch):
    """The normalised, temperature-scaled cross-entropy of SimCLR: each of the 2 B vectors of a batch is to find the other one of its
    example among all 2 B - 1 others.

    Scores are cosines by the temperature. One value per example, the mean of its two vectors', in nats. The more examples a batch has, the
    harder it is, and an evaluation depends on its batch size; with `accumulate` each part of a batch looks at itself alone. FLOPs:
    B · D · 8 + 16 · B for each of the B examples.
    """

    source = "Chen et al., A Simple Framework for Contrastive Learning of Visual Representations, 2020"

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        left, right = map(widen, inputs)
        across = self.scores(scope, left, right), self.scores(scope, right, left)
        own = jnp.eye(len(left), dtype=bool)
        within = (jnp.where(own, -jnp.inf, self.scores(scope, x, x)) for x in (left, right))
        pairs = zip(across, within, strict=True)
        return 0.5 * sum(jax.nn.logsumexp(jnp.concatenate(pair, axis=1), axis=-1) - jnp.diagonal(pair[0]) for pair in pairs)

    def flops(self, *inputs: TensorType, **optional: TensorType) -> Dim | int:
        batch, size = inputs[0].shape
        return batch * batch * (size * 8 + 16)
