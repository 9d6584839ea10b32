"""`verify` finds every way in which a body can say something impossible."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from netspec.ir import Apply, Body, Literal, Port, Repeat, Segment, Variable, When
from netspec.ir.verify import BrokenIR, verify, verify_all
from netspec.library.base import Weight
from netspec.library.initializers.distributions import Zeros
from netspec.shape import TensorType
from tests.infer.specs import body, checked, in_train, model

CHAIN = "  h = x -> dense(4)\n  output y = h -> relu"
LOOP = "  repeat 3 { x = x -> dense(8) -> relu }\n  output y = x"
INNER = "block Two {\n  input x: f32[B, D]\n  output x -> dense(D)\n}\n"
CALLS = INNER + "model M {\n  input x: f32[B, 8]\n  output y = x -> Two -> relu\n}\n"


def with_node(found: Body, number: int, **changes) -> Body:
    """The body with one of its nodes changed."""
    nodes = list(found.nodes)
    nodes[number] = replace(nodes[number], **changes)
    return replace(found, nodes=tuple(nodes))


def with_type(found: Body, wire: int, type_: TensorType) -> Body:
    return replace(found, types={**found.types, wire: type_})


def in_loop(found: Body, number: int, **changes) -> Body:
    """The body with one node of its first repeat changed."""
    [loop] = [n for n in found.nodes if isinstance(n, Repeat)]
    nodes = list(loop.nodes)
    nodes[number] = replace(nodes[number], **changes)
    return with_node(found, found.nodes.index(loop), nodes=tuple(nodes))


WIDE = TensorType("f32", (5,))
BREAKS: dict[str, tuple[str, Callable[[Body], Body]]] = {
    "wire 9 is read before it is made": (CHAIN, lambda b: with_node(b, 1, inputs=(9,))),
    "wire 1 is read before it is made": (CHAIN, lambda b: replace(b, nodes=b.nodes[::-1])),
    "wire 7 is read before it is made": (CHAIN, lambda b: with_node(b, 1, optional=(("mask", 7),))),
    "wire 1 is made twice": (CHAIN, lambda b: with_node(b, 1, outputs=(1,))),
    "wire 9 has no type": (CHAIN, lambda b: replace(b, nodes=(*b.nodes, Variable(Weight((4,), Zeros()), 9, Segment("w"))))),
    "`relu` makes f32[B, 4], but its wire is f32[5]": (CHAIN, lambda b: with_type(b, 2, WIDE)),
    "output `y` reads wire 9, which nothing makes": (CHAIN, lambda b: replace(b, outputs=(Port("y", 9),))),
    "two nodes have the path `relu_0`": (CHAIN, lambda b: with_node(b, 0, segment=b.nodes[1].segment)),
    "two nodes have the path `dense_": (LOOP, lambda b: in_loop(b, 1, segment=b.nodes[0].nodes[0].segment)),
    "wire 8 is read before it is made": (LOOP, lambda b: in_loop(b, 1, inputs=(8,))),
    "a carried value changes its type: f32[5], f32[B, 8]": (LOOP, lambda b: with_type(b, b.nodes[0].outputs[0], WIDE)),
}


@pytest.mark.parametrize("problem", BREAKS)
def test_a_broken_body_is_found(problem: str) -> None:
    spec, break_it = BREAKS[problem]
    found = body(spec)
    verify(found)
    with pytest.raises(BrokenIR) as raised:
        verify(break_it(found))
    assert problem in str(raised.value)


@pytest.mark.parametrize(
    ("problem", "changes"),
    [
        ("wire 5 is read before it is made", {"results": (5,)}),
        ("wire 6 is read before it is made", {"carried": (6,)}),
        ("wire 0 is made twice", {"outputs": (0,)}),
    ],
)
def test_a_broken_repeat_is_found(problem: str, changes: dict) -> None:
    with pytest.raises(BrokenIR, match=problem):
        verify(with_node(with_type(with_type(body(LOOP), 5, WIDE), 6, WIDE), 0, **changes))


def test_a_broken_call_is_found() -> None:
    found = model(CALLS)
    verify(found)
    for wire, name in ((0, "x"), (1, "output")):
        with pytest.raises(BrokenIR, match=rf"`Two.{name}` is f32\[B, 8\], but its wire is f32\[5\]"):
            verify(with_type(found, wire, WIDE))


def test_a_broken_body_below_a_call_is_found() -> None:
    found = model(CALLS)
    inner = with_node(found.nodes[0].body, 0, inputs=(9,))
    with pytest.raises(BrokenIR, match="Two|wire 9"):
        verify(with_node(found, 0, body=inner))


def test_a_broken_phase_is_found() -> None:
    found = body(CHAIN)
    relu = found.nodes[1]
    assert isinstance(relu, Apply)
    fine = When("train", (relu,), (2,), (Literal(0.0),), (3,))
    typed = with_type(found, 3, found.types[2])
    verify(replace(typed, nodes=(found.nodes[0], fine), outputs=(Port("y", 3),)))
    for broken in (replace(fine, inside=(8,)), replace(fine, otherwise=(8,))):
        with pytest.raises(BrokenIR, match="wire 8 is read"):
            verify(replace(typed, nodes=(found.nodes[0], broken), outputs=(Port("y", 3),)))
    with pytest.raises(BrokenIR, match="reads wire 2"):  # what a phase makes stays inside
        verify(replace(typed, nodes=(found.nodes[0], fine), outputs=(Port("y", 2),)))


def test_shared_nodes_may_have_one_path() -> None:
    verify(body("  shared f = dense(8)\n  output y = x -> f -> f"))


def test_plans_are_verified_too() -> None:
    text = in_train("  loss = 2 * softmax_cross_entropy(logits, label)")
    typed = checked(text).typed
    assert typed is not None
    verify_all(typed)
    plan = typed.trains[0]
    finish = replace(plan.objective.finish, outputs=(Port("loss", 99),))
    with pytest.raises(BrokenIR, match="finish: output `loss`"):
        verify_all(replace(typed, trains=(replace(plan, objective=replace(plan.objective, finish=finish)),)))
    with pytest.raises(BrokenIR, match="M: output `logits`"):
        verify_all(replace(typed, trains=(replace(plan, model=replace(plan.model, outputs=(Port("logits", 99),))),)))
