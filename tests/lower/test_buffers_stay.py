"""Buffers are written in training alone: evaluations and predictions leave every one bitwise as it is, and a spec says nothing else."""

from __future__ import annotations

import jax
import numpy as np
import pytest

import netspec
from netspec.compile import check
from netspec.source import Source

SPEC = """netspec 1
block C {{
  input x: f32[B, D]
  buffer n: i32[] = zeros
  buffer average: f32[D] = zeros
  {}
  output x - average + cast(n, f32)
}}
model M {{
  input x: f32[B, 3]
  output y = x -> C -> batch_norm -> dense(4) -> spectral_norm(dense(2))
}}
train M {{
  data = arrays(fields={{x: f32[3], label: i32[]}}) -> batch(4)
  loss = softmax_cross_entropy(y, label)
  optimizer = sgd(0.1)
  ema = 0.9
  duration = 1 step
}}
"""
WRITTEN = {
    "when train { n = n + 1; average = mean(x, axis=0) }": [],
    "when train { n = n + 1 }\n  when train { average = 0.5 * average + mean(x, axis=0) }": [],
    "n_now = n + 1\n  when train { n = n_now; average = mean(x, axis=0) }": [],
    "repeat 2 { when train { n = n + 1 } }": [],
    "n = n + 1": ["buffer-moves"],
    "average = 0.9 * average + 0.1 * mean(x, axis=0)": ["buffer-moves"],
    "repeat 2 { n = n + 1 }": ["buffer-moves"],
    "for i in range(2) { n = n + i }": ["buffer-moves"],
    "when eval { n = n + 1 }": ["buffer-not-kept"],
    "when serve { average = mean(x, axis=0) }": ["buffer-not-kept"],
    "when train { n = n + 1 }\n  when eval { n = n * 2 }": ["buffer-not-kept"],
    "when eval { buffer m: i32[] = zeros; m = m + 1 }": ["buffer-not-kept"],
}


@pytest.mark.parametrize("body", WRITTEN)
def test_what_is_written_where(body: str) -> None:
    found = [p.slug() for p in check(Source("m.net", SPEC.format(body))).problems]
    assert [slug for slug in found if slug.startswith("buffer")] == WRITTEN[body] and len(found) == len(WRITTEN[body]), found


@pytest.mark.parametrize("body", [next(iter(WRITTEN)), "n = n + 1"])
def test_evaluations_leave_every_buffer_as_it_is(body: str) -> None:
    program = netspec.compile(Source("m.net", SPEC.format(body)))
    batch = {"x": np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32), "label": np.array([0, 1, 0, 1], np.int32)}
    state, _ = program.train_step(program.init(0), batch)
    before = jax.tree.map(lambda x: np.asarray(x).tobytes(), state)
    for _ in range(2):
        program.eval_step(state, batch)
        program.predict(state, x=batch["x"])
        program.apply(state, x=batch["x"])
    assert jax.tree.map(lambda x: np.asarray(x).tobytes(), state) == before
    assert len(state.buffers) > 3
