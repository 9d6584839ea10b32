"""Specs as people write them who come from Python, Keras, PyTorch, JavaScript, Rust, Julia or YAML: one problem each, and the edits that it
carries make the file clean.
"""

from __future__ import annotations

from pathlib import Path

import pytest

import netspec
from netspec.diagnostics.edits import apply_edits, edits_of
from netspec.source import Source

OF_A_VECTOR = [
    "  n = 20\n  n++\n  output z = x -> dense(n)",
    "  h = Dense(64)(x)\n  h = Dropout(0.1)(h)\n  output y = Dense(3)(h)",
    "  output y = dense(3)(relu(dense(64)(x)))",
    "  output y = x + dense(20)(layer_norm(x))",
    "  output y = x + Dense(20)(LayerNormalization()(x))",
    "  a = dense(4)(x)\n  b = dense(4)(x)\n  output y = Concatenate()([a, b])",
    "  h = nn.Dense(64)(x)\n  h = nn.relu(h)\n  output y = nn.Dense(3)(h)",
    "  output y = Sequential([Dense(64), ReLU(), Dense(3)])(x)",
    "  output y = nn.Sequential(dense(64), relu, dense(3))(x)",
    "  h = tf.keras.layers.Dense(64)(x)\n  output y = tf.nn.relu(h)",
    "  output y = x | dense(64) | relu | dense(3)",
    "  output y = x |> dense(64) |> relu |> dense(3)",
    "  output y = x >> dense(64) >> relu >> dense(3)",
    "  output y = x\n    |> dense(64)\n    |> relu",
    "  output y = x\n    >> dense(64)\n    >> relu",
    "  output y = x --> dense(64) --> relu",
    "  output y = x %>% dense(64)",
    "  output y = x => dense(64) => relu",
    "  output y = x ^ 2",
    "  h <- x -> dense(3)\n  output y = h",
    "  h := x -> dense(3)\n  output y = h",
    "  output y = x.mean(1)",
    "  h = x -> dense(8)\n  output y = h.mean(dim=1)",
    "  output y = x - x.mean(-1, keepdim=True)",
    "  output y = (x -> dense(3)).mean()",
    "  output y = (x * x).sum(-1)",
    "  output y = x.T",
    "  output y = x.unsqueeze(1)",
    "  output y = x.dense(64).relu().dense(3)",
    "  h = x -> dense(4)\n  output y = h.relu()",
    "  output y = x -> dense(x.shape[-1])",
    "  output y = x -> dense(x.shape[1] // 2)",
    "  output y = x -> dense(x.size(1))",
    "  output y = x.float()",
    "  output y = x.astype(jnp.float16)",
    "  output y = x\n    .dense(64)\n    .relu()",
    "  output y = x.softmax(dim=-1)",
    "  output y = tanh(x)\n    + sigmoid(x)\n    + relu(x)",
    "  a = x -> dense(20)\n  output y = a\n    @ a",
    "  h = x -> dense(20)\n  output y = (x -> dense(20))\n    + h",
    "  output y = x -> dense(20)\n    + x",
    "  require B > 1\n    and B < 100\n  output y = x -> relu",
    "  y = x\n    - tanh(x)  # centre\n  output z = y",
    "  h\n    = x -> dense(3)\n  output y = h",
    "  output y = x \\\n    -> dense(3)",
    "  output y = x + \\\n    tanh(x)",
    "  output y = x\n    dense(3) -> relu",
    "  h = x -> dense(3) ->\n\n  output y = h",
    "  h = x -> dense(3) ->\n  output y = h",
    "  h = x -> dense(3),\n  output y = h",
    "  h = x -> dense(3)\n  return h",
    "  return x -> dense(3)",
    "  a = x -> dense(3)\n  b = x -> dense(4)\n  return a, b",
    "  let h = x -> dense(3)\n  output y = h",
    "  const n = 3\n  var h = x -> dense(n)\n  output y = h",
    "  int n = 3\n  output y = x -> dense(n)",
    "  n: int = 3\n  output y = x -> dense(n)",
    "  h = x -> dense(3)\n  print(h.shape)\n  output y = h",
    '  assert B > 2, "batch"\n  output y = x -> relu',
    "  pass\n  output y = x -> relu",
    "  @jit\n  output y = x -> relu",
    "  self.h = x -> dense(3)\n  output y = self.h -> relu",
    "  param big: bool = true\n  output y = x -> dense(64 if big else 8)",
    "  param big: bool = true\n  n = big ? 64 : 8\n  output y = x -> dense(n)",
    "  param big: bool = true\n  n = if big then 64 else 8\n  output y = x -> dense(n)",
    "  param big: bool = true\n  n = 64 if big else 8\n  output y = x -> dense(n)",
    "  param n: int = 1\n  k = if n == 1 { 2 } elif n == 2 { 3 } else { 4 }\n  output y = x -> dense(k)",
    "  param big: bool = true\n  h = x\n  if big:\n    h = h -> dense(64)\n  output y = h",
    "  param big: bool = true\n  if big {\n    h = x -> dense(64)\n  } else {\n    h = x -> dense(8)\n  }\n  output y = h",
    "  param k: int = 1\n  if k == 1:\n    h = x -> dense(64)\n  elif k == 2:\n    h = x -> dense(8)\n  else:\n    h = x\n  output y = h",
    "  param big: bool = true\n  n = 8\n  if (big) { n = 64 }\n  output y = x -> dense(n)",
    "  // a layer\n  output y = x -> dense(3)",
    "  output y = x -> dense(3)  // the logits of it",
    "  /* two\n     lines */\n  output y = x -> dense(3)",
    "  output y = x -> dense(3) /* last */",
    "  -- a layer\n  output y = x -> dense(3)",
    '  """The model\'s docs."""\n  output y = x -> dense(3)',
    "  output y = x -> dense(3)  // don't",
    "  output y = x -> dense(3)  -- logits of it",
    "  output y = x -> dense(3, bias=False) -> dense(3, bias=False)",
    "  output y = x * 1e-3f",
    "  output y = x -> dense(0x10)",
    "  output y = x * 10_000.",
    "  output y = x * 1.0f",
    "  output y = x -> dense(1K)",
    "  output y = x -> dropout(50%)",
    "  output y = x * +3.0",
    "  ws = list(i * 8 for i in range(3))\n  output y = x -> dense(ws[1])",
    "  s = sum(i for i in range(3))\n  output y = x -> dense(s)",
]
"""Bodies of a model whose input is `x: f32[B, 20]`."""

