"""Sixty wrong specs as people from elsewhere write them, each with what its edits must write: values, brackets, headers, calls, JSON."""

from __future__ import annotations

import pytest

from netspec import check
from netspec.diagnostics.edits import apply_edits, edits_of
from netspec.source import Source

TEXTS: list[tuple[str, str, str]] = [
    (
        "missing-close",
        """model M {
  input image: f32[B, 28, 28, 1]
  x = image -> conv(32, 3, stride=2 -> relu
  x = x -> flatten
  output logits = x -> dense(10)
}
""",
        "conv(32, 3, stride=2) -> relu",
    ),
    (
        "unclosed-brace-mid",
        """model M {
  input image: f32[B, 8, 8, 1]
  x = image -> conv(32, 3, stride=2) -> relu
  output logits = x -> flatten -> dense(10)

train M {
  data = digits() -> shuffle -> batch(32)
  loss = softmax_cross_entropy(logits, label)
  optimizer = adam(1e-3)
  duration = 3 epochs
}
""",
        "dense(10)\n}\n",
    ),
    (
        "dash-name",
        """model M {
  input x: f32[B, 20]
  hidden-layer = x -> dense(64) -> relu
  output logits = hidden-layer -> dense(3)
}
""",
        "hidden_layer -> dense(3)",
    ),
    (
        "type-paren",
        """model M {
  input x: f32(B, 20)
  h = x -> dense(64) -> relu
  output logits = h -> dense(3)
}
""",
        "x: f32[B, 20]",
    ),
    (
        "none-batch",
        """model M {
  input x: f32[None, 20]
  h = x -> dense(64) -> relu
  output logits = h -> dense(3)
}
""",
        "f32[B, 20]",
    ),
    (
        "torch-cat-dim",
        """model M {
  input a: f32[B, 8]
  input b: f32[B, 8]
  h = cat([a, b], dim=1)
  output logits = h -> dense(3)
}
""",
        "concat([a, b], axis=1)",
    ),
    (
        "dollar-string",
        """model M {
  input x: f32[B, 32, 32, 3]
  h = x -> conv(16, 3, padding='same') -> relu
  output y = h -> global_avg_pool -> dense(2)
}
""",
        'padding="SAME"',
    ),
    (
        "block-args",
        """block Res(width: int) {
  input x: f32[B, D]
  output x + (x -> dense(width) -> relu -> dense(D))
}

model M {
  input x: f32[B, 20]
  output y = x -> Res(64) -> dense(3)
}
""",
        "block Res {\n  param width: int\n",
    ),
    (
        "model-args",
        """model M(x: f32[B, 20]) {
  h = x -> dense(64) -> relu
  output y = h -> dense(3)
}
""",
        "model M {\n  input x: f32[B, 20]\n",
    ),
    (
        "input-equals",
        """model M {
  input x = f32[B, 20]
  output y = x -> dense(64) -> relu -> dense(3)
}
""",
        "input x: f32[B, 20]",
    ),
    (
        "output-colon",
        """model M {
  input x: f32[B, 20]
  h = x -> dense(64) -> relu -> dense(3)
  output: h
}
""",
        "output h\n",
    ),
    (
        "input-keras-shape",
        """model M {
  input x: (B, 20)
  output y = x -> dense(64) -> relu -> dense(3)
}
""",
        "input x: f32[B, 20]",
    ),
    (
        "two-inputs-oneline",
        """model M {
  input a, b: f32[B, 20]
  output y = a + b -> dense(3)
}
""",
        "input a: f32[B, 20]\n  input b: f32[B, 20]\n",
    ),
    (
        "float-for-int",
        """model M {
  param width: int = 96
  input x: f32[B, 20]
  output y = x -> dense(width / 2) -> relu -> dense(3)
}
""",
        "dense(width // 2)",
    ),
    (
        "number-comma",
        """model M {
  input tokens: i32[B, T]
  output y = tokens -> embed(30,000, 64) -> layer_norm
}
""",
        "embed(30_000, 64)",
    ),
    (
        "pos-after-kw",
        """model M {
  input x: f32[B, 32, 32, 3]
  h = x -> conv(features=16, 3) -> relu
  output y = h -> global_avg_pool -> dense(2)
}
""",
        "conv(16, 3)",
    ),
    (
        "pad-number",
        """model M {
  input x: f32[B, 32, 32, 3]
  h = x -> conv(16, 3, pad=1) -> relu
  output y = h -> global_avg_pool -> dense(2)
}
""",
        "padding=1",
    ),
    (
        "permute",
        """model M {
  input x: f32[B, 3, 32, 32]
  h = permute(x, 0, 2, 3, 1) -> conv(16, 3) -> relu
  output y = h -> global_avg_pool -> dense(2)
}
""",
        "transpose(x, [0, 2, 3, 1])",
    ),
    (
        "transpose-dims",
        """model M {
  input x: f32[B, T, 16]
  k = transpose(x, 1, 2)
  output y = x @ k
}
""",
        "transpose(x, [0, 2, 1])",
    ),
    (
        "unsqueeze",
        """model M {
  input x: f32[B, 16]
  h = unsqueeze(x, 1)
  output y = h -> dense(3)
}
""",
        "expand_dims(x, axis=1)",
    ),
    (
        "repeat-i",
        """model M {
  input x: f32[B, 16]
  h = x
  repeat i in range(4) { h = h -> dense(16) -> relu }
  output y = h -> dense(3)
}
""",
        "repeat 4 { h",
    ),
    (
        "xs-len-method",
        """model M {
  param widths: list[int] = [8, 16]
  input x: f32[B, 16]
  h = x
  for i in range(widths.length) { h = h -> dense(widths[i]) -> relu }
  output y = h -> dense(3)
}
""",
        "range(len(widths))",
    ),
    (
        "param-list-type",
        """model M {
  param widths: List[int] = [8, 16]
  input x: f32[B, 16]
  h = x
  for w in widths { h = h -> dense(w) -> relu }
  output y = h -> dense(3)
}
""",
        "list[int] = [8, 16]",
    ),
    (
        "int-array-type",
        """model M {
  param widths: int[] = [8, 16]
  input x: f32[B, 16]
  h = x
  for w in widths { h = h -> dense(w) -> relu }
  output y = h -> dense(3)
}
""",
        "list[int] = [8, 16]",
    ),
    (
        "optional",
        """model M {
  param rate: Optional[float] = none
  input x: f32[B, 16]
  h = if rate == none { x } else { x -> dropout(rate) }
  output y = h -> dense(3)
}
""",
        "float? = none",
    ),
    (
        "string-plus-block-type",
        """block Act {
  param act: str = "relu"
  input x: f32[B, D]
  output x -> act
}

model M {
  input x: f32[B, 8]
  output y = x -> Act -> dense(3)
}
""",
        "param act: layer = relu",
    ),
    (
        "too-many-args",
        """block Mlp {
  param hidden: int = 32
  input x: f32[B, D]
  output x -> dense(hidden) -> relu -> dense(D)
}

model M {
  input x: f32[B, 8]
  output y = x -> Mlp(8, 64) -> dense(3)
}
""",
        "Mlp(64)",
    ),
    (
        "self-init",
        """model M {
  input x: f32[B, 8]
  self.fc = dense(64)
  output y = x -> self.fc -> relu -> dense(3)
}
""",
        "shared fc = dense(64)",
    ),
    (
        "layer-variable",
        """model M {
  input x: f32[B, 8]
  fc = dense(64)
  h = x -> fc -> relu
  output y = h -> dense(3)
}
""",
        "shared fc = dense(64)",
    ),
    (
        "sequential",
        """model M {
  input x: f32[B, 8]
  output y = x -> Sequential([dense(64), relu, dense(3)])
}
""",
        "x -> dense(64) -> relu -> dense(3)",
    ),
    (
        "list-of-layers-chain",
        """model M {
  input x: f32[B, 8]
  output y = x -> [dense(64), relu, dense(3)]
}
""",
        "x -> dense(64) -> relu -> dense(3)",
    ),
    (
        "add-layer",
        """model M {
  input x: f32[B, 8]
  h = x -> dense(8) -> relu
  output y = Add()([x, h]) -> dense(3)
}
""",
        "(x + h) -> dense(3)",
    ),
    (
        "concatenate",
        """model M {
  input x: f32[B, 8]
  h = x -> dense(8) -> relu
  output y = concatenate([x, h], axis=-1) -> dense(3)
}
""",
        "concat([x, h], axis=-1)",
    ),
    (
        "add-fn",
        """model M {
  input x: f32[B, 8]
  h = x -> dense(8) -> relu
  output y = add(x, h) -> dense(3)
}
""",
        "(x + h) -> dense(3)",
    ),
    (
        "else-missing",
        """model M {
  param drop: bool = true
  input x: f32[B, 8]
  h = x -> dense(16)
  h = if drop { h -> dropout(0.1) }
  output y = h -> dense(3)
}
""",
        "else { h }",
    ),
    (
        "x-times",
        """model M {
  input x: f32[B, 8]
  output y = 2x -> dense(3)
}
""",
        "2 * x -> dense(3)",
    ),
    (
        "dim-in-init",
        """model M {
  input x: f32[B, 16]
  weight w: f32[16, 4] = random_normal(0.02)
  output z = x @ w
}
""",
        "normal(0.02)",
    ),
    (
        "list-bracket",
        """model M {
  input a: f32[B, 8]
  input b: f32[B, 8]
  h = concat([a, b, axis=-1) -> relu
  output y = h -> dense(10)
}
""",
        "[a, b], axis=-1",
    ),
    (
        "missing-arrow",
        """model M {
  input x: f32[B, 32, 32, 3]
  x = x conv(16, 3) -> relu
  output y = x -> global_avg_pool -> dense(10)
}
""",
        "x -> conv(16, 3)",
    ),
    (
        "dot-arrow",
        """model M {
  input x: f32[B, 20]
  h = x -> dense(64).relu()
  output y = h -> dense(10)
}
""",
        "dense(64) -> relu",
    ),
    (
        "eq-eq",
        """model M {
  input x: f32[B, 20]
  h == x -> dense(64) -> relu
  output y = h -> dense(10)
}
""",
        "h = x",
    ),
    (
        "missing-name",
        """model {
  input x: f32[B, 20]
  output y = x -> dense(10)
}
""",
        "model Net {",
    ),
    (
        "inputs",
        """model M {
  inputs x: f32[B, 20]
  output y = x -> dense(10)
}
""",
        "input x",
    ),
    (
        "outputs",
        """model M {
  input x: f32[B, 20]
  h = x -> dense(32) -> relu
  outputs y = h -> dense(10)
}
""",
        "output y",
    ),
    (
        "string-type",
        """block Norm {
  param kind: string = "layer"
  input x: f32[B, D]
  output if kind == "layer" { x -> layer_norm } else { x -> rms_norm }
}

model M {
  input x: f32[B, 20]
  output y = x -> Norm -> dense(10)
}
""",
        "kind: str =",
    ),
    (
        "activation-string-stage",
        """model M {
  input x: f32[B, 20]
  output y = x -> dense(32) -> "relu" -> dense(10)
}
""",
        "-> relu ->",
    ),
    (
        "repeat-unused-x",
        """model M {
  input x: f32[B, 64]
  repeat range(3) { x = x -> dense(64) -> relu }
  output y = x -> dense(10)
}
""",
        "repeat 3 {",
    ),
    (
        "input-tensor",
        """model M {
  input x: Tensor[B, 64]
  output y = x -> dense(10)
}
""",
        "x: f32[B, 64]",
    ),
    (
        "input-notype-sep",
        """model M {
  input x f32[B, 64]
  output y = x -> dense(10)
}
""",
        "input x: f32",
    ),
]
JSON = """{
  "netspec": 1,
  "sections": [
    {
      "kind": "model",
      "name": "M",
      "body": [
        {"kind": "input", "name": "x", "type": "f32[B, 8]"},
        {"kind": "output", "name": "y",
         "value": {"kind": "chain", "head": "x", "stages": [{"kind": "call", "op": "dense", "args": ["10"]}]}}
      ]
    }
  ]
}
"""
"""A right spec, in which one thing is written otherwise."""
TWINS: list[tuple[str, str, str, str]] = [
    ("a number", '["10"]', "[10]", '["10"]'),
    ("no comma", '8]"},', '8]"}', '8]"},'),
    ("no kind", '{"kind": "input", ', "{", '{"kind": "input", '),
    ("a truth value", '["10"]', '["10"], "named": {"bias": false}', '"bias": "false"'),
    ("a string for a list", '["10"]', '"10"', '["10"]'),
    ("a version in quotes", '"netspec": 1', '"netspec": "1"', '"netspec": 1'),
    ("a brace that is missing", '["10"]}]}}', '["10"]}]}', '["10"]}]}}'),
    ("a schedule for a layer", '"dense"', '"linear"', '"dense"'),
    ("a stage by its name", '"stages": [', '"stages": ["relu", ', '[{"kind": "call", "op": "relu"}, '),
    ("an open dim", "f32[B", "f32[None", "f32[B"),
]


@pytest.mark.parametrize(("spec", "meant"), [row[1:] for row in TEXTS], ids=[row[0] for row in TEXTS])
def test_one_problem_whose_edits_write_what_was_meant(spec: str, meant: str) -> None:
    repaired_once(Source("spec.net", f"netspec 1\n\n{spec}"), meant)


@pytest.mark.parametrize(("right", "wrong", "meant"), [row[1:] for row in TWINS], ids=[row[0] for row in TWINS])
def test_the_twin_as_well(right: str, wrong: str, meant: str) -> None:
    assert right in JSON
    repaired_once(Source("spec.json", JSON.replace(right, wrong, 1)), meant)


def repaired_once(source: Source, meant: str) -> None:
    """One problem; its edits make a clean file with the text that was meant."""
    problems = check(source).problems
    assert len(problems) == 1, [problem.message() for problem in problems]
    text = apply_edits(source, edits_of(problems[0]))
    assert meant in text
    assert [problem.message() for problem in check(Source(source.path, text)).problems] == []
    assert problems[0].help()
