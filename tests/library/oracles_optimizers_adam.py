"""Pairs of Adam and its relatives."""

from __future__ import annotations

import optax

from netspec.library.optimizers.adam import Adam, AdamW
from tests.library.oracles_optimizers import Pair, kernels
from tests.library.oracles_optimizers_descent import OPTAX_WARM, WARM

PAIRS = {
    "adam": (
        Pair(Adam(learning_rate=0.01), optax.adam(0.01)),
        Pair(Adam(learning_rate=WARM, b1=0.5, b2=0.98, eps=1e-6, eps_root=1e-9), optax.adam(OPTAX_WARM, 0.5, 0.98, 1e-6, 1e-9)),
        Pair(Adam(learning_rate=0.01, b1=0.0), optax.adam(0.01, 0.0)),
    ),
    "adamw": (
        Pair(AdamW(learning_rate=0.01), optax.adamw(0.01)),
        Pair(
            AdamW(learning_rate=WARM, weight_decay=0.1, decay_mask="**/kernel"),
            optax.adamw(OPTAX_WARM, weight_decay=0.1, mask=kernels),
        ),
    ),
}
