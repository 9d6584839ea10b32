"""Pairs of gradient descent, of chains and of what clips."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import optax

from netspec.library.base import Duration
from netspec.library.optimizers.adam import Adam
from netspec.library.optimizers.chain import Chain
from netspec.library.optimizers.clipping import ClipByGlobalNorm
from netspec.library.optimizers.gradient_descent import Momentum, Sgd
from netspec.library.schedules import WarmupCosine
from tests.library.oracles_optimizers import Pair, each_leaf, kernels

WARM = WarmupCosine(peak=0.05, warmup=Duration(1, "epoch"), end=0.001)


def exact(schedule: Any) -> Any:
    """optax's schedule of a wide count: of an i32 count its fractions are in f32 under x64 too."""
    return lambda count: schedule(jnp.asarray(count, jnp.result_type(float)))


OPTAX_WARM = exact(optax.warmup_cosine_decay_schedule(0.0, 0.05, 20, 200, 0.001))


def flax_momentum(lr: float, beta: float, decay: float, nesterov: bool) -> Any:
    """flax.optim.Momentum: the decay is added to the gradient."""

    def step(p: Any, g: Any, memory: dict[str, Any], t: int) -> Any:
        g = g + decay * p
        m = memory["m"] = beta * memory.get("m", 0) + g
        return p - lr * (g + beta * m if nesterov else m)

    return each_leaf(step)


PAIRS = {
    "sgd": (
        Pair(Sgd(learning_rate=0.05), optax.sgd(0.05)),
        Pair(Sgd(learning_rate=0.05, momentum=0.9), optax.sgd(0.05, momentum=0.9)),
        Pair(Sgd(learning_rate=0.05, momentum=0.8, accumulator_dtype="bf16"), optax.sgd(0.05, 0.8, accumulator_dtype="bfloat16")),
        Pair(Sgd(learning_rate=WARM, momentum=0.9, nesterov=True), optax.sgd(OPTAX_WARM, momentum=0.9, nesterov=True)),
    ),
    "momentum": (
        Pair(Momentum(learning_rate=0.02), optax.sgd(0.02, momentum=0.9)),
        Pair(
            Momentum(learning_rate=0.02, beta=0.8, weight_decay=0.01, nesterov=True),
            optax.chain(optax.add_decayed_weights(0.01), optax.sgd(0.02, momentum=0.8, nesterov=True)),
        ),
        Pair(
            Momentum(learning_rate=0.02, weight_decay=0.1, decay_mask="**/kernel"),
            optax.chain(optax.add_decayed_weights(0.1, kernels), optax.sgd(0.02, momentum=0.9)),
        ),
        Pair(
            Momentum(learning_rate=WARM, weight_decay=0.1, decoupled=True),
            optax.chain(optax.trace(0.9), optax.add_decayed_weights(0.1), optax.scale_by_learning_rate(OPTAX_WARM)),
        ),
        Pair(Momentum(learning_rate=0.02, accumulator_dtype="bf16"), optax.sgd(0.02, 0.9, accumulator_dtype="bfloat16")),
        Pair(Momentum(learning_rate=0.02, weight_decay=0.1), flax_momentum(0.02, 0.9, 0.1, False)),
        Pair(Momentum(learning_rate=0.02, weight_decay=0.1, nesterov=True), flax_momentum(0.02, 0.9, 0.1, True)),
    ),
    "chain": (
        Pair(
            Chain(parts=(ClipByGlobalNorm(max_norm=0.5), Sgd(learning_rate=0.1, momentum=0.9))),
            optax.chain(optax.clip_by_global_norm(0.5), optax.sgd(0.1, momentum=0.9)),
        ),
    ),
    "clip_by_global_norm": (
        Pair(
            Chain(parts=(ClipByGlobalNorm(max_norm=0.1), Adam(learning_rate=0.01))),
            optax.chain(optax.clip_by_global_norm(0.1), optax.adam(0.01)),
        ),
    ),
}
