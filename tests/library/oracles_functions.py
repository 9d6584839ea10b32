"""Oracles of the tensor functions, in plain NumPy and loops; see `oracles`."""

from __future__ import annotations

import itertools
import math
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
    "log1mexp": each(lambda v: math.log(1 - math.exp(-v))),
    "soft_cap": lambda op, weights, x: np.array([op.cap * math.tanh(v / op.cap) for v in x.ravel()]).reshape(x.shape),
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
    "each": each(lambda v: v),
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
    "hard_sigmoid": lambda op, weights, x: np.clip(op.slope * x + 0.5, 0, 1),
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
    "logmeanexp": lambda op, row: math.log(sum(math.exp(v) for v in row) / len(row)),
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


# --- gathering -------------------------------------------------------------------------------------------------------
@oracle
def gather(op: Any, x: Array, indices: Array) -> Array:
    lines = np.moveaxis(x, op.axis, 0)
    rows = np.array([lines[i] for i in indices.ravel()]).reshape(*indices.shape, *lines.shape[1:])
    axis = op.axis % x.ndim
    order = [*range(indices.ndim, indices.ndim + axis), *range(indices.ndim), *range(indices.ndim + axis, rows.ndim)]
    return rows.transpose(order)


@oracle
def last(op: Any, x: Array, lengths: Array) -> Array:
    lines = np.moveaxis(x, op.axis, 1)
    return np.stack([line[min(n, len(line)) - 1] if n > 0 else np.zeros_like(line[0]) for line, n in zip(lines, lengths, strict=True)])


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
    "random_permutation": lambda op, weights: np.argsort(draws(op).random((op.size,), np.float32)),
    "random_bernoulli": lambda op, weights: draws(op).random(op.dims, np.float32) < op.p,
}
