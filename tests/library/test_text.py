"""Text ↔ object ↔ JSON at their edges. That every example of the shelf is read again as an equal op, `test_laws.py` shows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from netspec.infer.elaborator import open_world
from netspec.infer.expressions import evaluate
from netspec.infer.frame import Frame
from netspec.library.base import Dataset, Duration
from netspec.library.functions.indexing import Cut, Slice
from netspec.library.initializers.distributions import Normal, Zeros
from netspec.library.layers.conv import Conv
from netspec.library.layers.dense import Dense
from netspec.library.optimizers.adam import Adam
from netspec.library.optimizers.chain import Chain
from netspec.library.optimizers.clipping import ClipByGlobalNorm
from netspec.library.schedules import WarmupCosine
from netspec.library.shelf.index_writer import classes
from netspec.library.shelf.op_text import from_json, to_json, to_text, value_text
from netspec.resolve.graph import Graph
from netspec.shape import Dim, Facts
from netspec.source import Source
from netspec.syntax.fragments import parse_expression
from netspec.syntax.tree import File


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
        assert evaluate(Frame(open_world(graph), "text", Facts()), node) == value
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
    assert all(to_text(e.op).endswith(")") for cls in classes() if issubclass(cls, Dataset) for e in cls.examples())
