"""Finds dropout behind the last layer: what a loss is given are answers, some of which were set to 0 by chance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netspec.diagnostics.base import Diagnostic
from netspec.ir import OUTPUT, Apply, Body, Call, Literal, Measurement, Node, Objective, Operand, TrainPlan, pair_inputs, regions
from netspec.ir.def_use import index_makers, select_needed
from netspec.source import Span


def find_late_dropout(plans: Iterable[TrainPlan]) -> list[Diagnostic]:
    """The uses of dropout whose result a loss takes as the model's answer, each once."""
    found: dict[tuple[int, Span], Diagnostic] = {}
    for plan in plans:
        for update in plan.updates:
            for node, loss, name in search(plan.model, update.objective):
                if (key := (id(node.span.source), node.span)) not in found:
                    found[key] = describe(node, loss, name)
    return list(found.values())


def search(model: Body, objective: Objective) -> Iterator[tuple[Apply, Measurement, str]]:
    """Every dropout that ends an output which a loss holds as it is against a field, with the loss and the output's name."""
    names = {port.wire: port.name.removeprefix(OUTPUT) for port in objective.body.inputs if port.name.startswith(OUTPUT)}
    ends = {port.name: port.wire for port in model.outputs}
    for measurement in objective.measurements:
        if measurement.op.kind != "loss" or len(measurement.inputs) < 2:
            continue
        wire = follow_back(objective.body.nodes, measurement.inputs[0])
        made = select_needed(objective.body.nodes, [given for given in measurement.inputs[1:] if isinstance(given, int)])[1]
        name = names.get(wire) if isinstance(wire, int) and made.isdisjoint(names) else None
        last = None if name is None else follow_back(model.nodes, ends.get(name))
        if name is not None and isinstance(last, Apply):
            yield last, measurement, name


def follow_back(nodes: tuple[Node, ...], wire: Operand | None) -> Apply | Operand | None:
    """The dropout that made a tensor, through what only picks its numbers; the wire that it comes from where none did; None where something
    else made it."""
    makers = index_makers(nodes)
    while isinstance(wire, int) and (node := makers.get(wire)) is not None:
        if isinstance(node, Call):
            inside = follow_back(node.body.nodes, node.body.outputs[node.outputs.index(wire)].wire)
            if isinstance(inside, Apply):
                return inside
            wire = {port: outer for port, outer in pair_inputs(node)}.get(inside)  # type: ignore[arg-type]
        elif regions(node) or not isinstance(node, Apply):
            return None
        elif node.op.drops():
            return node
        else:
            place = node.op.carries(*(operand.value if isinstance(operand, Literal) else None for operand in node.inputs))
            wire = None if place is None or place >= len(node.inputs) else node.inputs[place]
    return wire


def describe(node: Apply, loss: Measurement, name: str) -> Diagnostic:
    from netspec.diagnostics.training.outputs import DropoutOnOutput  # few specs have this problem

    return DropoutOnOutput(at=node.span, op=node.op.op_name(), output=name, loss=loss.op.op_name(), loss_at=loss.span)
