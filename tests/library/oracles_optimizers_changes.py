"""Pairs of what stands beside or around an optimizer: clips, noise, decay, groups, guards, lengths and directions."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import jax
import numpy as np
import optax

from netspec.library.base import Optimizer
from netspec.library.optimizers.adam import Adam, AdamW
from netspec.library.optimizers.chain import Chain
from netspec.library.optimizers.clipping import AdaptiveClip, ClipByGlobalNorm, ClipByNorm, ClipByValue
from netspec.library.optimizers.gradient_changes import AddDecayedWeights, AddNoise, Centralize, Freeze
from netspec.library.optimizers.gradient_descent import Sgd
from netspec.library.optimizers.groups import Groups
from netspec.library.optimizers.guards import DynamicLossScale, SkipNonfinite, WeightNorm
from tests.library.oracles_optimizers import Formula, Pair, each_leaf, kernels

RATE = 0.05
SGD, ADAM = Sgd(learning_rate=RATE), Adam(learning_rate=0.01)


def chain(*parts: Optimizer) -> Chain:
    return Chain(parts=parts)


def descending(change: Any) -> Formula:
    """Plain steps along what `change(p, g)` makes of the gradient."""
    return each_leaf(lambda p, g, memory, t: p - RATE * change(p, g))


def length(x: np.ndarray) -> np.ndarray:
    """Of a kernel's columns, all axes but the last; of a vector or number as a whole."""
    return np.sqrt(np.sum(x**2, axis=tuple(range(x.ndim - 1)) if x.ndim > 1 else None, keepdims=True))


def own_norm(limit: float) -> Any:
    return lambda p, g: g * min(1.0, limit / np.linalg.norm(g.ravel()))


def by_units(ratio: float, eps: float) -> Any:
    return lambda p, g: g * np.minimum(1.0, ratio * np.maximum(length(p), eps) / np.maximum(length(g), 1e-300))


def centred(p: np.ndarray, g: np.ndarray) -> np.ndarray:
    return g if g.ndim < 2 else g - g.mean(axis=tuple(range(g.ndim - 1)), keepdims=True)


def noisy(eta: float, gamma: float, seed: int) -> Formula:
    def formula(params: Any, grads: Any, memory: dict[str, Any], t: int) -> dict[str, np.ndarray]:
        key = jax.random.fold_in(jax.random.key(seed, impl="threefry2x32"), t)
        moved = {}
        for path, p in params.items():
            own = jax.random.fold_in(key, np.uint32(crc32(path.encode())))
            noise = np.asarray(jax.random.normal(own, p.shape, np.float32))
            moved[path] = p - RATE * (grads[path] + np.sqrt(eta / t**gamma) * noise)
        return moved

    return formula


def lengths_and_directions(rate: float, decay: float, eps: float) -> Formula:
    """w = l v / (eps + |v|): plain steps of l and v, and of what is no kernel."""

    def step(w: np.ndarray, g: np.ndarray, memory: dict[str, Any], t: int) -> np.ndarray:
        if w.ndim < 2 or w.size == w.shape[-1]:
            return w - rate * g
        if not memory:
            memory |= {"v": w / length(w), "l": length(w) * (eps + 1)}
        v, long = memory["v"], memory["l"]
        size = length(v)
        axes = tuple(range(w.ndim - 1))
        of_l = np.sum(g * v, axis=axes, keepdims=True) / (eps + size)
        # d(l v_i / (eps + |v|)) / d v_j = l (δ_ij / (eps + |v|) - v_i v_j / (|v| (eps + |v|)²))
        inner = np.sum(g * v, axis=axes, keepdims=True)
        of_v = long * (g / (eps + size) - v * inner / (size * (eps + size) ** 2))
        memory |= {"l": long - rate * of_l, "v": v - rate * (of_v + decay * v)}
        return memory["l"] * memory["v"] / (eps + length(memory["v"]))

    return each_leaf(step)


def labels(params: Any) -> dict[str, str]:
    return {path: "kernels" if kernel else "rest" for path, kernel in kernels(params).items()}


def frozen(transformation: Any) -> Any:
    return optax.chain(transformation, optax.masked(optax.set_to_zero(), kernels))


