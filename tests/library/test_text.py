"""Text ↔ object ↔ JSON: for every class of the shelf and each of its examples, what is written is read as an equal op."""

from __future__ import annotations

import json
from typing import Any

import pytest

from netspec.compile import check
from netspec.infer import expressions, make
from netspec.infer.frame import Frame, World
from netspec.infer.values import Composed
from netspec.ir import Apply
from netspec.library.base import Callable, Dataset, Duration, Layer, Measure, Op
from netspec.library.functions.indexing import Cut, Slice
from netspec.library.generate import classes, described
from netspec.library.initializers import Normal, Zeros
from netspec.library.layers.conv import Conv
from netspec.library.layers.dense import Dense
from netspec.library.optimizers.adam import Adam
from netspec.library.optimizers.chain import Chain
from netspec.library.optimizers.clipping import ClipByGlobalNorm
from netspec.library.schedules import WarmupCosine
from netspec.library.text import from_json, to_json, to_text, value_text
from netspec.resolve.expressions import Names
from netspec.resolve.graph import Graph
from netspec.resolve.scope import Scope
from netspec.shape import Dim, Facts
from netspec.source import Source
from netspec.syntax.fragments import parse_expression
from netspec.syntax.tree import File
from tests.library.scope import parse

CLASSES = classes()
EXAMPLES = [pytest.param(example, id=f"{cls.kind}-{cls.op_name()}-{i}") for cls in CLASSES for i, example in enumerate(cls.examples())]
USED = [p for p in EXAMPLES if isinstance(p.values[0].op, Callable) and not isinstance(p.values[0].op, Layer | Measure)]
"""Functions, operators and methods: their names mean something else, or nothing, where no tensor flows into them."""
VALUES = [p for p in EXAMPLES if p not in USED]


def elaborated(text: str, kind: str) -> Any:
    """What an expression is worth where an op of this kind is wanted; its problems are an error."""
    node, problems = parse_expression("text", text)
    assert node is not None and not problems, (text, problems)
    meanings: dict[int, Any] = {}
    names = Names({}, {}, problems.append, meanings)
    names.wanted = (kind,)
    names.expression(node, Scope())
    graph = Graph(Source("text", text), File(1, ()), {}, {}, (), (), (), meanings)
    world = World(graph, problems)
    frame = Frame(world, "text", Facts())
    value = expressions.evaluate(frame, node, (kind,))
    assert not problems, (text, [p.message() for p in problems])
    return make.composed(frame, value) if isinstance(value, Composed) else make.make(frame, value)


@pytest.mark.parametrize("example", VALUES)
def test_text_means_the_op(example: Any) -> None:
    assert elaborated(to_text(example.op), example.op.kind) == example.op


def results(example: Any) -> int:
    """How many tensors the op gives for the example's inputs."""
    found = example.op.shape(Facts(), *map(parse, example.inputs), **{n: parse(t) for n, t in example.named.items()})
    return len(found) if isinstance(found, tuple) else 1


@pytest.mark.parametrize("example", USED)
def test_text_means_the_op_in_a_model(example: Any) -> None:
    """The inputs of an example flow into its text; an operator stands between them, a method behind its shared instance."""
    op, text = example.op, to_text(example.op)
    names = [f"x{i}" for i in range(len(example.inputs))]
    shared = ""
    if op.kind == "operator":
        value = f"x0{text}" if text.startswith("[") else f" {text} ".join(names) if len(names) > 1 else f"{text} x0"
    elif op.kind == "method":
        layer, _, method = op.op_name().partition(".")
        shared, value = f"shared s = {text.replace(op.op_name(), layer)}", f"{names[0]} -> s.{method}"
    else:
        optional = ", ".join(f"{name}={name}" for name in example.named)
        text = text if not optional else f"{text[:-1]}, {optional})" if text.endswith(")") else f"{text}({optional})"
        value = f"{names[0] if len(names) == 1 else '(' + ', '.join(names) + ')'} -> {text}" if names else text
    named = example.named if op.kind not in ("operator", "method") else {}
    inputs = [f"input {n}: {t}" for n, t in [*zip(names, example.inputs, strict=True), *named.items()]]
    lines = [*inputs, shared, f"{', '.join('y' * results(example))} = {value}", "output out = x" if not names else "output out = x0"]
    checked = check(Source("text.net", "\n".join(["netspec 1", "model M {", *([] if names else ["input x: f32[B]"]), *lines, "}"])))
    assert checked.ok and checked.typed is not None, (value, [p.message() for p in checked.problems])
    found = [node.op for node in checked.typed.models["M"].nodes if isinstance(node, Apply)]
    assert found == [op]


