"""Wrong sizes and types, as people who come from other libraries write them, and what the proposed edits make of the guilty line."""

from __future__ import annotations

import pytest

from netspec.compile import check
from netspec.diagnostics.edits import apply_edits, edits_of
from netspec.record import record
from netspec.source import Source
from netspec.syntax.spec_file import parse_spec
from netspec.syntax.twin import to_json


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
  y = x -> conv(64, 3, stride=2, bias=false) -> batch_norm -> relu -> conv(64, 3)
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
  y = x -> conv(features, 3, stride=2, bias=false) -> batch_norm -> relu -> conv(features, 3)
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
        "embed-order",
        4,
        "output y = ids -> embed(64, 4)",
        """
model M {
  input ids: i32[B, T]
  output y = ids -> embed(64)
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
        3,
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
        'output y = x -> conv(64, 3, padding="SAME") -> max_pool(2) -> [B, 14, 14, 64] -> flatten -> dense(10)',
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
        'output y = x -> conv(8, 5, padding="VALID") -> max_pool(4) -> conv(8, 5, padding="VALID") -> max_pool(4, padding="SAME")',
        """
model M {
  input x: f32[B, 28, 28, 1]
  output y = x -> conv(8, 5, padding="VALID") -> max_pool(4) -> conv(8, 5, padding="VALID") -> max_pool(4)
}
""",
    ),
    Wrong(
        "too-many-pools",
        5,
        "output z = y -> conv(8, 1) -> flatten -> dense(10)",
        """
