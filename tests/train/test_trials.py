"""Trials of a training: a dry run, one batch over and over, a sweep of the learning rate. None of them writes anything."""

from __future__ import annotations

import math
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import netspec
from netspec.cli.main import main
from netspec.train.rate_finder import HIGH, LOW, STEPS, Swept, list_rates, smooth, suggest, swept_plan
from netspec.train.synthetic_batch import choose_sizes, make_batch

SPEC = """netspec 1

model Small {
  input image: f32[B, 8, 8, 1]
  output logits = image -> flatten -> dense(32) -> relu -> dense(10)
}

train Small {
  data = digits() -> shuffle -> batch(64)
  loss = softmax_cross_entropy(logits, label)
  metric accuracy = accuracy(logits, label)
  optimizer = clip_by_global_norm(1.0) -> adam(warmup_cosine(0.01, warmup=5 steps))
  duration = 2 epochs
}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with `small.net` in which commands run."""
    (tmp_path / "small.net").write_text(SPEC)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def command(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = main(["train", "small.net", *words])
    return code, capsys.readouterr().out


def test_a_dry_run_prints_the_plan_and_writes_nothing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = command(capsys, "--dry-run", "--out", "runs/next")
    assert code == 0
    count = 64 * 32 + 32 + 32 * 10 + 10
    assert out.startswith(f"train Small: {count:,} parameters in 4 tensors\n")
    length = re.search(r"examples, (\d+) steps an epoch", out)
    assert length and f"{2 * int(length[1])} steps (2 epochs)" in out
    for words in ("step ", "at B=64", "memory ", "runs/next: spec, settings.json"):
        assert words in out, words
    assert [path.name for path in here.iterdir()] == ["small.net"]


def test_a_dry_run_goes_without_the_data(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = SPEC.replace("digits()", 'npz("far.npz", fields={image: f32[8, 8, 1], label: i32[]})')
    (here / "small.net").write_text(spec)
    code, out = command(capsys, "--dry-run", "--data", str(here), "--set", "train.duration=90 steps")
    assert code == 0 and "not read: " in out and "far.npz" in out and "90 steps" in out and "step " in out


def test_one_batch_is_learned_or_not(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = command(capsys, "--overfit-one-batch", "--set", "train.optimizer=adam(0.01)")
    assert code == 0 and out.rstrip().endswith("the model can learn it.")
    code, out = command(capsys, "--overfit-one-batch", "20", "--set", "train.optimizer=sgd(1e-9)")
    assert code == 1 and "in 20 steps on one batch: it does not learn" in out
    assert [path.name for path in here.iterdir()] == ["small.net"]


def test_the_rate_that_is_found_can_be_typed_and_learns(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out = command(capsys, "--find-rate")
    assert code == 0 and "<- falls fastest" in out
    assert [path.name for path in here.iterdir()] == ["small.net"]
    typed = out.splitlines()[-1].removeprefix("type: netspec ")
    assert re.fullmatch(r"train small\.net --set train\.optimizer\.adam\.learning_rate\.warmup_cosine\.peak=0\.\d+", typed)
    rate = float(typed.rpartition("=")[2])
    assert 1e-4 < rate < 0.1, "a rate by which adam learns digits"
    assert main([*shlex.split(typed), "--dry-run"]) == 0


def test_the_rate_is_where_the_smoothed_loss_falls_fastest() -> None:
    rates = tuple(float(x) for x in np.geomspace(LOW, HIGH, STEPS))
    middle = [2 / (1 + math.exp(3 * math.log(r / 1e-2))) + 50 * r for r in rates]
    swept = Swept(rates, tuple(middle), smooth(middle))
    assert swept.best is not None and 1e-3 < rates[swept.best] < 3e-2
    rising = [1 + r for r in rates]
    assert Swept(rates, tuple(rising), smooth(rising)).best is None
    assert len(list(swept.rows(10))) in (11, 12)


def test_several_rates_keep_their_proportions() -> None:
    groups = 'groups({"**/bias": sgd(0.02), else: chain_of})'.replace("chain_of", "clip_by_global_norm(1.0) -> sgd(linear(0.1, 0.0))")
    plan = netspec.compile(SPEC, set={"train.optimizer": groups}).plan
    assert plan is not None
    paths = ["train.optimizer.groups.groups.**/bias.sgd.learning_rate", "train.optimizer.groups.groups.else.sgd.learning_rate.linear.start"]
    assert [(r.path, r.value) for r in list_rates(plan)] == list(zip(paths, (0.02, 0.1), strict=True))
    assert list(suggest(plan, 0.5).values()) == ["0.1", "0.5"]
    optimizer: Any = swept_plan(plan).optimizer
    swept = list(optimizer.groups.values())
    assert swept[0].learning_rate.low == pytest.approx(LOW / 5) and swept[1].parts[1].learning_rate.low == pytest.approx(LOW)


FIELDS = """netspec 1

model M {
  input words: i32[B, T]
  input length: i32[B]
  input keep: bool[B]
  dim T <= 48
  require T % 16 == 0
  h = words -> embed(7, 4) -> rnn(lstm_cell(3), lengths=length)
  output y = mean(h, axis=[1, 2])
}

train M {
  data = arrays(fields={words: i32[T], length: i32[], keep: bool[], t: f32[]}) -> batch(4)
  loss = mean_squared_error(y, t)
  optimizer = sgd(0.1)
  duration = 5 steps
  accumulate = 2
}
"""


def test_made_up_batches_fit_what_is_declared() -> None:
    program = netspec.compile(FIELDS)
    assert program.plan is not None
    sizes = choose_sizes(program, program.plan, {})
    assert sizes == {"B": 4, "T": 48}
    batch = make_batch(program, program.plan, sizes)
    assert {name: (str(a.dtype), a.shape) for name, a in batch.items()} == {
        "words": ("int32", (2, 4, 48)), "length": ("int32", (2, 4)), "keep": ("bool", (2, 4)), "t": ("float32", (2, 4)),
    }  # fmt: skip
    assert batch["words"].max() < 7 and (batch["length"] == 48).all()
    assert choose_sizes(program, program.plan, {"T": 16})["T"] == 16
