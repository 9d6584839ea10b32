"""Oracles of attention and embeddings, in plain NumPy and loops; see `oracles`."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tests.library.oracles_positions import rope

Array = Any
Weights = Mapping[str, Array]
ATTENTION: dict[str, Callable[..., Any]] = {}


def oracle(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        ATTENTION[name] = function
        return function

    return register


@oracle("embed")
def embed(op: Any, weights: Weights, ids: Array) -> Array:
    return np.array([weights["embedding"][i] for i in ids.ravel()]).reshape(*ids.shape, -1)


@oracle("embed.attend")
def embed_attend(op: Any, weights: Weights, x: Array) -> Array:
    return np.stack([(x * row).sum(-1) for row in weights["embedding"]], -1)


def sees(op: Any, i: int, j: int, queries: int, keys: int) -> bool:
    """May the i-th query see the j-th key by its place?"""
    here = i + keys - queries
    return (not op.causal or j <= here) and (op.window is None or abs(j - here) < op.window)


def slope(h: int, heads: int) -> float:
    """What ALiBi takes for a place of distance, by the recursion of its authors."""
    power = 2 ** math.floor(math.log2(heads))
    return 2.0 ** (-8 * (h + 1) / power) if h < power else slope(2 * (h - power), 2 * power)


def score(op: Any, place: tuple, j: int, query: Array, key: Array) -> float:
    b, i, h = place
    group = query.shape[-2] // key.shape[-2]
    product = query[b][i, h] @ key[b][j, h // group] * (op.scale or 1 / math.sqrt(query.shape[-1]))
    capped = op.soft_cap * math.tanh(product / op.soft_cap) if op.soft_cap else product
    distance = abs(j - (i + key.shape[-3] - query.shape[-3]))
    return capped - (slope(h, query.shape[-2]) * distance if op.alibi else 0)


def one_query(op: Any, place: tuple, query: Array, key: Array, value: Array, mask: Any, segments: Any, others: Any, bias: Any) -> Array:
    """The result of one query of one head of one example, which stand in `place`."""
    b, i, h = place
    queries, keys, group = query.shape[-3], key.shape[-3], query.shape[-2] // key.shape[-2]
    allowed = [j for j in range(keys) if sees(op, i, j, queries, keys)]
    if mask is not None:
        full = mask if mask.ndim > len(b) + 2 else mask[..., None, :, :] if mask.ndim > len(b) + 1 else mask[..., None, None, :]
        full = np.broadcast_to(full, (*query.shape[: len(b)], query.shape[-2], queries, keys))
        allowed = [j for j in allowed if full[b][h, i, j]]
    if segments is not None:
        allowed = [j for j in allowed if segments[b][i] == (segments if others is None else others)[b][j]]
    scores = [score(op, place, j, query, key) for j in allowed]
    if bias is not None:
        full = np.broadcast_to(bias, (*query.shape[: len(b)], query.shape[-2], queries, keys))
        scores = [s + full[b][h, i, j] for s, j in zip(scores, allowed, strict=True)]
    powers = np.exp(scores)
    return sum((p / powers.sum() * value[b][j, h // group] for p, j in zip(powers, allowed, strict=True)), np.zeros(value.shape[-1]))


@oracle("attention")
def attention(op: Any, weights: Weights, query: Array, key: Array, value: Array, **named: Any) -> Array:
    if op.rotary:
        ahead = key.shape[-3] - query.shape[-3]
        query, key = (rope(op.rotary, {}, x, np.arange(x.shape[-3]) + first) for x, first in ((query, ahead), (key, 0)))
    optional = dict.fromkeys(("mask", "segments", "key_segments", "score_bias")) | named
    result = np.empty((*query.shape[:-1], value.shape[-1]))
    for b in itertools.product(*map(range, query.shape[:-3])):
        for i, h in itertools.product(range(query.shape[-3]), range(query.shape[-2])):
            result[b][i, h] = one_query(op, (b, i, h), query, key, value, *optional.values())
    return result


@oracle("self_attention")
def self_attention(op: Any, weights: Weights, x: Array, **named: Any) -> Array:
    def heads(name: str) -> Array:
        kernel = weights[f"{name}/kernel"]
        y = np.stack([x @ kernel[:, h] for h in range(kernel.shape[1])], -2) + weights.get(f"{name}/bias", 0)
        if op.qk_norm is None or name == "value":
            return y
        y = y - y.mean(-1, keepdims=True) if op.qk_norm == "layer" else y
        return y / np.sqrt((y * y).mean(-1, keepdims=True) + 1e-6) * weights[f"{name}_norm/scale"]

    mean = attention(op, {}, heads("query"), heads("key"), heads("value"), **named)
    return sum(mean[..., h, :] @ weights["out/kernel"][h] for h in range(op.heads)) + weights.get("out/bias", 0)
