"""Finds which whole numbers a model, and its losses and metrics, can use of the fields they read: ids within a vocabulary, labels within
the classes. Whoever has the numbers holds them against it: the trainer all data at once, a program what it is given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from netspec.ir import Apply, Body, Call, Node, Objective, Operand, list_groups, pair_inputs
from netspec.library.base import Callable
from netspec.record import record
from netspec.shape import Dim, TensorType

Names = Mapping[int, str]
"""The wires of a body whose numbers are those of a field."""


@record
class Bounds:
    """What an op demands of a field: its numbers are below `below`, and at least `least`, where that is not None."""

    field: str
    below: Dim | int
    op: str
    least: Dim | int | None = 0

    def at(self, sizes: Mapping[str, int]) -> Bounds | None:
        """The same in numbers, where the sizes tell them."""
        below, least = Dim.of(self.below), None if self.least is None else Dim.of(self.least)
        if not (below.symbols() | (least.symbols() if least is not None else frozenset())) <= sizes.keys():
            return None
        return Bounds(self.field, below.evaluate(sizes), self.op, None if least is None else least.evaluate(sizes))


def find_bounds(model: Body, objectives: Iterable[Objective]) -> list[Bounds]:
    """What the model demands of its inputs, and losses and metrics without a mask of the fields that they read as they are."""
    found = list(_of_nodes(model.nodes, model, _ports(model)))
    for objective in objectives:
        names = _ports(objective.body)
        for measurement in objective.measurements:
            if not measurement.optional:
                found += _of_op(measurement.op, measurement.inputs, (), objective.body.types, names)
    return list(dict.fromkeys(found))


def _ports(body: Body) -> dict[int, str]:
    """The names of a body's inputs by wire."""
    return {port.wire: port.name for port in body.inputs if isinstance(port.wire, int)}


def _of_nodes(nodes: tuple[Node, ...], body: Body, names: Names) -> Iterator[Bounds]:
    known = dict(names)
    for node in nodes:
        if isinstance(node, Apply):
            yield from _of_op(node.op, node.inputs, node.optional, body.types, known)
            if node.op.keeps_values and isinstance(first := node.inputs[0], int) and first in known:
                known[node.outputs[0]] = known[first]
        inner = {port: known[wire] for port, wire in pair_inputs(node) if wire in known} if isinstance(node, Call) else known
        for below, owner in list_groups(node, body):
            yield from _of_nodes(below, owner, inner)


def _of_op(
    op: Callable, inputs: tuple[Operand, ...], optional: tuple[tuple[str, int], ...], types: Mapping[int, TensorType], names: Names
) -> Iterator[Bounds]:
    """The bounds that an op has for the inputs that reach it."""
    wires = [wire for wire in inputs if isinstance(wire, int)]
    given = dict(zip(op.name_inputs(len(wires)), wires, strict=False)) | dict(optional)
    if len(wires) < len(inputs) or names.keys().isdisjoint(given.values()):
        return
    kinds = [types[wire] for wire in wires]
    highest, lowest = op.ceilings(*kinds), op.floors(*kinds)
    for name, wire in given.items():
        if wire in names and name in highest:
            yield Bounds(names[wire], highest[name], op.op_name(), lowest.get(name, 0))
