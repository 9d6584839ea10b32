"""Messages whose next step was missing or failed: each spec is one problem, and its edits make the line that is wanted, in a clean file."""

from __future__ import annotations

import pytest

import netspec
from netspec.diagnostics.edits import apply_edits, edits_of
from netspec.source import Source

MODEL = "netspec 1\n\nmodel M {{\n  {}\n}}\n"
TRAIN = """netspec 1

model M {{
  input x: f32[B, 4]
  h = x -> dense(8) -> relu
  when train {{ output b = h[:, :4] }}
  output a = h -> dense(4)
}}

train M {{
  data = arrays({}) -> shuffle -> batch(8)
  loss = {}
  optimizer = adam(0.001)
  duration = 10 epochs
}}
"""
LOSS = "softmax_cross_entropy(a, label)"
FIELDS = "{x: f32[4], label: i32[]}"


def model(*lines: str) -> str:
    return MODEL.format("\n  ".join(lines))


def train(fields: str = FIELDS, loss: str = LOSS) -> str:
    return TRAIN.format(fields, loss)


VECTOR, STEPS, HEADS = "input x: f32[B, 4]", "input x: f32[B, T, 8]", "input x: f32[B, T, 2, 8]"
WEIGHT = ("input x: f32[B, 8]", "output y = x * v")

REPAIRED = {
    "a layer used twice": (model(VECTOR, "f = dense(2)", "a = x -> f", "output y = f(x) + a"), "shared f = dense(2)"),
    "an average of a layer": (
        model(VECTOR, "q = dense(2)", "target = q.average(0.99)", "a = x -> q", "b = x -> target", "output y = a - b"),
        "shared target = q.average(0.99)",
    ),
    "a copy of now and then": (
        model(VECTOR, "shared q = dense(2)", "shared t = q.average(0, every=100)", "a = x -> q", "b = x -> t", "output y = a - b"),
        "shared t = q.average(0.99)",
    ),
    "positions": (model(HEADS, "output y = x -> rope"), "rope(position=iota(T))"),
    "positions of the body": (model(HEADS, "input t: i32[B, T]", "output y = x -> rope"), "rope(position=t)"),
    "a number for a tensor": (model(STEPS, "output y = x -> linear_recurrence(decay=0.9)"), "decay=full([], 0.9)"),
    "a number in the place": (model(STEPS, "output y = x -> linear_recurrence(0.9)"), "linear_recurrence(decay=full([], 0.9))"),
    "a type without brackets": (train("{x: f32[4], label: i32}"), "label: i32[]}"),
    "a type with the batch": (train("{x: f32[B, 4], label: i32[]}"), "x: f32[4],"),
    "a type in quotes": (train('{x: f32[4], label: "i32"}'), "label: i32[]}"),
    "a divided sum": (
        train(loss="(softmax_cross_entropy(a, label) + 0.3 * softmax_cross_entropy(b, label)) / 1.3"),
        "softmax_cross_entropy(a, label) / 1.3 + 0.3 * softmax_cross_entropy(b, label) / 1.3",
    ),
    "dropout of a phase": (model(VECTOR, "if training { x = x -> dropout(0.5) }", "output y = x -> dense(2)"), "  x = x -> dropout(0.5)\n"),
    "a phase": (model(VECTOR, "if self.training:", "    x = x -> relu", "output y = x -> dense(2)"), "when train { x = x -> relu }"),
    "two phases": (
        model(VECTOR, "if training { x = x -> relu } else { x = 2.0 * x }", "output y = x -> dense(2)"),
        "when eval { x = 2.0 * x }\n  when serve { x = 2.0 * x }",
    ),
    "numbers that count": (model(WEIGHT[0], "weight v: f32[8] = log(arange(1, 9))", WEIGHT[1]), "log(linspace(1, 8))"),
    "draws": (model(WEIGHT[0], "weight v: f32[8] = 0.1 * random_normal([8])", WEIGHT[1]), "normal(0.1)"),
    "an index in full": (
        model("input x: i32[B]", "repeat 50 as t { x = x + full([B], 49 - t) }", "output y = x"),
        "broadcast_to(49 - t, [B])",
    ),
    "an index of a list": (
        model(VECTOR, "param betas: list[float] = [0.1, 0.2]", "repeat 2 as t { x = x * betas[t] }", "output y = x"),
        "buffer table: f32[len(betas)] = from_values(betas)\n  repeat 2 as t { x = x * table[t] }",
    ),
    "a root of an index": (model(VECTOR, "repeat 2 as i { x = x * sqrt(i + 1) }", "output y = x"), "sqrt(cast(i + 1, f32))"),
    "rotary positions": (model("input x: f32[B, T, 64]", "output y = x -> self_attention(8, rotary=true)"), "rotary=rope)"),
    "the base of positions": (
        model("input x: f32[B, T, 64]", "output y = x -> self_attention(8, rotary=rope(base=500.0))"),
        "rope(theta=500.0)",
    ),
}


@pytest.mark.parametrize("case", REPAIRED)
def test_a_problem_is_repaired_by_its_edits(case: str) -> None:
    spec, right = REPAIRED[case]
    problems = netspec.check(Source("spec.net", spec)).problems
    assert len(problems) == 1, [p.message() for p in problems]
    text = apply_edits(Source("spec.net", spec), edits_of(problems[0]))
    assert right in text
    assert not netspec.check(text).problems


def test_an_input_without_a_fitting_tensor_is_described() -> None:
    (problem,) = netspec.check(model("input x: f32[B, 8, 8, 3]", "output y = x -> crop")).problems
    assert problem.help() == "`like` is a tensor with the sizes that are wanted, [batch, space…, channels of its own]: write `crop(like=…)`"


def test_a_foreign_argument_names_what_else_is_needed() -> None:
    (problem,) = netspec.check(model("input x: f32[B, T, 64]", "output y = x -> moe(num_experts=8)")).problems
    assert "`moe(experts=8, hidden=…)`" in (problem.help() or "")