OF_AN_IMAGE = [
    "  y = x -> conv(4, 3)\n  y += x -> relu\n  output z = y",
    "  y = x -> conv(4, 3)\n  y *= 0.5 + x\n  output z = y",
    "  y = x\n  repeat 3 { y += y -> conv(4, 3) }\n  output z = y",
    "  y = x -> conv(4, 3)\n  y /= 2.0\n  y -= x\n  output z = y",
    "  fs = []\n  for i in range(3) {\n    fs.append(x -> conv(3, 3))\n  }\n  output z = concat(fs)",
    "  fs = [x]\n  h = x\n  for i in range(3) {\n    h = h -> conv(8, 3) -> relu\n    fs.append(h)\n  }\n  output z = concat(fs)",
    "  fs = [x]\n  fs.extend([x -> relu, x -> tanh])\n  output z = concat(fs)",
    "  fs = [x]\n  fs.insert(0, x -> relu)\n  output z = concat(fs)",
    "  fs = [x, x -> relu]\n  y = x\n  for i in range(2) {\n    y = concat(y, fs.pop())\n  }\n  output z = y",
    "  fs = [x, x -> relu]\n  a = fs.pop(0)\n  output z = a + fs[0]",
    "  fs = [x, x -> relu]\n  fs.pop()\n  output z = fs[0]",
    "  fs = [x, x -> relu]\n  fs.reverse()\n  output z = fs[0]",
    (
        "  h = Conv2D(16, 3)(x)\n  h = LayerNormalization()(h)\n  h = ReLU()(h)\n  h = MaxPooling2D(2)(h)\n"
        "  output y = Dense(3)(Flatten()(h))"
    ),
    "  h = x -> conv(8, 3)\n  output y = h.mean(axis=(1, 2)) -> dense(3)",
    "  output y = x.reshape(B, 32 * 32 * 4)",
    "  h = x -> conv(4, 3)\n  output y = h.flatten(1) -> dense(3)",
    "  output y = x.permute(0, 3, 1, 2)",
    "  output y = x.transpose(1, 2)",
    "  y = x\n  for i in range(3):\n    h = y -> conv(4, 3)\n    y = y + h\n  output z = y",
    "  y = x\n  for (i = 0; i < 3; i++) {\n    y = y -> conv(4, 3)\n  }\n  output z = y",
    "  y = x\n  for (int i = 0; i < 3; ++i)\n  {\n    y = y -> conv(4, 3)\n  }\n  output z = y",
    "  y = x\n  for i = 1, 3 do\n    y = y -> conv(4 * i, 3)\n  end\n  output z = y",
    "  y = x\n  for i = 1:3\n    y = y -> conv(4 * i, 3)\n  end\n  output z = y",
    "  y = x\n  for (w of [16, 32]) {\n    y = y -> conv(w, 3)\n  }\n  output z = y",
    "  y = x\n  foreach w in [16, 32] {\n    y = y -> conv(w, 3)\n  }\n  output z = y",
    "  y = x\n  for w in [16, 32]: y = y -> conv(w, 3)\n  output z = y",
    "  y = x\n  for i in 0..3 {\n    y = y -> conv(4, 3)\n  }\n  output z = y",
    "  y = x\n  for i in 0:3 {\n    y = y -> conv(4, 3)\n  }\n  output z = y",
    "  y = x\n  for i in 1..=3 {\n    y = y -> conv(4 * i, 3)\n  }\n  output z = y",
    "  y = x\n  for i from 1 to 3 {\n    y = y -> conv(4 * i, 3)\n  }\n  output z = y",
    "  y = x\n  for w in 16, 32 {\n    y = y -> conv(w, 3)\n  }\n  output z = y",
    "  y = x\n  for (i, w) in enumerate([16, 32]):\n    y = y -> conv(w + i, 3)\n  output z = y",
    "  y = x\n  for w in [16, 32]\n    y = y -> conv(w, 3)\n  output z = y",
    "  y = x\n  for i in range(2):\n    for j in range(2):\n      y = y -> conv(4, 3)\n  output z = y",
    "  y = x\n  for i in [0..2] {\n    y = y -> conv(4, 3)\n  }\n  output z = y",
    "  y = x\n  for i in 0 ... 2 {\n    y = y -> conv(4, 3)\n  }\n  output z = y",
    "  y = x\n  for i in 0..<3 {\n    y = y -> conv(4, 3)\n  }\n  output z = y",
    "  y = x\n  repeat 3 times {\n    y = y -> conv(4, 3)\n  }\n  output z = y",
    "  y = x\n  repeat 3:\n    y = y -> conv(4, 3)\n  output z = y",
    "  y = x\n  repeat 3\n  {\n    y = y -> conv(4, 3)\n  }\n  output z = y",
    "  y = x\n  loop 3 {\n    y = y -> conv(4, 3)\n  }\n  output z = y",
    "  y = x\n  i = 0\n  while i < 3 {\n    y = y -> conv(4, 3)\n    i += 1\n  }\n  output z = y",
    "  def width(i): return 4 * i\n  output y = x -> conv(width(4), 1)",
    "  output y = x -> conv(8, 3x3)",
]
"""Bodies of a model whose input is `x: f32[B, 32, 32, 4]`."""

