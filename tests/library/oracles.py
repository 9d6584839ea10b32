"""What every op computes, written once more in plain NumPy, in f64, with loops where they are clearer. Keyed by the op's name.

An oracle gets the op, its parameters and buffers as one dict, and its inputs; it gives the result in eval.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Array = Any
Weights = Mapping[str, Array]
ORACLES: dict[str, Callable[..., Array]] = {}


def oracle(function: Callable[..., Array]) -> Callable[..., Array]:
    ORACLES[function.__name__.removesuffix("_")] = function
    return function


# --- layers ----------------------------------------------------------------------------------------------------------


def spread(value: Any, space: int) -> tuple:
    return tuple(value) if isinstance(value, tuple) else (value,) * space


def padded(x: Array, size: tuple, stride: tuple, padding: Any, fill: float) -> Array:
    """The input with its padding written out."""
    widths = []
    for axis, (k, s) in enumerate(zip(size, stride, strict=True)):
        n = x.shape[axis + 1]
        if padding == "SAME":
            total = max((math.ceil(n / s) - 1) * s + k - n, 0)
            widths.append((total // 2, total - total // 2))
        elif padding == "VALID":
            widths.append((0, 0))
        else:
            one = padding if isinstance(padding, int) else padding[axis]
            widths.append((one, one) if isinstance(one, int) else one)
    return np.pad(x, [(0, 0), *widths, (0, 0)], constant_values=fill)


def slide(x: Array, size: tuple, stride: tuple, reduce: Callable[[Array], Array]) -> Array:
    """`reduce` of every window [batch, window…, channels], in place."""
    counts = [(n - k) // s + 1 for n, k, s in zip(x.shape[1:-1], size, stride, strict=True)]
    rows = []
    for place in itertools.product(*map(range, counts)):
        window = tuple(slice(p * s, p * s + k) for p, s, k in zip(place, stride, size, strict=True))
        rows.append(reduce(x[(slice(None), *window, slice(None))]))
    return np.stack(rows, 1).reshape(x.shape[0], *counts, -1)


# --- functions -------------------------------------------------------------------------------------------------------
@oracle
def relu(op: Any, weights: Weights, x: Array) -> Array:
    return np.where(x > 0, x, 0)


@oracle
def tanh(op: Any, weights: Weights, x: Array) -> Array:
    return (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))


@oracle
def sigmoid(op: Any, weights: Weights, x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


@oracle
def silu(op: Any, weights: Weights, x: Array) -> Array:
    return x / (1 + np.exp(-x))


@oracle
def gelu(op: Any, weights: Weights, x: Array) -> Array:
    if op.approximate:
        return x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return x * np.vectorize(lambda v: (1 + math.erf(v / math.sqrt(2))) / 2)(x)


@oracle
def elu(op: Any, weights: Weights, x: Array) -> Array:
    return np.where(x > 0, x, op.alpha * np.expm1(np.minimum(x, 0)))


@oracle
def leaky_relu(op: Any, weights: Weights, x: Array) -> Array:
    return np.where(x >= 0, x, op.slope * x)


@oracle
def softmax(op: Any, weights: Weights, x: Array) -> Array:
    return np.exp(x) / np.exp(x).sum(op.axis, keepdims=True)


@oracle
def log_softmax(op: Any, weights: Weights, x: Array) -> Array:
    return np.log(softmax(op, weights, x))


@oracle
def flatten(op: Any, weights: Weights, x: Array) -> Array:
    return np.stack([row.ravel() for row in x])


@oracle
def reshape(op: Any, weights: Weights, x: Array) -> Array:
    return np.array(x.ravel().tolist(), x.dtype).reshape(op.dims)


# --- operators -------------------------------------------------------------------------------------------------------
def _elementwise(function: Callable[[Any, Any], Any]) -> Callable[..., Array]:
    def run(op: Any, weights: Weights, left: Array, right: Array) -> Array:
        shape = np.broadcast_shapes(left.shape, right.shape)
        pairs = zip(np.broadcast_to(left, shape).ravel(), np.broadcast_to(right, shape).ravel(), strict=True)
        return np.array([function(a, b) for a, b in pairs]).reshape(shape)

    return run


ORACLES |= {
    "add": _elementwise(lambda a, b: a + b),
    "subtract": _elementwise(lambda a, b: a - b),
    "multiply": _elementwise(lambda a, b: a * b),
    "divide": _elementwise(lambda a, b: a / b),
    "floor_divide": _elementwise(lambda a, b: math.floor(a / b)),
    "remainder": _elementwise(lambda a, b: a - b * math.floor(a / b)),
    "power": _elementwise(lambda a, b: math.pow(a, b)),
    "equal": _elementwise(lambda a, b: not a - b),
    "not_equal": _elementwise(lambda a, b: bool(a - b)),
    "less": _elementwise(lambda a, b: a - b < 0),
    "less_equal": _elementwise(lambda a, b: not a - b > 0),
    "greater": _elementwise(lambda a, b: a - b > 0),
    "greater_equal": _elementwise(lambda a, b: not a - b < 0),
    "and": _elementwise(lambda a, b: bool(a) and bool(b)),
    "or": _elementwise(lambda a, b: bool(a) or bool(b)),
    "negative": lambda op, weights, x: 0 - x,
    "not": lambda op, weights, x: np.where(x, False, True),
}


@oracle
def mat_mul(op: Any, weights: Weights, left: Array, right: Array) -> Array:
    a = left[None, :] if left.ndim == 1 else left
    b = right[:, None] if right.ndim == 1 else right
    rows = [(a[..., :, k, None] * b[..., k, None, :]) for k in range(b.shape[-2])]
    product = np.sum(rows, 0)
    product = product[..., 0, :] if left.ndim == 1 else product
    return product[..., 0] if right.ndim == 1 else product


@oracle
def slice_(op: Any, weights: Weights, x: Array) -> Array:
    named = sum(item is not None and item != "..." for item in op.items)
    items = list(op.items) if "..." in op.items else [*op.items, "..."]
    axis, result = 0, x
    for item in items:
        if item == "...":
            axis += x.ndim - named
        elif item is None:
            result, axis = np.expand_dims(result, axis), axis + 1
        elif isinstance(item, int):
            result = np.take(result, item % result.shape[axis], axis)
        else:
            n = result.shape[axis]
            chosen = list(range(n))[item.start : item.stop][:: item.step]
            if item.step < 0:
                ends = (n - 1 if item.start is None else item.start % n, -1 if item.stop is None else item.stop % n)
                chosen = list(range(*ends, item.step))
            result, axis = np.take(result, chosen, axis), axis + 1
    return result
