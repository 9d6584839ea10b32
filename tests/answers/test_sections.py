"""What a fresh user writes of train, serve, expect, data, masks, weights and shapes: one problem, whose edits say what was meant."""

from __future__ import annotations

import pytest

from netspec.compile import check
from netspec.diagnostics.edits import apply_edits, edits_of
from netspec.record import record
from netspec.source import Source


@record
class Wrong:
    name: str
    line: int
    """Of the problem; line 1 is `netspec 1`."""
    repaired: str
    """A line behind the edits."""
    spec: str


WRONG = (
    Wrong(
        "free-size-none",
        3,
        "input a: f32[B, T, 16]",
        """
model Two {
  input a: f32[None, None, 16]
  input mask: bool[None, None]
  output y = a -> self_attention(4, mask=mask) -> dense(4)
}
""",
    ),
    Wrong(
        "free-size-minus-one",
        3,
        "input image: f32[B, H, W, 3]",
        """
model Two {
  input image: f32[-1, -1, -1, 3]
  output y = image -> conv(4, 3) -> global_avg_pool
}
""",
    ),
    Wrong(
        "free-size-string",
        3,
        "input image: f32[B, 28, 28, 3]",
        """
model Two {
  input image: f32["B", 28, 28, 3]
  output y = image -> conv(4, 3) -> global_avg_pool
}
""",
    ),
    Wrong(
        "claim-none",
        8,
        "logits: f32[B, 10]",
        """
model Digits {
  input image: f32[B, 8, 8, 1]
  output logits = image -> flatten -> dense(64) -> relu -> dense(10)
}

expect Digits {
  logits: f32[none, 10]
}
""",
    ),
    Wrong(
        "input-brackets",
        3,
        "input x: f32[B, 16]",
        """
model Head {
  input x[B, 16]
  output y = x -> dense(4)
}
""",
    ),
    Wrong(
        "weight-brackets",
        4,
        "weight w: f32[16, 4] = normal(0.02)",
        """
model Head {
  input x: f32[B, 16]
  weight w[16, 4] = normal(0.02)
  weight b: f32[4] = zeros
  output y = x @ w + b
}
""",
    ),
    Wrong(
        "initial-normal",
        4,
        "weight w: f32[5, 5] = normal(0.02)",
        """
model Two {
  input x: f32[B, 5]
  weight w: f32[5, 5] = 0.02 * random_normal([5, 5])
  output y = x @ w
}
""",
    ),
    Wrong(
        "initial-uniform",
        4,
        "weight w: f32[5, 5] = uniform(0.2) - 0.1",
        """
model Two {
  input x: f32[B, 5]
  weight w: f32[5, 5] = random_uniform([5, 5], -0.1, 0.1)
  output y = x @ w
}
""",
    ),
    Wrong(
        "initial-full",
        5,
        "weight b: f32[4] = constant(0.1)",
        """
model Head {
  input x: f32[B, 16]
  weight w: f32[16, 4] = glorot_uniform
  weight b: f32[4] = full([4], 0.1)
  output y = x @ w + b
}
""",
    ),
    Wrong(
        "greedy-temperature",
        11,
        "tokens = sample(logits, start=1, stop=2, limit=40, temperature=0.7)",
        """
model Poet {
  dim T <= 64
  input tokens: i32[B, T]
  x = tokens -> embed(256, 32) -> learned_positions(64)
  repeat 2 { x = x + (x -> layer_norm -> self_attention(4, causal=true)) }
  output logits = x -> layer_norm -> dense(256)
}

serve Poet {
  tokens = greedy(logits, start=1, stop=2, limit=40, temperature=0.7)
}
""",
    ),
    Wrong(
        "limit-of-the-model",
        10,
        "serve Poet { tokens = greedy(logits, start=1, stop=2, limit=64) }",
        """
model Poet {
  dim T <= 64
  input tokens: i32[B, T]
  x = tokens -> embed(256, 32) -> sinusoidal_positions
  x = x + (x -> layer_norm -> self_attention(4, causal=true))
  output logits = x -> layer_norm -> dense(256)
}

serve Poet { tokens = greedy(logits, start=1, stop=2) }
""",
    ),
    Wrong(
        "buffer-everywhere",
        6,
        "when train { average = momentum * average + (1.0 - momentum) * mean(x, axis=0) }",
        """
block Centre {
  param momentum: float = 0.99
  input x: f32[B, D]
  buffer average: f32[D] = zeros
  average = momentum * average + (1.0 - momentum) * mean(x, axis=0)
  output x - average
}

model M {
  input x: f32[B, 8]
  output y = x -> Centre -> dense(4)
}
""",
    ),
    Wrong(
        "channels-first-fed",
        3,
        "input image: f32[B, 32, 32, 3]",
        """
model Cifar {
  input image: f32[B, 3, 32, 32]
  x = image -> conv(16, 3) -> relu -> max_pool(2)
  x = x -> conv(32, 3) -> relu -> global_avg_pool
  output logits = x -> dense(10)
}

train Cifar {
  data = cifar10() -> flip -> shuffle -> batch(128)
  loss = softmax_cross_entropy(logits, label)
  optimizer = sgd(0.1, momentum=0.9)
  duration = 20 epochs
}
""",
    ),
    Wrong(
        "image-without-batch-fed",
        3,
        "input image: f32[B, 28, 28, 1]",
        """
model Mnist {
  input image: f32[28, 28, 1]
  output logits = image -> conv(8, 3) -> relu -> max_pool(2) -> flatten -> dense(10)
}

train Mnist {
  data = mnist() -> shuffle -> batch(64)
  loss = softmax_cross_entropy(logits, label)
  optimizer = adam(1e-3)
  duration = 1 epoch
}
""",
    ),
    Wrong(
        "tokens-without-batch",
        3,
        "input tokens: i32[B, T]",
        """
model M {
  input tokens: i32[T]
  output logits = tokens -> embed(100, 8) -> gru(16) -> dense(3)
}
""",
    ),
    Wrong(
        "last-step",
        6,
        "output logits = last(h, length) -> dense(2)",
        """
model Sentiment {
  input tokens: i32[B, T]
  input length: i32[B]
  h = tokens -> embed(5_000, 64) -> lstm(64, lengths=length)
  output logits = h[:, -1] -> dense(2)
}
""",
    ),
    Wrong(
        "last-step-twice",
        6,
        "output b = last(h, length) -> dense(3)",
        """
model Cls {
  input tokens: i32[B, T]
  input length: i32[B]
  h = tokens -> embed(5_000, 64) -> lstm(32, lengths=length)
  output a = h[:, -1] -> dense(2)
  output b = h[:, -1] -> dense(3)
}
""",
    ),
    Wrong(
        "last-by-mask",
        6,
        "output logits = last(x, sum(cast(mask, i32), axis=-1)) -> dense(2)",
        """
model Cls {
  input tokens: i32[B, T]
  mask = tokens != 0
  x = tokens -> embed(5_000, 64) -> self_attention(4, mask=mask)
  output logits = x[:, -1] -> dense(2)
}
""",
    ),
    Wrong(
        "mean-over-padding",
        7,
        "output logits = h -> global_avg_pool(mask=iota(T)[none, :] < length[:, none]) -> dense(2)",
        """
model Cls {
  input tokens: i32[B, T]
  input length: i32[B]
  x = tokens -> embed(5_000, 64)
  h = x -> gru(32, lengths=length)
  output logits = h -> mean(axis=1) -> dense(2)
}
""",
    ),
    Wrong(
        "max-over-padding",
        6,
        "output logits = global_max_pool(x, mask=mask) -> dense(2)",
        """
model Cls {
  input tokens: i32[B, T]
  mask = tokens != 0
  x = tokens -> embed(5_000, 64) -> self_attention(4, mask=mask)
  output logits = max(x, axis=1) -> dense(2)
}
""",
    ),
    Wrong(
        "attention-without-mask",
        6,
        "x = x -> self_attention(4, mask=mask) -> layer_norm",
        """
model Cls {
  input tokens: i32[B, T]
  mask = tokens != 0
  x = tokens -> embed(5_000, 64) -> self_attention(4, mask=mask) -> layer_norm
  x = x -> self_attention(4) -> layer_norm
  output logits = x -> global_avg_pool(mask=mask) -> dense(2)
}
""",
    ),
    Wrong(
        "recurrence-without-lengths",
        5,
        "x = tokens -> embed(5_000, 64) -> lstm(32, lengths=length) -> lstm(32, reverse=true, lengths=length)",
        """
model Cls {
  input tokens: i32[B, T]
  input length: i32[B]
  x = tokens -> embed(5_000, 64) -> lstm(32, lengths=length) -> lstm(32, reverse=true)
  output logits = last(x, length) -> dense(2)
}
""",
    ),
    Wrong(
        "loss-without-mask",
        10,
        "loss = softmax_cross_entropy(tags, tag, mask=iota(T)[none, :] < length[:, none])",
        """
model Tagger {
  input tokens: i32[B, T]
  input length: i32[B]
  output tags = tokens -> embed(500, 32) -> lstm(32, lengths=length) -> dense(9)
}

train Tagger {
  data = arrays(fields={tokens: i32[T], length: i32[], tag: i32[T]}) -> shuffle -> batch(32)
  loss = softmax_cross_entropy(tags, tag)
  optimizer = adam(1e-3)
  duration = 10 epochs
}
""",
    ),
    Wrong(
        "huber-beta",
        9,
        "loss = huber(y, price, delta=2.0)",
        """
model House {
  input x: f32[B, 13]
  output y = (x -> dense(32) -> relu -> dense(1))[:, 0]
}

train House {
  data = csv("houses.csv", fields={x: f32[13], price: f32[]}) -> shuffle -> batch(16)
  loss = huber(y, price, beta=2.0)
  optimizer = adam(1e-2)
  duration = 10 epochs
}
""",
    ),
    Wrong(
        "step-gamma",
        10,
        "optimizer = sgd(exponential(0.1, every=3 epochs, rate=0.1, staircase=true))",
        """
model House {
  input x: f32[B, 13]
  output y = (x -> dense(32) -> relu -> dense(1))[:, 0]
}

train House {
  data = csv("houses.csv", fields={x: f32[13], price: f32[]}) -> shuffle -> batch(16)
  loss = mean_squared_error(y, price)
  optimizer = sgd(step(0.1, step_size=3, gamma=0.1))
  duration = 10 epochs
}
""",
    ),
    Wrong(
        "one-hot-classes",
        10,
        "loss = softmax_cross_entropy(logits, one_hot(label, classes=10))",
        """
model Digits {
  param classes: int = 10
  input image: f32[B, 8, 8, 1]
  output logits = image -> flatten -> dense(32) -> relu -> dense(classes)
}

train Digits {
  data = digits() -> shuffle -> batch(32)
  loss = softmax_cross_entropy(logits, one_hot(label))
  optimizer = adam(1e-3)
  duration = 10 epochs
}
""",
    ),
    Wrong(
        "l2-pattern",
        9,
        'loss = softmax_cross_entropy(logits, label) + 1e-4 * l2(params("**"))',
        """
model Digits {
  input image: f32[B, 8, 8, 1]
  output logits = image -> flatten -> dense(32) -> relu -> dense(10)
}

train Digits {
  data = digits() -> shuffle -> batch(32)
  loss = softmax_cross_entropy(logits, label) + 1e-4 * l2("**")
  optimizer = adam(1e-3)
  duration = 10 epochs
}
""",
    ),
    Wrong(
        "batch-in-fields",
        8,
        'data = csv("houses.csv", fields={x: f32[13], price: f32[]}) -> shuffle -> batch(16)',
        """
model House {
  input x: f32[B, 13]
  output y = (x -> dense(32) -> relu -> dense(1))[:, 0]
}

train House {
  data = csv("houses.csv", fields={x: f32[B, 13], price: f32[B]}) -> shuffle -> batch(16)
  loss = mean_squared_error(y, price)
  optimizer = adam(1e-3)
  duration = 10 epochs
}
""",
    ),
    Wrong(
        "inner-value-in-loss",
        10,
        "output h = image -> flatten -> dense(32) -> relu",
        """
model Digits {
  input image: f32[B, 8, 8, 1]
  h = image -> flatten -> dense(32) -> relu
  output logits = h -> dense(10)
}

train Digits {
  data = digits() -> shuffle -> batch(32)
  loss = softmax_cross_entropy(logits, label) + 0.01 * mean(h * h)
  optimizer = adam(1e-3)
  duration = 10 epochs
}
""",
    ),
)


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.name)
def test_one_problem_whose_edits_write_what_was_meant(wrong: Wrong) -> None:
    source = Source("spec.net", f"netspec 1{wrong.spec}")
    (problem,) = check(source).problems
    assert problem.at.line == wrong.line
    text = apply_edits(source, edits_of(problem))
    assert wrong.repaired in map(str.strip, text.splitlines())
    assert problem.help() and not check(Source("spec.net", text)).problems
