"""Oracles of pools, resizing, blocks of pixels and patches, in plain NumPy and loops; see `oracles`."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from tests.library.oracles import padded, slide, spread

Array = Any
Weights = Mapping[str, Array]
SPACE: dict[str, Callable[..., Any]] = {}


def oracle(function: Callable[..., Array]) -> Callable[..., Array]:
    SPACE[function.__name__] = function
    return function


# --- pools -----------------------------------------------------------------------------------------------------------
def pool(op: Any, x: Array, reduce: Callable[[Array], Array], padding: float = np.nan) -> Array:
    """`reduce` of every window [batch, elements, channels]; what a window reaches over is NaN, and so is padding unless it counts."""
    space = x.shape[1:-1]
    size, apart = spread(op.window, len(space)), spread(op.dilation, len(space))
    stride = size if op.stride is None else spread(op.stride, len(space))
    spans = tuple((k - 1) * d + 1 for k, d in zip(size, apart, strict=True))
    front = padded(x, spans, stride, op.padding, np.inf)
    starts = []
    for axis, (span, step) in enumerate(zip(spans, stride, strict=True), 1):
        line = np.isinf(np.moveaxis(front, axis, 0).reshape(front.shape[axis], -1)).all(1)
        end = len(line) - (np.argmax(~line[::-1]) if op.padding != "SAME" else 0)
        over = step - 1 if op.ceil_mode and op.padding != "SAME" else 0
        starts.append([p for p in range(0, len(line) - span + over + 1, step) if not over or p < end])
    wide = padded(x, spans, stride, op.padding, padding)
    wide = np.pad(wide, [(0, 0), *((0, span) for span in spans), (0, 0)], constant_values=np.nan)
    rows = []
    for place in itertools.product(*starts):
        window = [range(p, p + k * d, d) for p, k, d in zip(place, size, apart, strict=True)]
        rows.append(reduce(wide[np.ix_(range(len(x)), *window, range(x.shape[-1]))].reshape(len(x), -1, x.shape[-1])))
    return np.stack(rows, 1).reshape(len(x), *map(len, starts), -1)


@oracle
def max_pool(op: Any, weights: Weights, x: Array) -> Array:
    return pool(op, np.float64(x), lambda w: np.nanmax(w, 1))


@oracle
def min_pool(op: Any, weights: Weights, x: Array) -> Array:
    return pool(op, np.float64(x), lambda w: np.nanmin(w, 1))


@oracle
def avg_pool(op: Any, weights: Weights, x: Array) -> Array:
    return pool(op, x, lambda w: np.nanmean(w, 1), 0 if op.count_padding else np.nan)


@oracle
def lp_pool(op: Any, weights: Weights, x: Array) -> Array:
    return pool(op, x, lambda w: np.linalg.norm(np.nan_to_num(w), op.p, 1))


@oracle
def global_avg_pool(op: Any, weights: Weights, x: Array, mask: Array | None = None) -> Array:
    return over_places(op, x, mask, np.mean)


@oracle
def global_max_pool(op: Any, weights: Weights, x: Array, mask: Array | None = None) -> Array:
    return over_places(op, x, mask, np.max)


def over_places(op: Any, x: Array, mask: Array | None, reduce: Callable[[Array], Array]) -> Array:
    """Each channel of each example over the places that count; 0 where none does."""
    there = np.ones(x.shape, bool) if mask is None else np.broadcast_to(mask.reshape(mask.shape + (1,) * (x.ndim - mask.ndim)), x.shape)
    counting = [[(x[b, ..., c])[there[b, ..., c]] for c in range(x.shape[-1])] for b in range(len(x))]
    made = np.array([[reduce(values) if values.size else 0 for values in row] for row in counting])
    return made.reshape(len(x), *(1,) * (x.ndim - 2), x.shape[-1]) if op.keepdims else made


@oracle
def crop(op: Any, weights: Weights, x: Array, like: Array) -> Array:
    """Element by element from both ends in turn, the last end first."""
    for axis in range(1, x.ndim - 1):
        for turn in range(x.shape[axis] - like.shape[axis]):
            front = op.at == "end" or (op.at == "middle" and turn % 2)
            x = np.delete(x, 0 if front else -1, axis)
    return x


def adaptive(op: Any, x: Array, reduce: Callable[[Array], Array]) -> Array:
    sizes = spread(op.size, x.ndim - 2)
    result = np.empty((len(x), *sizes, x.shape[-1]))
    for place in itertools.product(*map(range, sizes)):
        rows = zip(place, x.shape[1:-1], sizes, strict=True)
        window = tuple(slice(math.floor(i * n / size), math.ceil((i + 1) * n / size)) for i, n, size in rows)
        result[(slice(None), *place)] = reduce(x[(slice(None), *window)].reshape(len(x), -1, x.shape[-1]))
    return result


@oracle
def adaptive_avg_pool(op: Any, weights: Weights, x: Array) -> Array:
    return adaptive(op, x, lambda w: w.mean(1))


@oracle
def adaptive_max_pool(op: Any, weights: Weights, x: Array) -> Array:
    return adaptive(op, x, lambda w: w.max(1))


# --- sizes -----------------------------------------------------------------------------------------------------------
def tent(distance: float) -> float:
    return max(0.0, 1 - distance)


def keys(distance: float, a: float) -> float:
    if distance < 1:
        return (a + 2) * distance**3 - (a + 3) * distance**2 + 1
    return a * distance**3 - 5 * a * distance**2 + 8 * a * distance - 4 * a if distance < 2 else 0.0


def place_of(i: int, n: int, size: int, rule: str) -> Fraction:
    """ONNX's formulas, exactly."""
    scale = Fraction(size, n)
    if rule == "asymmetric":
        return i / scale
    if rule == "align_corners":
        return Fraction(i * (n - 1), size - 1) if size > 1 else Fraction(0)
    return (i + Fraction(1, 2)) / scale - Fraction(1, 2) if rule == "half_pixel" or size > 1 else Fraction(0)


