"""What only the data show of a schedule is told when training begins."""

from __future__ import annotations

import io

import numpy as np
import pytest

import netspec
from netspec.compile import check
from netspec.source import Source
from netspec.train.progress import Lines
from netspec.train.schedule_warnings import warn

SPEC = """netspec 1
model M {
  input x: f32[B, 4]
  output y = x -> dense(1)
}
train M {
  data = arrays(fields={x: f32[4], target: f32[1]}) -> batch(8)
  loss = mean_squared_error(y, target)
  optimizer = sgd(warmup_cosine(0.01, warmup=WARMUP steps))
  duration = 2 epochs
}
"""


def source(warmup: int) -> Source:
    return Source("m.net", SPEC.replace("WARMUP", str(warmup)))


@pytest.mark.parametrize(("warmup", "batches", "told"), [(7, 3, True), (7, None, False), (1, 3, False)])
def test_a_length_is_judged_when_it_is_known(warmup: int, batches: int | None, told: bool) -> None:
    checked, out = check(source(warmup)), io.StringIO()
    assert checked.problems == () and checked.typed is not None
    warn(checked.typed.trains[0], batches, Lines(out))
    assert ("warms up for 7 steps (2.3 epochs), but the run has 6 (2 epochs)" in out.getvalue()) is told


def test_it_is_told_before_the_first_step() -> None:
    model, out = netspec.compile(source(7)), io.StringIO()
    data = {"x": np.arange(96, dtype=np.float32).reshape(24, 4) / 96, "target": np.zeros((24, 1), np.float32)}
    feeds = model.feeds(data, None, None)
    model.train(feeds.train, feeds.validation, None, None, False, Lines(out))
    lines = out.getvalue().splitlines()
    assert lines[0].startswith("warning[schedule-outlasts-run]") and "m.net:9" in lines[1]
    assert next(line for line in lines if line.startswith("training M")) and lines[-1].startswith("step 4/4")
