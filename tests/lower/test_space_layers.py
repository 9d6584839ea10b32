"""A spec with the layers of pools, sizes and disturbance, as a program: any size of image, any cut of the batch."""

from __future__ import annotations

import jax
import numpy as np
import pytest

from netspec.compile import check
from netspec.diagnostics.spec_error import SpecError
from netspec.lower.program import Program
from netspec.source import Source
from tests.lower.specs import close, digits, program

SIZES = """netspec 1
model M {
  input image: f32[B, H, W, 3]
  assume H % 8 == 0
  assume W % 8 == 0
  x = image -> resize([H, 2 * W], "bicubic") -> max_pool([1, 2]) -> conv(8, 3) -> identity
  small = x -> lp_pool(2) -> min_pool(2, 1, "SAME") -> upsample(2, "bilinear")
  gated = concat([x, small], axis=-1) -> swiglu
  deep = gated -> space_to_depth(2) -> pixel_shuffle(2) -> squareplus -> avg_pool(3, 2, "SAME", count_padding=false)
  tokens = image -> patch_embed(8, 4)
  m = sum(tokens -> softmax(axis=1, mask=tokens[:, :, :1] > 0.0), axis=1)
  output y = concat([deep -> adaptive_avg_pool([2, 3]) -> flatten, deep -> global_max_pool, m], axis=-1) -> standardize -> dense(10)
}
"""


def test_images_of_any_size() -> None:
    found = check(Source("spec.net", SIZES))
    assert found.ok and found.typed is not None, [p.message() for p in found.problems]
    p = Program.of(found.typed)
    weights = p.init(0)
    for height, width in ((8, 16), (24, 8)):
        y = p.apply(weights, image=np.random.default_rng(0).random((2, height, width, 3), np.float32))["y"]
        assert y.shape == (2, 10) and np.isfinite(y).all()
    with pytest.raises(SpecError, match="`H` is 12"):
        p.apply(weights, image=np.zeros((2, 12, 8, 3), np.float32))


DRAWN = """block Layer {
  input x: f32[B, H, W, C]
  output x + (x -> conv(C, 3) -> prelu(per_feature=true) -> spatial_dropout(0.2) -> drop_path(0.3) -> gaussian_noise(0.1))
}
model M {
  input image: f32[B, 8, 8, 1]
  x = image -> patch_embed(16, 2) -> reshape([B, 4, 4, 16])
  x = x -> Layer
  output logits = x -> global_max_pool -> dropout(0.2, broadcast_axes=-1) -> dense(10)
}
train M {
  data = digits() -> batch(4)
  loss = softmax_cross_entropy(logits, label)
  optimizer = adam(0.01)
  accumulate = COUNT
  duration = 20 steps
}
"""


def test_an_example_is_disturbed_the_same_however_the_batch_is_cut() -> None:
    with jax.enable_x64(True):
        whole, parts = (program(DRAWN.replace("COUNT", count)) for count in ("1", "2"))
        batch = digits(8)
        one, first = whole.train_step(whole.init(2), batch)
        two, second = parts.train_step(parts.init(2), {name: x.reshape(2, 4, *x.shape[1:]) for name, x in batch.items()})
        close(parts.finish(second), whole.finish(first))
        close(parts.unpack(two), whole.unpack(one))
