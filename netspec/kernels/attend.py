"""Computes attention: the weighted mean of values, with weights from the scores of queries and keys.

Inside, tensors stand as [batch…, key heads, group, queries, keys]: each head of keys and values serves a group of query heads.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import reduce
from typing import Any

from netspec.kernels.family import Sample, family
from netspec.lazy import jnp, lax
from netspec.record import record


@record
class Rules:
    """Which keys a query may see by its place, how much of the weights training drops, and what becomes of the scores."""

    causal: bool = False
    window: int | None = None
    dropout: float = 0.0
    alibi: bool = False
    scale: float | None = None
    soft_cap: float | None = None

    @property
    def placed(self) -> bool:
        """The result depends on where a query stands among the keys."""
        return self.causal or self.window is not None or self.alibi


WIDE = ("f32[3, 5, 4, 6]", "f32[3, 7, 2, 6]", "f32[3, 7, 2, 5]")
SAME = ("f32[2, 4, 2, 3]",) * 3


@family(
    Sample(*WIDE, {}, rules=Rules()),
    Sample(*SAME, {}, rules=Rules(causal=True)),
    Sample(*WIDE, {"score_bias": "f32[4, 1, 7]"}, rules=Rules(causal=True, window=2)),
    Sample(*SAME, {"segments": "i32[2, 4]", "mask": "bool[2, 4]"}, rules=Rules(window=2)),
    Sample(*WIDE, {"mask": "bool[3, 1, 5, 7]", "segments": "i32[3, 5]", "key_segments": "i32[3, 7]"}, rules=Rules()),
    Sample(*SAME, {"kept": "bool[2, 2, 1, 4, 4]"}, rules=Rules(alibi=True, soft_cap=1.5, dropout=0.2, window=3)),
    Sample(*SAME, {"ahead": "i32[2, 4, 4]"}, rules=Rules(causal=True, scale=0.3)),
)
def attend(query: Any, key: Any, value: Any, optional: Mapping[str, Any], *, rules: Rules) -> Any:
    """[batch…, queries, heads, size], [batch…, keys, key heads, size], [batch…, keys, key heads, value size]
    -> [batch…, queries, heads, value size]. Scores and softmax are in at least f32; a query that may see no key gives zeros.

    `optional` has, where they are given: `mask`, `segments`, `key_segments` and `score_bias` as attention layers take them; `ahead`, by how
    many places a key stands behind its query, negative before it, [queries, keys] or [batch…, queries, keys] (absent, the last query
    stands at the last key); `kept`, bool[batch…, key heads, group, queries, keys], the weights that dropout leaves.
    """
    wide = jnp.promote_types(query.dtype, jnp.float32)
    groups = (key.shape[-2], query.shape[-2] // key.shape[-2])
    query = query.reshape(*query.shape[:-2], *groups, query.shape[-1])
    scale = query.shape[-1] ** -0.5 if rules.scale is None else rules.scale
    scores = jnp.einsum("...qkgd,...skd->...kgqs", query, key, preferred_element_type=wide) * scale
    ahead = optional["ahead"] if "ahead" in optional else align_ends(*scores.shape[-2:])
    scores = add_biases(rules, scores, ahead, groups, optional)
    weights = weigh(scores, combine_masks(rules, scores, ahead, groups, optional))
    if "kept" in optional:
        weights = jnp.where(optional["kept"], weights / (1 - rules.dropout), 0)
    mean = jnp.einsum("...kgqs,...skd->...qkgd", weights.astype(value.dtype), value)
    return mean.reshape(*mean.shape[:-3], groups[0] * groups[1], mean.shape[-1])


def align_ends(queries: int, keys: int) -> Any:
    """i32[queries, keys]: by how many places each key stands behind each query, the last query being at the last key."""
    return jnp.arange(keys)[None, :] - (jnp.arange(queries)[:, None] + (keys - queries))


def alibi_slopes(heads: int) -> list[float]:
    """What each head takes from a score for a place of distance: 2^(-8/n), 2^(-16/n), … for n = `heads`, a power of two. For other numbers,
    those of the power of two below, and then every second one of the power of two above."""
    below = 2 ** int(math.log2(heads))
    return [2 ** (-8 * (h + 1) / below) for h in range(below)] + [2 ** (-4 * (2 * h + 1) / below) for h in range(heads - below)]


def add_biases(rules: Rules, scores: Any, ahead: Any, groups: tuple[int, int], optional: Mapping[str, Any]) -> Any:
    """The scores with their cap, and then with what is added to them."""
    if rules.soft_cap is not None:
        scores = rules.soft_cap * jnp.tanh(scores / rules.soft_cap)
    if rules.alibi:
        slopes = jnp.asarray(alibi_slopes(groups[0] * groups[1]), scores.dtype).reshape((1,) * (scores.ndim - 4) + (*groups, 1, 1))
        scores = scores - slopes * jnp.abs(_spread_over_heads(ahead, scores.ndim)).astype(scores.dtype)
    if "score_bias" in optional:
        scores = scores + _group_heads(optional["score_bias"].astype(scores.dtype), groups, scores.ndim)
    return scores


def weigh(scores: Any, allowed: Any | None) -> Any:
    """Softmax over the last axis of the scores that are allowed; zeros where none is, without a NaN in value or gradient."""
    if allowed is not None:
        scores = jnp.where(allowed, scores, -jnp.inf)
    highest = lax.stop_gradient(jnp.max(scores, -1, keepdims=True))
    powers = jnp.exp(scores - jnp.where(jnp.isfinite(highest), highest, 0))
    total = jnp.sum(powers, -1, keepdims=True)
    return powers / jnp.where(total > 0, total, 1)


def combine_masks(rules: Rules, scores: Any, ahead: Any, groups: tuple[int, int], optional: Mapping[str, Any]) -> Any | None:
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


def _spread_over_heads(x: Any, rank: int) -> Any:
    """[queries, keys] or [batch…, queries, keys], the same for all heads, with all axes of the scores."""
    lead = x.shape[:-2]
    return x.reshape((1,) * (rank - 4 - len(lead)) + lead + (1, 1) + x.shape[-2:])


def _group_heads(x: Any, groups: tuple[int, int], rank: int, batch: int | None = None) -> Any:
    """[batch…, keys], [batch…, queries, keys] or [batch…, heads, queries, keys] with all axes of the scores, sizes of 1 where it has none.

    Without `batch` x has heads, and the batch may be missing.
    """
    extra = 3 if batch is None else x.ndim - batch
    lead = x.shape[: x.ndim - extra]
    queries = x.shape[-2] if extra > 1 else 1
    heads = x.shape[-3] if extra > 2 else 1
    split = (1, 1) if heads == 1 else groups
    return x.reshape((1,) * (rank - 4 - len(lead)) + lead + split + (queries, x.shape[-1]))