model M {
  input x: f32[B, 28, 28, 1]
  y = x -> conv(8, 3) -> max_pool(2) -> conv(8, 3) -> max_pool(2) -> conv(8, 3) -> max_pool(2) -> conv(8, 3) -> max_pool(2)
  output z = y -> conv(8, 1) -> max_pool(2) -> flatten -> dense(10)
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
    Wrong(
        "resnet-basic",
        7,
        "output ((x -> conv(features, 1, stride=stride)) + y) -> relu",
        """
block BasicBlock {
  param features: int
  param stride: int = 1
  input x: f32[B, H, W, C]
  y = x -> conv(features, 3, stride=stride, bias=false) -> batch_norm -> relu -> conv(features, 3, bias=false) -> batch_norm
  output (x + y) -> relu
}
model ResNet {
  input image: f32[B, 32, 32, 3]
  x = image -> conv(16, 3, bias=false) -> batch_norm -> relu
  x = x -> BasicBlock(16) -> BasicBlock(16)
  x = x -> BasicBlock(32, stride=2) -> BasicBlock(32)
  output logits = x -> global_avg_pool -> dense(10)
}
train ResNet {
  data = cifar10() -> shuffle -> batch(32)
  loss = softmax_cross_entropy(logits, label)
  optimizer = adam(1e-3)
  duration = 1 epoch
}
""",
    ),
    Wrong(
        "resnet-stages",
        8,
        "shortcut = if C != features { x -> conv(features, 1, stride=stride) } else { x }",
        """
block Residual {
  param features: int
  param stride: int
  input x: f32[B, H, W, C]
  y = x -> conv(features, 3, stride=stride, bias=false) -> batch_norm -> relu -> conv(features, 3, bias=false) -> batch_norm
  shortcut = if C != features { x -> conv(features, 1) } else { x }
  output (y + shortcut) -> relu
}
model ResNet {
  input image: f32[B, 32, 32, 3]
  x = image -> conv(16, 3)
  for w in [16, 32, 64] {
    x = x -> Residual(w, if w > 16 { 2 } else { 1 })
  }
  output logits = x -> global_avg_pool -> dense(10)
}
""",
    ),
    Wrong(
        "transformer-width",
        7,
        "x = x + (x -> layer_norm -> dense(mlp) -> gelu -> dense(D))",
        """
block Layer {
  param heads: int = 4
  param mlp: int = 256
  input x: f32[B, T, D]
  x = x + (x -> layer_norm -> self_attention(heads))
  x = x + (x -> layer_norm -> dense(mlp) -> gelu -> dense(mlp))
  output x
}
model Encoder {
  input ids: i32[B, T]
  x = ids -> embed(1000, 64)
  repeat 3 { x = x -> Layer }
  output logits = x -> mean(axis=1) -> dense(2)
}
""",
    ),
    Wrong(
        "transformer-proj",
        6,
        "x = x + (x -> layer_norm -> dense(D) -> gelu)",
        """
block Layer {
  param heads: int = 4
  input x: f32[B, T, D]
  x = x + (x -> layer_norm -> self_attention(heads))
  x = x + (x -> layer_norm -> dense(4 * D) -> gelu)
  output x
}
model Encoder {
  input ids: i32[B, T]
  x = ids -> embed(1000, 64)
  repeat 3 { x = x -> Layer }
  output logits = x -> mean(axis=1) -> dense(2)
}
""",
    ),
    Wrong(
        "autoencoder",
        9,
        "loss = mean_squared_error(recon, flatten(image))",
        """
model AE {
  input image: f32[B, 28, 28, 1]
  z = image -> flatten -> dense(128) -> relu -> dense(32)
  output recon = z -> dense(128) -> relu -> dense(784) -> sigmoid
}
train AE {
  data = mnist() -> shuffle -> batch(32)
  loss = mean_squared_error(recon, image)
  optimizer = adam(1e-3)
  duration = 1 epoch
}
""",
    ),
    Wrong(
        "conv-autoencoder",
        6,
        "output recon: f32[B, 28, 28, 1] = (d -> conv_transpose(1, 3, stride=2))[:, :28, :28]",
        """
model AE {
  input image: f32[B, 28, 28, 1]
  h = image -> conv(16, 3, stride=2) -> relu -> conv(32, 3, stride=2) -> relu -> conv(64, 3, stride=2) -> relu
  d = h -> conv_transpose(32, 3, stride=2) -> relu -> conv_transpose(16, 3, stride=2) -> relu
  output recon: f32[B, 28, 28, 1] = d -> conv_transpose(1, 3, stride=2)
}
""",
    ),
    Wrong(
        "siamese",
        8,
        "y = b -> flatten -> net",
        """
model Siamese {
  input a: f32[B, 28, 28, 1]
  input b: f32[B, 28, 28, 1]
  shared net = dense(64)
  x = a -> flatten -> net
  y = b -> net
  output d = sqrt(sum((x - y) ** 2, axis=-1))
}
""",
    ),
    Wrong(
        "vit-cls",
        6,
        "weight pos: f32[1, 64, 64] = normal(0.02)",
        """
model ViT {
  input image: f32[B, 32, 32, 3]
  x = image -> conv(64, 4, stride=4, padding="VALID") -> reshape([B, 64, 64])
  weight pos: f32[1, 65, 64] = normal(0.02)
  x = x + pos
  repeat 2 { x = x + (x -> layer_norm -> self_attention(4)) }
  output logits = x -> mean(axis=1) -> dense(10)
}
""",
    ),
    Wrong(
        "vit-patch",
        4,
        'x = rearrange(image, "b (h p) (w q) c -> b (h w) (p q c)", p=3, q=3) -> dense(64)',
        """
model ViT {
  input image: f32[B, 30, 30, 3]
  x = rearrange(image, "b (h p) (w q) c -> b (h w) (p q c)", p=4, q=4) -> dense(64)
  output logits = x -> mean(axis=1) -> dense(10)
}
""",
    ),
    Wrong(
        "seq-concat",
        5,
        "output y = concat(a, b, axis=1) -> dense(4)",
        """
model M {
  input a: f32[B, T, 8]
  input b: f32[B, S, 8]
  output y = concat(a, b, axis=-1) -> dense(4)
}
""",
    ),
    Wrong(
        "seq-concat2",
        5,
        "output y = concat(a, broadcast_to(cond[:, none], [B, T, 16]), axis=-1) -> dense(4)",
        """
model M {
  input a: f32[B, T, 8]
  input cond: f32[B, 16]
  output y = concat(a, cond, axis=-1) -> dense(4)
}
""",
    ),
    Wrong(
        "film",
        6,
        "output y = x + (e -> dense(32))[:, none, none]",
        """
model M {
  input x: f32[B, 16, 16, 32]
  input t: f32[B, 128]
  e = t -> dense(64) -> silu
  output y = x + e
}
""",
    ),
    Wrong(
        "film2",
        7,
        "h = h + (t -> silu -> dense(features))[:, none, none]",
        """
block ResBlock {
  param features: int
  input x: f32[B, H, W, C]
  input t: f32[B, E]
  h = x -> group_norm(8) -> silu -> conv(features, 3)
  h = h + (t -> silu -> dense(features))
  h = h -> group_norm(8) -> silu -> conv(features, 3)
  output h + (x -> conv(features, 1))
}
model M {
  input x: f32[B, 16, 16, 32]
  input t: f32[B, 128]
  output y = (x, t) -> ResBlock(64)
}
""",
    ),
    Wrong(
        "group-norm",
        4,
        "output y = x -> conv(20, 3) -> group_norm(10) -> relu",
        """
model M {
  input x: f32[B, 16, 16, 3]
  output y = x -> conv(20, 3) -> group_norm(8) -> relu
}
""",
    ),
    Wrong(
        "lstm-2d",
        4,
        "output y = x[:, none] -> lstm(64) -> dense(2)",
        """
model M {
  input x: f32[B, 20]
  output y = x -> lstm(64) -> dense(2)
}
""",
    ),
    Wrong(
        "conv-on-flat",
        4,
        "output y = image -> conv(8, 3) -> relu -> dense(10)",
        """
model M {
  input image: f32[B, 8, 8, 1]
  output y = image -> flatten -> conv(8, 3) -> relu -> dense(10)
}
""",
    ),
    Wrong(
        "pool-on-flat",
        4,
        "output y = image -> conv(8, 3) -> max_pool(2) -> dense(10)",
        """
model M {
  input image: f32[B, 8, 8, 1]
  output y = image -> conv(8, 3) -> flatten -> max_pool(2) -> dense(10)
}
""",
    ),
    Wrong(
        "matmul-attn",
        7,
        "a = softmax(q @ transpose(k, [0, 2, 1]) / 8.0)",
        """
model M {
  input x: f32[B, T, 64]
  q = x -> dense(64)
  k = x -> dense(64)
  v = x -> dense(64)
  a = softmax(q @ k / 8.0)
  output y = a @ v
}
""",
    ),
    Wrong(
        "multihead-manual",
        7,
        "s = softmax(q @ transpose(k, [0, 1, 3, 2]))",
        """
model M {
  input x: f32[B, T, 64]
  q = rearrange(x -> dense(64), "b t (h d) -> b h t d", h=4)
  k = rearrange(x -> dense(64), "b t (h d) -> b h t d", h=4)
  v = rearrange(x -> dense(64), "b t (h d) -> b h t d", h=4)
  s = softmax(q @ k)
  output y = rearrange(s @ v, "b h t d -> b t (h d)")
}
""",
    ),
    Wrong(
        "multihead-h",
        4,
        'q = rearrange(x, "b t (h d) -> b h t d", h=6)',
        """
model M {
  input x: f32[B, T, 60]
  q = rearrange(x, "b t (h d) -> b h t d", h=8)
  output y = q
}
""",
    ),
    Wrong(
        "mse-shape",
        8,
        "loss = mean_squared_error(y[:, 0], price)",
        """
model M {
  input x: f32[B, 13]
  output y = x -> dense(64) -> relu -> dense(1)
}
train M {
  data = csv("housing.csv", fields={x: f32[13], price: f32[]}) -> shuffle -> batch(32)
  loss = mean_squared_error(y, price)
  optimizer = adam(1e-3)
  duration = 1 epoch
}
""",
    ),
    Wrong(
        "uint8-image",
        4,
        "output y = image -> cast(f32) -> conv(8, 3) -> relu -> flatten -> dense(10)",
        """
model M {
  input image: u8[B, 28, 28, 1]
  output y = image -> conv(8, 3) -> relu -> flatten -> dense(10)
}
""",
    ),
    Wrong(
        "gan-gen",
        4,
        "x = z -> dense(7 * 7 * 256) -> relu -> reshape([B, 7, 7, 256])",
        """
model G {
  input z: f32[B, 100]
  x = z -> dense(7 * 7 * 256) -> relu -> reshape([B, 7, 7, 128])
  x = x -> conv_transpose(64, 4, stride=2) -> relu
  output image: f32[B, 28, 28, 1] = x -> conv_transpose(1, 4, stride=2) -> tanh
}
""",
    ),
    Wrong(
        "gan-up",
        6,
        "output image: f32[B, 28, 28, 1] = x -> conv_transpose(1, 4, stride=2) -> tanh",
        """
model G {
  input z: f32[B, 100]
  x = z -> dense(7 * 7 * 128) -> relu -> reshape([B, 7, 7, 128])
  x = x -> conv_transpose(64, 4, stride=2) -> relu
  output image: f32[B, 28, 28, 1] = x -> conv_transpose(1, 4) -> tanh
}
""",
    ),
    Wrong(
        "residual-time",
        5,
        'y = x -> conv(16, 3, padding="SAME") -> relu',
        """
model TCN {
  input x: f32[B, T, 16]
  y = x -> conv(16, 3, padding="VALID") -> relu
  output z = x + y
}
""",
    ),
    Wrong(
        "einsum-attn",
        5,
        'output s = einsum("btd,bsd->bts", q, k)',
        """
model M {
  input q: f32[B, T, 64]
  input k: f32[B, S, 64]
  output s = einsum("btd,bds->bts", q, k)
}
""",
    ),
    Wrong(
        "squeeze-none",
        4,
        "output y = x -> mean(axis=[1, 2]) -> dense(10)",
        """
model M {
  input x: f32[B, 8, 8, 3]
  output y = x -> mean(axis=[1, 2]) -> squeeze([1, 2]) -> dense(10)
}
""",
    ),
    Wrong(
        "axis-4",
        5,
        "output y = concat([a, b], axis=3) -> conv(4, 3)",
        """
model M {
  input a: f32[B, 8, 8, 3]
  input b: f32[B, 8, 8, 3]
  output y = concat([a, b], axis=4) -> conv(4, 3)
}
""",
    ),
    Wrong(
        "cond-embed",
        5,
        "x = concat(z, one_hot(label, 10)) -> dense(128)",
        """
model CGAN {
  input z: f32[B, 100]
  input label: i32[B]
  x = concat(z, label) -> dense(128)
  output y = x
}
""",
    ),
    Wrong(
        "cond-embed2",
        5,
        "x = concat(z, label -> embed(10, 50), axis=-1) -> dense(128)",
        """
model CGAN {
  input z: f32[B, 100]
  input label: i32[B]
  x = concat(z, label -> embed(10, 50), axis=0) -> dense(128)
  output y = x
}
""",
    ),
    Wrong(
        "add-embed-mismatch",
        6,
        "x = embed(ids, 30000, 128) + embed(segments, 2, 128) + embed(iota(T), 512, 128)",
        """
model Bert {
  input ids: i32[B, T]
  input segments: i32[B, T]
  dim T <= 512
  x = embed(ids, 30000, 128) + embed(segments, 2, 64) + embed(iota(T), 512, 128)
  output y = x -> layer_norm
}
""",
    ),
    Wrong(
        "two-branch",
        6,
        "b = image -> conv(16, 5, stride=2)",
        """
model Two {
  input image: f32[B, 32, 32, 3]
  a = image -> conv(16, 3) -> max_pool(2)
  b = image -> conv(16, 5)
  output y = concat(a, b) -> conv(8, 1)
}
""",
    ),
    Wrong(
        "inception-valid",
        8,
        'd = x -> max_pool(3, stride=1, padding="SAME") -> conv(32, 1)',
        """
model Inc {
  input x: f32[B, 28, 28, 192]
  a = x -> conv(64, 1)
  b = x -> conv(96, 1) -> conv(128, 3, padding="VALID")
  c = x -> conv(16, 1) -> conv(32, 5)
  d = x -> max_pool(3, stride=1) -> conv(32, 1)
  output y = concat(a, b, c, d)
}
""",
    ),
    Wrong(
        "tied",
        6,
        "output logits = h -> dense(64) -> e.attend",
        """
model LM {
  input ids: i32[B, T]
  shared e = embed(1000, 64)
  h = ids -> e -> lstm(128)
  output logits = h -> e.attend
}
""",
    ),
    Wrong(
        "seq2seq",
        7,
        "a = softmax(h @ transpose(m, [0, 2, 1]))",
        """
model S2S {
  input src: i32[B, S]
  input tgt: i32[B, T]
  m = src -> embed(100, 32) -> lstm(64)
  h = tgt -> embed(100, 32) -> lstm(64)
  a = softmax(h @ m)
  output y = concat(h, a @ m) -> dense(100)
}
""",
    ),
    Wrong(
        "require-block-free",
        5,
        "require W % 8 == 0",
        """
block Patch {
  param p: int
  input x: f32[B, H, W, C]
  require H % p == 0 and W % p == 0
  output x -> conv(64, p, stride=p, padding="VALID") -> reshape([B, -1, 64])
}
model M {
  input x: f32[B, H, W, 3]
  output y = x -> Patch(8) -> mean(axis=1) -> dense(10)
}
""",
    ),
    Wrong(
        "unet-free3",
        7,
        "require H % 4 == 0 and W % 4 == 0",
        """
block Down {
  param f: int
  input x: f32[B, H, W, C]
  s = x -> conv(f, 3) -> relu
  output skip = s
  output down = s -> max_pool(2)
}
block Up {
  param f: int
  input x: f32[B, H, W, C]
  input skip: f32[B, H2, W2, C2]
  u = x -> conv_transpose(f, 2, stride=2)
  output concat(u, skip) -> conv(f, 3) -> relu
}
model UNet {
  input x: f32[B, H, W, 3]
  s1, x1 = x -> Down(16)
  s2, x2 = x1 -> Down(32)
  b = x2 -> conv(64, 3)
  u2 = (b, s2) -> Up(32)
  u1 = (u2, s1) -> Up(16)
  output y = u1 -> conv(1, 1)
}
""",
    ),
    Wrong(
        "bce",
        8,
        "loss = sigmoid_cross_entropy(y[:, 0], label)",
        """
model M {
  input x: f32[B, 8]
  output y = x -> dense(1)
}
train M {
  data = csv("d.csv", fields={x: f32[8], label: f32[]}) -> batch(32)
  loss = sigmoid_cross_entropy(y, label)
  optimizer = sgd(0.1)
  duration = 1 epoch
}
""",
    ),
    Wrong(
        "mobilenet-block",
        10,
        "output (x -> conv(features, 1, stride=stride)) + y",
        """
block InvertedResidual {
  param features: int
  param expand: int = 6
  param stride: int = 1
  input x: f32[B, H, W, C]
  y = x -> conv(C * expand, 1, bias=false) -> batch_norm -> relu6
        -> conv(C * expand, 3, stride=stride, groups=C * expand, bias=false) -> batch_norm -> relu6
        -> conv(features, 1, bias=false) -> batch_norm
  output x + y
}
model M {
  input image: f32[B, 32, 32, 3]
  x = image -> conv(16, 3) -> InvertedResidual(16) -> InvertedResidual(24, stride=2)
  output logits = x -> global_avg_pool -> dense(10)
}
""",
    ),
    Wrong(
        "heads-d",
        6,
        "param heads: int = 10",
        """
model M {
  param width: int = 100
  param heads: int = 8
  input ids: i32[B, T]
  output y = ids -> embed(1000, width) -> self_attention(heads) -> mean(axis=1) -> dense(2)
}
""",
    ),
    Wrong(
        "mean-axis",
        4,
        "output y: f32[B, T] = x -> mean(axis=-1)",
        """
model M {
  input x: f32[B, T, 64]
  output y: f32[B, 64] = x -> mean(axis=-1)
}
""",
    ),
    Wrong(
        "softmax-axis",
        4,
        "output y = softmax(x, axis=1)",
        """
model M {
  input x: f32[B, 10]
  output y = softmax(x, axis=2)
}
""",
    ),
    Wrong(
        "stack-time",
        5,
        "output y: f32[B, 10] = h -> mean(axis=1) -> dense(10)",
        """
model M {
  input x: f32[B, 28, 28, 1]
  h = x -> reshape([B, 28, 28]) -> lstm(64)
  output y: f32[B, 10] = h -> dense(10)
}
""",
    ),
    Wrong(
        "attention-cross",
        5,
        "require S == T",
        """
model M {
  input q: f32[B, T, 64]
  input m: f32[B, S, 32]
  output y = q + (m -> dense(64))
}
""",
    ),
    Wrong(
        "gate",
        5,
        "g = x -> dense(64) -> sigmoid",
        """
model M {
  input x: f32[B, 64]
  g = x -> dense(32) -> sigmoid
  output y = g * x
}
""",
    ),
    Wrong(
        "glu",
        4,
        "a, b = split(x -> dense(128), 2)",
        """
model M {
  input x: f32[B, T, 64]
  a, b = split(x -> dense(129), 2)
  output y = a * sigmoid(b)
}
""",
    ),
    Wrong(
        "bias-shape",
        6,
        "weight b: f32[10] = zeros",
        """
model M {
  input x: f32[B, 64]
  weight w: f32[64, 10] = normal(0.02)
  weight b: f32[64] = zeros
  output y = x @ w + b
}
""",
    ),
    Wrong(
        "conv-weight",
        5,
        "weight w: f32[64, 10] = normal(0.02)",
        """
model M {
  input x: f32[B, 64]
  weight w: f32[32, 10] = normal(0.02)
  output y = x @ w
}
""",
    ),
    Wrong(
        "dw-groups",
        4,
        "output y = x -> conv(64, 3, groups=1) -> global_avg_pool",
        """
model M {
  input x: f32[B, 32, 32, 3]
  output y = x -> conv(64, 3, groups=2) -> global_avg_pool
}
""",
    ),
    Wrong(
        "reshape-to-seq",
        4,
        "output y = x -> reshape([B, 28, 28]) -> dense(4)",
        """
model M {
  input x: f32[B, 28, 28, 1]
  output y = x -> reshape([B, 28, 14]) -> dense(4)
}
""",
    ),
    Wrong(
        "reshape-batch-const",
        4,
        "output y = x -> reshape([-1, 28, 28, 1]) -> conv(8, 3)",
        """
model M {
  input x: f32[B, 784]
  output y = x -> reshape([32, 28, 28, 1]) -> conv(8, 3)
}
""",
    ),
    Wrong(
        "flatten-first",
        5,
        "x = image",
        """
model M {
  input image: f32[B, 28, 28, 1]
  x = image -> flatten
  output logits = x -> conv(32, 3) -> relu -> max_pool(2) -> flatten -> dense(10)
}
""",
    ),
    Wrong(
        "lenet-valid",
        6,
        'x = x -> conv(120, 5, padding="SAME") -> relu -> flatten',
        """
model LeNet {
  input image: f32[B, 28, 28, 1]
  x = image -> conv(6, 5, padding="VALID") -> relu -> avg_pool(2)
  x = x -> conv(16, 5, padding="VALID") -> relu -> avg_pool(2)
  x = x -> conv(120, 5, padding="VALID") -> relu -> flatten
  output logits = x -> dense(84) -> relu -> dense(10)
}
""",
    ),
    Wrong(
        "densenet",
        6,
        'y = x -> batch_norm -> relu -> conv(growth, 3, padding="SAME")',
        """
block DenseLayer {
  param growth: int
  input x: f32[B, H, W, C]
  y = x -> batch_norm -> relu -> conv(growth, 3, padding="VALID")
  output concat(x, y)
}
model M {
  input image: f32[B, 32, 32, 3]
  x = image -> conv(16, 3)
  for i in range(3) { x = x -> DenseLayer(12) }
  output logits = x -> global_avg_pool -> dense(10)
}
""",
    ),
    Wrong(
        "highway",
        6,
        "output y = t * h + (1.0 - t) * (x -> dense(64))",
        """
model M {
  input x: f32[B, 64]
  h = x -> dense(64) -> relu
  t = x -> dense(1) -> sigmoid
  output y = t * h + (1.0 - t) * (x -> dense(32))
}
""",
    ),
    Wrong(
        "pe",
        7,
        "output y = x + p[:T]",
        """
model M {
  input ids: i32[B, T]
  shared e = embed(1000, 64)
  x = ids -> e
  p = iota(512) -> embed(512, 64)
  output y = x + p
}
""",
    ),
    Wrong(
        "vae",
        7,
        "logvar = h -> dense(20)",
        """
model VAE {
  input image: f32[B, 28, 28, 1]
  h = image -> flatten -> dense(256) -> relu
  mu = h -> dense(20)
  logvar = h -> dense(10)
  z = mu + exp(0.5 * logvar) * random_normal([B, 20])
  output recon = z -> dense(784) -> sigmoid -> reshape([B, 28, 28, 1])
}
""",
    ),
    Wrong(
        "vae2",
        12,
        "loss = mean_squared_error(recon, image[:, :, :, 0])",
        """
model VAE {
  input image: f32[B, 28, 28, 1]
  h = image -> flatten -> dense(256) -> relu
  mu = h -> dense(20)
  logvar = h -> dense(20)
  z = mu + exp(0.5 * logvar) * random_normal([20])
  output recon = z -> dense(784) -> sigmoid -> reshape([B, 28, 28])
}
train VAE {
  data = mnist() -> batch(32)
  loss = mean_squared_error(recon, image)
  optimizer = adam(1e-3)
  duration = 1 epoch
}
""",
    ),
    Wrong(
        "imagenet-size",
        7,
        "input image: f32[B, 28, 28, 1]",
        """
model M {
  input image: f32[B, 32, 32, 3]
  output logits = image -> conv(8, 3) -> flatten -> dense(10)
}
train M {
  data = mnist() -> batch(32)
  loss = softmax_cross_entropy(logits, label)
  optimizer = adam(1e-3)
  duration = 1 epoch
}
""",
    ),
    Wrong(
        "mnist-flat",
        7,
        "output logits = image -> flatten -> dense(128) -> relu -> dense(10)",
        """
model M {
  input image: f32[B, 784]
  output logits = image -> dense(128) -> relu -> dense(10)
}
train M {
  data = mnist() -> batch(32)
  loss = softmax_cross_entropy(logits, label)
  optimizer = adam(1e-3)
  duration = 1 epoch
}
""",
    ),
    Wrong(
        "mnist-nochan",
        7,
        "input image: f32[B, 28, 28, 1]",
        """
model M {
  input image: f32[B, 28, 28]
  output logits = image -> conv(8, 3) -> flatten -> dense(10)
}
train M {
  data = mnist() -> batch(32)
  loss = softmax_cross_entropy(logits, label)
  optimizer = adam(1e-3)
  duration = 1 epoch
}
""",
    ),
    Wrong(
        "dtype-mult",
        5,
        "output y = sum(x, axis=1) / cast(n, f32)[:, none]",
        """
model M {
  input x: f32[B, T, 8]
  input n: i32[B]
  output y = sum(x, axis=1) / n
}
""",
    ),
    Wrong(
        "mask-mult",
        5,
        "output y = x * cast(mask, f32)[:, :, none]",
        """
model M {
  input x: f32[B, T, 8]
  input mask: bool[B, T]
  output y = x * mask
}
""",
    ),
    Wrong(
        "block-out-type",
        5,
        "output logits: f32[B, classes] = x -> dense(classes)",
        """
block Head {
  param classes: int
  input x: f32[B, D]
  output logits: f32[B, classes] = x -> dense(D)
}
model M {
  input x: f32[B, 64]
  output y = x -> Head(10)
}
""",
    ),
    Wrong(
        "repeat-changes",
        4,
        "for i in range(3) { x = x -> dense(128) -> relu }",
        """
model M {
  input x: f32[B, 64]
  repeat 3 { x = x -> dense(128) -> relu }
  output y = x -> dense(10)
}
""",
    ),
    Wrong(
        "repeat-residual",
        4,
        "repeat 3 { x = x + (x -> layer_norm -> dense(64) -> gelu) }",
        """
model M {
  input x: f32[B, T, 64]
  repeat 3 { x = x + (x -> layer_norm -> dense(128) -> gelu) }
  output y = x -> mean(axis=1) -> dense(10)
}
""",
    ),
    Wrong(
        "repeat-conv-pool",
        4,
        "for i in range(3) { x = x -> conv(32, 3) -> relu -> max_pool(2) }",
        """
model M {
  input x: f32[B, 32, 32, 3]
  repeat 3 { x = x -> conv(32, 3) -> relu -> max_pool(2) }
  output y = x -> flatten -> dense(10)
}
""",
    ),
    Wrong(
        "heads-loop",
        4,
        "for h in [2, 3, 4] { x = x + (x -> self_attention(h)) }",
        """
model M {
  input x: f32[B, T, 48]
  for h in [2, 3, 5] { x = x + (x -> self_attention(h)) }
  output y = x -> mean(axis=1) -> dense(10)
}
""",
    ),
    Wrong(
        "groups-loop",
        4,
        "for w in [16, 24, 36] { x = x -> conv(w, 3) -> group_norm(4) -> relu }",
        """
model M {
  input x: f32[B, 8, 8, 3]
  for w in [16, 24, 36] { x = x -> conv(w, 3) -> group_norm(8) -> relu }
  output y = x -> global_avg_pool -> dense(10)
}
""",
    ),
    Wrong(
        "block-positional",
        10,
        "output y = (x, m) -> Mix",
        """
block Mix {
  input a: f32[B, T, D]
  input b: f32[B, D]
  output a + b[:, none]
}
model M {
  input x: f32[B, T, 64]
  m = x -> mean(axis=1)
  output y = (m, x) -> Mix
}
""",
    ),
    Wrong(
        "block-sizes",
        9,
        "output y = (x, x -> dense(64)) -> Add",
        """
block Add {
  input a: f32[B, T, D]
  input b: f32[B, T, D]
  output a + b
}
model M {
  input x: f32[B, T, 64]
  output y = (x, x -> dense(32)) -> Add
}
""",
    ),
    Wrong(
        "if-branches",
        6,
        "output y = h + (x -> dense(128))",
        """
model M {
  param deep: bool = true
  input x: f32[B, 64]
  h = if deep { x -> dense(128) -> relu } else { x }
  output y = h + x
}
""",
    ),
    Wrong(
        "mask-axis",
        5,
        "mask = iota(T)[none, :] < length[:, none]",
        """
model M {
  input x: f32[B, T, 64]
  input length: i32[B]
  mask = iota(T) < length
  output y = x -> self_attention(4, mask=mask)
}
""",
    ),
    Wrong(
        "sum-list",
        5,
        "branches = [x -> conv(16, 1), x -> conv(16, 3), x -> conv(16, 5)]",
        """
model M {
  input x: f32[B, 8, 8, 3]
  branches = [x -> conv(16, 1), x -> conv(16, 3), x -> conv(8, 5)]
  output y = sum(branches)
}
""",
    ),
    Wrong(
        "matmul-vec",
        5,
        "output y = x @ transpose(w)",
        """
model M {
  input x: f32[B, 64]
  input w: f32[B, 64]
  output y = x @ w
}
""",
    ),
    Wrong(
        "outer",
        5,
        "require S == T",
        """
model M {
  input a: f32[B, T]
  input b: f32[B, S]
  output y = a * b
}
""",
    ),
    Wrong(
        "attn-bias",
        7,
        "weight bias: f32[4, 16, 16] = zeros",
        """
model M {
  input x: f32[B, 16, 64]
  q = rearrange(x -> dense(64), "b t (h d) -> b h t d", h=4)
  k = rearrange(x -> dense(64), "b t (h d) -> b h t d", h=4)
  weight bias: f32[4, 8, 8] = zeros
  output s = q @ transpose(k, [0, 1, 3, 2]) + bias
}
""",
    ),
    Wrong(
        "deep-residual-name",
        8,
        "output y = (d + (a -> conv(64, 1, stride=2))) -> relu -> global_avg_pool -> dense(10)",
        """
model M {
  input x: f32[B, 32, 32, 3]
  a = x -> conv(32, 3) -> relu
  b = a -> conv(64, 3, stride=2) -> relu
  c = b -> conv(64, 3) -> relu
  d = c -> conv(64, 3)
  output y = (d + a) -> relu -> global_avg_pool -> dense(10)
}
""",
    ),
    Wrong(
        "avgpool-dense",
        4,
        "output y: f32[B, 10] = x -> conv(32, 3) -> avg_pool(32) -> flatten -> dense(10)",
        """
model M {
  input x: f32[B, 32, 32, 3]
  output y: f32[B, 10] = x -> conv(32, 3) -> avg_pool(32) -> dense(10)
}
""",
    ),
    Wrong(
        "time-dist",
        5,
        "output y: f32[B, 10] = h -> global_avg_pool -> dense(10)",
        """
model M {
  input frames: f32[B, T, 64, 64, 3]
  h = frames -> conv(16, 3, stride=2) -> relu
  output y: f32[B, T, 10] = h -> global_avg_pool -> dense(10)
}
""",
    ),
    Wrong(
        "train-classes",
        5,
        "output logits: f32[B, classes] = image -> flatten -> dense(classes) -> relu",
        """
model M {
  param classes: int = 10
  input image: f32[B, 28, 28, 1]
  output logits: f32[B, classes] = image -> flatten -> dense(100) -> relu
}
train M {
  data = mnist() -> batch(32)
  loss = softmax_cross_entropy(logits, label)
  optimizer = adam(1e-3)
  duration = 1 epoch
}
""",
    ),
    Wrong(
        "label-shape-extra",
        4,
        "output logits = image -> conv(8, 3) -> global_avg_pool -> dense(10)",
        """
model M {
  input image: f32[B, 28, 28, 1]
  output logits = image -> conv(8, 3) -> global_avg_pool(axis=[1, 2]) -> dense(10)
}
""",
    ),
    Wrong(
        "require-value",
        5,
        "output y = x -> Attn(4)",
        """
block Attn {
  param heads: int
  input x: f32[B, T, D]
  require D % heads == 0, "{heads} heads do not divide {D}"
  output x -> self_attention(heads)
}
model M {
  input x: f32[B, T, 64]
  output y = x -> Attn(6)
}
""",
    ),
    Wrong(
        "where-value",
        9,
        "output y = x -> Attn(8)",
        """
block Attn {
  param heads: int where heads <= 8
  input x: f32[B, T, D]
  output x -> self_attention(heads)
}
model M {
  input x: f32[B, T, 64]
  output y = x -> Attn(16)
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


@pytest.mark.parametrize("wrong", WRONG[::4], ids=lambda wrong: wrong.name)
def test_the_same_in_json_where_its_strings_can_be_edited(wrong: Wrong) -> None:
    file, _ = parse_spec(Source("spec.net", f"netspec 1{wrong.spec}"))
    assert file is not None
    source = Source("spec.json", to_json(file)[0])
    problems = check(source).problems
    edits = [edit for problem in problems for edit in edits_of(problem)]
    assert problems
    assert not edits or not check(Source("spec.json", apply_edits(source, edits))).problems
