"""Ways through a body, and bodies built anew."""

from __future__ import annotations

from dataclasses import replace

import pytest

from netspec.ir import Apply, Body, Call, Node, Repeat, Typed, descend, fold, list_bodies, map_nodes, map_within, regions, walk, walk_nodes
from netspec.ir.fingerprint import ir_hash
from netspec.ir.paths import count, parameters
from netspec.ir.verify import verify
from tests.infer.specs import model
from tests.ir.corpus import SPECS, roots, typed

STACK = """block Two {
  input x: f32[B, D]
  output x -> dense(D) -> relu
}
model M {
  input x: f32[B, 8]
  repeat 3 { x = x -> Two; when train { x = x -> dropout(0.1) } }
  output y = x -> Two -> gelu
}
"""


def names(nodes) -> list[str]:
    return [node.op.op_name() if isinstance(node, Apply) else type(node).__name__ for node in nodes]


def test_within_goes_into_regions_and_walk_counts_the_repeats_around() -> None:
    found = model(STACK)
    assert names(walk_nodes(found.nodes)) == ["Repeat", "Call", "When", "dropout", "Call", "gelu"]
    assert [counts for _, counts in walk(found)] == [(), (3,), (3,), (3,), (), ()]


def test_bodies_are_listed_once_each() -> None:
    assert [body.name for body in list_bodies(model(STACK))] == ["M", "Two"]


def test_descend_opens_calls_up_at_each_use_and_hands_down_what_holds() -> None:
    def below(node: Node, body: Body, here: str) -> str:
        return here + (node.body.name if isinstance(node, Call) else type(node).__name__) + "/"

    found = [(here + node.op.op_name(), body.name) for node, body, here in descend(model(STACK), "", below) if isinstance(node, Apply)]
    assert found == [
        ("Repeat/Two/dense", "Two"),
        ("Repeat/Two/relu", "Two"),
        ("Repeat/When/dropout", "M"),
        ("Two/dense", "Two"),
        ("Two/relu", "Two"),
        ("gelu", "M"),
    ]


def test_descend_stays_out_where_nothing_holds() -> None:
    found = descend(model(STACK), 0, lambda node, body, here: None)
    assert names(node for node, _, _ in found) == ["gelu"]


def test_fold_makes_a_value_from_the_bottom_up_and_folds_a_body_once() -> None:
    folded = []

    def uses(node: Node, below: list[int]) -> int:
        folded.append(node)
        return (node.count if isinstance(node, Repeat) else 1) * (sum(below) if below else 1)

    assert fold(model(STACK), uses, sum) == 3 * 3 + 2 + 1 == count(model(STACK))
    assert len(folded) == len(set(map(id, folded))) == 8


def test_fold_looks_no_further_than_the_join() -> None:
    seen = []

    def is_call(node: Node, below: list[bool]) -> bool:
        seen.append(node)
        return isinstance(node, Call) or any(below)

    assert fold(model(STACK), is_call, any)
    assert names(seen) == ["dense", "relu", "Call", "Repeat"]


def test_map_nodes_builds_regions_and_called_bodies_anew_once_each() -> None:
    def wider(node: Node) -> Node:
        op = type(node.op)(rate=0.5) if isinstance(node, Apply) and node.op.op_name() == "dropout" else None
        return node if op is None else replace(node, op=op)

    before = model(STACK)
    after = map_nodes(before, wider)
    assert after is not before and [node.op.rate for node in walk_nodes(after.nodes) if names([node]) == ["dropout"]] == [0.5]
    assert list_bodies(after)[1] is list_bodies(before)[1]
    verify(after)


def test_a_changed_block_is_changed_at_every_call() -> None:
    def label(node: Node) -> Node:
        is_dense = isinstance(node, Apply) and node.op.op_name() == "dense"
        return replace(node, segment=replace(node.segment, base="linear", numbers=(), counted=False)) if is_dense else node

    after = map_nodes(model(STACK), label)
    assert len(list_bodies(after)) == 2
    assert {path.split("/")[1] for path in parameters(after)} == {"linear"} and len(parameters(after)) == 8


def test_a_node_may_become_several_or_none() -> None:
    found = model("model M {\n  input x: f32[B, 8]\n  output y = x -> relu -> gelu\n}\n")
    assert names(map_within(found.nodes, lambda node: () if names([node]) == ["relu"] else node)) == ["gelu"]
    assert names(map_within(found.nodes, lambda node: (node, node))) == ["relu", "relu", "gelu", "gelu"]


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_a_body_built_anew_means_the_same(path) -> None:
    """Where nothing changes the same body comes back; copies of all nodes have the same fingerprint and hold together."""
    for body in roots(path):
        assert map_nodes(body, lambda node: node) is body
        copied = map_nodes(body, replace)
        assert all(one is not other for one, other in zip(walk_nodes(copied.nodes), walk_nodes(body.nodes), strict=True))
        verify(copied)
        assert ir_hash(Typed({"M": copied})) == ir_hash(Typed({"M": body}))


@pytest.mark.parametrize("path", SPECS, ids=lambda p: p.stem)
def test_every_way_meets_the_same_nodes(path) -> None:
    for body in typed(path).models.values():
        leaves = [node for node, _, _ in descend(body, None, lambda *_: ())]  # type: ignore[arg-type, return-value]
        own = {
            id(node) for each in list_bodies(body) for node in walk_nodes(each.nodes) if not regions(node) and not isinstance(node, Call)
        }
        assert {id(node) for node in leaves} == own
        assert [node for node, _ in walk(body)] == list(walk_nodes(body.nodes))
