"""Where a mask is dropped, and where it is not: what is padded is followed through blocks, loops and objectives."""

from __future__ import annotations

from typing import Any

import pytest

from netspec.compile import check
from netspec.diagnostics.shapes.masks import PaddingTaken
from netspec.source import Source

MODEL = """netspec 1

block Encoder {{
  input x: f32[B, T, D]
  input mask: bool[B, T]
  x = x + (x -> layer_norm -> self_attention(4, mask=mask))
  output x + (x -> layer_norm -> dense(64) -> relu -> dense(D))
}}
block Pooled {{
  input x: f32[B, T, D]
  output mean(x, axis=1)
}}
model M {{
  dim T >= 2
  input tokens: i32[B, T]
  input n: i32[B]
  input weights: f32[B, T]
  mask = tokens != 0
  x = tokens -> embed(1_000, 64)
  repeat 3 {{ x = (x, mask) -> Encoder }}
  {line}
  output _n = n
  output _w = weights
}}
"""
DROPPED = {
    "output y = mean(x, axis=1)": "mean",
    "output y = mean(x)": "mean",
    "output y = x -> relu -> dense(8) -> max(axis=1)": "max",
    "output y = x -> global_max_pool": "global_max_pool",
    "output y = x -> batch_norm": "batch_norm",
    "output y = x -> self_attention(4)": "self_attention",
    "output y = x -> Pooled": "mean",
    "output y = tokens -> embed(50, 3) -> global_avg_pool": "global_avg_pool",
    "output y = softmax(x -> dense(1) -> squeeze(2))": "softmax",
    "output y = sum(sigmoid(x -> dense(64)) * x, axis=1)": "sum",
    'output y = rearrange(x, "b t d -> b d t") -> sum(axis=-1)': "sum",
    'output y = reduce(x, "b t d -> b d", "mean")': "reduce",
    'output y = einsum("btd,bte->bde", x, x)': "einsum",
    "output y = x -> lstm(4, reverse=true)": "lstm",
    "shared back = lstm(4, reverse=true)\n  output y = x -> back": "lstm",
    "output y = mean(x[:, 1:], axis=1)": "mean",
    "output y = mean(stack([x, x], axis=1), axis=2)": "mean",
    "output y = concat([x, x], axis=-1) -> sum(axis=1)": "sum",
    "output y = x -> conv(8, 3)": "conv",
    'output y = x -> conv(8, 2, padding="VALID")': "conv",
    'output y = x -> depthwise_conv(3, padding="CIRCULAR")': "depthwise_conv",
    "output y = x -> conv(8, 3) -> relu -> conv(8, 3)": "conv",
    "output y = x -> max_pool(2)": "max_pool",
    "output y = x -> avg_pool(3, stride=1, padding=1) -> global_avg_pool(mask=mask)": "avg_pool",
    "output y = x[:, -1]": "[]",
    "output y = x[:, T - 1]": "[]",
    "output y = x[:, -2:]": "[]",
    "output y = x -> lstm(4) -> dense(4)\n  output z = y[:, -1, :]": "[]",
    "output y = flip(x, axis=1)": "flip",
    "output y = x[:, ::-1]": "[]",
}
KEPT = [
    "output y = sum(where(mask[:, :, none], x, 0), axis=1)",
    "output y = max(where(mask[:, :, none], x, -inf), axis=1)",
    "output y = sum(x * cast(mask, f32)[:, :, none], axis=1) / sum(cast(mask, f32), axis=1)[:, none]",
    "output y = sum(x * weights[:, :, none], axis=1)",
    "output y = x -> global_avg_pool(mask=mask)",
    "output y = x -> self_attention(4, mask=mask)",
    "output y = x -> self_attention(4, causal=true)",
    "output y = x -> layer_norm -> dense(3) -> softmax",
    "output y = mean(x, axis=-1)",
    "output y = mean(x, axis=0)",
    "output y = x[:, 0]",
    "output y = x -> lstm(4)",
    "output y = x -> lstm(4, reverse=true, lengths=n)",
    'output y = x -> conv(8, 3, padding="CAUSAL")',
    "output y = x -> conv(8, 1)",
    "output y = where(mask[:, :, none], x, 0) -> conv(8, 3) -> global_avg_pool(mask=mask)",
    "output y = x[:, :-1]",
    "output y = last(x, n)",
    "output y = x[:, :, -1]",
    "output y = flip(x, axis=-1)",
    "s = x -> dense(1) -> squeeze(2)\n  output y = sum(softmax(s, mask=mask)[:, :, none] * x, axis=1)",
    "s = x -> dense(1) -> squeeze(2)\n  output y = softmax(where(mask, s, -inf))[:, none, :] @ x",
    "s = x -> dense(1) -> squeeze(2)\n  output y = softmax(s + (1 - cast(mask, f32)) * -1e9)",
    'output y = einsum("bt,btd->bd", cast(mask, f32), x)',
    "y = where(mask[:, :, none], x, 0)\n  output z = y -> self_attention(4, mask=mask)\n  output s = sum(y, axis=1)",
    "output y = mean(where(mask[:, :, none], x, x), axis=1)",
]
TRAINED = """netspec 1

model M {{
  input tokens: i32[B, T]
  input length: i32[B]
  h = tokens -> embed(100, 16) -> lstm(16, lengths=length)
  output logits = h -> dense(7)
  output first = h[:, 0] -> dense(7)
}}
train M {{
  data      = npz("x.npz", fields={{tokens: i32[T], length: i32[], tag: i32[T], kind: i32[]}}) -> shuffle -> {batch}
  let m     = iota(T)[none, :] < length[:, none]
  loss      = {loss}
  optimizer = adam(0.001)
  duration  = 2 epochs
}}
"""


