"""Oracles of convolutions and linear maps, in plain NumPy and loops; see `oracles`."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from tests.library.oracles import spread

Array = Any
Weights = Mapping[str, Array]
LINEAR: dict[str, Callable[..., Any]] = {}


def oracle(function: Callable[..., Array]) -> Callable[..., Array]:
    LINEAR[function.__name__] = function
    return function


def element(x: Array, place: tuple[int, ...], padding: Any) -> Array:
    """What a kernel sees at a place that may lie outside: [batch, channels]."""
    inside = []
    for p, n in zip(place, x.shape[1:-1], strict=True):
        if padding == "CIRCULAR":
            p %= n
        elif padding == "REFLECT":
            p = -p if p < 0 else 2 * (n - 1) - p if p >= n else p
        if not 0 <= p < n:
            return np.zeros((len(x), x.shape[-1]))
        inside.append(p)
    return x[(slice(None), *inside)]


def axis_plan(n: int, kernel: int, stride: int, dilation: int, padding: Any) -> tuple[int, int]:
    """(zeros in front, places) of one axis."""
    gap = (kernel - 1) * dilation
    if padding == "SAME":
        places = math.ceil(n / stride)
        return max((places - 1) * stride + gap + 1 - n, 0) // 2, places
    if padding in ("CIRCULAR", "REFLECT"):
        return gap // 2, math.ceil(n / stride)
    if padding == "CAUSAL":
        return gap, math.ceil(n / stride)
    low, high = (0, 0) if padding == "VALID" else padding if isinstance(padding, tuple) else (padding, padding)
    return low, (n + low + high - gap - 1) // stride + 1


def seen(op: Any, x: Array) -> Iterator[tuple[tuple[int, ...], Array]]:
    """Every place of the result with what a kernel sees there: [batch, taps, channels]."""
    space = x.ndim - 2
    size, stride, apart = (spread(value, space) for value in (op.kernel, op.stride, op.dilation))
    pads = op.padding if isinstance(op.padding, tuple) else (op.padding,) * space
    plans = [axis_plan(*row) for row in zip(x.shape[1:-1], size, stride, apart, pads, strict=True)]
    for place in itertools.product(*(range(places) for _, places in plans)):
        starts = [p * s - low for p, s, (low, _) in zip(place, stride, plans, strict=True)]
        taps = itertools.product(*map(range, size))
        yield (
            place,
            np.stack([element(x, tuple(a + t * d for a, t, d in zip(starts, tap, apart, strict=True)), op.padding) for tap in taps], 1),
        )


def gathered(op: Any, x: Array, at: Callable[[tuple[int, ...], Array], Array]) -> Array:
    """`at(place, [batch, taps, channels])` of all places, put together."""
    rows = [(place, at(place, window)) for place, window in seen(op, x)]
    shape = [n + 1 for n in rows[-1][0]]
    return np.stack([row for _, row in rows], 1).reshape(len(x), *shape, -1)


@oracle
def conv(op: Any, weights: Weights, x: Array) -> Array:
    taps = weights["kernel"].reshape(-1, *weights["kernel"].shape[-2:])
    into, out = x.shape[-1] // op.groups, taps.shape[-1] // op.groups

    def at(place: tuple[int, ...], window: Array) -> Array:
        parts = [window[:, :, g * into : (g + 1) * into] for g in range(op.groups)]
        return np.concatenate([np.einsum("bti,tio->bo", part, taps[..., g * out : (g + 1) * out]) for g, part in enumerate(parts)], -1)

    return gathered(op, x, at) + weights.get("bias", 0)


def each_channel(op: Any, kernel: Array, x: Array) -> Array:
    """Channel i gives the channels multiplier · i + m."""
    taps = kernel.reshape(-1, x.shape[-1], op.multiplier)
    return gathered(op, x, lambda place, window: np.einsum("bti,tim->bim", window, taps).reshape(len(x), -1))


@oracle
def depthwise_conv(op: Any, weights: Weights, x: Array) -> Array:
    return each_channel(op, weights["kernel"], x) + weights.get("bias", 0)


@oracle
def separable_conv(op: Any, weights: Weights, x: Array) -> Array:
    return each_channel(op, weights["depthwise"], x) @ weights["pointwise"] + weights.get("bias", 0)


@oracle
def conv_local(op: Any, weights: Weights, x: Array) -> Array:
    def at(place: tuple[int, ...], window: Array) -> Array:
        return window.transpose(0, 2, 1).reshape(len(x), -1) @ weights["kernel"][place]

    return gathered(op, x, at) + weights.get("bias", 0)
