"""Defines the problems of losses and metrics: labels, targets and masks that do not fit what the model gives. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.shapes.operands import name_operand
from netspec.diagnostics.shapes.sizes import BATCH
from netspec.record import record
from netspec.shape import TensorType


def without_last(name: str, axes: int) -> str:
    """The text that takes a last axis of size 1 away."""
    return f"`{name}[" + ", ".join([":"] * axes + ["0"]) + "]`"


def one_too_many(sides: tuple[tuple[str, TensorType], ...], operands: tuple[str, ...]) -> str | None:
    """What to write where one of two sides, each with its name, has a last axis of size 1 that the other lacks.

    `operands` are the sides as written, where they are known.
    """
    for number, (name, have) in enumerate(sides):
        want = sides[1 - number][1]
        if have.rank == want.rank + 1 and have.shape[:-1] == want.shape and have.shape[-1] == 1:
            text = name_operand(operands, number)
            return f"take the last axis of the {name} away: {without_last(name if text == '…' else text, want.rank)}"
    return None


@record(kw_only=True)
class Unfit(Diagnostic):
    """Base of the problems of a loss or metric that does not fit what it is called on: the repair that held is the help."""

    def help(self) -> str | None:
        chosen = self.chosen() if self.ways else None
        return f"write `{chosen.words}`" if chosen is not None else self.advice()

    def advice(self) -> str | None:
        """What to do where no repair is known to hold."""
        return None


@record(kw_only=True)
class LabelsShape(Unfit):
    """Labels must say one class for each prediction: logits `[B, C]` go with integer labels `[B]`, or with floats `[B, C]`, a
    distribution."""

    op: str
    logits: TensorType
    labels: TensorType
    expected: TensorType
    """The type that the labels should have."""
    operands: tuple[str, ...] = ()
    """Logits and labels as written, where they are known."""

    def message(self) -> str:
        return f"`{self.op}` with logits {self.logits} needs labels {self.expected}, but they are {self.labels}."

    def label(self) -> str:
        return str(self.labels)

    def mistake(self) -> object:
        return (self.logits, self.labels)

    def advice(self) -> str | None:
        have, want = self.labels.shape, self.expected.shape
        if spare := one_too_many((("logits", self.expected), ("labels", self.labels)), self.operands):
            return spare
        if self.labels.is_int and self.labels.shape == self.logits.shape:
            return "integer labels are class numbers; a one-hot array must be in floats: `cast(labels, f32)`"
        fixed = [a for a, b in zip(have, want, strict=False) if a.is_constant and str(b) == BATCH]
        if len(have) == len(want) and fixed:
            return f"write `{BATCH}`, the size of the batch, for {fixed[0]}: `iota({BATCH})`, `zeros([{BATCH}])`, …"
        return None


@record(kw_only=True)
class UnequalClasses(Unfit):
    """A distribution over classes (one-hot labels) must have as many classes as the logits."""

    op: str
    logits: TensorType
    labels: TensorType

    def message(self) -> str:
        classes, given = self.logits.shape[-1], self.labels.shape[-1]
        return f"`{self.op}` needs as many classes in the labels as in the logits, but the labels have {given} and the logits {classes}."

    def label(self) -> str:
        return str(self.labels)

    def mistake(self) -> object:
        return (self.logits, self.labels)

    def advice(self) -> str | None:
        return f"make the last layer `dense({self.labels.shape[-1]})`, or the labels {self.logits.shape[-1]} classes long"


@record(kw_only=True)
class UnequalTargets(Unfit):
    """A loss that compares numbers one by one needs predictions and targets of exactly the same shape, and both in floats."""

    op: str
    predictions: TensorType
    targets: TensorType
    operands: tuple[str, ...] = ()
    """Both as written, where they are known."""

    def message(self) -> str:
        return f"`{self.op}` needs targets of the predictions' shape, but they are {self.targets} and the predictions {self.predictions}."

    def label(self) -> str:
        return str(self.targets)

    def mistake(self) -> object:
        return (self.predictions, self.targets)

    def advice(self) -> str | None:
        if self.predictions.shape == self.targets.shape:
            targets = name_operand(self.operands, 1)
            return f"the targets must be floats: `cast({'targets' if targets == '…' else targets}, f32)`"
        return one_too_many((("predictions", self.predictions), ("targets", self.targets)), self.operands)


@record(kw_only=True)
class MaskShape(Diagnostic):
    """A mask says for each value of a loss or metric whether it counts, so it has exactly the shape of the values."""

    op: str
    values: TensorType
    mask: TensorType

    def message(self) -> str:
        return f"`{self.op}` gives values {self.values}, but its mask is {self.mask}; the shapes must be equal."

    def label(self) -> str:
        return str(self.mask)


@record(kw_only=True)
class UnequalLabels(Unfit):
    """Yes-or-no labels must have exactly the shape of the logits: one answer for each number, nothing is stretched."""

    op: str
    logits: TensorType
    labels: TensorType
    operands: tuple[str, ...] = ()
    """Both as written, where they are known."""

    def message(self) -> str:
        return f"`{self.op}` needs labels of the logits' shape, but they are {self.labels} and the logits {self.logits}."

    def label(self) -> str:
        return str(self.labels)

    def mistake(self) -> object:
        return (self.logits, self.labels)

    def advice(self) -> str | None:
        logits, labels = self.logits.shape, self.labels.shape
        if spare := one_too_many((("logits", self.logits), ("labels", self.labels)), self.operands):
            return spare
        if logits[:-1] == labels and self.labels.is_int:
            return f"for class numbers write `softmax_cross_entropy`, or compare class by class with `one_hot(labels, {logits[-1]})`"
        return None


@record(kw_only=True)
class FewerClasses(Unfit):
    """A label cannot be among the k largest logits when there are fewer than k logits."""

    op: str
    k: int
    logits: TensorType

    def message(self) -> str:
        return f"`{self.op}` looks at the {self.k} largest logits, but there are {self.logits.shape[-1]}: the logits are {self.logits}."
