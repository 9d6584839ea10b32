"""Finds examples that are set aside by the class that is learned: `split_by` of a field that the loss compares scores with."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.ir import DataPlan, Measurement, Objective
from netspec.library.base import Loss
from netspec.proofs.followed_fields import follow, name_ports


def find_split_by_class(data: DataPlan, objective: Objective) -> Diagnostic | None:
    """The problem of a `split_by` that names the labels of a loss of classes: the last class would be set aside, whole."""
    field, body = data.dataset.split_by, objective.body
    if field is None:
        return None
    known = {wire: name for wire, name in name_ports(body).items() if name_before(data, name) == field}
    for _ in follow(body.nodes, body, known):
        pass  # `known` learns of casts
    if known.keys().isdisjoint(map(find_labels, objective.measurements)):
        return None
    from netspec.diagnostics.data.chains import SplitWithoutOrder  # few specs split so
    from netspec.library.data.split_fields import list_ordered

    return SplitWithoutOrder(at=data.span, field=field, what="the class that is learned", fields=list_ordered(data.dataset, field))


def name_before(data: DataPlan, field: str) -> str:
    """What a field is called in the dataset."""
    for transform in reversed(data.transforms):
        field = transform.name_before(field)
    return field


def find_labels(measurement: Measurement) -> int | None:
    """The wire of the classes that a loss compares scores with; None of any other measurement."""
    says = measurement.op.says() if isinstance(measurement.op, Loss) else None
    declared = {tensor.name: tensor for tensor in measurement.op.inputs}
    if says is None or not declared[says[0]].wants:
        return None
    wires = dict(zip(measurement.op.name_inputs(len(measurement.inputs)), measurement.inputs, strict=False))
    found = wires.get(says[1])
    return found if isinstance(found, int) else None
