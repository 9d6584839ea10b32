"""Oracles of the functions that join, split and rearrange axes; see `oracles`."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.library.oracles_functions import FUNCTIONS, PLAIN, oracle

Array = Any
__all__ = ["FUNCTIONS"]


# --- joining, axes ---------------------------------------------------------------------------------------------------
@oracle
def concat(op: Any, *parts: Array) -> Array:
    lines = [line for part in parts for line in np.moveaxis(part, op.axis, 0)]
    return np.moveaxis(np.array(lines), 0, op.axis)


@oracle
def stack(op: Any, *parts: Array) -> Array:
    return np.moveaxis(np.array([part.tolist() for part in parts]), 0, op.axis)


@oracle
def split(op: Any, x: Array) -> tuple[Array, ...]:
    n = x.shape[op.axis]
    sizes = [n // op.parts] * op.parts if isinstance(op.parts, int) else op.parts
    ends = np.cumsum(sizes)
    return tuple(np.take(x, range(end - size, end), op.axis) for size, end in zip(sizes, ends, strict=True))


@oracle
def transpose(op: Any, x: Array) -> Array:
    return np.einsum(x, range(x.ndim), [a % x.ndim for a in op.axes] if op.axes else list(range(x.ndim))[::-1])


@oracle
def swap_axes(op: Any, x: Array) -> Array:
    order = list(range(x.ndim))
    order[op.first], order[op.second] = order[op.second], order[op.first]
    return x.transpose(order)


@oracle
def expand_dims(op: Any, x: Array) -> Array:
    for axis in (op.axis,) if isinstance(op.axis, int) else op.axis:
        x = np.array([x]) if axis == 0 else x[..., None] if axis == -1 else np.stack([x], axis)
    return x


@oracle
def squeeze(op: Any, x: Array) -> Array:
    axes = {a % x.ndim for a in ((op.axis,) if isinstance(op.axis, int) else op.axis)}
    return x[tuple(0 if a in axes else slice(None) for a in range(x.ndim))]


@oracle
def pad(op: Any, x: Array) -> Array:
    def source(i: int, low: int, n: int) -> int | None:
        """Which element stands at place i of the result; None for the constant."""
        i -= low
        if 0 <= i < n:
            return i
        if op.mode == "constant":
            return None
        if op.mode == "edge":
            return min(max(i, 0), n - 1)
        if op.mode == "wrap":
            return i % n
        shift = 0 if op.mode == "reflect" else 1
        return -i - shift if i < 0 else 2 * (n - 1) - i + shift

    pairs = [(w, w) if isinstance(w, int) else w for w in op.widths]
    result = np.full([low + n + high for n, (low, high) in zip(x.shape, pairs, strict=True)], op.value, x.dtype)
    for place in np.ndindex(*result.shape):
        origin = [source(i, low, n) for i, (low, _), n in zip(place, pairs, x.shape, strict=True)]
        if None not in origin:
            result[place] = x[tuple(origin)]
    return result


@oracle
def tile(op: Any, x: Array) -> Array:
    for axis, count in enumerate(op.counts):
        x = np.concatenate([x] * count, axis)
    return x


@oracle
def flip(op: Any, x: Array) -> Array:
    axes = range(x.ndim) if op.axis is None else (op.axis,) if isinstance(op.axis, int) else op.axis
    for axis in axes:
        x = np.take(x, range(x.shape[axis])[::-1], axis)
    return x


@oracle
def broadcast_to(op: Any, x: Array) -> Array:
    return x * np.ones(op.dims, x.dtype)


# --- notation --------------------------------------------------------------------------------------------------------
def opened(side: str, hidden: int) -> list[list[str]]:
    """The axes of one side of a pattern, each as the list of its names; `...` as x0, x1, …"""
    extra = [f"x{i}" for i in range(hidden)]
    axes = []
    for group in re.findall(GROUP, side):
        names = [n for name in group.strip("()").split() for n in (extra if name == "..." else [name]) if n != "1"]
        axes += [[name] for name in extra] if group == "..." else [names]
    return axes


GROUP = r"\([^)]*\)|\.\.\.|\w+"


def by_pattern(op: Any, x: Array, function: Callable[[Array], Any]) -> Array:
    """Every element of the result from its place: the names' values on the right pick those on the left."""
    first, second = op.pattern.split("->")
    hidden = x.ndim + ("..." in first) - len(re.findall(GROUP, first))
    left, right = opened(first, hidden), opened(second, hidden)
    sizes = {**op.sizes, **{n: int(n) for names in right for n in names if n.isdigit()}}
    for names, n in zip(left, x.shape, strict=True):
        for name in names:
            sizes.setdefault(name, n // math.prod(sizes.get(other, 1) for other in names if other != name))
    result = {}
    free = list(dict.fromkeys(n for names in (*left, *right) for n in names))
    for values in itertools.product(*(range(sizes[n]) for n in free)):
        at = dict(zip(free, values, strict=True))
        places = [tuple(place(names, at, sizes) for names in side) for side in (left, right)]
        result.setdefault(places[1], []).append(x[places[0]])
    shape = [math.prod(sizes[n] for n in names) for names in right]
    return np.array([function(np.array(result[key])) for key in np.ndindex(*shape)]).reshape(shape)


def place(names: list[str], at: dict[str, int], sizes: dict[str, int]) -> int:
    index = 0
    for name in names:
        index = index * sizes[name] + at[name]
    return index


@oracle
def rearrange(op: Any, x: Array) -> Array:
    return by_pattern(op, x, lambda found: found.item())


@oracle
def reduce(op: Any, x: Array) -> Array:
    return by_pattern(op, x, lambda found: PLAIN[op.reduction](op, found))


@oracle
def repeat(op: Any, x: Array) -> Array:
    return by_pattern(op, x, lambda found: found.item())


@oracle
def einsum(op: Any, *tensors: Array) -> Array:
    return np.einsum(op.equation, *tensors)


# --- penalties -------------------------------------------------------------------------------------------------------
@oracle
def l1(op: Any, *tensors: Array) -> float:
    return sum(abs(float(v)) for x in tensors for v in x.ravel())


@oracle
def l2(op: Any, *tensors: Array) -> float:
    return sum(float(v) ** 2 for x in tensors for v in x.ravel()) / 2
