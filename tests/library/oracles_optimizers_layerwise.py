"""Pairs of optimizers with one length of steps for each layer, and of those that step by signs."""

from __future__ import annotations

from typing import Any

import numpy as np
import optax

from netspec.library.optimizers.layerwise import Lamb, Lars, Novograd
from netspec.library.optimizers.signs import Lion, SignSgd
from tests.library.oracles_optimizers import Pair, each_leaf, kernels
from tests.library.oracles_optimizers_descent import OPTAX_WARM, WARM


def flax_lamb(lr: float, b1: float, b2: float, eps: float, decay: float) -> Any:
    """flax.optim.LAMB, where neither norm is 0."""

    def step(p: Any, g: Any, memory: dict[str, Any], t: int) -> Any:
        m = memory["m"] = (1 - b1) * g + b1 * memory.get("m", 0)
        v = memory["v"] = (1 - b2) * g**2 + b2 * memory.get("v", 0)
        u = (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps) + decay * p
        return p - np.sqrt(np.sum(p**2)) / np.sqrt(np.sum(u**2)) * lr * u

    return each_leaf(step)


def flax_lars(lr: float, beta: float, decay: float, coefficient: float, eps: float, nesterov: bool) -> Any:
    """flax.optim.LARS: the norms of gradient and decay are added, and the learning rate is within the momentum."""

    def step(p: Any, g: Any, memory: dict[str, Any], t: int) -> Any:
        size, length = np.sqrt(np.sum(p**2)), np.sqrt(np.sum(g**2))
        ratio = coefficient * size / (length + decay * size + eps) if size > 0 and length > 0 else 1.0
        scaled = lr * ratio * (g + decay * p)
        m = memory["m"] = beta * memory.get("m", 0) + scaled
        return p - (scaled + beta * m if nesterov else m)

    return each_leaf(step)


def novograd_masked(lr: float, b1: float, b2: float, eps: float, decay: float) -> Any:
    """NovoGrad with the decay, which is within its momentum, of kernels only."""

    def step(p: Any, g: Any, memory: dict[str, Any], t: int, rate: float) -> Any:
        square = np.sum(g**2)
        v = memory["v"] = square if t == 1 else b2 * memory["v"] + (1 - b2) * square
        m = memory["m"] = b1 * memory.get("m", 0) + g / (np.sqrt(v) + eps) + rate * p
        return p - lr * m

    def formula(params: Any, grads: Any, memory: dict[str, Any], t: int) -> Any:
        rates = {path: decay if path.endswith("kernel") else 0.0 for path in params}
        return {path: step(p, grads[path], memory.setdefault(path, {}), t, rates[path]) for path, p in params.items()}

    return formula


PAIRS = {
    "lamb": (
        Pair(Lamb(learning_rate=0.01), optax.lamb(0.01), settles=Lamb(learning_rate=WARM)),
        Pair(
            Lamb(learning_rate=WARM, b1=0.8, b2=0.99, eps=1e-8, eps_root=1e-9, weight_decay=0.1, decay_mask="**/kernel"),
            optax.lamb(OPTAX_WARM, 0.8, 0.99, 1e-8, 1e-9, 0.1, kernels),
        ),
        Pair(Lamb(learning_rate=0.01, weight_decay=0.1), flax_lamb(0.01, 0.9, 0.999, 1e-6, 0.1)),
    ),
    "lars": (
        Pair(Lars(learning_rate=1.0), optax.lars(1.0), settles=Lars(learning_rate=WARM, trust_coefficient=1.0)),
        Pair(
            Lars(
                learning_rate=WARM,
                momentum=0.8,
                trust_coefficient=0.1,
                eps=1e-3,
                trust_mask="**/kernel",
                nesterov=True,
                weight_decay=0.1,
                decay_mask="**/kernel",
            ),
            optax.lars(OPTAX_WARM, 0.1, kernels, 0.1, 1e-3, kernels, 0.8, True),
        ),
        Pair(
            Lars(learning_rate=0.5, trust_coefficient=0.02, weight_decay=0.1, separate_norms=True),
            flax_lars(0.5, 0.9, 0.1, 0.02, 0.0, False),
        ),
        Pair(
            Lars(learning_rate=0.5, momentum=0.7, trust_coefficient=0.02, eps=0.01, nesterov=True, weight_decay=0.2, separate_norms=True),
            flax_lars(0.5, 0.7, 0.2, 0.02, 0.01, True),
        ),
        Pair(Lars(learning_rate=1.0, momentum=0.0, weight_decay=0.1), optax.lars(1.0, 0.1, momentum=0.0)),
    ),
    "novograd": (
        Pair(Novograd(learning_rate=0.01), optax.novograd(0.01), settles=Novograd(learning_rate=WARM)),
        Pair(
            Novograd(learning_rate=WARM, b1=0.8, b2=0.9, eps=1e-3, eps_root=1e-4, weight_decay=0.1),
            optax.novograd(OPTAX_WARM, 0.8, 0.9, 1e-3, 1e-4, 0.1),
        ),
        Pair(Novograd(learning_rate=0.01, weight_decay=0.2, decay_mask="**/kernel"), novograd_masked(0.01, 0.9, 0.25, 1e-6, 0.2)),
    ),
    "lion": (
        Pair(Lion(learning_rate=0.002), optax.lion(0.002)),
        Pair(
            Lion(learning_rate=WARM, b1=0.8, b2=0.95, weight_decay=0.1, decay_mask="**/kernel"),
            optax.lion(OPTAX_WARM, 0.8, 0.95, weight_decay=0.1, mask=kernels),
        ),
        Pair(Lion(learning_rate=0.01, mu_dtype="bf16"), optax.lion(0.01, mu_dtype="bfloat16")),
    ),
    "sign_sgd": (
        Pair(SignSgd(learning_rate=0.002), optax.sign_sgd(0.002)),
        Pair(SignSgd(learning_rate=WARM, momentum=0.9), optax.signum(OPTAX_WARM, 0.9)),
    ),
}
