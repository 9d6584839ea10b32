"""Wrong sizes and types, as people who come from other libraries write them, and what the proposed edits make of the guilty line."""

from __future__ import annotations

import pytest

from netspec.compile import check
from netspec.diagnostics.edits import apply_edits, edits_of
from netspec.record import record
from netspec.source import Source


@record
class Wrong:
    """A wrong spec: the line that is blamed, and a line that the edits make."""

    name: str
    line: int
    repaired: str
    spec: str


WRONG = (
    Wrong(
        "unet-skip",
        9,
        "y = concat(u -> pad([0, [0, 1], [0, 1], 0]), c, axis=-1) -> conv(64, 3) -> relu",
        """
model UNet {
  input x: f32[B, 28, 28, 1]
  a = x -> conv(16, 3) -> relu
  b = a -> max_pool(2) -> conv(32, 3) -> relu
  c = b -> max_pool(2) -> conv(64, 3) -> relu
  d = c -> max_pool(2) -> conv(64, 3) -> relu
  u = d -> conv_transpose(64, 2, stride=2)
  y = concat(u, c, axis=-1) -> conv(64, 3) -> relu
  output out: f32[B, 7, 7, 64] = y
}
""",
    ),
    Wrong(
        "unet-skip-add",
        7,
        "output out = (u -> pad([0, [0, 1], [0, 1], 0])) + c",
        """
model UNet {
  input x: f32[B, 14, 14, 8]
  c = x -> max_pool(2)
  d = c -> max_pool(2)
  u = d -> resize([6, 6])
  output out = u + c
}
""",
    ),
    Wrong(
        "unet-free",
        5,
        "require H % 2 == 0 and W % 2 == 0",
        """
model UNet {
  input x: f32[B, H, W, 1]
  a = x -> conv(16, 3) -> relu
  b = a -> max_pool(2) -> conv(32, 3) -> relu
  u = b -> conv_transpose(16, 2, stride=2)
  output y = concat(u, a, axis=-1) -> conv(1, 1)
}
""",
    ),
    Wrong(
        "stride-shortcut",
        5,
        "output z = (x -> conv(64, 1, stride=2)) + y",
        """
model M {
  input x: f32[B, 32, 32, 64]
  y = x -> conv(64, 3, stride=2) -> batch_norm -> relu -> conv(64, 3)
  output z = x + y
}
""",
    ),
    Wrong(
        "stride-shortcut-width",
        7,
        "shortcut = x -> conv(features, 1, stride=2)",
        """
block Down {
  param features: int
  input x: f32[B, H, W, C]
  y = x -> conv(features, 3, stride=2) -> batch_norm -> relu -> conv(features, 3)
  shortcut = x -> conv(features, 1)
  output (y + shortcut) -> relu
}
model M {
  input image: f32[B, 32, 32, 3]
  output z = image -> conv(16, 3) -> Down(32) -> global_avg_pool -> dense(10)
}
""",
    ),
    Wrong(
        "concat-axis",
        5,
        "output y = concat(a, b, axis=-1)",
        """
model M {
  input a: f32[B, 8, 16]
  input b: f32[B, 8, 32]
  output y = concat(a, b, axis=1)
}
""",
    ),
    Wrong(
        "concat-axis0",
        5,
        "output y = concat(a, b, axis=-1) -> dense(4)",
        """
model M {
  input a: f32[B, 16]
  input b: f32[B, 32]
  output y = concat(a, b, axis=0) -> dense(4)
}
""",
    ),
    Wrong(
        "stack-not-concat",
        5,
        "output y = concat([a, b], axis=1)",
        """
model M {
  input a: f32[B, 16]
  input b: f32[B, 32]
  output y = stack([a, b], axis=1)
}
""",
    ),
    Wrong(
        "dense-no-flatten",
        4,
        "output logits: f32[B, 10] = image -> conv(32, 3) -> relu -> max_pool(2) -> flatten -> dense(128) -> relu -> dense(10)",
        """
model M {
  input image: f32[B, 28, 28, 1]
  output logits: f32[B, 10] = image -> conv(32, 3) -> relu -> max_pool(2) -> dense(128) -> relu -> dense(10)
}
""",
    ),
    Wrong(
        "dense-no-flatten-loss",
        8,
        "output logits = image -> conv(32, 3) -> relu -> max_pool(2) -> flatten -> dense(128) -> relu -> dense(10)",
        """
model M {
  input image: f32[B, 28, 28, 1]
  output logits = image -> conv(32, 3) -> relu -> max_pool(2) -> dense(128) -> relu -> dense(10)
}
train M {
  data = mnist() -> shuffle -> batch(32)
  loss = softmax_cross_entropy(logits, label)
  optimizer = adam(1e-3)
  duration = 1 epoch
}
""",
    ),
    Wrong(
        "dense-only-image-loss",
        8,
        "output logits = image -> flatten -> dense(128) -> relu -> dense(10)",
        """
model M {
  input image: f32[B, 28, 28, 1]
  output logits = image -> dense(128) -> relu -> dense(10)
}
train M {
  data = mnist() -> shuffle -> batch(32)
  loss = softmax_cross_entropy(logits, label)
  optimizer = adam(1e-3)
  duration = 1 epoch
}
""",
    ),
    Wrong(
        "channels-first",
        3,
        "input image: f32[B, 224, 224, 3]",
        """
model M {
  input image: f32[B, 3, 224, 224]
  output logits = image -> conv(64, 7, stride=2) -> relu -> global_avg_pool -> dense(1000)
}
""",
    ),
    Wrong(
        "channels-first-mnist",
        4,
        "input image: f32[B, 28, 28, 1]",
        """
model M {
  input image: f32[B, 1, 28, 28]
  output logits = image -> conv(32, 3) -> relu -> max_pool(2) -> flatten -> dense(10)
}
""",
    ),
    Wrong(
        "torch-conv",
        4,
        "output y = x -> conv(64, 3) -> relu -> global_avg_pool -> dense(10)",
        """
model M {
  input x: f32[B, 32, 32, 3]
  output y = x -> conv(3, 64, 3) -> relu -> global_avg_pool -> dense(10)
}
""",
    ),
    Wrong(
        "embed-floats",
        4,
        "input x: i32[B, 20]",
        """
model M {
  input x: f32[B, 20]
  output y = x -> embed(1000, 64) -> mean(axis=1) -> dense(2)
}
""",
    ),
    Wrong(
        "embed-floats-conv",
        4,
        "output y = image -> conv(8, 3)",
        """
model M {
  input image: f32[B, 8, 8, 1]
  output y = image -> conv(8, 3) -> embed(1000, 64)
}
""",
    ),
    Wrong(
        "dense-on-ids",
        4,
        "output y = ids -> embed(1000, 64) -> dense(64) -> relu -> mean(axis=1) -> dense(2)",
        """
model M {
  input ids: i32[B, T]
  output y = ids -> dense(64) -> relu -> mean(axis=1) -> dense(2)
}
""",
    ),
    Wrong(
        "lstm-on-ids",
        4,
        "output y = ids -> embed(1000, 64) -> lstm(64) -> dense(2)",
        """
model M {
  input ids: i32[B, T]
  output y = ids -> lstm(64) -> dense(2)
}
""",
    ),
    Wrong(
        "no-batch",
        3,
        "input image: f32[B, 28, 28, 1]",
        """
model M {
  input image: f32[28, 28, 1]
  output logits = image -> conv(32, 3) -> relu -> flatten -> dense(10)
}
""",
    ),
    Wrong(
        "no-batch-vector",
        7,
        "input x: f32[B, 784]",
        """
model M {
  input x: f32[784]
  output logits = x -> dense(10)
}
train M {
  data = npz("d.npz", fields={x: f32[784], label: i32[]}) -> batch(4)
  loss = softmax_cross_entropy(logits, label)
  optimizer = sgd(0.1)
  duration = 1 epoch
}
""",
    ),
    Wrong(
        "heads",
        4,
        "output y = x -> self_attention(10)",
        """
model M {
  input x: f32[B, T, 100]
  output y = x -> self_attention(8)
}
""",
    ),
    Wrong(
        "heads-block",
        5,
        "output y = x -> Layer(6)",
        """
block Layer {
  param heads: int
  input x: f32[B, T, D]
  output x + (x -> self_attention(heads))
}
model M {
  input x: f32[B, T, 96]
  output y = x -> Layer(7)
}
""",
    ),
    Wrong(
        "qk",
        5,
        "output s = q @ transpose(k, [0, 2, 1])",
        """
model M {
  input q: f32[B, 10, 64]
  input k: f32[B, 12, 64]
  output s = q @ k
}
""",
    ),
    Wrong(
        "wx",
        5,
        "output y = x @ w",
        """
model M {
  input x: f32[B, 64]
  weight w: f32[64, 10] = normal(0.02)
  output y = w @ x
}
""",
    ),
    Wrong(
        "xw-transposed",
        5,
        "output y = x @ transpose(w)",
        """
model M {
  input x: f32[B, 64]
  weight w: f32[10, 64] = normal(0.02)
  output y = x @ w
}
""",
    ),
    Wrong(
        "residual-dense",
        5,
        "output y = h + (x -> dense(128))",
        """
model M {
  input x: f32[B, 64]
  h = x -> dense(128) -> relu
  output y = h + x
}
""",
    ),
    Wrong(
        "residual-block",
        5,
        "output (x -> dense(features)) + (x -> dense(features) -> relu -> dense(features))",
        """
block Res {
  param features: int
  input x: f32[B, D]
  output x + (x -> dense(features) -> relu -> dense(features))
}
model M {
  input x: f32[B, 32]
  output y = x -> Res(64) -> Res(64)
}
""",
    ),
    Wrong(
        "residual-inline",
        4,
        "output y = (x -> conv(32, 1)) + (x -> conv(32, 3) -> relu)",
        """
model M {
  input x: f32[B, 32, 32, 16]
  output y = x + (x -> conv(32, 3) -> relu)
}
""",
    ),
    Wrong(
        "broadcast-b-b1",
        5,
        "output y = x * w[:, none]",
        """
model M {
  input x: f32[B, 8]
  input w: f32[B]
  output y = x * w
}
""",
    ),
    Wrong(
        "broadcast-b1",
        6,
        "output y = t - s[:, none]",
        """
model M {
  input x: f32[B, 8]
  s = mean(x, axis=1)
  t = x -> dense(1)
  output y = t - s
}
""",
    ),
    Wrong(
        "broadcast-mean",
        5,
        "output y = x - m[:, none]",
        """
model M {
  input x: f32[B, T, 8]
  m = mean(x, axis=1)
  output y = x - m
}
""",
    ),
    Wrong(
        "channel-attn",
        5,
        "output y = x * s[:, none, none]",
        """
model M {
  input x: f32[B, 8, 8, 32]
  s = x -> global_avg_pool -> dense(4) -> relu -> dense(32) -> sigmoid
  output y = x * s
}
""",
    ),
    Wrong(
        "reshape-product",
        4,
        "output y = x -> reshape([B, 28, 28, 1])",
        """
model M {
  input x: f32[B, 784]
  output y = x -> reshape([B, 28, 28, 3])
}
""",
    ),
    Wrong(
        "reshape-product2",
        4,
        "output y = z -> dense(3136) -> reshape([B, 7, 7, 64]) -> conv(1, 3)",
        """
model M {
  input z: f32[B, 100]
  output y = z -> dense(1024) -> reshape([B, 7, 7, 64]) -> conv(1, 3)
}
""",
    ),
    Wrong(
        "reshape-minus",
        4,
        "output y = x -> reshape([B, -1, 5])",
        """
model M {
  input x: f32[B, 28, 28, 5]
  output y = x -> reshape([B, -1, 3])
}
""",
    ),
    Wrong(
        "reshape-nobatch",
        4,
        "output y = x -> reshape([B, 28, 28, 1]) -> conv(8, 3)",
        """
model M {
  input x: f32[B, 784]
  output y = x -> reshape([28, 28, 1]) -> conv(8, 3)
}
""",
    ),
    Wrong(
        "axis-range",
        4,
        "output y = mean(x, axis=1)",
        """
model M {
  input x: f32[B, 10]
  output y = mean(x, axis=2)
}
""",
    ),
    Wrong(
        "squeeze",
        4,
        "output y = x -> dense(1) -> squeeze(-1)",
        """
model M {
  input x: f32[B, 10]
  output y = x -> dense(2) -> squeeze(-1)
}
""",
    ),
    Wrong(
        "squeeze-0",
        4,
        "output y = x -> squeeze(2)",
        """
model M {
  input x: f32[B, 10, 1]
  output y = x -> squeeze(1)
}
""",
    ),
    Wrong(
        "output-type",
        4,
        "output y: f32[B, 5] = x -> dense(64) -> relu -> dense(5)",
        """
model M {
  input x: f32[B, 20]
  output y: f32[B, 10] = x -> dense(64) -> relu -> dense(5)
}
""",
    ),
    Wrong(
        "chain-check",
        4,
        "output y = x -> conv(64, 3) -> max_pool(2) -> conv(64, 3, stride=2) -> [B, 7, 7, 64] -> flatten -> dense(10)",
        """
model M {
  input x: f32[B, 28, 28, 1]
  output y = x -> conv(64, 3) -> max_pool(2) -> conv(64, 3, stride=2) -> [B, 7, 7, 32] -> flatten -> dense(10)
}
""",
    ),
    Wrong(
        "chain-check-valid",
        4,
        'output y = x -> conv(64, 3, padding="VALID") -> max_pool(2) -> [B, 13, 13, 64] -> flatten -> dense(10)',
        """
model M {
  input x: f32[B, 28, 28, 1]
  output y = x -> conv(64, 3, padding="VALID") -> max_pool(2) -> [B, 14, 14, 64] -> flatten -> dense(10)
}
""",
    ),
    Wrong(
        "block-rank",
        8,
        "output y = x -> conv(8, 3) -> Head",
        """
block Head {
  input x: f32[B, H, W, C]
  output x -> global_avg_pool -> dense(10)
}
model M {
  input x: f32[B, 28, 28, 1]
  output y = x -> conv(8, 3) -> flatten -> Head
}
""",
    ),
    Wrong(
        "block-rank2",
        8,
        "input x: f32[..., D]",
        """
block Mlp {
  input x: f32[B, D]
  output x -> dense(D) -> relu
}
model M {
  input x: f32[B, T, 32]
  output y = x -> Mlp
}
""",
    ),
    Wrong(
        "block-fixed-size",
        8,
        "output y = x -> dense(64) -> Mlp",
        """
block Mlp {
  input x: f32[B, 64]
  output x -> dense(64) -> relu
}
model M {
  input x: f32[B, 32]
  output y = x -> Mlp
}
""",
    ),
    Wrong(
        "einsum-mismatch",
        5,
        'output y = einsum("bi,ji->bj", x, w)',
        """
model M {
  input x: f32[B, 64]
  weight w: f32[10, 64] = normal(0.02)
  output y = einsum("bi,ij->bj", x, w)
}
""",
    ),
    Wrong(
        "window-large",
        4,
        'output y = x -> conv(8, 5, padding="VALID") -> max_pool(4) -> conv(8, 5, padding="VALID") -> max_pool(4, padding="SAME") -> flatten',
        """
model M {
  input x: f32[B, 28, 28, 1]
  output y = x -> conv(8, 5, padding="VALID") -> max_pool(4) -> conv(8, 5, padding="VALID") -> max_pool(4) -> flatten
}
""",
    ),
    Wrong(
        "too-many-pools",
        5,
        "output z = y -> conv(8, 3) -> flatten -> dense(10)",
        """
model M {
  input x: f32[B, 28, 28, 1]
  y = x -> conv(8, 3) -> max_pool(2) -> conv(8, 3) -> max_pool(2) -> conv(8, 3) -> max_pool(2) -> conv(8, 3) -> max_pool(2)
  output z = y -> conv(8, 3) -> max_pool(2) -> flatten -> dense(10)
}
""",
    ),
    Wrong(
        "patches-free",
        4,
        "require H % 4 == 0 and W % 4 == 0",
        """
model M {
  input x: f32[B, H, W, 3]
  output y = rearrange(x, "b (h p) (w q) c -> b (h w) (p q c)", p=4, q=4) -> dense(64)
}
""",
    ),
    Wrong(
        "equal-free",
        5,
        "require S == T",
        """
model M {
  input a: f32[B, T, 8]
  input b: f32[B, S, 8]
  output y = a + b
}
""",
    ),
    Wrong(
        "free-parameter",
        4,
        "output y = x -> conv(8, 3) -> global_avg_pool -> dense(10)",
        """
model M {
  input x: f32[B, H, W, 3]
  output y = x -> conv(8, 3) -> flatten -> dense(10)
}
""",
    ),
    Wrong(
        "cond",
        4,
        "require T >= 5",
        """
model M {
  input x: f32[B, T, 8]
  y = if T > 4 { x -> dense(8) } else { x }
  output z = y
}
""",
    ),
    Wrong(
        "many-args",
        4,
        "z = y -> conv(8, 3) -> relu -> conv(8, 3) -> relu",
        """
model M {
  input x: f32[B, 8, 8, 3]
  y = x -> conv(8, 3, activation="relu") -> conv(8, 3, activation="relu") -> conv(8, 3, activation="relu") -> conv(8, 3, activation="relu")
  z = y -> conv(8, 3, activation="relu") -> conv(8, 3, activation="relu")
  output o = z -> flatten -> dense(10)
}
""",
    ),
    Wrong(
        "loss-metric",
        8,
        "metric accuracy = accuracy(logits, label)",
        """
model M {
  input image: f32[B, 28, 28, 1]
  output logits = image -> flatten -> dense(10)
}
train M {
  data = mnist() -> shuffle -> batch(32)
  loss = softmax_cross_entropy(logit, label)
  metric accuracy = accuracy(logit, label)
  optimizer = adam(1e-3)
  duration = 1 epoch
}
""",
    ),
    Wrong(
        "loop",
        5,
        "x = (x -> dense(32 * 2**i)) + (x -> dense(32 * 2**i))",
        """
model M {
  input x: f32[B, 64]
  for i in range(4) {
    x = x + (x -> dense(32 * 2**i))
  }
  output y = x
}
""",
    ),
    Wrong(
        "where-shapes",
        5,
        "output y = where(m[:, :, none], x, 0.0)",
        """
model M {
  input x: f32[B, T, 8]
  input m: bool[B, T]
  output y = where(m, x, 0.0)
}
""",
    ),
    Wrong(
        "gather",
        4,
        "y = x -> transpose([2, 1, 0])",
        """
model M {
  input x: f32[B, T, 8]
  y = x -> transpose([0, 2])
  output z = y
}
""",
    ),
    Wrong(
        "mlp-concat-rank",
        6,
        "output y = concat(h -> flatten, extra, axis=-1) -> dense(2)",
        """
model M {
  input image: f32[B, 8, 8, 3]
  input extra: f32[B, 5]
  h = image -> conv(8, 3) -> relu
  output y = concat(h, extra, axis=-1) -> dense(2)
}
""",
    ),
    Wrong(
        "pos-embed",
        6,
        "output y = x + pos[:T]",
        """
model M {
  input ids: i32[B, T]
  x = ids -> embed(100, 32)
  weight pos: f32[128, 32] = normal(0.02)
  output y = x + pos
}
""",
    ),
)
"""Line 1 is `netspec 1`."""


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name)
def test_one_problem_at_the_guilty_line_whose_edits_lead_to_a_clean_file(wrong: Wrong) -> None:
    source = Source("spec.net", f"netspec 1{wrong.spec}")
    (problem,) = check(source).problems
    assert problem.at.line == wrong.line
    text = apply_edits(source, edits_of(problem))
    assert wrong.repaired in map(str.strip, text.splitlines())
    assert problem.help() and not check(Source("spec.net", text)).problems