@pytest.mark.parametrize("example", EXAMPLES)
def test_json_is_the_op(example: Any) -> None:
    data = to_json(example.op)
    again = from_json(json.loads(json.dumps(data, allow_nan=False)))
    assert again == example.op and type(again) is type(example.op)
    assert (data["op"], data["kind"]) == (example.op.op_name(), example.op.kind)
    assert data.keys() - {"op", "kind"} == example.op.arguments().keys()


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: f"{cls.kind}-{cls.op_name()}")
def test_every_argument_is_described(cls: type[Op]) -> None:
    docs = described(cls)
    assert all(len(docs.get(name, "")) > 5 for name in cls.arguments()), cls.op_name()


def test_text_is_what_a_person_writes() -> None:
    assert to_text(Conv(features=32, kernel=3)) == "conv(32, kernel=3)"
    assert to_text(Conv(features=8, kernel=(3, 1), bias=False)) == "conv(8, kernel=[3, 1], bias=false)"
    assert to_text(Dense(features=4, kernel_init=Normal(stddev=0.02), bias_init=Zeros())) == "dense(4, kernel_init=normal(0.02))"
    assert to_text(Dense(features=Dim.of("D") * 4)) == "dense(4*D)"
    schedule = WarmupCosine(peak=3e-4, warmup=Duration(2_000, "step"))
    chain = Chain(parts=(ClipByGlobalNorm(max_norm=1.0), Adam(learning_rate=schedule)))
    assert to_text(chain) == "clip_by_global_norm(1.0) -> adam(warmup_cosine(0.0003, warmup=2000 steps))"
    assert to_text(Slice(items=(Cut(), 1, Cut(1, -1), Cut(None, None, -1), None, "..."))) == "[:, 1, 1:-1, ::-1, none, ...]"


def test_values_are_written_exactly() -> None:
    values = (1, -2, 0.1, 1e-20, 1e22, 123456789.125, True, None, 'a "b"\\\n\t', (1, (2.0, ())), {"a": 1, "x/**": False})
    for value in values:
        node, problems = parse_expression("text", value_text(value))
        assert node is not None and not problems
        graph = Graph(Source("text", ""), File(1, ()), {}, {}, (), (), (), {})
        assert expressions.evaluate(Frame(World(graph), "text", Facts()), node) == value
    assert value_text(Duration(1_234_567, "step")) == "1234567 steps"
    assert value_text(Duration(1, "epoch")) == "1 epoch" and value_text(Duration(0.5, "epoch")) == "0.5 epochs"


def test_json_keeps_sizes_that_are_not_numbers() -> None:
    size = (Dim.of("B") * Dim.of("D") * 3 + 2) // 4 + Dim.of("T") ** 2
    op = Dense(features=size)
    data = json.loads(json.dumps(to_json(op)))
    assert from_json(data) == op


@pytest.mark.parametrize(
    "data",
    [
        {"op": "conv"},
        {"op": "convolution", "kind": "layer", "features": 3},
        {"op": "dense", "kind": "function", "features": 3},
        {"op": "dense", "kind": "layer", "features": 3, "width": 4},
        {"op": "dense", "kind": "layer", "features": "3"},
        {"op": "dense", "kind": "layer", "features": 3, "bias": 1},
        {"op": "dense", "kind": "layer", "features": {"number": 3}},
        {"op": "dense", "kind": "layer", "features": {"dim": [[1, [["B"]]]]}},
        {"op": "dense", "kind": "layer", "features": {"dim": [[4, []]], "more": 1}},
        {"op": "dense", "kind": "layer"},
        ["dense"],
        None,
    ],
)
def test_json_is_read_strictly(data: Any) -> None:
    with pytest.raises(ValueError):
        from_json(data)


def test_a_dataset_is_called() -> None:
    assert all(to_text(e.values[0].op).endswith(")") for e in VALUES if isinstance(e.values[0].op, Dataset))
