"""Calls as people write them who come from elsewhere: one problem each, and edits behind which the file is clean."""

from __future__ import annotations

import shutil
from pathlib import Path

from netspec import check
from netspec.diagnostics.edits import apply_edits, edits_of
from netspec.record import record
from netspec.source import Source
from netspec.testing.checks import hold
from tests.answers.test_answers import HERE

IMAGE = "model M {{\n  input x: f32[B, 32, 32, 3]\n  output y = x -> {} -> global_avg_pool -> dense(10)\n}}\n"
VECTOR = "model M {{\n  input x: f32[B, 20]\n  output y = x -> {} -> dense(3)\n}}\n"
TOKENS = "model M {{\n  dim T <= 64\n  input ids: i32[B, T]\n  x = ids -> embed(100, 32)\n  output y = x -> {} -> dense(3)\n}}\n"
STEPS = "model M {{\n  input x: f32[B, 20]\n  {}\n  output y = h -> dense(3)\n}}\n"
LOOP = """model M {{
  param widths: list[int] = [8, 16, 8, 4]
  input x: f32[B, 4]
  y = x -> dense(widths[0]) -> dense(4)
  {}
  output z = y
}}
"""
BLOCK = """block Mlp {{
  param hidden: int
  param act: layer = relu
  input x: f32[B, D]
  output x -> dense(hidden) -> act -> dense(D)
}}

model M {{
  input x: f32[B, 20]
  output y = x -> {}
}}
"""
WEIGHT = """block S {{
  input x: f32[B, C]
  weight g: f32[C] = {}
  output x * g
}}

model M {{
  input x: f32[B, 4]
  output z = x -> S
}}
"""
MASKED = "model M {{\n  input ids: i32[B, T]\n  input length: i32[B]\n  x = ids -> embed(100, 32) -> {}\n  output y = x -> dense(2)\n}}\n"
TRAIN = """model D {{
  input image: f32[B, 8, 8, 1]
  output logits = image -> flatten -> dense(10)
}}

train D {{
  data = digits() -> shuffle -> {}
  loss = {}
  metric accuracy = accuracy(logits, label)
  optimizer = {}
  duration = 3 epochs
}}
"""
LOSS = "softmax_cross_entropy(logits, label)"


def optimizer(code: str) -> str:
    return TRAIN.format("batch(32)", LOSS, code)


@record
class Wrong:
    """A spec with one mistake, and what stands in it behind the edits."""

    spec: str
    right: str

    def __str__(self) -> str:
        return self.right


