"""Finds which whole numbers a model, and its losses and metrics, can use of the fields they read: ids within a vocabulary, labels within
the classes. Whoever has the numbers holds them against it: the trainer all data at once, a program what it is given."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from netspec.ir import Body, Objective, Operand
from netspec.library.base import Callable
from netspec.proofs.followed_fields import follow, name_ports
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
    found: list[Bounds] = []
    for node, body, known in follow(model.nodes, model, name_ports(model)):
        found += _of_op(node.op, node.inputs, node.optional, body.types, known)
    for objective in objectives:
        names = name_ports(objective.body)
        for measurement in objective.measurements:
            if not measurement.optional:
                found += _of_op(measurement.op, measurement.inputs, (), objective.body.types, names)
    return list(dict.fromkeys(found))


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
