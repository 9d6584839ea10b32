"""Defines the problems of classes: units that are not as many as the data have classes, and a softmax over one. Floor 0."""

from __future__ import annotations

from typing import ClassVar

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.shapes.operands import name_operand
from netspec.diagnostics.training.targets import Unfit, without_last
from netspec.record import record
from netspec.shape import TensorType

OF_ANSWERS = {
    "softmax_focal": "sigmoid_focal",
    "log_loss": "binary_log_loss",
    "multiclass_hinge": "hinge",
    "dice": "binary_dice",
    "accuracy": "binary_accuracy",
    "top_k_accuracy": "binary_accuracy",
    "precision": "binary_precision",
    "recall": "binary_recall",
    "f1": "binary_f1",
    "iou": "binary_iou",
    "confusion_matrix": "binary_f1",
    "calibration_error": "binary_accuracy",
}
"""What takes one score of yes where these take a score for each class; the others are cross-entropies."""


@record(kw_only=True)
class OneClass(Unfit):
    """One class leaves nothing to choose: a softmax over one score is 1 and the loss 0, the largest of one score is always the same. A
    yes or no by one score is asked of a sigmoid."""

    op: str
    logits: TensorType
    labels: TensorType
    operands: tuple[str, ...] = ()
    """Scores and labels as written, where they are known."""

    def message(self) -> str:
        return f"`{self.op}` chooses one of several classes, but {self.logits} has scores of one: its answer is the same whatever they are."

    def mistake(self) -> object:
        return (self.logits, self.labels)

    def advice(self) -> str | None:
        scores, labels = name_operand(self.operands, 0), name_operand(self.operands, 1)
        if self.labels.rank < self.logits.rank and scores != "…":
            scores = without_last(scores, self.labels.rank).strip("`")
        instead = OF_ANSWERS.get(self.op, "sigmoid_cross_entropy")
        return f"for a yes or no by one score write `{instead}({scores}, {labels})`; for several classes give the last layer as many units"


@record(kw_only=True)
class SoftmaxOfOne(Diagnostic):
    """A softmax shares 1 among the numbers along an axis; along an axis of one number that is 1, whatever the number."""

    op: str
    axis: int
    input: TensorType
    constant: str
    sigmoid: str
    """What makes a probability of one score, or its logarithm."""

    def message(self) -> str:
        axis = "the last axis" if self.axis == -1 else f"axis {self.axis}"
        return f"`{self.op}` along {axis} of {self.input}, which has one element, gives {self.constant} whatever the numbers are."

    def help(self) -> str | None:
        return f"for a yes or no by one score write `{self.sigmoid}`, and in `train` `sigmoid_cross_entropy`; or name another axis"


@record(kw_only=True)
class TooFewUnits(Unfit):
    """The data say how many classes a field has, and something takes fewer: a label would be none of them."""

    op: str
    field: str
    classes: int
    below: int
    """It takes whole numbers below this."""
    units: bool = False
    """Is that the number of scores?"""
    answers: bool = False
    """Are yes and no what it takes?"""

    def message(self) -> str:
        if self.answers:
            return f"`{self.op}` takes labels 0 and 1, yes and no, but the field `{self.field}` has {self.classes} classes."
        things = f"has scores of {self.below} classes" if self.units else f"has a place for numbers below {self.below}"
        classes = f"{self.classes}" if self.units else f"{self.classes} classes"
        return f"`{self.op}` {things}, but the field `{self.field}` has {classes}, 0 to {self.classes - 1}."

    def advice(self) -> str | None:
        if self.answers:
            return f"for one class of several write `softmax_cross_entropy`, with {self.classes} scores on the last axis"
        return f"give the last layer {self.classes} units: `dense({self.classes})`" if self.units else f"make it {self.classes}"


@record(kw_only=True)
class MoreUnits(Unfit):
    """There are scores of more classes than the data have: no label ever is one of the rest."""

    severity: ClassVar[str] = "warning"

    op: str
    field: str
    classes: int
    units: int

    def message(self) -> str:
        return f"`{self.op}` tells {self.units} classes apart, but the field `{self.field}` has {self.classes}, 0 to {self.classes - 1}."

    def advice(self) -> str | None:
        return f"give the last layer {self.classes} units: `dense({self.classes})`"
