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


def of_group(op: Any, kernel: Array, channels: int, group: int) -> Array:
    """[kernel…, in, features of the group]: 0 for the channels of other groups."""
    own, parts = slice(group * (channels // op.groups), (group + 1) * (channels // op.groups)), op.features // op.groups
    wide = np.zeros((*kernel.shape[:-2], channels, parts))
    if op.transpose_kernel:
        wide[..., own, :] = np.flip(kernel, tuple(range(kernel.ndim - 2)))[..., own].swapaxes(-1, -2)
    else:
        wide[..., own, :] = kernel[..., group * parts : (group + 1) * parts]
    return wide


@oracle
def conv_transpose(op: Any, weights: Weights, x: Array) -> Array:
    """Every input element adds its own, mirrored, copy of the kernel to the result."""
    space = x.ndim - 2
    size, stride, apart = (spread(value, space) for value in (op.kernel, op.stride, op.dilation))
    taps = np.concatenate([of_group(op, weights["kernel"], x.shape[-1], group) for group in range(op.groups)], -1)
    spans = tuple((k - 1) * d + 1 for k, d in zip(size, apart, strict=True))
    whole = np.zeros((len(x), *((n - 1) * s + k for n, s, k in zip(x.shape[1:-1], stride, spans, strict=True)), taps.shape[-1]))
    for place in itertools.product(*map(range, x.shape[1:-1])):
        for tap in itertools.product(*map(range, size)):
            target = tuple(p * s + (k - 1 - t) * d for p, s, k, t, d in zip(place, stride, size, tap, apart, strict=True))
            whole[(slice(None), *target)] += x[(slice(None), *place)] @ taps[tap]
    for axis, row in enumerate(zip(x.shape[1:-1], spans, stride, strict=True), 1):
        whole = wound(whole, axis, *row, op.transpose_kernel) if op.padding == "CIRCULAR" else cut(whole, op.padding, axis, *row)
    return whole + weights.get("bias", 0)


def wound(whole: Array, axis: int, n: int, k: int, s: int, transposed: bool) -> Array:
    """Element j stands at j - half of what is too much, around the circle."""
    too_much = max(k - s, 0)
    shift = (too_much + 1) // 2 if transposed else too_much // 2
    rows = np.moveaxis(whole, axis, 0)
    result = np.zeros((n * s, *rows.shape[1:]))
    for j, row in enumerate(rows):
        result[(j - shift) % (n * s)] += row
    return np.moveaxis(result, 0, axis)


def cut(whole: Array, padding: Any, axis: int, n: int, k: int, s: int) -> Array:
    """The part of an axis that the padding keeps: all of it is what padding by kernel - 1 on both sides gives."""
    if padding == "SAME":
        low = k - 1 if s > k - 1 else math.ceil((k + s - 2) / 2)
        length = n * s
    elif padding == "VALID":
        low, length = k - 1, n * s + max(k - s, 0)
    else:
        one = padding if isinstance(padding, int) else padding[axis - 1]
        low, high = (one, one) if isinstance(one, int) else one
        length = (n - 1) * s + 2 + low + high - k
    widths = [(0, 0)] * whole.ndim
    widths[axis] = (max(low - k + 1, 0), max(length, 1))
    begin = max(k - 1 - low, 0)
    return np.take(np.pad(whole, widths), range(begin, begin + length), axis)


@oracle
def dense(op: Any, weights: Weights, x: Array) -> Array:
    given = op.axis if isinstance(op.axis, tuple) else (op.axis,)
    features = op.features if isinstance(op.features, tuple) else (op.features,)
    batch, axes = list(range(op.batch_dims)), [axis % x.ndim for axis in given]
    rest = [axis for axis in range(x.ndim) if axis not in (*batch, *axes)]
    sizes = [x.shape[axis] for axis in (*batch, *rest)]
    rows = x.transpose(*batch, *rest, *axes).reshape(*sizes, -1)
    result = np.zeros((*sizes, math.prod(features)))
    for place in np.ndindex(*sizes):
        own = place[: op.batch_dims]
        bias = weights["bias"][own].ravel() if op.bias else 0
        result[place] = rows[place] @ weights["kernel"][own].reshape(rows.shape[-1], -1) + bias
    return result.reshape(*sizes, *features)


@oracle
def bilinear(op: Any, weights: Weights, x: Array, y: Array) -> Array:
    rows = zip(x.reshape(-1, x.shape[-1]), y.reshape(-1, y.shape[-1]), strict=True)
    made = [[one @ weights["kernel"][..., k] @ other for k in range(op.features)] for one, other in rows]
    return np.reshape(made, (*x.shape[:-1], op.features)) + weights.get("bias", 0)


@oracle
def lora(op: Any, weights: Weights, x: Array) -> Array:
    """The correction merged into the kernel."""
    merged = weights["kernel"] + op.alpha / op.rank * weights["lora_a"] @ weights["lora_b"]
    return x @ merged + weights.get("bias", 0)
