"""Optimizers that need more than gradients, in steps of a model with dropout, running statistics, stacked layers and several batches."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest

from netspec.library.base import Duration
from netspec.library.optimizers.averages import ScheduleFreeSgd
from netspec.lower.updates import rescale_schedules
from tests.lower.specs import close, digits, program

SPEC = """model M {
  input image: f32[B, 8, 8, 1]
  h = image -> flatten -> dense(6) -> batch_norm
  repeat 3 { h = h + (h -> dense(6) -> tanh) }
  output logits = h -> dropout(0.1) -> dense(10)
}
train M {
  data = digits() -> batch(8)
  loss = softmax_cross_entropy(logits, label)
  optimizer = OPTIMIZER
  duration = 20 steps
}
"""
SLOW = [
    "lbfgs(memory_size=3, line_search=5)",
    "sophia(0.01, update_interval=2)",
    "prodigy(estim_lr0=0.001)",
    'muon(0.02, matrices="**/kernel", partner=lookahead(sgd(0.1)))',
    "schedule_free(clip_by_global_norm(1.0) -> adam(0.01, b1=0.0))",
    "adafactor(0.01, min_dim_size_to_factor=4)",
    "lookahead(sam(sgd(0.1)), sync_period=2)",
]


def losses(text: str, steps: int, **more: Any) -> list[float]:
    """Of steps on one batch. A step gives its state away, so no two arrays of a state may be one."""
    made = program(text, **more)
    state, batch, found = made.init(1), digits(8), []
    for _ in range(steps):
        state, statistics = made.train_step(state, batch)
        found.append(made.finish(statistics)["loss"])
    return found


@pytest.mark.parametrize("optimizer", [pytest.param(text, marks=pytest.mark.slow) for text in SLOW])
def test_a_model_learns_the_same_with_layers_in_a_loop_and_one_by_one(optimizer: str) -> None:
    with jax.enable_x64(True):
        text = SPEC.replace("OPTIMIZER", optimizer)
        found = losses(text, 8, repeat="scan")
        assert found[-1] < found[0]
        np.testing.assert_allclose(losses(text, 8, repeat="unroll"), found, 1e-7)


def test_sharpness_aware_steps_keep_the_statistics_of_the_first_pass() -> None:
    """Beside a step by hand: the gradient, the perturbed parameters, the gradient there, and plain descent along it."""
    with jax.enable_x64(True):
        sam, plain = (program(SPEC.replace("OPTIMIZER", text)) for text in ("sam(sgd(0.5), rho=0.1)", "sgd(0.5)"))
        state, batch = sam.init(1), digits(8)
        begin = sam.unpack(state)
        after = sam.unpack(sam.train_step(state, batch)[0])
        first = plain.unpack(plain.train_step(plain.pack(begin), batch)[0])
        ascent = jax.tree.map(lambda p, new: (p - new) / 0.5, begin["params"], first["params"])
        norm = np.sqrt(sum(np.sum(g**2) for g in jax.tree.leaves(ascent)))
        far = jax.tree.map(lambda p, g: p + 0.1 * g / norm, begin["params"], ascent)
        there = plain.unpack(plain.train_step(plain.pack({**begin, "params": far}), batch)[0])
        wanted = jax.tree.map(lambda p, old, new: p + new - old, begin["params"], far, there["params"])
        close(after["params"], wanted, 1e-10)
        close(after["buffers"], first["buffers"], 1e-12)


@pytest.mark.parametrize("warmup", [Duration(100, "step"), Duration(2, "epoch")])
def test_a_warm_up_is_as_long_where_the_optimizer_runs_in_every_fourth_step(warmup: Duration) -> None:
    slowed = rescale_schedules(ScheduleFreeSgd(warmup=warmup), 4)
    assert slowed == ScheduleFreeSgd(warmup=Duration(warmup.count / 4, warmup.unit))


@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_scaled_loss_gives_the_same_steps(accumulate: int) -> None:
    """The loss is multiplied before its gradient is taken, of one batch or several, and the step is that of the plain optimizer."""
    batch = digits(8) if accumulate == 1 else {name: np.stack([x] * accumulate) for name, x in digits(8).items()}
    text = SPEC.replace("  duration", f"  accumulate = {accumulate}\n  duration")
    with jax.enable_x64(True):
        plain, scaled = (program(text.replace("OPTIMIZER", o)) for o in ("sgd(0.1)", "dynamic_loss_scale(sgd(0.1))"))
        begin, begun = plain.init(1), plain.unpack(plain.init(1))
        wanted = plain.unpack(plain.train_step(begin, batch)[0])["params"]
        close(scaled.unpack(scaled.train_step(scaled.init(1), batch)[0])["params"], wanted, 1e-12)
        moved = jax.tree.map(lambda a, b: np.abs(a - b).max(), wanted, begun["params"])
        assert max(jax.tree.leaves(moved)) > 1e-3