def dropped(text: str) -> list[Any]:
    problems = check(Source("spec.net", text)).problems
    assert all(p.severity == "warning" for p in problems), [p.message() for p in problems]
    return [p for p in problems if isinstance(p, PaddingTaken)]


@pytest.mark.parametrize("line", DROPPED)
def test_padding_that_is_taken_for_elements(line: str) -> None:
    [found] = dropped(MODEL.format(line=line))
    assert found.op == DROPPED[line] and "mask=mask" in found.masked.span.text and found.help()


@pytest.mark.parametrize("line", KEPT)
def test_padding_that_is_left_out_or_harmless(line: str) -> None:
    assert dropped(MODEL.format(line=line)) == []


def test_a_window_and_a_maximum_behind_it_are_both_named() -> None:
    assert [found.op for found in dropped(MODEL.format(line="output y = x -> conv(8, 3) -> max(axis=1)"))] == ["conv", "max"]


LOSSES = {
    "softmax_cross_entropy(logits, tag)": ["softmax_cross_entropy"],
    "mean(softmax_cross_entropy(logits, tag))": ["mean"],
    "sum(softmax_cross_entropy(logits, tag), axis=1)": ["sum"],
    "mean(logits, axis=[1, 2])": ["mean"],
    "softmax_cross_entropy(logits, tag, mask=m)": [],
    "sum(softmax_cross_entropy(logits, tag, mask=m), axis=1)": [],
    "softmax_cross_entropy(logits, tag, mask=tokens != 0)": [],
    "softmax_cross_entropy(first, kind)": [],
}


@pytest.mark.parametrize("loss", LOSSES)
def test_losses_over_padded_outputs(loss: str) -> None:
    assert [found.op for found in dropped(TRAINED.format(loss=loss, batch="batch(32)"))] == LOSSES[loss]


def test_data_of_different_lengths_are_padded_and_one_alone_is_not() -> None:
    text = TRAINED.replace(", lengths=length", "")
    [found] = dropped(text.format(loss="softmax_cross_entropy(logits, tag)", batch="batch(32)"))
    assert "counts" in found.masked.text and "mask=iota(T)[none, :] < length[:, none]" in found.help()
    assert dropped(text.format(loss="softmax_cross_entropy(logits, tag)", batch="batch(1)")) == []


def test_a_mask_over_several_axes_says_nothing_of_padding() -> None:
    text = """netspec 1

model M {
  input x: f32[B, T, 8]
  input allowed: bool[B, T, T]
  output y = mean(x -> self_attention(2, mask=allowed), axis=1)
}
"""
    assert dropped(text) == []


def test_a_problem_elsewhere_is_reported_first() -> None:
    text = MODEL.format(line="output y = mean(x, axis=1)\n  output z = x -> dens(3)")
    assert [p.slug() for p in check(Source("spec.net", text)).problems] == ["unknown-name"]