ARGUMENTS = [
    Wrong(VECTOR.format('dense(64, activation="relu") -> dense(8, activation="relu")'), "dense(64) -> relu -> dense(8) -> relu"),
    Wrong(VECTOR.format('dense(units=64, act="gelu", name="fc1")'), "fc1: dense(features=64) -> gelu"),
    Wrong(VECTOR.format('dense(64, activation="linear")'), "x -> dense(64) -> dense(3)"),
    Wrong(VECTOR.format("dense(64, activation=nn.leaky_relu(0.1))"), "dense(64) -> leaky_relu(0.1)"),
    Wrong(STEPS.format('h = dense(x, 64, activation="tanh")'), "h = tanh(dense(x, 64))"),
    Wrong(VECTOR.format('dense(64, kernel_initializer="he_normal", bias_initializer="zeros")'), "kernel_init=he_normal, bias_init=zeros"),
    Wrong(VECTOR.format('dense(64, use_bias=false, input_shape=(20,), dtype="float32")'), "dense(64, bias=false)"),
    Wrong(VECTOR.format("dense(out_features=64, in_features=20)"), "dense(features=64)"),
    Wrong(VECTOR.format("dense(64, relu)"), "dense(64) -> relu"),
    Wrong(VECTOR.format("dense(20, 64)"), "dense(64) -> dense(3)"),
    Wrong(
        IMAGE.format('conv(filters=32, kernel_size=(3, 3), strides=2, padding="same")'),
        'features=32, kernel=[3, 3], stride=2, padding="SAME"',
    ),
    Wrong(IMAGE.format("conv(64, (3, 3), stride=(2, 2))"), "conv(64, [3, 3], stride=[2, 2])"),
    Wrong(IMAGE.format('conv(8, 3, padding_mode="reflect")'), 'padding="REFLECT"'),
    Wrong(IMAGE.format("conv(8, 3) -> max_pool(pool_size=(2, 2), strides=2)"), "max_pool(window=[2, 2], stride=2)"),
    Wrong(IMAGE.format("batch_norm(affine=false)"), "batch_norm(scale=false, bias=false)"),
    Wrong(IMAGE.format("conv(8, 3) -> dropout(keep_prob=0.9)"), "dropout(rate=0.1)"),
    Wrong(TOKENS.format("self_attention(embed_dim=32, num_heads=4, batch_first=true)"), "self_attention(heads=4)"),
    Wrong(TOKENS.format("lstm(input_size=32, hidden_size=64, num_layers=2)"), "lstm(features=64, layers=2)"),
    Wrong(TOKENS.format("lstm(64, return_sequences=false)"), "take([-1], axis=1) -> squeeze(1)"),
    Wrong(TOKENS.format("lstm(64, bidirectional=true)"), "bidirectional(lstm_cell(64))"),
    Wrong(TOKENS.format('gelu(approximate="tanh")'), "gelu(approximate=true)"),
    Wrong(optimizer("adam(lr=1e-3, betas=(0.9, 0.99))"), "adam(learning_rate=1e-3, b1=0.9, b2=0.99)"),
    Wrong(optimizer("adam(1e-3, weight_decay=0.1)"), "adamw(1e-3, weight_decay=0.1)"),
    Wrong(optimizer("sgd(0.1, weight_decay=5e-4)"), "add_decayed_weights(5e-4) -> sgd(0.1)"),
    Wrong(optimizer("adam(1e-3, clipnorm=1.0)"), "clip_by_global_norm(1.0) -> adam(1e-3)"),
    Wrong(TRAIN.format("batch(32, drop_last=true)", LOSS, "adam(1e-3)"), 'batch(32, partial="drop")'),
    Wrong(TRAIN.format("batch(32)", "softmax_cross_entropy(logits, label, from_logits=true)", "adam(1e-3)"), f"loss = {LOSS}"),
    Wrong(BLOCK.format("Mlp(units=64)"), "Mlp(hidden=64)"),
    Wrong(BLOCK.format("Mlp(64, hidden=32)"), "Mlp(64)"),
    Wrong(BLOCK.format("Mlp()"), "Mlp(64)"),
    Wrong(BLOCK.format("Mlp(gelu, 64)"), "Mlp(64, gelu)"),
]
VALUES = [
    Wrong(IMAGE.format('conv("64", "3")'), "conv(64, 3)"),
    Wrong(IMAGE.format("conv([64], 3)"), "conv(64, 3)"),
    Wrong(IMAGE.format("conv(64.0, 3)"), "conv(64, 3)"),
    Wrong(IMAGE.format("conv(64, 3, stride=0)"), "stride=1"),
    Wrong(IMAGE.format("conv(8, [3, 0])"), "[3, 1]"),
    Wrong(IMAGE.format("conv(8, 3, bias=0)"), "bias=false"),
    Wrong(IMAGE.format("conv(8, 3, bias_init=0)"), "bias_init=zeros"),
    Wrong(IMAGE.format("dropout(50)"), "dropout(0.5)"),
    Wrong(VECTOR.format("batch_norm(20)"), "x -> batch_norm -> dense"),
    Wrong(TOKENS.format('lstm(64, activation="tanh")'), "activation=tanh"),
    Wrong(TOKENS.format("self_attention(5)"), "self_attention(4)"),
    Wrong(WEIGHT.format("1e-6"), "= constant(1e-6)"),
    Wrong(WEIGHT.format('"ones"'), "= ones"),
    Wrong(WEIGHT.format("zeros([C])"), "= zeros"),
    Wrong(optimizer('adam("1e-3")'), "adam(1e-3)"),
    Wrong(optimizer("sgd(step(0.1, at=[30, 60], to=[0.01, 0.001]))"), "at=[30 steps, 60 steps]"),
    Wrong(optimizer("sgd(step(0.1, at=[1 epoch, 2 epochs], to=[0.01]))"), "to=[0.01, 0.001]"),
    Wrong(optimizer("sgd(step(0.1, at=1 epoch, to=0.01))"), "at=[1 epoch], to=[0.01]"),
    Wrong(BLOCK.format('Mlp("64")'), "Mlp(64)"),
    Wrong(BLOCK.format('Mlp(64, act="gelu")'), "act=gelu"),
    Wrong(LOOP.format("y = y -> dense(widths[4])"), "widths[3]"),
    Wrong(LOOP.format("for i in range(5) { y = y -> dense(widths[i]) }"), "range(len(widths))"),
]
OPS = [
    Wrong(VECTOR.format("Linear(20, 64)"), "dense(64)"),
    Wrong(VECTOR.format('Dense(64, activation="relu")'), "dense(64) -> relu"),
    Wrong(VECTOR.format("dense(8) -> LeakyReLU(0.1)"), "leaky_relu(0.1)"),
    Wrong(VECTOR.format("dense(8, bias=false) -> BatchNorm1d(8)"), "dense(8, bias=false) -> batch_norm -> dense"),
    Wrong(VECTOR.format('dense(8) -> Activation("relu")'), "dense(8) -> relu"),
    Wrong(VECTOR.format("dense(8) -> gelu_new"), "gelu"),
    Wrong(IMAGE.format("nn.Conv2d(3, 64, 3, padding=1)"), "conv(64, 3, padding=1)"),
    Wrong(IMAGE.format('Conv2D(64, (3, 3), padding="same", activation="relu")'), 'conv(64, [3, 3], padding="SAME") -> relu'),
    Wrong(IMAGE.format("MaxPooling2D(pool_size=(2, 2))"), "max_pool(window=[2, 2])"),
    Wrong(TOKENS.format("MultiheadAttention(32, 4)"), "self_attention(4)"),
    Wrong(TOKENS.format("GRU(32, 64, 2)"), "gru(64, layers=2)"),
    Wrong(TOKENS.format("nn.LayerNorm(32, eps=1e-6)"), "layer_norm(epsilon=1e-6)"),
    Wrong(optimizer("AdamW(lr=1e-3, weight_decay=0.01)"), "adamw(learning_rate=1e-3, weight_decay=0.01)"),
]
INPUTS = [
    Wrong(TRAIN.format("batch(32)", "softmax_cross_entropy(label, logits)", "adam(1e-3)"), f"loss = {LOSS}"),
    Wrong(TRAIN.format("batch(32)", "(label, logits) -> softmax_cross_entropy", "adam(1e-3)"), "(logits, label) -> softmax_cross_entropy"),
    Wrong(STEPS.format("h = dense(64, x)"), "h = dense(x, 64)"),
    Wrong(STEPS.format("h = reshape([B, 20], x)"), "h = reshape(x, [B, 20])"),
    Wrong(STEPS.format("h = where(x, x > 0.0, 0.0)"), "where(x > 0.0, x, 0.0)"),
    Wrong(VECTOR.format("dense(8)").replace("f32", "i32"), "dense(8)"),
    Wrong(MASKED.format("self_attention(4, mask=length)"), "mask=iota(T)[none, :] < length[:, none]"),
    Wrong(MASKED.format("self_attention(4, key_padding_mask=length)"), "mask=iota(T)[none, :] < length[:, none]"),
    Wrong(MASKED.format("lstm(8, mask=length)"), "lengths=length"),
]
LOOPS = [
    Wrong(LOOP.format("repeat 4 as i { y = y + (y -> dense(widths[i]) -> dense(4)) }"), "for i in range(4) {"),
    Wrong(LOOP.format("repeat 4 as i { y = y + (y -> dense(2 ** i) -> dense(4)) }"), "for i in range(4) {"),
]
IMPORTING = 'netspec 1\n\nimport Mlp from "{}"\n\nmodel M {{\n  input x: f32[B, 16]\n  output y = x -> Mlp(factor=2)\n}}\n'


