"""Pairs of optimizers that divide by past squares, whole or factored: optax, and `flax.optim`'s forms as formulas in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import optax

from netspec.library.base import Duration
from netspec.library.optimizers.accumulators import Adadelta, Adagrad, Rmsprop, Rprop
from netspec.library.optimizers.factored_moments import Adafactor, Sm3
from netspec.library.schedules import Cosine
from tests.library.oracles_optimizers import Pair, each_leaf, kernels
from tests.library.oracles_optimizers_descent import OPTAX_WARM, WARM

FALLING = Cosine(start=0.1, duration=Duration(4000, "step"))


@each_leaf
def flax_adagrad(p: Any, g: Any, memory: dict[str, Any], t: int) -> Any:
    memory["G"] = memory.get("G", 0) + g**2
    return p - 0.05 * g / (np.sqrt(memory["G"]) + 1e-8)


@each_leaf
def flax_rmsprop(p: Any, g: Any, memory: dict[str, Any], t: int) -> Any:
    memory["v"] = 0.9 * memory.get("v", 0) + 0.1 * g**2
    return p - 0.01 * g / (np.sqrt(memory["v"]) + 1e-8)


@each_leaf
def flax_rmsprop_centered(p: Any, g: Any, memory: dict[str, Any], t: int) -> Any:
    memory["v"] = 0.8 * memory.get("v", 0) + 0.2 * g**2
    memory["m"] = 0.8 * memory.get("m", 0) + 0.2 * g
    return p - 0.01 * g / (np.sqrt(memory["v"] - memory["m"] ** 2) + 1e-3)


@each_leaf
def flax_adadelta(p: Any, g: Any, memory: dict[str, Any], t: int) -> Any:
    memory["s"] = 0.9 * memory.get("s", 0) + 0.1 * g**2
    d = np.sqrt(memory.get("a", 0) + 1e-6) / np.sqrt(memory["s"] + 1e-6) * g
    memory["a"] = 0.9 * memory.get("a", 0) + 0.1 * d**2
    return p - 0.5 * d - 0.5 * 0.01 * p


@each_leaf
def rprop(p: Any, g: Any, memory: dict[str, Any], t: int) -> Any:
    """optax 0.2.8 hands out each step one update late."""
    length, before = memory.get("length", np.full_like(p, 0.01)), memory.get("before", np.zeros_like(p))
    product = g * before
    length = np.where(product > 0, np.minimum(length * 1.2, 50.0), np.where(product < 0, np.maximum(length * 0.5, 1e-6), length))
    memory["length"], memory["before"] = length, np.where(product < 0, 0.0, g)
    return p - length * np.sign(memory["before"])


def flax_adafactor(params: Any, grads: Any, memory: dict[str, Any], t: int) -> Any:
    """With rows and columns of every array whose two largest axes have two elements, and a first moment."""
    rho, new = 1 - t**-0.8, {}
    for path, p in params.items():
        g, own = grads[path], memory.setdefault(path, {})
        square = g**2 + 1e-30
        if p.ndim >= 2:
            d1, d0 = np.argsort(p.shape, kind="stable")[-2:]
            own["row"] = rho * own.get("row", 0) + (1 - rho) * square.mean(d0, keepdims=True)
            own["column"] = rho * own.get("column", 0) + (1 - rho) * square.mean(d1, keepdims=True)
            y = g * (own["row"] / own["row"].mean(d1, keepdims=True)) ** -0.5 * own["column"] ** -0.5
        else:
            own["v"] = rho * own.get("v", 0) + (1 - rho) * square
            y = g * own["v"] ** -0.5
        y = y / max(1.0, np.sqrt(np.mean(y**2)) / 1.0)
        step = 0.01 * max(np.sqrt(np.mean(p**2)), 1e-2) * y
        own["m"] = 0.9 * own.get("m", 0) + 0.1 * step
        new[path] = np.asarray((1 - 1e-3) * p - own["m"])
    return new


def with_scalars(inner: Any) -> Any:
    """optax.sm3 knows vectors and more: scalars as vectors of one element."""

    def up(tree: Any) -> Any:
        return {path: x.reshape(1) if x.ndim == 0 else x for path, x in tree.items()}

    def update(updates: Any, state: Any, params: Any) -> Any:
        steps, state = inner.update(up(updates), state, up(params))
        return {path: u.reshape(params[path].shape) for path, u in steps.items()}, state

    return optax.GradientTransformation(lambda params: inner.init(up(params)), update)


PAIRS = {
    "adagrad": (
        Pair(Adagrad(learning_rate=0.1), optax.adagrad(0.1)),
        Pair(Adagrad(learning_rate=WARM, initial_accumulator=0.5, eps=1e-3), optax.adagrad(OPTAX_WARM, 0.5, 1e-3)),
        Pair(Adagrad(learning_rate=0.05, initial_accumulator=0.0, eps=1e-8, eps_inside_sqrt=False), flax_adagrad),
    ),
    "rmsprop": (
        Pair(Rmsprop(learning_rate=0.01), optax.rmsprop(0.01), Rmsprop(learning_rate=FALLING)),
        Pair(
            Rmsprop(learning_rate=WARM, decay=0.8, eps=1e-3, initial_scale=1.0, centered=True, momentum=0.9, nesterov=True),
            optax.rmsprop(OPTAX_WARM, 0.8, 1e-3, 1.0, True, True, 0.9, True),
        ),
        Pair(
            Rmsprop(learning_rate=0.01, eps_inside_sqrt=False, momentum=0.5, bias_correction=True),
            optax.rmsprop(0.01, eps_in_sqrt=False, momentum=0.5, bias_correction=True),
        ),
        Pair(
            Rmsprop(learning_rate=0.1, initial_scale=10.0, centered=True, bias_correction=True),
            optax.rmsprop(0.1, initial_scale=10.0, centered=True, bias_correction=True),
        ),
        Pair(Rmsprop(learning_rate=0.01, eps_inside_sqrt=False), flax_rmsprop),
        Pair(Rmsprop(learning_rate=0.01, decay=0.8, eps=1e-3, eps_inside_sqrt=False, centered=True), flax_rmsprop_centered),
    ),
    "adadelta": (
        Pair(Adadelta(), optax.adadelta(1.0)),
        Pair(
            Adadelta(learning_rate=WARM, rho=0.8, eps=1e-5, weight_decay=0.01, decay_mask="**/kernel"),
            optax.adadelta(OPTAX_WARM, 0.8, 1e-5, 0.01, kernels),
        ),
        Pair(Adadelta(learning_rate=0.5, weight_decay=0.01, decoupled=True), flax_adadelta),
    ),
    "rprop": (Pair(Rprop(learning_rate=0.01), rprop, steps=30),),  # then rounding decides the signs of gradients that are almost 0
    "adafactor": (
        Pair(Adafactor(learning_rate=0.02), optax.adafactor(0.02), Adafactor(learning_rate=FALLING)),
        Pair(
            Adafactor(learning_rate=WARM, min_dim_size_to_factor=2, momentum=0.9, weight_decay_rate=1e-3, decay_mask="**/kernel"),
            optax.adafactor(OPTAX_WARM, 2, momentum=0.9, weight_decay_rate=1e-3, weight_decay_mask=kernels),
        ),
        Pair(
            Adafactor(min_dim_size_to_factor=3, decay_rate=0.7, multiply_by_parameter_scale=False, clipping_threshold=0.1, eps=1e-6),
            optax.adafactor(None, 3, 0.7, 0, False, 0.1, eps=1e-6),
            steps=8,  # optax rounds the decay to f32, and steps of this size amplify that tenfold every other step
        ),
        Pair(
            Adafactor(learning_rate=0.01, multiply_by_parameter_scale=False, clipping_threshold=None, factored=False),
            optax.adafactor(0.01, multiply_by_parameter_scale=False, clipping_threshold=None, factored=False),
        ),
        Pair(Adafactor(learning_rate=0.01, min_dim_size_to_factor=2, momentum=0.9, weight_decay_rate=1e-3, min_scale=1e-2), flax_adafactor),
    ),
    "sm3": (
        Pair(Sm3(learning_rate=0.1), with_scalars(optax.sm3(0.1))),
        Pair(
            Sm3(learning_rate=0.05, momentum=0.5, b2=0.99, eps=1e-6),
            with_scalars(optax.chain(optax.scale_by_sm3(0.5, 0.99, 1e-6), optax.scale(-0.05))),
        ),
    ),
}
