"""Relative positions: learned numbers that attention adds to its scores, by the distance of query and key."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.attention import UnfitShape
from netspec.kernels.embed import embed
from netspec.lazy import jnp, np
from netspec.library.base import Array, Example, Flow, In, Initializer, Layer, Passage, Positive, Scope, Weight
from netspec.library.base.field_bounds import Field, model_validator
from netspec.library.initializers.distributions import TruncatedNormal, VarianceScaling, Zeros
from netspec.library.shape_rules.requirements import need_equal
from netspec.library.shape_rules.sizes import parameter
from netspec.shape import Dim, Facts, TensorType

_INPUTS = (
    In("position", "of the queries, whole numbers [queries] or [batch…, queries]", dtype="int", rank=1),
    In("key_position", "of the keys [keys] or [batch…, keys], where they are others", dtype="int", optional=True, rank=1),
)


Far = Annotated[int, Field(ge=1, le=1_000_000)]
"""A distance of positions. The table has a row for each, so there is a limit."""


class _Relative(Layer):
    """A table with a row for each distance, or for several, and a column for each head."""

    inputs = _INPUTS
    if TYPE_CHECKING:
        heads: int
        causal: bool
        max_distance: int
        init: Initializer

    def rows(self) -> Array:
        """The row of each distance from -max_distance, of a key before its query, to max_distance."""
        raise TypeError(f"{self.op_name()} has no table")

    def height(self) -> int:
        """How many rows the table has."""
        raise TypeError(f"{self.op_name()} has no table")

    def shape(self, facts: Facts, position: TensorType, key_position: TensorType | None = None) -> TensorType:
        keys = position if key_position is None else key_position
        problem = UnfitShape(self.op_name(), "key_position", keys, ((*position.shape[:-1], Dim.of("keys")),), blame="key_position")
        if keys.rank != position.rank:
            raise Mistake(problem)
        for one, other in zip(position.shape[:-1], keys.shape[:-1], strict=True):
            need_equal(facts, self.op_name(), one, other, "so that `key_position` goes with `position`", problem)
        return TensorType("f32", (*position.shape[:-1], self.heads, position.shape[-1], keys.shape[-1]))

    def params(self, position: TensorType, key_position: TensorType | None = None) -> dict[str, Weight]:
        return {"embedding": parameter("embedding", (self.height(), self.heads), self.init)}

    def apply(self, scope: Scope, position: Array, key_position: Array | None = None) -> Array:
        keys = position if key_position is None else key_position
        ahead = keys[..., None, :].astype(jnp.int32) - position[..., :, None].astype(jnp.int32)
        farthest = self.max_distance
        rows = jnp.asarray(self.rows(), jnp.int32)[jnp.clip(ahead, -farthest, farthest) + farthest]
        numbers = embed(scope.kernels, scope.param("embedding"), rows)
        return jnp.moveaxis(numbers, -1, -3).astype(scope.lowered("f32"))

    def flow(self, passage: Passage) -> Flow:
        """The number of a query and a key is the same however many others there are."""
        return passage.made()


class RelativeBias(_Relative):
    """Learned numbers for the scores of attention, by the distance of query and key: each head has one for each of so many buckets.

    Positions [queries] or [batch…, queries] -> f32[heads, queries, keys] or f32[batch…, heads, queries, keys], which `attention` and
    `self_attention` take as `score_bias`. Parameter `embedding` [buckets, heads]. Half of the buckets are for keys behind the query, unless
    `causal`. On each side the first half of the buckets are distances 0, 1, 2, …; the others are wider the farther, up to `max_distance`,
    and the last has all beyond. One instance may serve all layers, as in T5, whose attention has `scale=1.0`. FLOPs: 0.
    """

    source = "Raffel et al., Exploring the Limits of Transfer Learning (T5), 2020"

    heads: Positive
    """Number of heads of the attention."""
    buckets: Annotated[int, Field(ge=2)] = 32
    """Number of buckets."""
    max_distance: Far = 128
    """Where the last bucket begins at the latest."""
    causal: bool = False
    """All buckets are for keys before the query; those behind it, which causal attention does not see, count as distance 0."""
    init: Initializer = VarianceScaling(scale=1.0, mode="fan_avg", distribution="uniform")
    """Initial value of the table."""

    @model_validator(mode="after")
    def _fit(self) -> RelativeBias:
        """Checks that both sides get as many buckets, and that `max_distance` lies beyond the buckets of one distance each."""
        if not self.causal and self.buckets % 4:
            raise ValueError(f"buckets must be a multiple of 4, so that both sides have as many, not {self.buckets}")
        if self.max_distance <= self._side // 2:
            raise ValueError(f"max_distance must be more than {self._side // 2}, the distances that have a bucket each")
        return self

    @property
    def _side(self) -> int:
        """Number of buckets on one side of the query."""
        return self.buckets if self.causal else self.buckets // 2

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(heads=3, buckets=8, max_distance=6), ("i32[9]",)),
            Example(cls(heads=2, buckets=4, max_distance=4, causal=True), ("i32[2, 5]",), {"key_position": "i32[2, 7]"}),
            Example(cls(heads=2), ("i32[3, 4]",)),
        )

    def height(self) -> int:
        return self.buckets

    def rows(self) -> Array:
        own = self.buckets_of(np.arange(1, self.max_distance + 1))
        behind = np.zeros_like(own) if self.causal else self._side + own
        return np.concatenate([own[::-1], [0], behind])

    def buckets_of(self, distance: Array) -> Array:
        """The buckets of distances on one side. Of those with several, the k-th begins at exact · (max_distance / exact)^(k / count)."""
        exact = self._side // 2
        wide = self._side - exact
        begins = exact * (self.max_distance / exact) ** (np.arange(1, wide) / wide)
        return np.where(distance < exact, distance, exact + np.searchsorted(begins * (1 - 1e-9), distance, side="right"))


class DistanceBias(_Relative):
    """Learned numbers for the scores of attention, by the distance of query and key: each head has one for each distance.

    Positions [queries] or [batch…, queries] -> f32[heads, queries, keys] or f32[batch…, heads, queries, keys], which `attention` and
    `self_attention` take as `score_bias`. Distances beyond `max_distance` count as that. Parameter `embedding`
    [2 · max_distance + 1, heads], from keys before the query to keys behind it; [max_distance + 1, heads] with `causal`. FLOPs: 0.
    """

    source = "Shaw et al., Self-Attention with Relative Position Representations, 2018; Liu et al., Swin Transformer, 2021"

    heads: Positive
    """Number of heads of the attention."""
    max_distance: Far
    """The farthest distance with numbers of its own."""
    causal: bool = False
    """No numbers for keys behind the query, which causal attention does not see; they count as distance 0."""
    init: Initializer = Zeros()
    """Initial value of the table."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(heads=3, max_distance=2), ("i32[9]",)),
            Example(cls(heads=2, max_distance=3, causal=True), ("i32[2, 5]",), {"key_position": "i32[2, 7]"}),
        )

    def height(self) -> int:
        return self.max_distance + 1 if self.causal else 2 * self.max_distance + 1

    def rows(self) -> Array:
        return np.minimum(np.arange(2 * self.max_distance + 1), self.height() - 1)


