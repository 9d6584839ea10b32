"""Weights for examples of rare classes, learned from how often each occurs."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.chains import NoClassNumbers, NoSuchField
from netspec.diagnostics.data.sequences import FieldTwice
from netspec.lazy import np
from netspec.library.base import Example, Learned, Transform
from netspec.library.base.field_bounds import Field
from netspec.library.data.columns import Table, rows_of
from netspec.shape import TensorType

LABELS, WEIGHTS = "labels", "weights"


class ClassWeights(Transform):
    """Adds a field that weighs each example by how rare its class is, so that all classes weigh the same together.

    Behind `class_weights("label")` the field `weight` f32[B] is n / (k · c): n examples of training, k classes that occur in them, c of the
    example's own; its mean over them is 1. `loss = softmax_cross_entropy(logits, label, weight=weight)` weighs the loss, the setting
    `weights = weight` the metrics as well. With `power=0.5` rare classes weigh less than that, by the root. In evaluations the weights are
    those of training, and 1 for a class that it does not have.
    """

    whole = True

    field: str = "label"
    """The field with the class of each example."""
    name: str = "weight"
    """What the new field is called."""
    power: Annotated[float, Field(gt=0, le=1)] = 1.0
    """1 makes all classes weigh the same together; less leaves the frequent ones more."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls()), Example(cls(field="species", name="rarity", power=0.5)))

    def fields(self, fields: dict[str, TensorType]) -> dict[str, TensorType]:
        """The fields and the weight. Raises `Mistake` for a field that is not there, or that is no class for each example."""
        if self.field not in fields:
            raise Mistake(NoSuchField(field=self.field, fields=tuple(fields), blame="field"))
        kind = fields[self.field]
        if kind.rank != 1 or not kind.is_int:
            raise Mistake(NoClassNumbers(op=self.op_name(), field=self.field, type=str(kind), blame="field"))
        if self.name in fields:
            raise Mistake(FieldTwice(field=self.name))
        return {**fields, self.name: TensorType("f32", kind.shape)}

    def learn(self, data: Table, folder: Path | None, known: Learned | None) -> tuple[Table, Learned]:
        if self.field not in data:  # to predict, where nothing is weighed
            return data, known or {LABELS: [], WEIGHTS: []}
        labels = data[self.field]
        numbers = labels if isinstance(labels, np.ndarray) else np.asarray(rows_of(labels, np.arange(len(labels))))
        learned = known if known is not None else self._count(numbers)
        weights = dict(zip(learned[LABELS], learned[WEIGHTS], strict=True))
        found, places = np.unique(numbers, return_inverse=True)
        each = np.array([weights.get(int(label), 1.0) for label in found.tolist()], np.float32)
        return {**data, self.name: each[places]}, learned

    def _count(self, labels: Any) -> Learned:
        """The weight of each class that occurs."""
        found, counts = np.unique(labels, return_counts=True)
        raw = [float(count) ** -self.power for count in counts.tolist()]
        mean = math.fsum(weight * count for weight, count in zip(raw, counts.tolist(), strict=True)) / len(labels)
        return {LABELS: found.tolist(), WEIGHTS: [weight / mean for weight in raw]}

    def require_learned(self, known: Learned) -> None:
        if set(known) != {LABELS, WEIGHTS} or not all(isinstance(part, list) for part in known.values()):
            raise ValueError(f"it does not hold `{LABELS}` and `{WEIGHTS}`")
        labels, weights = known[LABELS], known[WEIGHTS]
        if len(labels) != len(weights) or len(set(map(str, labels))) < len(labels) or not all(type(label) is int for label in labels):
            raise ValueError(f"`{LABELS}` are no different whole numbers, one for each weight")
        if not all(isinstance(weight, float | int) and 0 < weight < math.inf for weight in weights):
            raise ValueError(f"`{WEIGHTS}` are no positive numbers")
