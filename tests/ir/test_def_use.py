"""Who makes a wire and who reads it, what a region captures, and what some wires need."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from netspec.ir import Apply, Body, Node, Port, Repeat, list_bodies, reads_inside, regions, walk_nodes, writes
from netspec.ir.def_use import DefUse, find_captures, index_makers, select_needed
from tests.infer.specs import model
from tests.ir.corpus import SPECS, roots

LOOP = "model M {\n  input x: f32[B, 8]\n  w = x -> dense(8)\n  repeat 3 { x = x * w }\n  output y = x\n}\n"
TWO = "model M {\n  input x: f32[B, 8]\n  a = x -> relu\n  b = a -> dense(4)\n  output y = a -> gelu\n  output z = b\n}\n"


def op_of(end: Node | Port) -> str:
    return end.op.op_name() if isinstance(end, Apply) else getattr(end, "name", type(end).__name__)


def test_each_wire_has_one_maker_and_its_readers_in_order() -> None:
    found = DefUse.of(model(TWO))
    assert [op_of(found.makers[wire]) for wire in range(4)] == ["x", "relu", "dense", "gelu"]
    assert [[op_of(end) for end in found.readers[wire]] for wire in range(4)] == [["relu"], ["dense", "gelu"], ["z"], ["y"]]


def test_wires_that_begin_a_region_are_made_by_the_node_around_it() -> None:
    body = model(LOOP)
    [loop] = [node for node in body.nodes if isinstance(node, Repeat)]
    found = DefUse.of(body)
    assert found.makers[loop.inner[0]] is loop and loop in found.readers[loop.results[0]]  # type: ignore[index]


def test_a_wire_made_twice_is_refused() -> None:
    body = model(TWO)
    with pytest.raises(ValueError, match="wire 1 of M is made twice"):
        DefUse.of(replace(body, nodes=(*body.nodes, replace(body.nodes[0]))))


def test_a_region_captures_what_it_reads_of_the_wires_around_it() -> None:
    body = model(LOOP)
    [loop] = [node for node in body.nodes if isinstance(node, Repeat)]
    assert find_captures(loop) == {0, makers(body, "dense")}


def makers(body: Body, op: str) -> int:
    return next(wire for wire, node in index_makers(body.nodes).items() if op_of(node) == op)


def test_what_an_output_needs_is_kept_in_order() -> None:
    body = model(TWO)
    kept, wires = select_needed(body.nodes, [makers(body, "gelu")])
    assert [op_of(node) for node in kept] == ["relu", "gelu"] and wires == {0, 1, makers(body, "gelu")}
    assert select_needed(body.nodes, []) == ((), set())


def test_a_node_is_needed_for_a_wire_that_is_made_inside_it() -> None:
    body = model(LOOP)
    [loop] = [node for node in body.nodes if isinstance(node, Repeat)]
    inside = writes(loop.nodes[0])
    assert [op_of(node) for node in select_needed(body.nodes, inside)[0]] == ["dense", "Repeat"]


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_every_wire_is_made_exactly_once(path) -> None:
    for body in (each for root in roots(path) for each in list_bodies(root)):
        chains = DefUse.of(body)
        made = Counter(port.wire for port in body.inputs)
        made.update(wire for node in walk_nodes(body.nodes) for wire in writes(node))
        made.update(wire for node in walk_nodes(body.nodes) for region in regions(node) for wire in region.starts)
        assert set(made.values()) <= {1} and made.keys() == chains.makers.keys() <= body.types.keys()
        read = {wire for node in body.nodes for wire in reads_inside(node)} | {p.wire for p in body.outputs if isinstance(p.wire, int)}
        assert read == chains.readers.keys() <= chains.makers.keys()


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_a_body_without_what_nothing_needs_is_the_body(path) -> None:
    """What the outputs of an objective need is what `infer` has left of it."""
    for root in roots(path):
        if root.name == "finish":
            kept, _ = select_needed(root.nodes, [port.wire for port in root.outputs if isinstance(port.wire, int)])
            assert kept == root.nodes
        for node in root.nodes:
            assert find_captures(node) <= {*(port.wire for port in root.inputs), *index_makers(root.nodes)}
