"""What tests of losses share: numbers, and the mean that a training step makes of values."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.library.base import Loss
from netspec.library.shelf.index_writer import classes
from tests.library.scope import TestScope, applied, parse

RNG = np.random.default_rng(3)
SHELF: list[Any] = [cls for cls in classes() if issubclass(cls, Loss)]
X = RNG.normal(size=(6, 5)).astype(np.float32) * 2
Y = RNG.normal(size=(6, 5)).astype(np.float32)
CLASS = RNG.integers(0, 5, 6).astype(np.int32)
ONE_HOT = np.eye(5, dtype=np.float32)[CLASS]
SOFT = np.asarray(jax.nn.softmax(Y))
YES = RNG.integers(0, 2, (6, 5)).astype(np.int32)


_RUN = jax.jit(lambda op, arrays, named, weight: applied(op, TestScope(weight=weight), *arrays, **named), static_argnums=0)
_WEIGHTS = jax.jit(lambda op, arrays, named: op.weights(*arrays, **named), static_argnums=0)


def run(op: Any, *arrays: Any, weight: Any = None, **named: Any) -> Any:
    return _RUN(op, [jnp.asarray(x) for x in arrays], {n: jnp.asarray(x) for n, x in named.items()}, weight)


def mean(op: Any, *arrays: Any, mask: Any = None, **named: Any) -> Any:
    """Σ w·v / Σ w, as a training step has it."""
    arrays = tuple(map(jnp.asarray, arrays))
    values = run(op, *arrays, **named)
    factors = [x for x in (mask, _WEIGHTS(op, arrays, named)) if x is not None]
    weight = jnp.ones(values.shape, values.dtype)
    for factor in factors:
        weight = weight * jnp.asarray(factor)
    return op.finish(op.statistics(jnp.where(weight == 0, 0, values), weight))


def slope_of(function: Any, *points: Any) -> Any:
    """The sum of a function's values, and its slopes (of one point by itself)."""
    found = jax.jit(jax.value_and_grad(lambda *x: jnp.sum(function(*x)), argnums=tuple(range(len(points)))))(*map(jnp.asarray, points))
    return found if len(points) > 1 else (found[0], found[1][0])


def made(text: str, name: str = "", rng: np.random.Generator = RNG) -> Any:
    kind = parse(text)
    shape = [dim.value for dim in kind.shape]
    if "lengths" in name:
        return rng.integers(0, 3, shape).astype(np.int32) + (4 if name == "lengths" else 0)
    if not kind.is_float:
        return rng.integers(0, 2, shape).astype(kind.jax_dtype)
    return np.asarray(jnp.asarray(rng.uniform(0.05, 0.95, shape), kind.jax_dtype))


def arguments(example: Any) -> tuple[list[Any], dict[str, Any]]:
    named = {n: made(t, n) for n, t in example.named.items() if n != "mask" or not example.op.mask_weighs}
    return [made(text) for text in example.inputs], named
