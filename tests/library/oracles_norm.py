"""Normalisation in plain NumPy: the elements of each set are taken out one set after the other."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Array = Any
Weights = Mapping[str, Array]
NORMS: dict[str, Callable[..., Array]] = {}


def oracle(function: Callable[..., Array]) -> Callable[..., Array]:
    NORMS[function.__name__] = function
    return function


def within(op: Any, weights: Weights, x: Array, axes: tuple[int, ...], features: tuple[int, ...], mask: Array | None) -> Array:
    """Each set of elements along the axes by its own mean and variance, then scale and bias along the features."""
    full = np.ones(x.shape, bool) if mask is None else np.broadcast_to(mask.reshape(mask.shape + (1,) * (x.ndim - mask.ndim)), x.shape)
    y = np.zeros(x.shape)
    for place in itertools.product(*(range(1 if axis in axes else n) for axis, n in enumerate(x.shape))):
        own = tuple(slice(None) if axis in axes else k for axis, k in enumerate(place))
        counted = x[own][full[own]]
        if counted.size:
            y[own] = (x[own] - counted.mean()) / np.sqrt(counted.var() + op.epsilon)
    return y * along(weights, "scale", 1, x, features) + along(weights, "bias", 0, x, features)


def along(weights: Weights, name: str, default: float, x: Array, features: tuple[int, ...]) -> Array:
    weight = weights.get(name)
    return default if weight is None else weight.reshape([n if axis in features else 1 for axis, n in enumerate(x.shape)])


def named(op: Any, x: Array) -> tuple[int, ...]:
    axis = (op.axis,) if isinstance(op.axis, int) else op.axis
    return tuple(sorted(range(x.ndim)[a] for a in axis))


@oracle
def batch_norm(op: Any, weights: Weights, x: Array, mask: Array | None = None) -> Array:
    features = named(op, x)
    mean, var = along(weights, "mean", 0, x, features), along(weights, "var", 1, x, features)
    y = (x - mean) / np.sqrt(var + op.epsilon)
    return y * along(weights, "scale", 1, x, features) + along(weights, "bias", 0, x, features)


@oracle
def layer_norm(op: Any, weights: Weights, x: Array, mask: Array | None = None) -> Array:
    return within(op, weights, x, named(op, x), named(op, x), mask)


@oracle
def instance_norm(op: Any, weights: Weights, x: Array, mask: Array | None = None) -> Array:
    return within(op, weights, x, tuple(range(1, x.ndim - 1)), (x.ndim - 1,), mask)


@oracle
def group_norm(op: Any, weights: Weights, x: Array, mask: Array | None = None) -> Array:
    size = op.group_size or x.shape[-1] // (op.groups or 32)
    parts = []
    for first in range(0, x.shape[-1], size):
        group = slice(first, first + size)
        own = {name: value[group] for name, value in weights.items()}
        masked = mask if mask is None or mask.ndim < x.ndim or mask.shape[-1] == 1 else mask[..., group]
        parts.append(within(op, own, x[..., group], tuple(range(1, x.ndim)), (x.ndim - 1,), masked))
    return np.concatenate(parts, -1)


def around(op: Any, weights: Weights, x: Array, kernel: Array) -> Array:
    """The oracle of the layer inside, with another kernel."""
    from tests.library.oracles import ORACLES

    return ORACLES[op.layer.op_name()](op.layer, {**weights, "kernel": kernel}, x)


@oracle
def weight_norm(op: Any, weights: Weights, x: Array) -> Array:
    kernel, made = weights["kernel"], np.empty(weights["kernel"].shape)
    features = named(op, kernel)
    for place in itertools.product(*(range(kernel.shape[a]) for a in features)):
        own: list[Any] = [slice(None)] * kernel.ndim
        for axis, k in zip(features, place, strict=True):
            own[axis] = k
        length = np.sqrt((kernel[tuple(own)] ** 2).sum() + op.epsilon)
        made[tuple(own)] = kernel[tuple(own)] / length * (weights["kernel_scale"][place] if op.scale else 1)
    return around(op, weights, x, made)


@oracle
def spectral_norm(op: Any, weights: Weights, x: Array) -> Array:
    matrix, u = weights["kernel"].reshape(-1, weights["kernel"].shape[-1]), weights["kernel_u"]
    for _ in range(op.steps):
        v = matrix @ u
        v = v / np.sqrt((v**2).sum() + op.epsilon)
        u = matrix.T @ v
        u = u / np.sqrt((u**2).sum() + op.epsilon)
    return around(op, weights, x, weights["kernel"] / (v @ matrix @ u))


@oracle
def rms_norm(op: Any, weights: Weights, x: Array, mask: Array | None = None) -> Array:
    counts = np.ones(x.shape, bool) if mask is None else np.broadcast_to(mask.reshape(mask.shape + (1,) * (x.ndim - mask.ndim)), x.shape)
    axes = named(op, x)
    total, number = (np.where(counts, x, 0) ** 2).sum(axes, keepdims=True), counts.sum(axes, keepdims=True)
    return x / np.sqrt(total / np.maximum(number, 1) + op.epsilon) * along(weights, "scale", 1, x, axes)