def repaired_once(wrong: Wrong) -> None:
    """One report, at a line that the repair changes or names; what its edits make of the file is clean, and what was meant."""
    text = f"netspec 1\n\n{wrong.spec}"
    source = Source("spec.net", text)
    problems = check(source).problems
    assert len(problems) == 1, [problem.message() for problem in problems]
    mended = apply_edits(source, edits_of(problems[0]))
    assert wrong.right in mended, mended
    assert problems[0].help()
    left = check(Source("spec.net", mended)).problems
    assert not left, [problem.message() for problem in left]


def test_arguments() -> None:
    hold([repaired_once], *ARGUMENTS)


def test_values() -> None:
    hold([repaired_once], *VALUES)


def test_ops_of_elsewhere() -> None:
    hold([repaired_once], *OPS)


def test_inputs() -> None:
    hold([repaired_once], *INPUTS)


def test_indices_of_repeat() -> None:
    hold([repaired_once], *LOOPS)


def test_a_missing_file_is_the_nearest_one(tmp_path: Path) -> None:
    """Imports that name no file: one that is called nearly so, without its suffix, in another folder, or that defines what is imported."""
    shutil.copy(HERE / "parts.net", tmp_path)
    for path in ("part.net", "parts", "lib/parts.net", "layers.net"):
        spec = tmp_path / "m.net"
        spec.write_text(IMPORTING.format(path))
        checked = check(spec)
        (problem,) = checked.problems
        spec.write_text(apply_edits(checked.source, edits_of(problem)))
        assert spec.read_text() == IMPORTING.format("parts.net")
        assert check(spec).ok
