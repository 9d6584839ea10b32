"""Graphs in files: one as a whole, many as examples that are filled up; and arrays that are no graphs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import netspec
from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data import arrays
from netspec.diagnostics.data.records import BadGraph
from netspec.library.base import BadArguments
from netspec.library.data.columns import rows_of
from netspec.library.data.datasets.graphs import Graph, Graphs
from netspec.library.data.datasets.karate import KarateClub
from netspec.shape import TensorType
from netspec.source import Source

ENDS: Any = {"senders": TensorType("i32", ("E",)), "receivers": TensorType("i32", ("E",))}
MASKS: Any = {"node_mask": TensorType("bool", ("N",)), "edge_mask": TensorType("bool", ("E",))}
FIELDS: Any = {"nodes": TensorType("f32", ("N", 2)), **ENDS, **MASKS, "edges": TensorType("f32", ("E", 1)), "label": TensorType("i32")}
SIZES = (3, 1, 4, 2, 5, 3, 2, 6)
STARTS = np.cumsum([0, *SIZES[:-1]])
EDGES = [(s + k, s + (k + 1) % n) for s, n in zip(STARTS.tolist(), SIZES, strict=True) for k in range(n) if n > 1]
MIXED = np.random.default_rng(0).permutation(EDGES)
FILE: dict[str, Any] = {
    "nodes": np.arange(2.0 * sum(SIZES)).reshape(-1, 2),
    "graph": np.repeat(np.arange(len(SIZES)), SIZES),
    "senders": MIXED[:, 0],
    "receivers": MIXED[:, 1],
    "edges": MIXED[:, :1] * 10.0,
    "label": np.arange(len(SIZES)) % 2,
}


def loaded(folder: Path, op: Any = None, **changes: Any) -> dict[str, Any]:
    np.savez(folder / "g.npz", **{name: value for name, value in {**FILE, **changes}.items() if value is not None})
    return (op or Graphs(file="g.npz", fields=FIELDS)).load(folder)


def test_each_graph_is_an_example_with_its_own_numbers(tmp_path: Path) -> None:
    found = loaded(tmp_path)
    assert list(found) == list(FIELDS)
    for number, (start, size) in enumerate(zip(STARTS.tolist(), SIZES, strict=True)):
        own = {name: rows_of(values, np.array([number]))[0] for name, values in found.items()}
        np.testing.assert_array_equal(own["nodes"], FILE["nodes"][start : start + size])
        wanted = {(a - start, b - start) for a, b in EDGES if start <= a < start + size}
        assert set(zip(own["senders"].tolist(), own["receivers"].tolist(), strict=True)) == wanted and own["label"] == number % 2
        np.testing.assert_array_equal(own["edges"][:, 0], (own["senders"] + start) * 10)
        assert own["node_mask"].all() and own["edge_mask"].all()
        assert (len(own["node_mask"]), len(own["edge_mask"])) == (size, len(wanted))
    test = Graphs(file="g.npz", fields=FIELDS, test=0.25).test_part()
    assert test is not None and len(test.load(tmp_path)["label"]) == 2


SPEC = """netspec 1
model M {
  input nodes: f32[B, N, 2]
  input senders: i32[B, E]
  input receivers: i32[B, E]
  input node_mask: bool[B, N]
  input edge_mask: bool[B, E]
  h = (nodes, senders, receivers) -> graph_conv(4, node_mask=node_mask, edge_mask=edge_mask) -> relu
  output logits = sum(h, axis=1) -> dense(2)
}
train M {
  data = graphs("g.npz", validation=none, fields={
    nodes: f32[N, 2], senders: i32[E], receivers: i32[E], node_mask: bool[N], edge_mask: bool[E], label: i32[],
  }) -> standardize("nodes") -> shuffle -> batch(SIZE)
  loss = softmax_cross_entropy(logits, label)
  optimizer = sgd(0.1)
  duration = 1 epoch
}
"""


def test_what_fills_up_changes_nothing(tmp_path: Path) -> None:
    loaded(tmp_path)
    whole, single = (netspec.compile(Source("m.net", SPEC.replace("SIZE", size))) for size in ("8", "1"))
    variables = whole.init(0)
    found = []
    for program in (whole, single):
        batches = list(program.training_feed(tmp_path).evaluation())
        outputs = [np.asarray(program.predict(variables, **{n: b[n] for n in program.model.input_types()})["logits"]) for b in batches]
        found.append(np.concatenate(outputs))
    assert batches[0]["nodes"].shape == (1, 8, 2)
    np.testing.assert_allclose(*found, atol=1e-5)


def test_one_graph_is_the_whole(tmp_path: Path) -> None:
    club = KarateClub()
    np.savez(tmp_path / "g.npz", **club.load(None), other=np.zeros(3))
    types: Any = {"nodes": TensorType("f32", ("N", 34)), **ENDS, "label": TensorType("i32", ("N",))}
    op = Graph(file="g.npz", fields=types)
    assert not op.batched and op.batch_types() == types
    for name, values in op.load(tmp_path).items():
        np.testing.assert_array_equal(values, club.load(None)[name])
    spec = Path("models/karate.net").read_text("utf-8")
    fields = "{nodes: f32[34, 34], senders: i32[E], receivers: i32[E], label: i32[34]}"
    own = netspec.compile(Source("m.net", spec.replace("karate_club()", f'graph("g.npz", fields={fields})')))
    assert own.fit(folder=tmp_path).history[-1].loss == netspec.compile("models/karate.net").fit().history[-1].loss


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"senders": MIXED[:, 0] + 1}, BadGraph, "node 26 of 26"),
        ({"senders": MIXED[:, 0] - 100}, BadGraph, "`senders` of its edge 0"),
        ({"receivers": MIXED[::-1, 1].copy()}, BadGraph, "leads from one graph to another"),
        ({"graph": FILE["graph"][::-1].copy()}, BadGraph, "`graph` does not ascend from 0: node 6"),
        ({"graph": FILE["graph"] - 1}, BadGraph, "node 0 (counted from 0) has -1"),
        ({"graph": FILE["graph"] + 10**9}, BadGraph, "counts 1,000,000,008 graphs, more than there are nodes"),
        ({"graph": np.where(FILE["graph"] == 3, 4, FILE["graph"])}, BadGraph, "its graph 3 (counted from 0) has no node"),
        ({"label": np.arange(9)}, BadGraph, "counts 8 graphs, but other arrays have 9 rows"),
        ({"edges": np.ones((3, 1))}, arrays.ArrayUnlike, "`edges` in `{}` is f64[3, 1]"),
        ({"nodes": np.full((26, 2), np.nan)}, arrays.BadValue, "record 0"),
        ({"graph": None}, arrays.NoSuchColumn, "has no `graph`"),
        ({"nodes": np.ones((26, 3))}, arrays.ArrayUnlike, "f64[26, 3]"),
    ],
)
def test_arrays_that_are_no_graphs(tmp_path: Path, changes: dict[str, Any], kind: type, words: str) -> None:
    with pytest.raises(Mistake) as caught:
        loaded(tmp_path, **changes)
    found = caught.value.diagnostic
    assert isinstance(found, kind) and words.format(tmp_path / "g.npz") in found.message(), found.message()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({name: kind for name, kind in FIELDS.items() if name != "senders"}, "the nodes that each edge leaves and enters"),
        ({name: kind for name, kind in FIELDS.items() if name != "edge_mask"}, "`edge_mask: bool\\[E\\]` among `fields`"),
        ({**FIELDS, "more": TensorType("f32", ("K",))}, "only the first axis"),
        (ENDS, "a row for each node"),
    ],
)
def test_fields_that_are_none_of_graphs(fields: Any, words: str) -> None:
    with pytest.raises(BadArguments, match=words):
        Graphs(file="g.npz", fields=fields)
