"""Finds what the outputs of a trained model say: which is a field of the data, and whether in scores of its classes or in its numbers.

The losses tell: a cross-entropy of `logits` and `label` makes `logits` scores of the classes of `label`.
"""

from __future__ import annotations

from collections.abc import Sequence

from netspec.ir import OUTPUT, Body, DataPlan, Measurement, Objective
from netspec.lazy import np
from netspec.library.base import Array, Loss
from netspec.proofs.meanings import trace
from netspec.record import record
from netspec.shape import TensorType
from netspec.shape.types import elements
from netspec.train.data_preparation import Knowledge, name_transforms
from netspec.train.predictions.scores import Scores, find_names, log_probabilities, read_scores


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
    scores_classes: bool
    """There is a number for each class along its last axis."""
    names: Sequence[str]
    """What the classes are called, as far as the data know."""
    plan: DataPlan
    behind: str
    """Its name behind the chain."""
    known: Knowledge
    """What the chain has learned."""

    def name_of(self, number: int) -> str:
        """What a class is called."""
        return str(self.names[number]) if number < len(self.names) else str(number)

    def probabilities(self, output: Array) -> Array:
        """Of the classes, or of yes."""
        wide = output.astype(np.float64)
        if self.wants == "probabilities":
            return wide
        shares = np.exp(log_probabilities(self.wants, self.scores_classes, wide, np))
        return shares if self.scores_classes else shares[..., 1]

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
        if isinstance(measurement.op, Loss) and (read := _read(measurement, objective.body)):
            scores, output, field = read
            if output.startswith(OUTPUT) and field in plan.fields and field not in model.input_types():
                own, names = find_names(plan, known, field)
                head = Head(output.removeprefix(OUTPUT), own, plan.fields[field], scores.wants, scores.per_class, names, plan, field, known)
                found.setdefault(own, head)
    return list(found.values())


def _read(measurement: Measurement, body: Body) -> tuple[Scores, str, str] | None:
    """What a loss compares, and the names of the ports that it takes, where it takes all of them and in their order."""
    read = read_scores(measurement, body.types)
    if read is None:
        return None
    ports = {port.wire: port.name for port in body.inputs}
    names = []
    for wire in (read.scores, read.labels):
        source = trace(body.nodes, wire)
        if not isinstance(source, int) or source not in ports or elements(body.types[source].shape) != elements(body.types[wire].shape):
            return None
        names.append(ports[source])
    return read, names[0], names[1]
