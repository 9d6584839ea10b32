"""Runs with several optimizers, accumulated batches and an average of the parameters: what they write, and that they resume."""

from __future__ import annotations

from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from netspec import compile, load
from netspec.diagnostics.spec_error import SpecError
from netspec.source import Source
from netspec.train.gradient_accumulation import Grouped, stack_batches
from netspec.train.run_folder import RunFolder
from netspec.train.trainable_model import Program
from tests.train.runs import RECIPE, killed_after, lines, steps

SPEC = """netspec 1
block Generator {
  input z: f32[B, Z]
  output z -> dense(16) -> batch_norm -> relu -> dense(64) -> sigmoid
}
block Discriminator {
  input x: f32[B, D]
  h = x -> dense(12) -> leaky_relu(0.2)
  aux size = mean(h * h, axis=-1)
  output h -> dropout(0.2) -> dense(1)
}
model Gan {
  input image: f32[B, 8, 8, 1]
  shared g = Generator()
  shared d = Discriminator()
  fake = random_normal([B, 6]) -> g
  output fake
  output real_score = image -> flatten -> d
  output fake_score = fake -> d
}
train Gan {
  data = digits() -> shuffle -> batch(100)
  update critic {
    loss = sigmoid_cross_entropy(real_score, 1.0) + sigmoid_cross_entropy(fake_score, 0.0) + 1e-4 * l2(params("d/**/kernel"))
    params = "d/**"
    optimizer = adam(0.002, b1=0.5)
  }
  update maker {
    loss = sigmoid_cross_entropy(fake_score, 1.0)
    params = "g/**"
    optimizer = adam(warmup_cosine(0.002, warmup=3 steps))
    every = 2
  }
  metric size = aux("d/size")
  duration = 3 epochs
  accumulate = 2
  ema = 0.9
  eval { every = 1 epoch }
  checkpoint { every = 4 steps; keep = 9 }
}
"""


@cache
def gan() -> Program:
    return compile(Source("gan.net", SPEC))


def trained(out: Path | None, resume: bool = False) -> Any:
    return gan().fit(out=out, resume=resume)


def tensors(run: Path) -> dict[str, bytes]:
    arrays, _ = RunFolder(run, RECIPE, {}).store.restore(steps(run)[-1])
    return {name: a.tobytes() for name, a in arrays.items()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "whole"
    trained(out)
    return out


def test_a_line_has_the_loss_of_each_update(whole: Path) -> None:
    found = lines(whole)
    assert {r["split"] for r in found} == {"train", "validation", "test"}
    for record in found:
        assert set(record["metrics"]) == {"critic.loss", "maker.loss", "size"}
        assert record["loss"] == pytest.approx(record["metrics"]["critic.loss"] + record["metrics"]["maker.loss"], rel=1e-5)
        assert np.isfinite([record["loss"], *record["metrics"].values()]).all()


def test_a_step_takes_several_batches(whole: Path) -> None:
    """12 batches of 100 of the 1,293 digits that stay for training make 6 steps an epoch."""
    assert [(r["step"], r["epoch"]) for r in lines(whole) if r["split"] == "train"] == [(6, 1), (12, 2), (18, 3)]
    assert {4, 8, 12, 16, 18} <= set(steps(whole))


@pytest.mark.parametrize("moment", [pytest.param(1, marks=pytest.mark.slow), 4, pytest.param(10, marks=pytest.mark.slow)])
def test_a_killed_run_resumes_bit_for_bit(whole: Path, tmp_path: Path, moment: int) -> None:
    with killed_after(moment):
        trained(tmp_path / "run")
    trained(tmp_path / "run", resume=True)
    assert lines(tmp_path / "run") == lines(whole)
    assert tensors(tmp_path / "run") == tensors(whole)


def test_a_checkpoint_holds_every_optimizer_and_the_average(whole: Path) -> None:
    names = set(tensors(whole))
    assert any("optimizer['critic']" in n for n in names) and any("optimizer['maker']" in n for n in names)
    assert {n for n in names if n.startswith(".average")} == {n.replace(".params", ".average") for n in names if n.startswith(".params")}


def test_what_is_loaded_predicts_with_the_average(whole: Path) -> None:
    last = load(whole, "last")
    mean = last.program.averaged(last.state)
    assert not np.array_equal(mean.params["g/dense_0/kernel"], last.state.params["g/dense_0/kernel"])
    image = np.random.default_rng(0).random((5, 8, 8, 1)).astype(np.float32)
    np.testing.assert_array_equal(last.predict(image=image)["real_score"], last.program.predict(mean, image=image)["real_score"])
    [line] = [r for r in lines(whole) if r["split"] == "validation" and r["step"] == 18]
    assert last.evaluate()["critic.loss"] == pytest.approx(line["metrics"]["critic.loss"])


def test_the_settings_of_a_run_name_its_updates(whole: Path) -> None:
    text = (whole / "settings.json").read_text()
    for key in ("update.critic.loss", "update.critic.params", "update.critic.every", "update.maker.optimizer", "accumulate", "ema"):
        assert f'"{key}"' in text
    assert '"optimizer"' not in text


# --- batches ---------------------------------------------------------------------------------------------------------
class Numbers:
    """A feed of numbered batches of two sizes and lengths."""

    learned: Any = {}
    steps_per_epoch: int | None = 5
    constant = False

    def training(self, epoch: int, start: int = 0) -> Any:
        sizes = [(3, 4), (3, 4), (3, 5), (2, 4), (1, 1)]
        made = ({"x": np.full(size, k + 1.0, np.float32), "n": np.full(size[0], k)} for k, size in enumerate(sizes))
        return islice(made, start, None)

    def evaluation(self) -> Any:
        return iter(())


def test_groups_begin_where_they_are_told_and_the_rest_is_dropped() -> None:
    feed = Grouped(Numbers(), 2)
    assert feed.steps_per_epoch == 2
    assert [batch["n"][:, 0].tolist() for batch in feed.training(0)] == [[0, 1], [2, 3]]
    assert [batch["n"][:, 0].tolist() for batch in feed.training(0, 1)] == [[2, 3]]


def test_what_is_shorter_is_filled_up() -> None:
    first, second = Grouped(Numbers(), 2).training(0)
    assert set(first) == {"x", "n"} and first["x"].shape == (2, 3, 4)
    assert second["x"].shape == (2, 3, 5)
    assert second["example weights"].tolist() == [[1, 1, 1], [1, 1, 0]]
    np.testing.assert_array_equal(second["x"][1], [[4, 4, 4, 4, 0]] * 3)


def test_weights_of_some_batches_are_kept() -> None:
    x = np.ones((2, 1), np.float32)
    made = stack_batches([{"x": x, "example weights": np.array([1, 0], np.float32)}, {"x": x}])
    assert made["example weights"].tolist() == [[1, 0], [1, 1]]


def test_an_epoch_that_is_too_short_is_told() -> None:
    text = SPEC.replace("accumulate = 2", "accumulate = 20").replace("warmup=3 steps", "warmup=1 steps")
    with pytest.raises(SpecError, match="epoch-shorter-than-step"):
        compile(Source("gan.net", text)).fit()


def test_batches_of_ones_own_accumulate_too() -> None:
    rng = np.random.default_rng(0)
    batches = [{"image": rng.random((10, 8, 8, 1)).astype(np.float32), "label": np.zeros(10, np.int32)} for _ in range(5)]
    fit = gan().fit(batches)
    assert [(r.step, r.split) for r in fit.history] == [(2, "train"), (4, "train"), (6, "train")]