def round_place(place: Fraction, rounding: str) -> int:
    low, high = math.floor(place), math.ceil(place)
    if rounding in ("floor", "ceil"):
        return low if rounding == "floor" else high
    if place - low == Fraction(1, 2):
        return high if rounding == "round_prefer_ceil" else low
    return low if place - low < Fraction(1, 2) else high


def along(x: Array, axis: int, size: int, op: Any, antialias: bool) -> Array:
    """Point by point: the place in the old axis, and a normalised mean of the old points by their distance from it."""
    n = x.shape[axis]
    rows = []
    for i in range(size):
        place = place_of(i, n, size, op.coordinates)
        if op.method == "nearest":
            rows.append(np.take(x, min(max(round_place(place, op.rounding), 0), n - 1), axis))
            continue
        step = Fraction(n - 1, size - 1) if op.coordinates == "align_corners" and size > 1 else Fraction(n, size)
        wide = max(1.0, float(step)) if antialias else 1.0
        parts = [0.0] * n
        for k in range(-3 * n - 9, 4 * n + 9):
            distance = abs(float(place) - k) / wide
            own = tent(distance) if op.method == "bilinear" else keys(distance, op.cubic_a)
            if 0 <= k < n or not op.exclude_outside:
                parts[min(max(k, 0), n - 1)] += own
        rows.append(sum(part / sum(parts) * np.take(x, k, axis) for k, part in enumerate(parts)))
    return np.stack(rows, axis)


@oracle
def upsample(op: Any, weights: Weights, x: Array) -> Array:
    for axis, factor in enumerate(spread(op.scale, x.ndim - 2), 1):
        x = along(x, axis, x.shape[axis] * factor, op, True)
    return x


@oracle
def resize(op: Any, weights: Weights, x: Array) -> Array:
    for axis, size in enumerate(spread(op.size, x.ndim - 2), 1):
        x = along(x, axis, size, op, op.antialias)
    return x


# --- blocks ----------------------------------------------------------------------------------------------------------
def to_depth(x: Array, sizes: tuple[int, ...], block_first: bool) -> Array:
    """Element by element: the channel is counted from the place in the block and the old channel."""
    counts = [n // size for n, size in zip(x.shape[1:-1], sizes, strict=True)]
    block, channels = math.prod(sizes), x.shape[-1]
    result = np.empty((len(x), *counts, block * channels), x.dtype)
    for b, *place, k in np.ndindex(*x.shape):
        inside = 0
        for p, size in zip(place, sizes, strict=True):
            inside = inside * size + p % size
        outside = [p // size for p, size in zip(place, sizes, strict=True)]
        result[(b, *outside, inside * channels + k if block_first else k * block + inside)] = x[(b, *place, k)]
    return result


def to_space(x: Array, sizes: tuple[int, ...], block_first: bool) -> Array:
    """The inverse: numbered elements go the other way, which tells where each came from."""
    space = [n * size for n, size in zip(x.shape[1:-1], sizes, strict=True)]
    shape = (len(x), *space, x.shape[-1] // math.prod(sizes))
    numbers = to_depth(np.arange(x.size).reshape(shape), sizes, block_first).ravel()
    result = np.empty(x.size, x.dtype)
    result[numbers] = x.ravel()
    return result.reshape(shape)


@oracle
def space_to_depth(op: Any, weights: Weights, x: Array) -> Array:
    return to_depth(x, spread(op.scale, x.ndim - 2), True)


@oracle
def pixel_unshuffle(op: Any, weights: Weights, x: Array) -> Array:
    return to_depth(x, spread(op.scale, x.ndim - 2), False)


@oracle
def depth_to_space(op: Any, weights: Weights, x: Array) -> Array:
    return to_space(x, spread(op.scale, x.ndim - 2), True)


@oracle
def pixel_shuffle(op: Any, weights: Weights, x: Array) -> Array:
    return to_space(x, spread(op.scale, x.ndim - 2), False)


@oracle
def patch_embed(op: Any, weights: Weights, x: Array) -> Array:
    sizes = spread(op.patch, x.ndim - 2)
    kernel = weights["kernel"].reshape(-1, op.features)
    y = slide(x, sizes, sizes, lambda w: w.reshape(len(w), -1) @ kernel)
    return y.reshape(len(x), -1, op.features) + weights.get("bias", 0)
