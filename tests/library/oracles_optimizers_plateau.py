"""`reduce_on_plateau` behind an optimizer, beside optax."""

from __future__ import annotations

import optax
import optax.contrib

from netspec.library.optimizers.adam import Adam
from netspec.library.optimizers.chain import Chain
from netspec.library.optimizers.gradient_descent import Sgd
from netspec.library.optimizers.plateau import ReduceOnPlateau
from tests.library.oracles_optimizers import Pair

QUICK = {"factor": 0.5, "patience": 2, "rtol": 0.2, "cooldown": 1, "accumulation_size": 2, "min_scale": 0.1}
SETTLES = Chain(parts=(Adam(learning_rate=0.05), ReduceOnPlateau(patience=500, min_scale=0.1)))
PAIRS = {
    "reduce_on_plateau": (
        Pair(
            Chain(parts=(Adam(learning_rate=0.01), ReduceOnPlateau())),
            optax.chain(optax.adam(0.01), optax.contrib.reduce_on_plateau()),
            settles=SETTLES,
        ),
        Pair(
            Chain(parts=(Sgd(learning_rate=0.01), ReduceOnPlateau(**QUICK))),
            optax.chain(optax.sgd(0.01), optax.contrib.reduce_on_plateau(**QUICK)),
            settles=SETTLES,
        ),
    ),
}
