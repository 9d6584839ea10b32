"""Pairs of optimizers around optimizers, and of muon, which has a partner."""

from __future__ import annotations

from typing import Any

import optax
from optax import contrib
from optax.contrib import MuonDimensionNumbers

from netspec.library.base import Duration
from netspec.library.optimizers.adam import Adam, AdamW
from netspec.library.optimizers.averages import Lookahead, ScheduleFree, ScheduleFreeAdamw, ScheduleFreeSgd
from netspec.library.optimizers.chain import Chain
from netspec.library.optimizers.clipping import ClipByGlobalNorm
from netspec.library.optimizers.gradient_descent import Sgd
from netspec.library.optimizers.matrix import Muon
from netspec.library.optimizers.sharpness import Sam
from netspec.library.schedules import Linear
from tests.library.oracles_optimizers import Pair, kernels
from tests.library.oracles_optimizers_accumulators import FALLING
from tests.library.oracles_optimizers_descent import OPTAX_WARM, WARM

RISING = Linear(start=0.0, end=0.05, duration=Duration(20, "step"))
OPTAX_RISING = optax.linear_schedule(0.0, 0.05, 20)


def lookahead(fast: Any, period: int, share: float, reset: bool = False) -> Any:
    """optax.lookahead of fast parameters alone; the slow ones are in the state."""
    inner = optax.lookahead(fast, period, share, reset)

    def init(params: Any) -> Any:
        return params, inner.init(optax.LookaheadParams.init_synced(params))

    def update(updates: Any, state: Any, params: Any) -> Any:
        both = optax.LookaheadParams(fast=params, slow=state[0])
        steps, moved = inner.update(updates, state[1], both)
        return steps.fast, (optax.apply_updates(state[0], steps.slow), moved)

    return optax.GradientTransformation(init, update)


def sam(inner: Any, rho: float) -> Any:
    made = contrib.sam(inner, optax.chain(contrib.normalize(), optax.sgd(rho)), opaque_mode=True)
    return optax.GradientTransformationExtraArgs(made.init, lambda u, s, p, **given: made.update(u, s, p, grad_fn=given["grad_fn"]))


def all_kernels(params: Any) -> Any:
    """Kernels as matrices, their last axis the outputs."""
    return {
        path: MuonDimensionNumbers(tuple(range(p.ndim - 1)), p.ndim - 1) if kernels(params)[path] else None for path, p in params.items()
    }


PAIRS = {
    "lookahead": (
        Pair(Lookahead(inner=Sgd(learning_rate=0.05)), lookahead(optax.sgd(0.05), 5, 0.5)),
        Pair(
            Lookahead(inner=Adam(learning_rate=WARM), sync_period=3, slow_step_size=0.8, reset_state=True),
            lookahead(optax.adam(OPTAX_WARM), 3, 0.8, True),
        ),
    ),
    "schedule_free": (
        Pair(ScheduleFree(inner=Sgd(learning_rate=0.05)), contrib.schedule_free(optax.sgd(0.05), 0.05)),
        Pair(
            ScheduleFree(
                inner=Chain(parts=(ClipByGlobalNorm(max_norm=0.5), AdamW(learning_rate=RISING, b1=0.0))), b1=0.95, weight_lr_power=1.0
            ),
            contrib.schedule_free(optax.chain(optax.clip_by_global_norm(0.5), optax.adamw(OPTAX_RISING, 0.0)), OPTAX_RISING, 0.95, 1.0),
        ),
    ),
    "schedule_free_sgd": (
        Pair(ScheduleFreeSgd(learning_rate=0.05), contrib.schedule_free_sgd(0.05)),
        Pair(
            ScheduleFreeSgd(learning_rate=0.1, warmup=Duration(10, "step"), b1=0.95, weight_decay=0.01, weight_lr_power=1.0),
            contrib.schedule_free_sgd(0.1, 10, 0.95, 0.01, 1.0),
        ),
    ),
    "schedule_free_adamw": (
        Pair(ScheduleFreeAdamw(), contrib.schedule_free_adamw(), ScheduleFreeAdamw(learning_rate=0.05)),
        Pair(
            ScheduleFreeAdamw(learning_rate=0.05, warmup=Duration(10, "step"), b1=0.95, b2=0.98, eps=1e-6, weight_decay=0.01),
            contrib.schedule_free_adamw(0.05, 10, 0.95, 0.98, 1e-6, 0.01),
        ),
    ),
    "sam": (
        Pair(Sam(inner=Sgd(learning_rate=0.05)), sam(optax.sgd(0.05), 0.05), Sam(inner=Sgd(learning_rate=FALLING))),
        Pair(Sam(inner=Adam(learning_rate=0.01), rho=0.2), sam(optax.adam(0.01), 0.2)),
    ),
    "muon": (
        # at the minimum, from 160 steps on, steps are as long as ever and rounding decides where they go
        Pair(Muon(learning_rate=0.02), contrib.muon(0.02), Muon(learning_rate=FALLING), steps=150, jitted=True),
        Pair(
            Muon(
                learning_rate=WARM, ns_coeffs="dion", weight_decay=0.1, decay_mask="**/kernel", consistent_rms=0.2, adam_weight_decay=0.01
            ),
            contrib.muon(OPTAX_WARM, "dion", weight_decay=0.1, consistent_rms=0.2, adam_weight_decay=0.01),
            jitted=True,
        ),
        Pair(
            Muon(
                learning_rate=0.02,
                nesterov=False,
                adaptive=True,
                preconditioning="aol",
                matrices="**/kernel",
                partner=Adam(learning_rate=1e-3),
            ),
            contrib.muon(
                0.02,
                nesterov=False,
                adaptive=True,
                preconditioning="aol",
                adam_learning_rate=1e-3,
                muon_weight_dimension_numbers=all_kernels,
            ),
            jitted=True,
        ),
        Pair(
            Muon(
                learning_rate=0.02, ns_coeffs=(2.0, -1.5, 0.5), ns_steps=3, beta=0.8, preconditioning="schatten", adam_b1=0.8, adam_b2=0.99
            ),
            contrib.muon(0.02, (2.0, -1.5, 0.5), 3, 0.8, preconditioning="schatten", adam_b1=0.8, adam_b2=0.99),
            jitted=True,
        ),
        Pair(
            Muon(learning_rate=0.02, preconditioning="spectral", adam_eps_root=1e-6, adam_learning_rate=0.01),
            contrib.muon(0.02, preconditioning="spectral", adam_eps_root=1e-6, adam_learning_rate=0.01),
            jitted=True,
        ),
    ),
}
