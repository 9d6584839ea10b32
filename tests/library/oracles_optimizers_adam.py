"""Pairs of Adam and its relatives; flax.optim's forms are written from its formulas."""

from __future__ import annotations

from typing import Any

import numpy as np
import optax

from netspec.library.optimizers.adam import Adam, AdamW, Nadam, Nadamw
from netspec.library.optimizers.adam_variants import Adabelief, Adamax, Adamaxw, Adan, Amsgrad, Radam, Yogi
from tests.library.oracles_optimizers import Pair, each_leaf, kernels
from tests.library.oracles_optimizers_descent import OPTAX_WARM, WARM


def flax_adam(lr: float, b1: float, b2: float, eps: float, decay: float) -> Any:
    """flax.optim.Adam: the decay is of the parameter as it was before the step."""

    def step(p: Any, g: Any, memory: dict[str, Any], t: int) -> Any:
        m = memory["m"] = (1 - b1) * g + b1 * memory.get("m", 0)
        v = memory["v"] = (1 - b2) * g**2 + b2 * memory.get("v", 0)
        moved = p - lr * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps)
        return moved - lr * decay * p

    return each_leaf(step)


def flax_adabelief(lr: float, b1: float, b2: float, eps: float, decay: float) -> Any:
    """flax.optim.AdaBelief: one eps, added to the second moment in every step and to the root."""

    def step(p: Any, g: Any, memory: dict[str, Any], t: int) -> Any:
        m = memory["m"] = (1 - b1) * g + b1 * memory.get("m", 0)
        v = memory["v"] = (1 - b2) * (g - m) ** 2 + b2 * memory.get("v", 0) + eps
        return p - lr * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps) - lr * decay * p

    return each_leaf(step)


PAIRS = {
    "adam": (
        Pair(Adam(learning_rate=0.01), optax.adam(0.01)),
        Pair(Adam(learning_rate=WARM, b1=0.5, b2=0.98, eps=1e-6, eps_root=1e-9), optax.adam(OPTAX_WARM, 0.5, 0.98, 1e-6, 1e-9)),
        Pair(Adam(learning_rate=0.01, b1=0.0), optax.adam(0.01, 0.0)),
        Pair(Adam(learning_rate=0.01, nesterov=True), optax.adam(0.01, nesterov=True)),
        Pair(Adam(learning_rate=0.01, mu_dtype="bf16"), optax.adam(0.01, mu_dtype="bfloat16")),
        Pair(Adam(learning_rate=0.01, b2=0.99), flax_adam(0.01, 0.9, 0.99, 1e-8, 0.0)),
    ),
    "adamw": (
        Pair(AdamW(learning_rate=0.01), optax.adamw(0.01)),
        Pair(
            AdamW(learning_rate=WARM, weight_decay=0.1, decay_mask="**/kernel"),
            optax.adamw(OPTAX_WARM, weight_decay=0.1, mask=kernels),
        ),
        Pair(AdamW(learning_rate=0.01, weight_decay=0.05, nesterov=True), optax.adamw(0.01, weight_decay=0.05, nesterov=True)),
        Pair(AdamW(learning_rate=0.02, weight_decay=0.1), flax_adam(0.02, 0.9, 0.999, 1e-8, 0.1)),
    ),
    "nadam": (
        Pair(Nadam(learning_rate=0.01), optax.nadam(0.01)),
        Pair(Nadam(learning_rate=WARM, b1=0.8, b2=0.99, eps=1e-6, eps_root=1e-9), optax.nadam(OPTAX_WARM, 0.8, 0.99, 1e-6, 1e-9)),
    ),
    "nadamw": (
        Pair(Nadamw(learning_rate=0.01), optax.nadamw(0.01)),
        Pair(Nadamw(learning_rate=0.01, weight_decay=0.1, decay_mask="**/kernel"), optax.nadamw(0.01, weight_decay=0.1, mask=kernels)),
    ),
    "adamax": (
        Pair(Adamax(learning_rate=0.01), optax.adamax(0.01)),
        Pair(Adamax(learning_rate=WARM, b1=0.8, b2=0.99, eps=1e-6), optax.adamax(OPTAX_WARM, 0.8, 0.99, 1e-6)),
    ),
    "adamaxw": (
        Pair(Adamaxw(learning_rate=0.01), optax.adamaxw(0.01)),
        Pair(Adamaxw(learning_rate=0.01, weight_decay=0.1, decay_mask="**/kernel"), optax.adamaxw(0.01, weight_decay=0.1, mask=kernels)),
    ),
    "amsgrad": (
        Pair(Amsgrad(learning_rate=0.01), optax.amsgrad(0.01)),
        Pair(
            Amsgrad(learning_rate=0.01, b2=0.9, eps_root=1e-9, correct_mean=False, correct_square=False),
            optax.amsgrad(0.01, b2=0.9, eps_root=1e-9, bias_correction_mu=False, bias_correction_nu=False),
        ),
    ),
    "adabelief": (
        Pair(Adabelief(learning_rate=0.01), optax.adabelief(0.01)),
        Pair(
            Adabelief(learning_rate=WARM, b1=0.8, eps=1e-8, eps_root=1e-12, nesterov=True),
            optax.adabelief(OPTAX_WARM, 0.8, eps=1e-8, eps_root=1e-12, nesterov=True),
        ),
        Pair(Adabelief(learning_rate=0.01, eps=1e-12, eps_root=1e-12, weight_decay=0.1), flax_adabelief(0.01, 0.9, 0.999, 1e-12, 0.1)),
        Pair(
            Adabelief(learning_rate=0.01, weight_decay=0.1, decay_mask="**/kernel"),
            optax.chain(optax.scale_by_belief(), optax.add_decayed_weights(0.1, kernels), optax.scale(-0.01)),
        ),
    ),
    "yogi": (
        Pair(Yogi(learning_rate=0.01), optax.yogi(0.01)),
        Pair(
            Yogi(learning_rate=0.01, b1=0.8, b2=0.99, eps=1e-6, initial_accumulator=0.01),
            optax.chain(optax.scale_by_yogi(0.8, 0.99, 1e-6, 0.0, 0.01), optax.scale(-0.01)),
        ),
    ),
    "radam": (
        Pair(Radam(learning_rate=0.01), optax.radam(0.01)),
        Pair(
            Radam(learning_rate=WARM, b1=0.8, b2=0.98, eps=1e-6, eps_root=1e-9, threshold=4.0, nesterov=True),
            optax.radam(OPTAX_WARM, 0.8, 0.98, 1e-6, 1e-9, 4.0, nesterov=True),
        ),
    ),
    "adan": (
        Pair(Adan(learning_rate=0.01), optax.adan(0.01)),
        Pair(
            Adan(learning_rate=WARM, b1=0.9, b2=0.8, b3=0.95, eps=1e-6, eps_root=0.0, weight_decay=0.1, decay_mask="**/kernel"),
            optax.adan(OPTAX_WARM, 0.9, 0.8, 0.95, 1e-6, 0.0, 0.1, kernels),
        ),
    ),
}
