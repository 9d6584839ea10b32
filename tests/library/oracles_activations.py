"""Oracles of the later activations and of the layers that only disturb in training, in plain NumPy; see `oracles`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Array = Any
Weights = Mapping[str, Array]
ACTIVATIONS: dict[str, Callable[..., Any]] = {}


def oracle(function: Callable[..., Array]) -> Callable[..., Array]:
    ACTIVATIONS[function.__name__] = function
    return function


@oracle
def identity(op: Any, weights: Weights, x: Array) -> Array:
    return x


@oracle
def squareplus(op: Any, weights: Weights, x: Array) -> Array:
    return np.vectorize(lambda v: (v + math.hypot(v, math.sqrt(op.b))) / 2)(x)


@oracle
def sparse_plus(op: Any, weights: Weights, x: Array) -> Array:
    return np.vectorize(lambda v: 0.0 if v <= -1 else v if v >= 1 else (v + 1) ** 2 / 4)(x)


@oracle
def sparse_sigmoid(op: Any, weights: Weights, x: Array) -> Array:
    return np.vectorize(lambda v: min(max((v + 1) / 2, 0.0), 1.0))(x)


@oracle
def standardize(op: Any, weights: Weights, x: Array) -> Array:
    return (x - x.mean(op.axis, keepdims=True)) / np.sqrt(x.var(op.axis, keepdims=True) + op.epsilon)


@oracle
def prelu(op: Any, weights: Weights, x: Array) -> Array:
    return np.maximum(x, 0) + weights["slope"] * np.minimum(x, 0)


def gated(op: Any, x: Array, function: Callable[[Array], Array]) -> Array:
    half = x.shape[op.axis] // 2
    return np.take(x, range(half), op.axis) * function(np.take(x, range(half, 2 * half), op.axis))


@oracle
def glu(op: Any, weights: Weights, x: Array) -> Array:
    return gated(op, x, lambda g: 1 / (1 + np.exp(-g)))


@oracle
def swiglu(op: Any, weights: Weights, x: Array) -> Array:
    return gated(op, x, lambda g: g / (1 + np.exp(-g)))


@oracle
def geglu(op: Any, weights: Weights, x: Array) -> Array:
    return gated(op, x, lambda g: g / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (g + 0.044715 * g**3))))


@oracle
def softmax(op: Any, weights: Weights, x: Array, mask: Array | bool = True) -> Array:
    parts = np.exp(x) * mask
    total = parts.sum(op.axis, keepdims=True)
    return np.divide(parts, total, out=np.zeros_like(parts), where=total != 0)


@oracle
def log_softmax(op: Any, weights: Weights, x: Array, mask: Array | bool = True) -> Array:
    shares = softmax(op, weights, x, mask)
    return np.log(shares, out=np.zeros_like(shares), where=shares > 0)


for name in ("dropout", "spatial_dropout", "drop_path", "gaussian_noise"):
    ACTIVATIONS[name] = identity
