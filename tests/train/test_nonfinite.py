"""Steps that are no numbers: left out, gone back from, or overflowing f16, and resumed to the same bits."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import netspec
from netspec.diagnostics.running.nonfinite import TooManyNonfinite
from netspec.lower.step_guard import FIRST_SCALE, GROW_AFTER, StepGuard
from netspec.lower.training_state import State
from netspec.train.metrics_log import TIMES
from tests.train.runs import killed_after

SPEC = """netspec 1

model M {
  input x: f32[B, 4]
  output y = (x -> dense(8) -> relu -> dropout(0.2) -> dense(1))[:, 0]
}

train M {
  data = arrays(fields={x: f32[4], t: f32[]}) -> batch(8)
  loss = mean_squared_error(y, t)
  optimizer = adam(0.01)
  duration = 3 epochs
  checkpoint { every = 4 steps }
  ema = 0.9
}
"""
BAD = 40
"""The example whose step, the sixth of each epoch, has a loss that is infinite."""


@cache
def program(rule: str, precision: str = "f32") -> Any:
    return netspec.compile(SPEC, set={"train.on_nonfinite": f'"{rule}"', "train.precision": f'"{precision}"'})


def data(bad: tuple[int, ...] = (BAD,)) -> list[dict[str, np.ndarray]]:
    """Ten batches."""
    x = np.random.default_rng(0).normal(size=(80, 4)).astype(np.float32)
    t = x.sum(1)
    x[list(bad)] = 1e38
    return [{"x": x[i : i + 8], "t": t[i : i + 8]} for i in range(0, 80, 8)]


def batch(scale: float) -> dict[str, np.ndarray]:
    return {"x": np.full((8, 4), scale, np.float32), "t": np.ones(8, np.float32)}


def copied(state: State) -> State:
    return jax.tree.map(np.array, state)


def equal(left: Any, right: Any) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True))


def lines(run: Path) -> list[dict[str, Any]]:
    import json

    kept = [json.loads(text) for text in (run / "metrics.jsonl").read_text().splitlines()]
    return [{name: x for name, x in line.items() if name not in TIMES} for line in kept]


def test_a_step_that_is_no_number_leaves_the_state_as_it_was_and_counts() -> None:
    made = program("skip")
    state, _ = made.train_step(made.init(), batch(1.0))
    before = copied(state)
    state, statistics = made.train_step(state, batch(1e38))
    after = copied(state)
    for part in ("params", "buffers", "optimizer", "average"):
        assert equal(getattr(after, part), getattr(before, part)), part
    assert (int(after.step), int(after.guard["skipped"]), int(after.guard["in_row"])) == (2, 1, 1)
    assert made.finish(statistics)["loss"] == 0
    state, _ = made.train_step(state, batch(1.0))
    assert (int(state.guard["skipped"]), int(state.guard["in_row"])) == (1, 0)


def test_the_learning_rate_that_is_told_is_that_of_the_updates_that_were_taken() -> None:
    """The bad steps 1 and 3 are none of `slow`, whose turns are the steps 2 and 4, and no progress on the schedule of `fast`."""
    updates = "".join(
        f"  update {name} {{ loss = mean_squared_error(y, t); params = {own}; optimizer = sgd(linear(0.5, 0.1)); every = {every} }}\n"
        for name, own, every in (("fast", '"dense_0/**"', 1), ("slow", '"dense_1/**"', 2))
    )
    spec = SPEC.replace("  loss = mean_squared_error(y, t)\n  optimizer = adam(0.01)\n", updates)
    made = netspec.compile(spec, set={"train.on_nonfinite": '"skip"'}).at(steps_per_epoch=2)
    state, gauge, told = made.init(), made.gauge(), []
    for scale in (1e38, 1.0, 1e38, 1.0):
        state, _, seen = made.observed_step(state, batch(scale), gauge)
        told.append(made.reading(gauge, seen).learning_rate)
    rates = [0.5 - 0.4 * k / 6 for k in range(6)]
    assert [told[1][name] for name in ("fast", "slow")] == pytest.approx([rates[0], rates[1]])
    assert [told[3][name] for name in ("fast", "slow")] == pytest.approx([rates[1], rates[3]])


def test_skipped_steps_are_counted_in_the_lines(tmp_path: Path) -> None:
    fit = program("skip").fit(data(), out=tmp_path / "run")
    assert [line["skipped_steps"] for line in lines(tmp_path / "run")] == [1, 2, 3]
    assert all(np.isfinite(r.loss) for r in fit.history)


def test_an_epoch_without_a_good_step_has_no_loss(tmp_path: Path) -> None:
    program("skip(30)").fit(data(tuple(range(80))), out=tmp_path / "run")
    assert [line["loss"] for line in lines(tmp_path / "run")] == [None] * 3


@pytest.mark.parametrize(("rule", "step"), [("skip(2)", 8), ("rollback(2)", 5)])
def test_a_run_gives_up_behind_its_limit_and_names_step_and_checkpoint(tmp_path: Path, rule: str, step: int) -> None:
    with pytest.raises(netspec.SpecError) as caught:
        program(rule).fit(data(tuple(range(BAD, 80))), out=tmp_path / "run")
    problem = caught.value.diagnostics[0]
    assert isinstance(problem, TooManyNonfinite)
    assert (problem.step, problem.times, problem.what) == (step, 2, "the loss")
    assert problem.checkpoint and problem.checkpoint.endswith("/4")


def test_the_op_of_a_gradient_that_is_no_number_is_named() -> None:
    spec = SPEC.replace("output y = (", "a = (").replace("\n}\n\ntrain", "\n  output y = sqrt(abs(a) * mean(x))\n}\n\ntrain", 1)
    with pytest.raises(netspec.SpecError) as caught:
        netspec.compile(spec, set={"train.on_nonfinite": '"skip(1)"'}).fit([batch(0.0)] * 10)
    problem = caught.value.diagnostics[0]
    assert isinstance(problem, TooManyNonfinite)
    assert problem.what == "the gradient of `sqrt`" and problem.at.text.startswith("sqrt")


def test_a_run_goes_back_and_on_with_the_data_behind(tmp_path: Path) -> None:
    fit = program("rollback(5)").fit(data(), out=tmp_path / "run")
    assert [r.step for r in fit.history] == [10, 20, 30] and all(np.isfinite(r.loss) for r in fit.history)
    assert int(fit.state.guard["rollbacks"]) == 4
    alone = program("rollback(5)").fit(data())
    assert equal(copied(alone.state), copied(fit.state)), "without a folder it goes back to what it kept in memory"


def test_a_run_killed_behind_a_step_that_was_left_out_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    require_the_same_bits(tmp_path, "skip", "f32", (7,))


@pytest.mark.slow
@pytest.mark.parametrize(("rule", "precision"), [("skip", "f32"), ("rollback(5)", "f32"), ("skip", "mixed(f16)")])
def test_a_killed_run_goes_on_to_the_same_bits(tmp_path: Path, rule: str, precision: str) -> None:
    require_the_same_bits(tmp_path, rule, precision, (5, 6, 7, 14))


def require_the_same_bits(tmp_path: Path, rule: str, precision: str, moments: tuple[int, ...]) -> None:
    """A run that is killed behind some step, and goes on, ends as one that is not."""
    made = program(rule, precision)
    whole = made.fit(data(), out=tmp_path / "whole")
    for moment in moments:
        run = tmp_path / f"at {moment}"
        with killed_after(moment):
            made.fit(data(), out=run)
        assert equal(copied(made.fit(data(), out=run, resume=True).state), copied(whole.state)), moment
        assert lines(run) == lines(tmp_path / "whole"), moment


def test_the_loss_scale_halves_and_doubles() -> None:
    guard = StepGuard(scaled=True)
    state = State({"w": np.float32(1)}, {}, (), np.int32(0), (), guard.begin())

    def after(state: State, bad: bool, good: int = 0) -> State:
        moved = state._replace(step=state.step + 1, guard={**state.guard, "good": np.int32(good)})
        return guard.judge(moved, moved._replace(params={"w": np.float32(2)}), [np.asarray(bad)])

    halved = after(state, True)
    assert (halved.guard["scale"], halved.guard["skipped"], halved.params["w"]) == (FIRST_SCALE / 2, 1, 1)
    assert after(halved, False, GROW_AFTER - 2).guard["scale"] == FIRST_SCALE / 2
    doubled = after(halved, False, GROW_AFTER - 1)
    assert (doubled.guard["scale"], doubled.guard["good"], doubled.params["w"]) == (FIRST_SCALE, 0, 2)
    assert int(halved.guard["in_row"]) == 0, "a smaller scale may help"
    least = state._replace(guard={**state.guard, "scale": np.float32(1)})
    assert (after(least, True).guard["scale"], int(after(least, True).guard["in_row"])) == (1, 1)


@pytest.mark.slow
def test_f16_trains_as_f32_does_once_its_scale_is_found() -> None:
    half, full = program("stop", "mixed(f16)"), program("stop")
    losses = [[r.loss for r in made.fit(data(())).history] for made in (half, full)]
    assert losses[0][-1] < 0.8 * losses[0][0]
    np.testing.assert_allclose(losses[0], losses[1], rtol=0.2)
    state, _ = half.train_step(half.init(), batch(1.0))
    assert {x.dtype for x in jax.tree.leaves(state.params)} == {np.dtype("float32")}


@pytest.mark.slow
def test_f16_stops_where_no_scale_helps() -> None:
    spec = SPEC.replace("mean_squared_error(y, t)", "1e8 * mean_squared_error(y, t)").replace("3 epochs", "10 epochs")
    with pytest.raises(netspec.SpecError) as caught:
        netspec.compile(spec, set={"train.precision": '"mixed(f16)"'}).fit(data(()))
    problem = caught.value.diagnostics[0]
    assert isinstance(problem, TooManyNonfinite) and problem.action == "stop"
    assert problem.step == 17, "16 steps halve the scale from 2^16 to 1"
