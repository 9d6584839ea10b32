"""Walks through a body: every node of it, every body below it, a value from the bottom up, a body built anew. Floor 2."""

from __future__ import annotations

from collections.abc import Callable as Function
from collections.abc import Iterable, Iterator
from typing import TypeVar

from netspec.ir.nodes import Body, Call, Node, Repeat
from netspec.ir.regions import list_groups, regions
from netspec.record import replace

T = TypeVar("T")
Here = TypeVar("Here")
Change = Function[[Node], Node | tuple[Node, ...]]
"""What becomes of a node: another one, several, or none."""


def walk_nodes(nodes: Iterable[Node]) -> Iterator[Node]:
    """Every node of some, those inside them at any depth included (not descending into calls)."""
    for node in nodes:
        yield node
        for region in regions(node):
            yield from walk_nodes(region.nodes)


def walk(body: Body) -> Iterator[tuple[Node, tuple[int, ...]]]:
    """Every node of a body with the counts of the repeats around it (not descending into calls)."""

    def visit(nodes: tuple[Node, ...], counts: tuple[int, ...]) -> Iterator[tuple[Node, tuple[int, ...]]]:
        for node in nodes:
            yield node, counts
            inner = (*counts, node.count) if isinstance(node, Repeat) else counts
            for region in regions(node):
                yield from visit(region.nodes, inner)

    return visit(body.nodes, ())


def list_bodies(body: Body) -> list[Body]:
    """The body and those that it calls, at any depth, each once, in the order of first use."""
    found, waiting = {id(body): body}, [body]
    while waiting:
        for node in walk_nodes(waiting.pop(0).nodes):
            if isinstance(node, Call) and id(node.body) not in found:
                found[id(node.body)] = node.body
                waiting.append(node.body)
    return list(found.values())


def descend(body: Body, here: Here, inside: Function[[Node, Body, Here], Here | None]) -> Iterator[tuple[Node, Body, Here]]:
    """Every node that has none inside it, in order, calls opened up at each use, with its body and what holds where it stands.

    `inside(node, body, here)` says what holds below a call or a region; None: nobody goes there.
    """

    def visit(nodes: tuple[Node, ...], body: Body, here: Here) -> Iterator[tuple[Node, Body, Here]]:
        for node in nodes:
            below = tuple(list_groups(node, body))
            if not below:
                yield node, body, here
            elif (there := inside(node, body, here)) is not None:
                for inner, owner in below:
                    yield from visit(inner, owner, there)

    return visit(body.nodes, body, here)


def fold(body: Body, of_node: Function[[Node, list[T]], T], join: Function[[Iterable[T]], T], known: dict[int, T] | None = None) -> T:
    """A value of a body, from the bottom up: `join` of its nodes' values, which `of_node` makes of the values of what is below them.

    A body that is called more than once is folded once; `known` keeps the values by the body's id, for further folds of the same kind.
    """
    known = {} if known is None else known

    def of_nodes(nodes: tuple[Node, ...]) -> T:
        return join(of_node(node, below(node)) for node in nodes)

    def below(node: Node) -> list[T]:
        return [fold(node.body, of_node, join, known)] if isinstance(node, Call) else [of_nodes(region.nodes) for region in regions(node)]

    if id(body) not in known:
        known[id(body)] = of_nodes(body.nodes)
    return known[id(body)]


def map_nodes(body: Body, change: Change) -> Body:
    """The body with every node changed, from the innermost ones out, those of called bodies too: a body that is called twice is built
    once. Where nothing changes the same objects come back."""
    known: dict[int, Body] = {}

    def rebuilt(old: Body) -> Body:
        if id(old) not in known:
            nodes = map_within(old.nodes, enter)
            known[id(old)] = old if _are_same(nodes, old.nodes) else replace(old, nodes=nodes)
        return known[id(old)]

    def enter(node: Node) -> Node | tuple[Node, ...]:
        inner = rebuilt(node.body) if isinstance(node, Call) else None
        return change(node if inner is None or inner is node.body else replace(node, body=inner))  # type: ignore[union-attr]

    return rebuilt(body)


def map_within(nodes: tuple[Node, ...], change: Change) -> tuple[Node, ...]:
    """Nodes changed from the innermost ones out, not descending into calls."""
    return tuple(new for node in nodes for new in _to_nodes(change(_change_inner(node, change))))


def _change_inner(node: Node, change: Change) -> Node:
    """A node whose region is changed already."""
    for region in regions(node):
        nodes = map_within(region.nodes, change)
        if not _are_same(nodes, region.nodes):
            node = replace(node, nodes=nodes)  # type: ignore[call-arg]
    return node


def _to_nodes(changed: Node | tuple[Node, ...]) -> tuple[Node, ...]:
    return changed if isinstance(changed, tuple) else (changed,)


def _are_same(ones: tuple[Node, ...], others: tuple[Node, ...]) -> bool:
    """Are they the same objects?"""
    return len(ones) == len(others) and all(one is other for one, other in zip(ones, others, strict=True))