class WindowBias(Layer):
    """Learned numbers for the scores of attention in windows of an image: each head has one for each distance along all axes.

    No input -> f32[heads, N, N] with N = the places of a window, row by row, which `attention` and `self_attention` take as `score_bias`:
    `rearrange(x, "b (h p) (w q) c -> b (h w) (p q) c", p=7, q=7) -> self_attention(3, score_bias=window_bias(3, window=7))`.
    Parameter `embedding` [(2h - 1) · (2w - 1), heads]; the row of a query at (y, x) and a key at (v, u) is (y - v + h - 1) · (2w - 1) +
    x - u + w - 1, as in Swin's `relative_position_bias_table`. `distance_bias` is the same along one axis. FLOPs: 0.
    """

    source = "Liu et al., Swin Transformer, 2021"

    heads: Positive
    """Number of heads of the attention."""
    window: Annotated[tuple[Far, ...], Field(strict=False, min_length=1, max_length=3)] | Far
    """Size of a window: one number for both axes of an image, or a list with one for each of 1 to 3 axes."""
    init: Initializer = TruncatedNormal(stddev=0.02)
    """Initial value of the table."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(heads=3, window=2)),
            Example(cls(heads=2, window=(2, 3))),
            Example(cls(heads=1, window=(2, 1, 3))),
        )

    @property
    def _sizes(self) -> tuple[int, ...]:
        return (self.window, self.window) if isinstance(self.window, int) else self.window

    def shape(self, facts: Facts) -> TensorType:
        places = math.prod(self._sizes)
        return TensorType("f32", (self.heads, places, places))

    def params(self) -> dict[str, Weight]:
        return {"embedding": parameter("embedding", (math.prod(2 * size - 1 for size in self._sizes), self.heads), self.init)}

    def apply(self, scope: Scope) -> Array:
        numbers = embed(scope.kernels, scope.param("embedding"), jnp.asarray(self._rows(), jnp.int32))
        return jnp.moveaxis(numbers, -1, 0).astype(scope.lowered("f32"))

    def _rows(self) -> Array:
        """The row of each query and key, [N, N]."""
        places = np.indices(self._sizes).reshape(len(self._sizes), -1)
        rows = np.zeros((places.shape[1],) * 2, int)
        for size, place in zip(self._sizes, places, strict=True):
            rows = rows * (2 * size - 1) + place[:, None] - place[None, :] + size - 1
        return rows

    def flow(self, passage: Passage) -> Flow:
        return passage.made()