FILES = [
    (
        "block Mlp {\n  param n: int\n  input x: f32[B, D]\n  output x -> dense(n)\n}\n\nmodel M {\n"
        "  input x: f32[B, 20]\n  output y = Mlp(3)(x)\n}"
    ),
    "def width(i):\n    return 4 * i\n\nmodel M {\n  input x: f32[B, 32, 32, 4]\n  output y = x -> conv(width(4), 1)\n}",
    "def width(i): return 4 * i\n\nmodel M {\n  input x: f32[B, 32, 32, 4]\n  output y = x -> conv(width(4), 1)\n}",
    "fn width(i) = 4 * i\n\nmodel M {\n  input x: f32[B, 32, 32, 4]\n  output y = x -> conv(width(4), 1)\n}",
    "function width(i) { return 4 * i; }\n\nmodel M {\n  input x: f32[B, 32, 32, 4]\n  output y = x -> conv(width(4), 1)\n}",
    "width = lambda i: 4 * i\n\nmodel M {\n  input x: f32[B, 32, 32, 4]\n  output y = x -> conv(width(4), 1)\n}",
    "let width(i) = 4 * i\n\nmodel M {\n  input x: f32[B, 32, 32, 4]\n  output y = x -> conv(width(4), 1)\n}",
    "def rate(i, n=10):\n  return 0.1 * i / n\n\nmodel M {\n  input x: f32[B, 32, 32, 4]\n  output y = x -> drop_path(rate(4))\n}",
    "def act(x):\n    return x * sigmoid(x)\n\nmodel M {\n  input x: f32[B, 32, 32, 4]\n  output y = x -> act\n}",
    "def mlp(x, n):\n    return x -> dense(n) -> relu\n\nmodel M {\n  input x: f32[B, 32, 32, 4]\n  output y = mlp(x, 8)\n}",
    (
        "def width(i: int) -> int:\n    return max(8, 4 * i)\n\nmodel M {\n  input x: f32[B, 32, 32, 4]\n"
        "  output y = x -> conv(width(4), 1)\n}"
    ),
    (
        "def make(v):\n    new = int(v + 4) // 8 * 8\n    return max(8, new)\n\nmodel M {\n"
        "  input x: f32[B, 32, 32, 4]\n  output y = x -> conv(make(30), 1)\n}"
    ),
    "width(i) = 4 * i\n\nmodel M {\n  input x: f32[B, 32, 32, 4]\n  output y = x -> conv(width(4), 1)\n}",
    "block Mlp {\n  input x: f32[B, D]\n  return x -> dense(4)\n}\n\nmodel M {\n  input x: f32[B, 20]\n  output y = x -> Mlp\n}",
    "model M\n{\n  input x: f32[B, 20]\n  output y = x -> dense(3)\n}",
    "model M:\n  input x: f32[B, 20]\n  output y = x -> dense(3)",
    (
        "model D {\n  input image: f32[B, 8, 8, 1]\n"
        "  output logits = image -> conv(16, 3) -> relu -> flatten -> dense(10)\n}\n\ntrain D:\n"
        "  data = digits() -> shuffle -> batch(32)\n  loss = softmax_cross_entropy(logits, label)\n"
        "  optimizer = adam(1e-3)\n  duration = 2 epochs"
    ),
    (
        "model D {\n  input image: f32[B, 8, 8, 1]\n"
        "  output logits = image -> conv(16, 3) -> relu -> flatten -> dense(10)\n}\n\ntrain D {\n"
        "  data: digits() -> shuffle -> batch(32)\n  loss: softmax_cross_entropy(logits, label)\n"
        "  optimizer: adam(1e-3)\n  duration: 2 epochs\n}"
    ),
    (
        "model D {\n  input image: f32[B, 8, 8, 1]\n"
        "  output logits = image -> conv(16, 3) -> relu -> flatten -> dense(10)\n}\n\ntrain D:\n"
        "  data: digits() -> shuffle -> batch(32)\n  loss: softmax_cross_entropy(logits, label)\n"
        "  optimizer: adam(1e-3)\n  duration: 2 epochs"
    ),
    (
        "model D {\n  input image: f32[B, 8, 8, 1]\n"
        "  output logits = image -> conv(16, 3) -> relu -> flatten -> dense(10)\n}\n\ntrain D {\n"
        '  "data": digits() -> shuffle -> batch(32),\n  "loss": softmax_cross_entropy(logits, label),\n'
        '  "optimizer": adam(1e-3),\n  "duration": 2 epochs\n}'
    ),
    (
        "model D {\n  input image: f32[B, 8, 8, 1]\n"
        "  output logits = image -> conv(16, 3) -> relu -> flatten -> dense(10)\n}\n\ntrain D {\n"
        "  data = digits() -> shuffle -> batch(32),\n  loss = softmax_cross_entropy(logits, label),\n"
        "  optimizer = adam(1e-3),\n  duration = 2 epochs\n}"
    ),
    "import torch\nfrom torch import nn\n\nmodel M {\n  input x: f32[B, 20]\n  output y = x -> dense(3)\n}",
    "import numpy as np\n\nmodel M {\n  input x: f32[B, 20]\n  output y = x -> dense(3)\n}",
    "from parts import Mlp, MlpMixer\n\nmodel M {\n  input x: f32[B, 16]\n  output y = x + (x -> layer_norm -> Mlp(factor=2))\n}",
    "from parts.net import Mlp\n\nmodel M {\n  input x: f32[B, 16]\n  output y = x + (x -> layer_norm -> Mlp(factor=2))\n}",
    "import Mlp from parts\n\nmodel M {\n  input x: f32[B, 16]\n  output y = x + (x -> layer_norm -> Mlp(factor=2))\n}",
    "import Mlp from 'parts.net'\n\nmodel M {\n  input x: f32[B, 16]\n  output y = x + (x -> layer_norm -> Mlp(factor=2))\n}",
    'import { Mlp } from "parts.net"\n\nmodel M {\n  input x: f32[B, 16]\n  output y = x + (x -> layer_norm -> Mlp(factor=2))\n}',
    'from "parts.net" import Mlp\n\nmodel M {\n  input x: f32[B, 16]\n  output y = x + (x -> layer_norm -> Mlp(factor=2))\n}',
    "from .parts import Mlp\n\nmodel M {\n  input x: f32[B, 16]\n  output y = x + (x -> layer_norm -> Mlp(factor=2))\n}",
    "import parts.Mlp\n\nmodel M {\n  input x: f32[B, 16]\n  output y = x + (x -> layer_norm -> Mlp(factor=2))\n}",
    "import parts\n\nmodel M {\n  input x: f32[B, 16]\n  output y = x + (x -> layer_norm -> Mlp(factor=2))\n}",
    'import Mlp from "parts"\n\nmodel M {\n  input x: f32[B, 16]\n  output y = x + (x -> layer_norm -> Mlp(factor=2))\n}',
    "from parts import *\n\nmodel M {\n  input x: f32[B, 16]\n  output y = x + (x -> layer_norm -> Mlp(factor=2))\n}",
    'import "parts.net"\n\nmodel M {\n  input x: f32[B, 16]\n  output y = x + (x -> layer_norm -> Mlp(factor=2))\n}',
    'include "parts.net"\n\nmodel M {\n  input x: f32[B, 16]\n  output y = x + (x -> layer_norm -> Mlp(factor=2))\n}',
    "from parts import Mlp as Ff\n\nmodel M {\n  input x: f32[B, 16]\n  output y = x + (x -> layer_norm -> Ff(factor=2))\n}",
    "import parts as p\n\nmodel M {\n  input x: f32[B, 16]\n  output y = x + (x -> layer_norm -> p.Mlp(factor=2))\n}",
    "use parts::Mlp;\n\nmodel M {\n  input x: f32[B, 16]\n  output y = x + (x -> layer_norm -> Mlp(factor=2))\n}",
    'import Mlp, from "parts.net"\n\nmodel M {\n  input x: f32[B, 16]\n  output y = x + (x -> layer_norm -> Mlp(factor=2))\n}',
]
"""Whole files without their first line; `parts.net` stands beside them."""