PAIRS = {
    "clip_by_value": (
        Pair(chain(ClipByValue(limit=0.1), SGD), optax.chain(optax.clip(0.1), optax.sgd(RATE))),
        Pair(chain(ClipByValue(limit=1.0), ADAM), optax.chain(optax.clip(1.0), optax.adam(0.01))),
    ),
    "clip_by_norm": (
        Pair(chain(ClipByNorm(max_norm=0.2), SGD), descending(own_norm(0.2))),
        Pair(chain(ClipByNorm(max_norm=5.0), SGD), descending(own_norm(5.0))),
    ),
    "adaptive_clip": (
        Pair(chain(AdaptiveClip(), SGD), descending(by_units(0.01, 1e-3)), settles=chain(AdaptiveClip(ratio=0.5), SGD)),
        Pair(chain(AdaptiveClip(ratio=0.3, eps=0.5), SGD), descending(by_units(0.3, 0.5))),
    ),
    "centralize": (Pair(chain(Centralize(), SGD), descending(centred), settles=SGD),),
    "add_noise": (
        Pair(chain(AddNoise(), SGD), noisy(0.01, 0.55, 0), settles=chain(AddNoise(eta=1e-6, gamma=2.0), SGD)),
        Pair(chain(AddNoise(eta=0.3, gamma=0.0, seed=7), SGD), noisy(0.3, 0.0, 7), settles=SGD),
    ),
    "add_decayed_weights": (
        Pair(chain(AddDecayedWeights(weight_decay=1e-4), SGD), optax.chain(optax.add_decayed_weights(1e-4), optax.sgd(RATE))),
        Pair(
            chain(AddDecayedWeights(weight_decay=0.1, decay_mask="**/kernel"), ADAM),
            optax.chain(optax.add_decayed_weights(0.1, kernels), optax.adam(0.01)),
            settles=ADAM,
        ),
    ),
    "freeze": (
        Pair(
            chain(AdamW(learning_rate=0.01, weight_decay=0.1), Freeze(params="**/kernel")),
            frozen(optax.adamw(0.01, weight_decay=0.1)),
            ADAM,
        ),
        Pair(
            Groups(groups={"**/kernel": Freeze(), "else": SGD}),
            optax.partition({"kernels": optax.set_to_zero(), "rest": optax.sgd(RATE)}, labels),
            settles=SGD,
        ),
    ),
    "groups": (
        Pair(
            Groups(groups={"**/kernel": AdamW(learning_rate=0.01, weight_decay=1e-5), "else": Sgd(learning_rate=RATE, momentum=0.9)}),
            optax.partition({"kernels": optax.adamw(0.01, weight_decay=1e-5), "rest": optax.sgd(RATE, momentum=0.9)}, labels),
        ),
        Pair(
            Groups(groups={"**/kernel": chain(ClipByGlobalNorm(max_norm=0.1), SGD), "else": ADAM}),
            optax.partition({"kernels": optax.chain(optax.clip_by_global_norm(0.1), optax.sgd(RATE)), "rest": optax.adam(0.01)}, labels),
        ),
    ),
    "skip_nonfinite": (
        Pair(SkipNonfinite(inner=ADAM), optax.apply_if_finite(optax.adam(0.01), 5), jitted=True),
        Pair(SkipNonfinite(inner=chain(ClipByValue(limit=0.1), SGD)), optax.chain(optax.clip(0.1), optax.sgd(RATE))),
    ),
    "dynamic_loss_scale": (
        Pair(DynamicLossScale(inner=ADAM), optax.adam(0.01)),
        Pair(DynamicLossScale(inner=SGD, initial_scale=4.0, growth_interval=3), optax.sgd(RATE)),
    ),
    "weight_norm": (
        # slow steps: near a length of zero rounding grows fast
        Pair(WeightNorm(inner=Sgd(learning_rate=0.01)), lengths_and_directions(0.01, 0.0, 1e-8)),
        Pair(WeightNorm(inner=Sgd(learning_rate=0.01), weight_decay=0.01, eps=1e-3), lengths_and_directions(0.01, 0.01, 1e-3)),
    ),
}
