"""Oracles of positions, absolute, rotary and relative, in plain NumPy and loops; see `oracles`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Array = Any
Weights = Mapping[str, Array]
POSITIONS: dict[str, Callable[..., Any]] = {}


def oracle(function: Callable[..., Any]) -> Callable[..., Any]:
    POSITIONS[function.__name__] = function
    return function


def speed(op: Any, i: int, size: int) -> float:
    """The angle of the i-th pair per position, as the authors of each scaling write it down."""
    plain = op.theta ** (-2 * i / size)
    if op.scaling == "linear":
        return plain / op.factor
    if op.scaling == "ntk":
        return (op.theta * op.factor ** (size / (size - 2))) ** (-2 * i / size)
    if op.scaling == "llama3":
        return llama(op, plain)
    if op.scaling == "yarn":
        return yarn(op, plain, i, size)
    return plain


def llama(op: Any, plain: float) -> float:
    """By wavelengths."""
    length = 2 * math.pi / plain
    low, high = op.low, op.high or 4
    if length < op.trained / high:
        return plain
    if length > op.trained / low:
        return plain / op.factor
    smooth = (op.trained / length - low) / (high - low)
    return (1 - smooth) * plain / op.factor + smooth * plain


def yarn(op: Any, plain: float, i: int, size: int) -> float:
    """By a ramp over the pairs."""

    def pair(turns: float) -> float:
        return size * math.log(op.trained / (turns * 2 * math.pi)) / (2 * math.log(op.theta))

    low, high = max(math.floor(pair(op.high or 32)), 0), min(math.ceil(pair(op.low)), size - 1)
    ramp = np.clip((i - low) / (high - low if high != low else 0.001), 0, 1)
    return plain / op.factor * ramp + plain * (1 - ramp)


@oracle
def rope(op: Any, weights: Weights, x: Array, position: Array) -> Array:
    """Each pair as a complex number, turned."""
    size, result = op.rotary or x.shape[-1], np.array(x)
    places = np.broadcast_to(position, x.shape[:-2])
    longer = 0.1 * math.log(op.factor) + 1 if op.scaling == "yarn" else 1
    for i in range(size // 2):
        a, b = (i, i + size // 2) if op.pairs == "split" else (2 * i, 2 * i + 1)
        turned = longer * (x[..., a] + 1j * x[..., b]) * np.exp(1j * places * speed(op, i, size))[..., None]
        result[..., a], result[..., b] = turned.real, turned.imag
    return result


@oracle
def sinusoidal(op: Any, weights: Weights, position: Array, features: int | None = None) -> Array:
    n = (features or op.features) // 2
    columns = [[None] * n, [None] * n]
    for i in range(n):
        angle = position * op.theta ** -(i / n if op.pairs == "interleaved" else i / max(n - 1, 1))
        columns[0][i], columns[1][i] = np.sin(angle), np.cos(angle)
    split = columns[0] + columns[1]
    return np.stack(split if op.pairs == "split" else [split[k // 2 + k % 2 * n] for k in range(2 * n)], -1)


@oracle
def sinusoidal_positions(op: Any, weights: Weights, x: Array, position: Array = None) -> Array:
    return x + sinusoidal(op, {}, np.arange(x.shape[-2]) if position is None else position, x.shape[-1])


@oracle
def learned_positions(op: Any, weights: Weights, x: Array, position: Array = None) -> Array:
    places = np.broadcast_to(np.arange(x.shape[-2]) if position is None else position, x.shape[:-1])
    result = np.array(x)
    for place in np.ndindex(places.shape):
        result[place] += weights["embedding"][places[place]]
    return result


def table_of(position: Array, others: Array, weights: Weights, row: Callable[[int], int]) -> Array:
    """The numbers of `row(place of the key - place of the query)` for all heads."""
    others = position if others is None else others
    table = weights["embedding"]
    result = np.empty((*position.shape[:-1], table.shape[1], position.shape[-1], others.shape[-1]))
    for *b, h, i, j in np.ndindex(result.shape):
        result[(*b, h, i, j)] = table[row(int(others[(*b, j)]) - int(position[(*b, i)])), h]
    return result


@oracle
def relative_bias(op: Any, weights: Weights, position: Array, key_position: Array = None) -> Array:
    def bucket(ahead: int) -> int:
        side = op.buckets if op.causal else op.buckets // 2
        first = 0 if op.causal or ahead <= 0 else side
        n = max(-ahead, 0) if op.causal else abs(ahead)
        exact = side // 2
        if n < exact:
            return first + n
        wide = exact + int(math.log(n / exact) / math.log(op.max_distance / exact) * (side - exact) + 1e-9)
        return first + min(wide, side - 1)

    return table_of(position, key_position, weights, bucket)


@oracle
def distance_bias(op: Any, weights: Weights, position: Array, key_position: Array = None) -> Array:
    last = 0 if op.causal else op.max_distance
    return table_of(position, key_position, weights, lambda ahead: min(max(ahead, -op.max_distance), last) + op.max_distance)


@oracle
def window_bias(op: Any, weights: Weights) -> Array:
    """By the difference of both places, counted as a number whose digits are those along the axes."""
    sizes = (op.window, op.window) if isinstance(op.window, int) else op.window
    places = list(np.ndindex(*sizes))
    result = np.empty((op.heads, len(places), len(places)))
    for i, query in enumerate(places):
        for j, key in enumerate(places):
            row = 0
            for size, one, other in zip(sizes, query, key, strict=True):
                row = row * (2 * size - 1) + (one - other) + (size - 1)
            result[:, i, j] = weights["embedding"][row]
    return result


@oracle
def shift_right(op: Any, weights: Weights, x: Array, segments: Any = None) -> Array:
    result = np.full_like(x, op.start)
    for place in np.ndindex(x.shape):
        *row, i = place
        if i and (segments is None or segments[place] == segments[(*row, i - 1)]):
            result[place] = x[(*row, i - 1)]
    return result