PARTS = Path(__file__).parent / "cases" / "parts.net"


def _model(input: str, body: str) -> str:
    return f"model M {{\n  input x: {input}\n{body}\n}}"


SPECS = [*(_model("f32[B, 20]", b) for b in OF_A_VECTOR), *(_model("f32[B, 32, 32, 4]", b) for b in OF_AN_IMAGE), *FILES]


@pytest.mark.parametrize("spec", SPECS)
def test_one_problem_and_its_edits_repair_it(spec: str) -> None:
    source = Source(str(PARTS.with_name("spec.net")), f"netspec 1\n\n{spec}\n")
    problems = netspec.check(source).problems
    assert len(problems) == 1, [p.message() for p in problems]
    text = apply_edits(source, edits_of(problems[0]))
    assert text != source.text, problems[0].help()
    assert not netspec.check(Source(source.path, text)).problems, text


JSON = """{
  "netspec": 1,
  "sections": [{"kind": "model", "name": "M", "body": [
    {"kind": "input", "name": "x", "type": "f32[B, 20]"},
    {"kind": "output", "name": "y", "value": {"kind": "chain", "head": "x", "stages": [
      {"kind": "call", "op": "dense", "args": ["8"], "named": {"bias": "false"}}]}}
  ]}]
}
"""
SLIPS = [
    ('"8"]', '"8",]'),
    ('"false"}', '"false",}'),
    ('"x", "type"', "'x', \"type\""),
    ('"netspec": 1', "netspec: 1"),
    ('"netspec": 1,', '"netspec": 1, // the version'),
    ("  ]}]", "  ]},]  /* all */"),
    ('"named"', '"params"'),
    ('"named"', '"kwargs"'),
    ('"stages"', '"layers"'),
    ('"op"', '"function"'),
    ('"head"', '"input"'),
    ('"args"', '"arguments"'),
]
"""What stands in a right spec, and what a person wrote."""


@pytest.mark.parametrize(("right", "wrong"), SLIPS)
def test_a_slip_in_json_is_repaired(right: str, wrong: str) -> None:
    source = Source("spec.json", JSON.replace(right, wrong, 1))
    problems = netspec.check(source).problems
    assert len(problems) == 1, [p.message() for p in problems]
    text = apply_edits(source, edits_of(problems[0]))
    assert not netspec.check(Source(source.path, text)).problems, text
