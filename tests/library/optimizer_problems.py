"""Problems that optimizers are set: a start and a loss, by logical path. `MIXED` has layers to stack, as `repeat` stores them.

Every problem has a `**/kernel`, a leaf that is none, and a scalar, so that masks and formulas for matrices meet all kinds in each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.datasets import load_digits

from netspec.library.base import Leaf

Params = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Problem:
    """`start` in f64 NumPy by logical path; `loss` of parameters by logical path, in any dtype."""

    start: Mapping[str, np.ndarray]
    loss: Callable[[Params], Any]

    def params(self, dtype: Any) -> Params:
        return {path: jnp.asarray(x, dtype) for path, x in self.start.items()}

    def leaves(self) -> dict[str, Leaf]:
        return {path: Leaf((path,)) for path in self.start}


def quadratic() -> Problem:
    """Curvatures from 0.06 to 2; its smallest value is 0. The scalar need not change its sign, which no step in proportion to it does."""

    def loss(params: Params) -> Any:
        kernel = params["dense/kernel"]
        scale = jnp.arange(1, kernel.size + 1, dtype=kernel.dtype).reshape(kernel.shape) / kernel.size
        return jnp.sum(scale * (kernel - 0.3) ** 2) + jnp.sum((params["dense/bias"] + 1) ** 2) + 0.5 * (params["gain"] + 0.5) ** 2

    return Problem(drawn({"dense/kernel": (4, 3), "dense/bias": (3,), "gain": ()}), loss)


def logistic() -> Problem:
    """Logistic regression on the first 60 digits."""
    images, labels = load_digits(return_X_y=True)
    x, y = images[:60] / 16, np.eye(10)[labels[:60]]

    def loss(params: Params) -> Any:
        kernel = params["dense/kernel"]
        logits = (jnp.asarray(x, kernel.dtype) @ kernel) * params["gain"] + params["dense/bias"][None]
        return -jnp.mean(jnp.sum(jnp.asarray(y, kernel.dtype) * jax.nn.log_softmax(logits), axis=-1))

    return Problem(drawn({"dense/kernel": (64, 10), "dense/bias": (10,), "gain": ()}, 0.3), loss)


def mlp() -> Problem:
    """A small MLP on the digits' first four classes."""
    images, labels = load_digits(n_class=4, return_X_y=True)
    x, y = images[:40, ::4] / 16, np.eye(4)[labels[:40]]

    def loss(params: Params) -> Any:
        first, second = params["dense_0/kernel"], params["dense_1/kernel"]
        hidden = jnp.tanh(jnp.asarray(x, first.dtype) @ first + params["dense_0/bias"][None])
        logits = (hidden @ second) * params["gain"]
        return -jnp.mean(jnp.sum(jnp.asarray(y, first.dtype) * jax.nn.log_softmax(logits), axis=-1))

    return Problem(drawn({"dense_0/kernel": (16, 6), "dense_0/bias": (6,), "dense_1/kernel": (6, 4), "gain": ()}, 0.5), loss)


STACKED = {
    "layer/kernel": Leaf(tuple(f"layer_{i}_{j}/kernel" for i in range(2) for j in range(2)), stacked=2),
    "layer/bias": Leaf(("layer_0/bias", "layer_1/bias"), stacked=1),
    "gain": Leaf(("gain_0", "gain_1", "gain_2"), stacked=1),
    "head/kernel": Leaf(("head/kernel",)),
    "cube/kernel": Leaf(("cube/kernel",)),
}
"""How a program stores the parameters of the problem `mixed`."""
COUNTS = {"layer/kernel": (2, 2), "layer/bias": (2,), "gain": (3,)}


def mixed() -> Problem:
    """Matrices, vectors, scalars and an array of three axes; slices of one stack differ in size, so a norm over all would show."""
    x, y = np.random.default_rng(3).normal(size=(5, 4)), np.random.default_rng(4).normal(size=(5, 3))
    shapes = {path: (4, 4) for path in STACKED["layer/kernel"].paths} | {path: (4,) for path in STACKED["layer/bias"].paths}
    shapes |= {path: () for path in STACKED["gain"].paths} | {"head/kernel": (4, 3), "cube/kernel": (2, 3, 2)}
    start = {path: value * (0.1 + 0.08 * i) for i, (path, value) in enumerate(drawn(shapes).items())}

    def loss(params: Params) -> Any:
        h = jnp.asarray(x, params["head/kernel"].dtype)
        for i in range(2):
            for j in range(2):
                h = h + jnp.tanh(h @ params[f"layer_{i}_{j}/kernel"]) * params[f"gain_{i}"]
            h = h + params[f"layer_{i}/bias"][None]
        out = h @ params["head/kernel"] * params["gain_2"]
        return jnp.mean((out - jnp.asarray(y, h.dtype)) ** 2) + jnp.sum((params["cube/kernel"] - 1) ** 2) / 4

    return Problem(start, loss)


def drawn(shapes: Mapping[str, tuple[int, ...]], size: float = 1.0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {path: np.asarray(size * rng.normal(size=shape)) for path, shape in shapes.items()}


def stacked(params: Mapping[str, Any]) -> Params:
    """The parameters of `mixed` as `STACKED` stores them."""
    slices = {key: jnp.stack([params[path] for path in leaf.paths]) for key, leaf in STACKED.items() if leaf.stacked}
    return {
        key: slices[key].reshape(*COUNTS[key], *slices[key].shape[1:]) if key in slices else params[leaf.paths[0]]
        for key, leaf in STACKED.items()
    }


def unstacked(stored: Mapping[str, Any]) -> Params:
    """By logical path again."""
    found: Params = {}
    for key, leaf in STACKED.items():
        slices = stored[key].reshape(-1, *stored[key].shape[leaf.stacked :]) if leaf.stacked else [stored[key]]
        found |= {path: slices[i] for i, path in enumerate(leaf.paths)}
    return found


@cache
def problem(name: str) -> Problem:
    return {"quadratic": quadratic, "logistic": logistic, "mlp": mlp, "mixed": mixed}[name]()


@cache
def in_stacks() -> Problem:
    """`mixed`, of parameters as they are stored. It starts at `stacked(...)`."""
    return Problem({}, lambda stored: problem("mixed").loss(unstacked(stored)))


@cache
def loss_and_gradients(of: Problem) -> Callable[[Params], tuple[Any, Params]]:
    return jax.jit(jax.value_and_grad(of.loss))
