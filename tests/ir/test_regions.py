"""What a node takes and makes, and what flows into and out of the nodes inside it."""

from __future__ import annotations

from typing import Any

import pytest

from netspec.ir import (
    Apply,
    Aux,
    Body,
    Call,
    Literal,
    Recur,
    Repeat,
    Variable,
    When,
    list_bodies,
    list_groups,
    operands,
    pair_inputs,
    reads,
    reads_after,
    reads_inside,
    regions,
    walk,
    walk_nodes,
    writes,
)
from tests.infer.specs import model
from tests.ir.corpus import SPECS, roots

LOOP = "  repeat 3 as i { x = x * 2.0 + cast(i, dtype=f32) }\n  output y = x"
WHEN = "  when train { x = x -> relu }\n  output y = x"
CELL = "block Cell {\n  input x: f32[B, D]\n  state h: f32[B, D] = zeros\n  h = h + x\n  output h\n}\n"
OVER_TIME = CELL + "model M {\n  input x: f32[B, T, 8]\n  input n: i32[B]\n  output y = x -> rnn(Cell, lengths=n)\n}\n"
BUFFER = "  buffer seen: f32[] = zeros\n  when train { seen = seen + 1.0 }\n  output y = x * seen"
AUX = "  h = x -> dense(4)\n  aux size = mean(h)\n  output y = h"


CALL = "block Two {\n  input x: f32[B, D]\n  output x -> dense(D)\n}\nmodel M {\n  input x: f32[B, 8]\n  output y = x -> Two\n}\n"


def body(statements: str) -> Body:
    return model("model M {\n  input x: f32[B, 8]\n" + statements + "\n}\n")


def one(found: Body, kind: type) -> Any:
    return next(node for node in walk_nodes(found.nodes) if isinstance(node, kind))


def test_an_op_takes_its_inputs_and_optional_ones_and_has_no_region() -> None:
    found = body("  h = x + 1.0\n  output y = layer_norm(h)")
    add, norm = found.nodes
    assert (operands(add), reads(add), writes(add)) == ((0, Literal(1.0)), (0,), (1,))
    assert (reads(norm), writes(norm), regions(norm)) == ((1,), (2,), ())


def test_a_repeat_hands_on_what_it_carries_and_its_index_comes_of_nothing() -> None:
    loop = one(body(LOOP), Repeat)
    [region] = regions(loop)
    assert region.nodes == loop.nodes
    assert region.begins == ((loop.inner[0], loop.carried[0]), (loop.index, None))
    assert region.ends == ((loop.outputs[0], loop.results[0]),) and region.again == ((loop.inner[0], loop.results[0]),)
    assert (reads(loop), writes(loop)) == (loop.carried, loop.outputs)
    assert region.starts == (loop.inner[0], loop.index) and set(region.results) == set(loop.results)


def test_a_phase_reads_what_stands_for_it_elsewhere() -> None:
    when = one(body(WHEN), When)
    [region] = regions(when)
    assert (region.begins, region.ends, region.again) == ((), ((when.outputs[0], when.inside[0]),), ())
    assert reads(when) == (0,) == when.otherwise


def test_a_recurrence_steps_through_its_sequences() -> None:
    node = one(model(OVER_TIME), Recur)
    [region] = regions(node)
    assert region.begins == ((node.steps[0], node.sequences[0]), (node.inner[0], None))
    assert region.ends == ((node.outputs[0], node.made[0]), (node.finals[0], node.results[0]))
    assert region.again == ((node.inner[0], node.results[0]),)
    assert reads(node) == (node.sequences[0], node.lengths) and writes(node) == (*node.outputs, *node.finals)


def test_a_buffer_reads_its_next_value_when_the_body_has_run() -> None:
    buffer = one(body(BUFFER), Variable)
    assert (reads(buffer), reads_after(buffer), writes(buffer)) == ((), (buffer.written,), (buffer.output,))
    assert list(reads_inside(buffer)) == [buffer.written]


def test_an_exported_value_makes_nothing() -> None:
    aux = one(body(AUX), Aux)
    assert (reads(aux), writes(aux)) == ((aux.input,), ())


def test_the_groups_of_a_call_are_the_nodes_of_its_body() -> None:
    found = model(
        "block Two {\n  input x: f32[B, D]\n  output x -> dense(D)\n}\nmodel M {\n  input x: f32[B, 8]\n  output y = x -> Two\n}\n"
    )
    call = one(found, Call)
    assert list(list_groups(call, found)) == [(call.body.nodes, call.body)]
    assert pair_inputs(call) == ((call.body.inputs[0].wire, 0),) and regions(call) == ()


def test_everything_inside_counts_as_read_by_what_is_around_it() -> None:
    loop = one(body(LOOP), Repeat)
    assert {*loop.carried, *loop.results, loop.index} <= set(reads_inside(loop))


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_what_is_read_is_made_before(path) -> None:
    """`reads`, `writes` and `regions` tell the story that `verify` knows: in order, nothing is read before it is made."""
    for each in (inner for root in roots(path) for inner in list_bodies(root)):
        made = {port.wire for port in each.inputs}
        in_order(each.nodes, made)
        assert {port.wire for port in each.outputs if isinstance(port.wire, int)} <= made
        assert {wire for node in each.nodes for wire in reads_after(node)} <= made


def in_order(nodes: tuple, made: set) -> None:
    for node in nodes:
        assert set(reads(node)) <= made and made.isdisjoint(writes(node))
        for region in regions(node):
            inside = made | set(region.starts)
            in_order(region.nodes, inside)
            assert set(region.results) <= inside
            assert {wire for wire, _ in region.ends} <= set(writes(node))
        made.update(writes(node))


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_what_is_inside_a_node_reads_all_that_its_nodes_read(path) -> None:
    for each in (inner for root in roots(path) for inner in list_bodies(root)):
        whole = {wire for node in each.nodes for wire in reads_inside(node)}
        assert whole >= {wire for node, _ in walk(each) for wire in reads(node)}
        assert all(isinstance(node, Apply | Call | Variable | Aux) or regions(node) for node, _ in walk(each))
