"""Says what the numbers mean that a loss or metric compares with a field: scores of its classes, of yes, or the field's own numbers.

So the outputs of a model are read by people: in the answers of `netspec predict`, and in what a report says of mistakes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from netspec.ir import DataPlan, Measurement
from netspec.lazy import np
from netspec.library.base import Array, Loss, Measure
from netspec.record import record
from netspec.shape import TensorType
from netspec.train.data_preparation import Knowledge


@record
class Scores:
    """What a loss or metric compares, and how the first of the two is meant."""

    scores: int
    """The wire that says something."""
    labels: int
    """The wire of what it says."""
    wants: str
    """What the numbers are: "logits", "log_odds", "probabilities", or "": those of the labels."""
    per_class: bool
    """There is a number for each class along the last axis, else one of yes, or one in the labels' place."""


def read_scores(measurement: Measurement, types: Mapping[int, TensorType]) -> Scores | None:
    """What a measurement compares, by the types of its wires; None where that says nothing. A metric that only asks which score is the
    largest does not say what they are: they are taken for logits."""
    op = measurement.op
    wires = dict(zip(op.name_inputs(len(measurement.inputs)), measurement.inputs, strict=False))
    first, second = _names(op, [types[wire] for wire in wires.values() if isinstance(wire, int)]) or ("", "")
    scores, labels = wires.get(first), wires.get(second)
    if not isinstance(scores, int) or not isinstance(labels, int):
        return None
    declared = next(tensor for tensor in op.inputs if tensor.name == first)
    wants = declared.wants if declared.wants or isinstance(op, Loss) else "logits"
    return Scores(scores, labels, wants, wants == "logits" or (wants == "probabilities" and declared.rank > 0))


def _names(op: Measure, types: Sequence[TensorType]) -> tuple[str, str] | None:
    """The inputs of a loss or metric that are compared."""
    if isinstance(op, Loss):
        return op.says()
    names = op.name_inputs(2)
    if len(types) < 2 or len(names) < 2:
        return None
    first, second = names[:2]
    wants = next(tensor.wants for tensor in op.inputs if tensor.name == first)
    return (first, second) if wants == "log_odds" or second in op.tells_apart(*types) else None


def count_classes(read: Scores, types: Mapping[int, TensorType]) -> int | None:
    """How many classes the scores tell apart, of one yes or no two; None where nobody knows, or they are no scores of classes."""
    scores, labels = types[read.scores], types[read.labels]
    if not read.per_class:
        return 2 if read.wants and scores.rank == labels.rank == 1 else None
    if not scores.rank or labels.rank not in (scores.rank - 1, scores.rank) or labels.shape[: scores.rank - 1] != scores.shape[:-1]:
        return None
    last = scores.shape[-1]
    return last.value if last.is_constant else None


def log_probabilities(wants: str, per_class: bool, scores: Array, xp: Any) -> Array:
    """Logarithms of the probabilities of the classes, [..., C]; where each score is one of yes, of no and of yes, [..., 2]. `xp` is NumPy
    or its double in JAX."""
    if wants == "logits":
        shifted = scores - scores.max(-1, keepdims=True)
        return shifted - xp.log(xp.exp(shifted).sum(-1, keepdims=True))
    if wants == "log_odds":
        return -xp.logaddexp(0, xp.stack([scores, -scores], -1))
    shares = scores if per_class else xp.stack([1 - scores, scores], -1)
    return xp.log(xp.maximum(shares, np.finfo(np.float32).tiny))


def find_names(plan: DataPlan, known: Knowledge, field: str) -> tuple[str, Sequence[str]]:
    """What a field behind a chain is called in its dataset, and what the dataset calls the numbers 0, 1, … in it, as far as it knows."""
    for transform in reversed(plan.transforms):
        field = transform.name_before(field)
    names: Mapping[str, Sequence[str]] = plan.dataset.class_names(known.get(plan.dataset.op_name(), {}))
    return field, names.get(field, ())
