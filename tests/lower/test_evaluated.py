"""Optimizers that have other parameters evaluated than those that train: who uses them, beside a loop by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from netspec import compile, load
from netspec.source import Source
from tests.lower.specs import close, digits, program

SPEC = """model M {
  input image: f32[B, 8, 8, 1]
  output logits = image -> flatten -> dense(6) -> batch_norm -> relu -> dense(10)
}
train M {
  data = digits() -> batch(400)
  loss = softmax_cross_entropy(logits, label)
  optimizer = OPTIMIZER
  duration = 2 epochs
}
"""
FREE, PLAIN = "schedule_free_sgd(0.5, b1=0.8)", "sgd(0.5)"


@pytest.fixture
def wide() -> Iterator[None]:
    with jax.enable_x64(True):
        yield


def by_hand(steps: int) -> tuple[Any, dict[str, Any]]:
    """(state of schedule-free descent, the mean of all z): z moves along gradients at y, which plain descent knows how to take."""
    free, plain = program(SPEC.replace("OPTIMIZER", FREE)), program(SPEC.replace("OPTIMIZER", PLAIN))
    state, mean = free.init(1), free.unpack(free.init(1))["params"]
    z = mean
    for k in range(steps):
        y = free.unpack(state)
        stepped = plain.unpack(plain.train_step(plain.pack(y), digits(8, seed=k))[0])["params"]
        z = jax.tree.map(lambda z, y, new: z + new - y, z, y["params"], stepped)
        mean = jax.tree.map(lambda x, z, k=k: x + (z - x) / (k + 1), mean, z)
        state, _ = free.train_step(state, digits(8, seed=k))
    return state, mean


def test_apply_predict_and_evaluate_use_the_mean(wide: None) -> None:
    free, plain = program(SPEC.replace("OPTIMIZER", FREE)), program(SPEC.replace("OPTIMIZER", PLAIN))
    state, mean = by_hand(4)
    used = free.unpack(free.averaged(state))
    close(used["params"], mean, 1e-10)
    close(used["buffers"], free.unpack(state)["buffers"], 0)
    close(free.unpack(free.averaged(free.averaged(state))), used, 0)
    other, batch = plain.pack(used), digits(8, seed=9)
    image = {"image": batch["image"]}
    close(dict(free.apply(state, **image)), dict(plain.apply(other, **image)), 1e-12)
    close(free.predict(state, **image), plain.predict(other, **image), 1e-12)
    assert free.finish(free.eval_step(state, batch), "eval") == pytest.approx(plain.finish(plain.eval_step(other, batch), "eval"))
    assert np.abs(used["params"]["dense_0"]["kernel"] - free.unpack(state)["params"]["dense_0"]["kernel"]).max() > 1e-3


@pytest.mark.parametrize("optimizer", [FREE, pytest.param("lookahead(adam(0.01), sync_period=3)", marks=pytest.mark.slow)])
def test_a_run_folder_evaluates_what_the_optimizer_says(tmp_path: Path, optimizer: str) -> None:
    """As its log does, and its best checkpoint; and the state that training left before it was saved."""
    model = compile(Source("spec.net", "netspec 1\n" + SPEC.replace("OPTIMIZER", optimizer)))
    fit = model.fit(out=tmp_path / "run", progress=False)
    last = load(tmp_path / "run", "last")
    used = last.program.averaged(last.state)
    assert not np.array_equal(used.params["dense_0/kernel"], last.state.params["dense_0/kernel"])
    plain = compile(Source("spec.net", "netspec 1\n" + SPEC.replace("OPTIMIZER", PLAIN)))
    wanted = plain.evaluate(plain.pack(plain.unpack(used)))
    assert last.evaluate() == pytest.approx(wanted)
    assert model.evaluate(fit.state) == last.evaluate()
    image = digits(5, dtype=np.float32)["image"]
    np.testing.assert_array_equal(last.predict(image=image)["logits"], last.program.predict(used, image=image)["logits"])
