"""What is measured of training steps: it is true, it stands in the lines, and it changes nothing of the training."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

import netspec
from netspec.diagnostics.training.optimizers import PatternMatchesNothing
from netspec.lower.step_gauge import Gauge
from netspec.train.metrics_log import TIMES
from tests.train.runs import killed_after

SPEC = """netspec 1

block Layer {
  input x: f32[B, D]
  output x + (x -> dense(D) -> relu -> dropout(0.1) -> batch_norm)
}

model M {
  input x: f32[B, 4]
  h = x
  repeat 3 { h = h -> Layer }
  output y = (h -> dense(1))[:, 0]
}

train M {
  data = arrays(fields={x: f32[4], t: f32[]}) -> shuffle -> batch(8)
  loss = mean_squared_error(y, t)
  optimizer = OPTIMIZER
  duration = 2 epochs
}
"""
CHAIN = "clip_by_global_norm(0.1) -> adam(warmup_cosine(0.01, warmup=4 steps)) -> reduce_on_plateau(0.5, patience=2)"
GROUPS = 'groups({"**/bias": sgd(0.01), else: sgd(linear(0.02, 0.01))})'


@cache
def program(optimizer: str = CHAIN) -> Any:
    return netspec.compile(SPEC.replace("OPTIMIZER", optimizer)).at(steps_per_epoch=10)


@cache
def data() -> dict[str, np.ndarray]:
    x = np.random.default_rng(0).normal(size=(80, 4)).astype(np.float32)
    return {"x": x, "t": x.sum(1)}


def batches() -> list[dict[str, np.ndarray]]:
    return [{name: a[i : i + 8] for name, a in data().items()} for i in range(0, 80, 8)]


@cache
def courses(optimizer: str, watched: frozenset[str] = frozenset()) -> tuple[Any, Any, list[Any]]:
    """(the state of ten plain steps, of ten observed ones, what was read of these)."""
    made, gauge = program(optimizer), Gauge(watched)
    plain, seen, readings = made.init(), made.init(), []
    for batch in batches():
        plain, _ = made.train_step(plain, batch)
        seen, _, found = made.observed_step(seen, batch, gauge)
        readings.append(made.reading(gauge, found))
    return plain, seen, readings


def test_steps_that_are_measured_are_the_same() -> None:
    """To the rounding of fusions: quick tests compile in a hurry, which fuses otherwise."""
    plain, seen, _ = courses(CHAIN)
    for left, right in zip(jax.tree.leaves(plain), jax.tree.leaves(seen), strict=True):
        np.testing.assert_allclose(left, right, rtol=2e-5, atol=1e-8)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", [CHAIN, GROUPS])
def test_steps_that_are_measured_are_the_same_bit_for_bit(optimizer: str) -> None:
    """As users have them compiled."""
    everything = program(optimizer).gauge(["**"])
    for watched in (frozenset(), everything.watched):
        plain, seen, _ = courses(optimizer, watched)
        for left, right in zip(jax.tree.leaves(plain), jax.tree.leaves(seen), strict=True):
            assert np.array_equal(left, right)


def test_the_learning_rate_is_that_of_the_step() -> None:
    rates = [reading.learning_rate[""] for reading in courses(CHAIN)[2]]
    np.testing.assert_allclose(rates[:4], [0, 0.0025, 0.005, 0.0075], rtol=1e-5)
    scale = float(courses(CHAIN)[1].optimizer["2_reduce_on_plateau"]["scale"])
    assert scale < 1
    np.testing.assert_allclose(rates[9], scale * 0.005 * (1 + np.cos(np.pi * 5 / 16)), rtol=1e-5)
    last = courses(GROUPS)[2][9].learning_rate
    assert last == {"**/bias": pytest.approx(0.01), "else": pytest.approx(0.02 - 0.01 * 9 / 20)}


def test_the_length_of_the_gradient_is_that_before_clipping() -> None:
    spec = SPEC.replace("OPTIMIZER", "clip_by_global_norm(0.1) -> sgd(0.1)").replace("dropout(0.1)", "dropout(0.0)")
    plain = netspec.compile(spec).at(steps_per_epoch=10)
    state, batch, key = plain.init(), batches()[0], jax.random.key(0)
    grads = jax.grad(lambda params: plain.loss(params, batch, buffers=state.buffers, key=key))(state.params)
    gauge = plain.gauge(["**/kernel"])
    before = plain.unpack(state)["params"]
    moved, _, found = plain.observed_step(plain.init(), batch, gauge)
    reading = plain.reading(gauge, found)
    total = np.sqrt(sum(np.sum(np.square(x)) for x in jax.tree.leaves(grads)))
    np.testing.assert_allclose(reading.gradient_norm[""], total, rtol=1e-5)
    after = plain.unpack(moved)["params"]
    assert sorted(reading.watched) == [*(f"Layer_{i}/dense_0/kernel" for i in range(3)), "dense_0/kernel"]
    stacked = next(x for name, x in grads.items() if np.ndim(x) == 3)
    for i in range(3):
        gradient, update = reading.watched[f"Layer_{i}/dense_0/kernel"]
        np.testing.assert_allclose(gradient, np.linalg.norm(stacked[i]), rtol=1e-5)
        change = after[f"Layer_{i}"]["dense_0"]["kernel"] - before[f"Layer_{i}"]["dense_0"]["kernel"]
        np.testing.assert_allclose(update, np.linalg.norm(change), rtol=1e-4)
        assert update > 0


def test_lines_have_what_was_measured_and_a_killed_run_writes_the_same(tmp_path: Path) -> None:
    made = program(CHAIN)
    made.fit(batches(), out=tmp_path / "whole", watch=["**/scale"])
    with killed_after(13):
        made.fit(batches(), out=tmp_path / "run", watch=["**/scale"])
    made.fit(batches(), out=tmp_path / "run", resume=True, watch=["**/scale"])
    lines, again = (read_lines(tmp_path / name) for name in ("whole", "run"))
    assert lines == again and len(lines) == 2
    assert all(line["gradient_norm"] > 0 and line["learning_rate"] >= 0 for line in lines)
    assert [set(line["watched"]) for line in lines] == [{f"Layer_{i}/batch_norm_0/scale" for i in range(3)}] * 2
    assert set(lines[0]["watched"]["Layer_0/batch_norm_0/scale"]) == {"gradient_norm", "update_norm"}


def read_lines(run: Path) -> list[dict[str, Any]]:
    found = [json.loads(text) for text in (run / "metrics.jsonl").read_text().splitlines()]
    return [{name: x for name, x in line.items() if name not in TIMES} for line in found]


def test_a_pattern_that_watches_nothing_names_the_nearest_path() -> None:
    for pattern, near in (("**/kernle", "**/kernel"), ("dense_1/kernel", "dense_0/kernel")):
        with pytest.raises(netspec.SpecError) as caught:
            program(CHAIN).fit(batches(), watch=[pattern])
        problem = caught.value.diagnostics[0]
        assert isinstance(problem, PatternMatchesNothing) and near in (problem.help() or "")


def test_two_updates_are_measured_apart_and_one_that_rests_not_at_all() -> None:
    two = """
  update fast { loss = mean_squared_error(y, t); params = "dense_0/**"; optimizer = sgd(0.1) }
  update slow { loss = mean_squared_error(y, t); params = "Layer_*/**"; optimizer = sgd(0.01); every = 3 }
"""
    spec = SPEC.replace("  optimizer = OPTIMIZER\n", two).replace("  loss = mean_squared_error(y, t)\n  \n", "")
    made = netspec.compile(spec.replace("  loss = mean_squared_error(y, t)\n\n  update", "\n  update"))
    state, gauge, norms = made.init(), made.gauge(), []
    for batch in batches()[:3]:
        state, _, seen = made.observed_step(state, batch, gauge)
        norms.append(made.reading(gauge, seen).gradient_norm)
    assert [set(each) for each in norms] == [{"fast"}, {"fast"}, {"fast", "slow"}]
    assert made.reading(gauge, seen).learning_rate == {"fast": pytest.approx(0.1), "slow": pytest.approx(0.01)}
