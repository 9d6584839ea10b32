"""Finds what the outputs of a trained model say: which is a field of the data, and whether in scores of its classes or in its numbers.

The losses tell: a cross-entropy of `logits` and `label` makes `logits` scores of the classes of `label`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from netspec.ir import OUTPUT, Body, DataPlan, Measurement, Objective
from netspec.lazy import np
from netspec.library.base import Array, Loss
from netspec.proofs.meanings import trace
from netspec.record import record
from netspec.shape import TensorType
from netspec.shape.types import elements
from netspec.train.data_preparation import Knowledge, name_transforms


@record(eq=False)
class Head:
    """An output of the model, and the field that it says."""

    output: str
    field: str
    """Its name in the dataset, before the chain renames it."""
    target: TensorType
    """The field's type behind the chain."""
    wants: str
    """What its loss takes it for: "logits", "log_odds", "probabilities", or "": numbers."""
    names: Sequence[str]
    """What the classes are called, as far as the data know."""
    plan: DataPlan
    behind: str
    """Its name behind the chain."""
    known: Knowledge
    """What the chain has learned."""

    @property
    def scores_classes(self) -> bool:
        """Is there a number for each class along its last axis?"""
        return self.wants == "logits" or (self.wants == "probabilities" and self.target.is_int)

    def name_of(self, number: int) -> str:
        """What a class is called."""
        return str(self.names[number]) if number < len(self.names) else str(number)

    def probabilities(self, output: Array) -> Array:
        """Of the classes, or of yes."""
        wide = output.astype(np.float64)
        if self.wants == "probabilities":
            return wide
        if self.wants == "log_odds":
            return 1 / (1 + np.exp(-np.clip(wide, -700, 700)))
        raised = np.exp(wide - wide.max(-1, keepdims=True))
        return raised / raised.sum(-1, keepdims=True)

    def numbers(self, output: Array) -> Array:
        """The field's numbers as the data have them, before the chain changed them."""
        values, name = output.astype(np.float32), self.behind
        if all(dim.is_constant for dim in self.target.shape[1:]):
            values = values.reshape(len(output), *(dim.value for dim in self.target.shape[1:]))
        for key, transform in reversed(name_transforms(self.plan.transforms)):
            values = transform.restored_by(name, values, self.known.get(key))
            name = transform.name_before(name)
        return values


def find_heads(objective: Objective, plan: DataPlan, model: Body, known: Knowledge) -> list[Head]:
    """The outputs that say a field which is no input, the first of those that say the same."""
    found: dict[str, Head] = {}
    for measurement in objective.measurements:
        if isinstance(measurement.op, Loss) and (pair := _read(measurement, measurement.op, objective.body)):
            output, field = pair
            if output.startswith(OUTPUT) and field in plan.fields and field not in model.input_types():
                head = _head(measurement.op, output.removeprefix(OUTPUT), field, plan, known)
                found.setdefault(head.field, head)
    return list(found.values())


def _head(op: Loss, output: str, field: str, plan: DataPlan, known: Knowledge) -> Head:
    own = field
    for transform in reversed(plan.transforms):
        own = transform.name_before(own)
    names: Mapping[str, Sequence[str]] = plan.dataset.class_names(known.get(plan.dataset.op_name(), {}))
    wants = next(declared.wants for declared in op.inputs if declared.name == (op.says() or ("",))[0])
    return Head(output, own, plan.fields[field], wants, names.get(own, ()), plan, field, known)


def _read(measurement: Measurement, op: Loss, body: Body) -> tuple[str, str] | None:
    """The ports that a loss compares, where it takes all of them and in their order."""
    said = op.says()
    if said is None:
        return None
    required = [declared.name for declared in op.inputs if not declared.optional]
    wires = dict(zip(required, measurement.inputs, strict=False))
    ports = {port.wire: port.name for port in body.inputs}
    names = []
    for name in said:
        wire = wires.get(name)
        source = trace(body.nodes, wire) if isinstance(wire, int) else None
        if not isinstance(source, int) or source not in ports or elements(body.types[source].shape) != elements(body.types[wire].shape):  # type: ignore[index]
            return None
        names.append(ports[source])
    return names[0], names[1]
