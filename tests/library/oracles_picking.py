"""Oracles of the functions that choose, put or move single elements, and of the distributions of logits; see `oracles`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.library.oracles_functions import FUNCTIONS, draws, oracle

Array = Any
__all__ = ["FUNCTIONS"]


@oracle
def take_along_axis(op: Any, x: Array, indices: Array) -> Array:
    axis = op.axis % x.ndim
    shape = [max(n, m) if place != axis else m for place, (n, m) in enumerate(zip(x.shape, indices.shape, strict=True))]
    made = np.empty(shape, x.dtype)
    for place in np.ndindex(*shape):
        at = tuple(0 if n == 1 else p for p, n in zip(place, indices.shape, strict=True))
        own = [0 if n == 1 else p for p, n in zip(place, x.shape, strict=True)]
        own[axis] = int(indices[at])
        made[place] = x[tuple(own)]
    return made


@oracle
def pick(op: Any, x: Array, indices: Array) -> Array:
    return np.array([row[int(i)] for row, i in zip(x.reshape(-1, x.shape[-1]), indices.ravel(), strict=True)]).reshape(indices.shape)


@oracle
def gather_at(op: Any, x: Array, *indices: Array) -> Array:
    met = np.broadcast_arrays(*(index.astype(int) for index in indices))
    ahead = np.moveaxis(x, op.axes, range(len(op.axes)))
    made = np.array([ahead[tuple(int(index[place]) for index in met)] for place in np.ndindex(*met[0].shape)])
    made = made.reshape(*met[0].shape, *ahead.shape[len(op.axes) :])
    adjacent = list(op.axes) == list(range(op.axes[0], op.axes[0] + len(op.axes)))
    behind = op.axes[0] if adjacent and not op.front else 0
    return np.moveaxis(made, range(met[0].ndim), range(behind, behind + met[0].ndim))


@oracle
def scatter(op: Any, x: Array, indices: Array, updates: Array) -> Array:
    made = np.array(x)
    join = {"set": lambda old, new: new, "add": lambda old, new: old + new, "max": max, "min": min}[op.mode]
    for place in np.ndindex(*indices.shape):
        at = list(place)
        at[op.axis] = int(indices[place])
        if at[op.axis] < x.shape[op.axis]:
            made[tuple(at)] = join(made[tuple(at)], updates[place])
    return made


@oracle
def roll(op: Any, x: Array) -> Array:
    for shift, axis in zip(np.atleast_1d(op.shift), np.atleast_1d(op.axis), strict=True):
        x = np.stack([np.take(x, (i - shift) % x.shape[axis], axis) for i in range(x.shape[axis])], axis)
    return x


def entropy(op: Any, weights: Any, logits: Array, mask: Array | bool = True) -> Array:
    parts = np.exp(logits) * mask
    total = parts.sum(op.axis, keepdims=True)
    shares = np.divide(parts, total, out=np.zeros_like(parts), where=total != 0)
    return -(shares * np.log(shares, out=np.zeros_like(shares), where=shares > 0)).sum(op.axis)


def random_categorical(op: Any, weights: Any, logits: Array) -> Array:
    gumbel = -np.log(-np.log(draws(op).random(logits.shape, np.float32)))
    return (logits + gumbel).argmax(op.axis)


FUNCTIONS |= {"entropy": entropy, "random_categorical": random_categorical}
