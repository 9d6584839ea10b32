"""What attention layers share: which keys a query may see, and the weighted mean of values.

Inside, tensors stand as [batch…, key heads, group, queries, keys]: each head of keys and values serves a group of query heads.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import reduce
from typing import Annotated, Protocol

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.attention import UnevenKeyHeads, UnfitHeads, UnfitShape
from netspec.diagnostics.shapes.operands import UnequalDtypes
from netspec.lazy import jnp, lax
from netspec.library.base import Array, Flow, In, Passage, Positive, Scope
from netspec.library.base.field_bounds import Field
from netspec.library.contracts.sequence_axis import furthest_reach
from netspec.library.shape_rules.requirements import need_equal, need_multiple
from netspec.library.shape_rules.sizes import count
from netspec.record import record
from netspec.shape import Dim, Facts, TensorType

MASK = In(
    "mask",
    "true where a query may see a key: [batch…, keys], [batch…, queries, keys] or [batch…, heads, queries, keys]",
    "bool",
    optional=True,
)
SEGMENTS = In("segments", "whole numbers [batch…, length]: a query sees only keys of its own segment", "int", optional=True)
SCORE_BIAS = In(
    "score_bias", "added to the scores: [batch…, heads, queries, keys] or [heads, queries, keys], axes of 1 stretch", optional=True, rank=3
)
AboveZero = Annotated[float, Field(gt=0)]


@record
class Rules:
    """Which keys a query may see by its place, how much of the weights training drops, and what becomes of the scores."""

    causal: bool
    window: int | None
    dropout: float
    alibi: bool = False
    scale: float | None = None
    soft_cap: float | None = None

    @property
    def placed(self) -> bool:
        """The result depends on where a query stands among the keys."""
        return self.causal or self.window is not None or self.alibi


class Attending(Protocol):
    """The arguments that attention layers share."""

    @property
    def causal(self) -> bool: ...
    @property
    def window(self) -> Positive | None: ...
    @property
    def dropout(self) -> float: ...
    @property
    def alibi(self) -> bool: ...
    @property
    def scale(self) -> float | None: ...
    @property
    def soft_cap(self) -> float | None: ...


def rules_of(op: Attending) -> Rules:
    return Rules(op.causal, op.window, op.dropout, op.alibi, op.scale, op.soft_cap)


# --- shapes ----------------------------------------------------------------------------------------------------------
def require_heads(facts: Facts, op: str, query: TensorType, key: TensorType, value: TensorType) -> None:
    """Query, key and value go together. Raises `Mistake` for the first pair that does not."""
    for name, other in (("key", key), ("value", value)):
        if query.dtype != other.dtype:
            raise Mistake(UnequalDtypes(op, query, other, blame=name))
        if query.rank != other.rank:
            raise Mistake(UnfitHeads(op, "query", query, name, other, None, blame=name))
    leading = tuple(range(-query.rank, -3))
    _same(facts, op, ("query", query), ("key", key), (*leading, -1))
    _same(facts, op, ("key", key), ("value", value), (*leading, -3, -2))
    require_groups(facts, op, query.shape[-2], key.shape[-2], "key")


def _same(facts: Facts, op: str, one: tuple[str, TensorType], other: tuple[str, TensorType], axes: tuple[int, ...]) -> None:
    for axis in axes:
        problem = UnfitHeads(op, *one, *other, axis, blame=other[0])
        need_equal(facts, op, one[1].shape[axis], other[1].shape[axis], f"so that `{other[0]}` goes with `{one[0]}`", problem)


def require_groups(facts: Facts, op: str, heads: Dim, key_heads: Dim, blame: str) -> None:
    """The heads of the queries are a multiple of those of the keys."""
    problem, why = UnevenKeyHeads(op, heads, key_heads, blame=blame), "so that key heads serve equally many query heads"
    if key_heads.is_constant:
        need_multiple(facts, op, heads, key_heads.value, why, problem)
    else:
        need_equal(facts, op, heads, key_heads, why, problem)


def require_optional(facts: Facts, op: str, scores: tuple[Dim, ...], given: Mapping[str, TensorType]) -> None:
    """Masks, segments and biases fit scores of shape [batch…, heads, queries, keys]."""
    *batch, heads, queries, keys = scores
    shapes = {
        "mask": ((*batch, keys), (*batch, queries, keys), (*batch, heads, queries, keys)),
        "score_bias": ((*batch, heads, queries, keys), (heads, queries, keys)),
        "segments": ((*batch, queries),),
        "key_segments": ((*batch, keys),),
    }
    for name, kind in given.items():
        require_shape(facts, op, name, kind, shapes[name], stretches=name in ("mask", "score_bias"))
    if "segments" in given and "key_segments" not in given:
        problem = UnfitShape(op, "segments", given["segments"], ((*batch, keys),), blame="segments")
        need_equal(facts, op, queries, keys, "so that `segments` can be those of the keys too", problem)


def require_shape(
    facts: Facts, op: str, name: str, found: TensorType, accepted: tuple[tuple[Dim, ...], ...], stretches: bool = False
) -> None:
    """The shape is the accepted one with as many axes; where it stretches, an axis may be 1 instead. Raises `Mistake` otherwise."""
    problem = UnfitShape(op, name, found, accepted, blame=name)
    wanted = next((shape for shape in accepted if len(shape) == found.rank), None)
    if wanted is None:
        raise Mistake(problem)
    for have, want in zip(found.shape, wanted, strict=True):
        if not (stretches and have == 1):
            need_equal(facts, op, have, want, f"so that `{name}` fits", problem)


def attend_flops(rules: Rules, query: TensorType, keys: Dim, value_size: Dim, biased: bool) -> Dim:
    """Scores, their softmax and the weighted mean, masked ones included."""
    scores = count(query.shape[:-1]) * keys
    extras = int(biased) + 2 * int(rules.alibi) + 3 * int(rules.soft_cap is not None)
    return scores * (2 * query.shape[-1] + 2 * value_size + 6 + extras)


def attention_flow(passage: Passage, rules: Rules) -> Flow:
    """What positions know behind an attention with query, key and value [batch…, length, heads, size]."""
    query, key = passage.types[:2]
    for place in (0, 1, 2):
        passage.untouched(-1, -2, input=place)
    lengths = [kind.rank - 3 in flow.axes for kind, flow in zip(passage.types, passage.flows, strict=True)]
    if not any(lengths[1:]):
        if lengths[0] and rules.placed:
            passage.refuse("what a query sees depends on how many queries there are")
        return passage.made()
    if not rules.causal:
        passage.refuse("every position sees those after it", "causal=true")
    ahead = key.shape[-3] - query.shape[-3]
    if not all(lengths) or not ahead.is_constant:
        passage.refuse("its queries and keys are not the same positions")
    later = [None if flow.reach is None else flow.reach + ahead.value for flow in passage.flows[1:]]
    return passage.made(furthest_reach((passage.flows[0].reach, *later, *(flow.reach for flow in passage.named.values()))))


# --- values ----------------------------------------------------------------------------------------------------------
def attend(
    scope: Scope, rules: Rules, query: Array, key: Array, value: Array, optional: Mapping[str, Array], ahead: Array | None = None
) -> Array:
    """[batch…, queries, heads, size], [batch…, keys, key heads, size], [batch…, keys, key heads, value size]
    -> [batch…, queries, heads, value size]. Scores and softmax are in at least f32; a query that may see no key gives zeros.

    `ahead` [queries, keys] or [batch…, queries, keys] is by how many places a key stands behind its query, negative before it; absent,
    the last query stands at the last key.
    """
    wide = jnp.promote_types(query.dtype, jnp.float32)
    groups = (key.shape[-2], query.shape[-2] // key.shape[-2])
    query = query.reshape(*query.shape[:-2], *groups, query.shape[-1])
    scale = query.shape[-1] ** -0.5 if rules.scale is None else rules.scale
    scores = jnp.einsum("...qkgd,...skd->...kgqs", query, key, preferred_element_type=wide) * scale
    if ahead is None:
        ahead = align_ends(*scores.shape[-2:])
    scores = _add_biases(rules, scores, ahead, groups, optional)
    weights = _drop_weights(scope, rules.dropout, weigh(scores, _combine_masks(rules, scores, ahead, groups, optional)))
    mean = jnp.einsum("...kgqs,...skd->...qkgd", weights.astype(value.dtype), value)
    return mean.reshape(*mean.shape[:-3], groups[0] * groups[1], mean.shape[-1])


def align_ends(queries: int, keys: int) -> Array:
    """i32[queries, keys]: by how many places each key stands behind each query, the last query being at the last key."""
    return jnp.arange(keys)[None, :] - (jnp.arange(queries)[:, None] + (keys - queries))


def alibi_slopes(heads: int) -> list[float]:
    """What each head takes from a score for a place of distance: 2^(-8/n), 2^(-16/n), … for n = `heads`, a power of two. For other numbers,
    those of the power of two below, and then every second one of the power of two above."""
    below = 2 ** int(math.log2(heads))
    return [2 ** (-8 * (h + 1) / below) for h in range(below)] + [2 ** (-4 * (2 * h + 1) / below) for h in range(heads - below)]


def _add_biases(rules: Rules, scores: Array, ahead: Array, groups: tuple[int, int], optional: Mapping[str, Array]) -> Array:
    """The scores with their cap, and then with what is added to them."""
    if rules.soft_cap is not None:
        scores = rules.soft_cap * jnp.tanh(scores / rules.soft_cap)
    if rules.alibi:
        slopes = jnp.asarray(alibi_slopes(groups[0] * groups[1]), scores.dtype).reshape((1,) * (scores.ndim - 4) + (*groups, 1, 1))
        scores = scores - slopes * jnp.abs(_spread_over_heads(ahead, scores.ndim)).astype(scores.dtype)
    if "score_bias" in optional:
        scores = scores + _group_heads(optional["score_bias"].astype(scores.dtype), groups, scores.ndim)
    return scores


def weigh(scores: Array, allowed: Array | None) -> Array:
    """Softmax over the last axis of the scores that are allowed; zeros where none is, without a NaN in value or gradient."""
    if allowed is not None:
        scores = jnp.where(allowed, scores, -jnp.inf)
    highest = lax.stop_gradient(jnp.max(scores, -1, keepdims=True))
    powers = jnp.exp(scores - jnp.where(jnp.isfinite(highest), highest, 0))
    total = jnp.sum(powers, -1, keepdims=True)
    return powers / jnp.where(total > 0, total, 1)


def _combine_masks(rules: Rules, scores: Array, ahead: Array, groups: tuple[int, int], optional: Mapping[str, Array]) -> Array | None:
    """Where all rules and masks allow a query to see a key; stretches over the scores. None when nothing forbids anything."""
    rank, parts = scores.ndim, []
    if rules.causal:
        parts.append(_spread_over_heads(ahead <= 0, rank))
    if rules.window is not None:
        parts.append(_spread_over_heads(jnp.abs(ahead) < rules.window, rank))
    if "mask" in optional:
        parts.append(_group_heads(optional["mask"], groups, rank, batch=rank - 4))
    if "segments" in optional:
        own = optional["segments"]
        equal = own[..., :, None] == optional.get("key_segments", own)[..., None, :]
        parts.append(_spread_over_heads(equal, rank))
    return reduce(jnp.logical_and, parts) if parts else None


def _spread_over_heads(x: Array, rank: int) -> Array:
    """[queries, keys] or [batch…, queries, keys], the same for all heads, with all axes of the scores."""
    lead = x.shape[:-2]
    return x.reshape((1,) * (rank - 4 - len(lead)) + lead + (1, 1) + x.shape[-2:])


def _group_heads(x: Array, groups: tuple[int, int], rank: int, batch: int | None = None) -> Array:
    """[batch…, keys], [batch…, queries, keys] or [batch…, heads, queries, keys] with all axes of the scores, sizes of 1 where it has none.

    Without `batch` x has heads, and the batch may be missing.
    """
    extra = 3 if batch is None else x.ndim - batch
    lead = x.shape[: x.ndim - extra]
    queries = x.shape[-2] if extra > 1 else 1
    heads = x.shape[-3] if extra > 2 else 1
    split = (1, 1) if heads == 1 else groups
    return x.reshape((1,) * (rank - 4 - len(lead)) + lead + split + (queries, x.shape[-1]))


def _drop_weights(scope: Scope, rate: float, weights: Array) -> Array:
    if not scope.training or rate == 0:
        return weights
    return jnp.where(scope.bernoulli(1 - rate, weights.shape), weights / (1 - rate), 0)
