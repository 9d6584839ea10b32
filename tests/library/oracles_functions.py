"""Oracles of the tensor functions, in plain NumPy and loops; see `oracles`."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from netspec.shape.types import JAX_DTYPES

Array = Any
FUNCTIONS: dict[str, Callable[..., Any]] = {}


def oracle(function: Callable[..., Any]) -> Callable[..., Any]:
    """Under the function's own name; it is given the op and the inputs."""
    FUNCTIONS[function.__name__.removesuffix("_")] = lambda op, weights, *inputs: function(op, *inputs)
    return function


def each(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of one number, element by element."""
    return lambda op, weights, x: np.array([function(v) for v in x.ravel()]).reshape(x.shape)


FUNCTIONS |= {
    "exp": each(math.exp),
    "expm1": each(math.expm1),
    "log": each(math.log),
    "log1p": each(math.log1p),
    "sqrt": each(math.sqrt),
    "rsqrt": each(lambda v: 1 / math.sqrt(v)),
    "square": each(lambda v: v * v),
    "abs": each(lambda v: v if v > 0 else -v),
    "sign": each(lambda v: int(v > 0) - int(v < 0)),
    "sin": each(math.sin),
    "cos": each(math.cos),
    "atan": each(math.atan),
    "erf": each(math.erf),
    "floor": each(math.floor),
    "ceil": each(math.ceil),
    "round": each(round),
    "isfinite": each(math.isfinite),
    "isnan": each(math.isnan),
    "stop_gradient": each(lambda v: v),
}


def relu6(v: float) -> float:
    return min(max(v, 0), 6)


FUNCTIONS |= {
    "softplus": each(lambda v: math.log(1 + math.exp(v))),
    "log_sigmoid": each(lambda v: math.log(1 / (1 + math.exp(-v)))),
    "soft_sign": each(lambda v: v / (1 + abs(v))),
    "selu": each(lambda v: 1.0507009873554805 * (v if v > 0 else 1.6732632423543772 * (math.exp(v) - 1))),
    "relu6": each(relu6),
    "hard_tanh": each(lambda v: min(max(v, -1), 1)),
    "hard_sigmoid": each(lambda v: relu6(v + 3) / 6),
    "hard_silu": each(lambda v: v * relu6(v + 3) / 6),
    "mish": each(lambda v: v * math.tanh(math.log(1 + math.exp(v)))),
    "celu": lambda op, weights, x: each(lambda v: v if v > 0 else op.alpha * (math.exp(v / op.alpha) - 1))(op, weights, x),
}


@oracle
def clip(op: Any, x: Array) -> Array:
    low, high = -np.inf if op.low is None else op.low, np.inf if op.high is None else op.high
    return np.array([min(max(v, low), high) for v in x.ravel()]).reshape(x.shape)


def paired(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of several numbers, element by element."""

    def run(op: Any, weights: Any, *inputs: Array) -> Array:
        shape = np.broadcast_shapes(*(x.shape for x in inputs))
        columns = [np.broadcast_to(x, shape).ravel() for x in inputs]
        return np.array([function(*row) for row in zip(*columns, strict=True)]).reshape(shape)

    return run


FUNCTIONS |= {
    "minimum": paired(min),
    "maximum": paired(max),
    "logaddexp": paired(lambda a, b: math.log(math.exp(a) + math.exp(b))),
    "where": paired(lambda c, a, b: a if c else b),
}


@oracle
def cast(op: Any, x: Array) -> Array:
    convert = {"b": lambda v: v != 0, "i": math.trunc, "f": float}[op.dtype[0]]
    return np.array([convert(v) for v in x.ravel()]).reshape(x.shape)


@oracle
def matmul(op: Any, a: Array, b: Array) -> Array:
    return np.tensordot(a, b, 1) if b.ndim == 2 else np.stack([a @ m for m in b])


# --- reductions ------------------------------------------------------------------------------------------------------
def reduced(x: Array, axis: Any, keepdims: bool, function: Callable[[Array], Any]) -> Array:
    """`function` of the vector of elements that each result is made of."""
    axes = set(range(x.ndim)) if axis is None else {a % x.ndim for a in ((axis,) if isinstance(axis, int) else axis)}
    kept = [a for a in range(x.ndim) if a not in axes]
    rows = []
    for place in itertools.product(*(range(x.shape[a]) for a in kept)):
        where = dict(zip(kept, place, strict=True))
        rows.append(function(x[tuple(where.get(a, slice(None)) for a in range(x.ndim))].ravel()))
    return np.array(rows).reshape([1 if a in axes else x.shape[a] for a in range(x.ndim) if keepdims or a not in axes])


def reduction(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda op, weights, x: reduced(x, op.axis, op.keepdims, lambda row: function(op, row))


def variance(op: Any, row: Array) -> float:
    return sum((v - sum(row) / len(row)) ** 2 for v in row) / (len(row) - op.ddof)


PLAIN: dict[str, Callable[..., Any]] = {
    "sum": lambda op, row: sum(int(v) if row.dtype == bool else v for v in row),
    "mean": lambda op, row: sum(float(v) for v in row) / len(row),
    "prod": lambda op, row: math.prod(row),
    "max": lambda op, row: sorted(row)[-1],
    "min": lambda op, row: sorted(row)[0],
    "var": variance,
    "std": lambda op, row: math.sqrt(variance(op, row)),
    "logsumexp": lambda op, row: math.log(sum(math.exp(v) for v in row)),
    "norm": lambda op, row: max(abs(row)) if op.order == "max" else sum(abs(v) ** int(op.order[1]) for v in row) ** (1 / int(op.order[1])),
    "any": lambda op, row: True in row.tolist(),
    "all": lambda op, row: False not in row.tolist(),
    "argmax": lambda op, row: row.tolist().index(max(row)),
    "argmin": lambda op, row: row.tolist().index(min(row)),
}
FUNCTIONS |= {name: reduction(function) for name, function in PLAIN.items()}


@oracle
def cumsum(op: Any, x: Array) -> Array:
    lines = np.moveaxis(x, op.axis, 0).astype(float)
    order = range(len(lines))
    parts = [sum(lines[j] for j in order if (j >= i if op.reverse else j <= i)) for i in order]
    return np.moveaxis(np.stack(parts), 0, op.axis)


@oracle
def top_k(op: Any, x: Array) -> tuple[Array, Array]:
    order = np.argsort(-x, op.axis, kind="stable").take(range(op.k), op.axis)
    return np.take_along_axis(x, order, op.axis), order


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


# --- gathering -------------------------------------------------------------------------------------------------------
@oracle
def gather(op: Any, x: Array, indices: Array) -> Array:
    lines = np.moveaxis(x, op.axis, 0)
    rows = np.array([lines[i] for i in indices.ravel()]).reshape(*indices.shape, *lines.shape[1:])
    axis = op.axis % x.ndim
    order = [*range(indices.ndim, indices.ndim + axis), *range(indices.ndim), *range(indices.ndim + axis, rows.ndim)]
    return rows.transpose(order)


@oracle
def take(op: Any, x: Array) -> Array:
    return np.moveaxis(np.array([np.moveaxis(x, op.axis, 0)[i] for i in op.indices]), 0, op.axis)


@oracle
def one_hot(op: Any, x: Array) -> Array:
    return np.array([[float(c == v) for c in range(op.classes)] for v in x.ravel()]).reshape(*x.shape, -1)


def segments(function: Callable[[Array], Any]) -> Callable[..., Any]:
    def run(op: Any, weights: Any, x: Array, ids: Array) -> Array:
        rows = [[row for row, own in zip(x, ids, strict=True) if own == s] for s in range(op.segments)]
        return np.array([function(np.array(own)) if own else np.zeros(x.shape[1:]) for own in rows])

    return run


FUNCTIONS |= {
    "segment_sum": segments(lambda rows: rows.sum(0)),
    "segment_mean": segments(lambda rows: rows.sum(0) / len(rows)),
    "segment_max": segments(lambda rows: np.sort(rows, 0)[-1]),
    "segment_min": segments(lambda rows: np.sort(rows, 0)[0]),
}


# --- creating --------------------------------------------------------------------------------------------------------
def draws(op: Any) -> np.random.Generator:
    """The generator of the scope in which the laws run an op."""
    return np.random.default_rng(0)


@oracle
def iota(op: Any) -> Array:
    return np.array(list(range(op.size)))


FUNCTIONS |= {
    "zeros": lambda op, weights: np.full(op.dims, 0, JAX_DTYPES.get(op.dtype)),
    "ones": lambda op, weights: np.full(op.dims, 1, JAX_DTYPES.get(op.dtype)),
    "full": lambda op, weights: np.array([op.value] * math.prod(op.dims)).reshape(op.dims),
    "random_normal": lambda op, weights: draws(op).standard_normal(op.dims, np.float32),
    "random_uniform": lambda op, weights: op.low + (op.high - op.low) * draws(op).random(op.dims, np.float32),
    "random_bernoulli": lambda op, weights: draws(op).random(op.dims, np.float32) < op.p,
}
