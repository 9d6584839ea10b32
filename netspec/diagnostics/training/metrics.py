"""Defines the problems of metrics: classes that are not there, results of several numbers, axes of outputs. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.training.targets import Unfit
from netspec.record import record
from netspec.shape import TensorType


@record(kw_only=True)
class NoSuchClass(Unfit):
    """A metric of one class needs a class that the scores have: they are counted from 0, so the last of C classes is C - 1."""

    op: str
    of: int
    logits: TensorType

    def message(self) -> str:
        last = self.logits.shape[-1] - 1
        return f"`{self.op}` is asked for class {self.of}, but the classes are 0 to {last}: the logits are {self.logits}."


@record(kw_only=True)
class NoOutputAxis(Diagnostic):
    """A metric of each output apart needs a last axis that counts the outputs, behind the one that counts examples."""

    op: str
    average: str
    values: TensorType

    def message(self) -> str:
        setting = f'`average="{self.average}"`'
        return f"`{self.op}` with {setting} needs numbers of at least two axes, the last one counting outputs, not {self.values}."

    def help(self) -> str | None:
        return 'for one number leave it out: `average="all"`'


@record(kw_only=True)
class MetricOfSeveral(Diagnostic):
    """A metric of several numbers, such as a confusion matrix, stands for itself: nothing is computed of it, and it is no loss."""

    what: str
    """What it is asked to be: "an operand of `-`", "a loss"."""
    type: TensorType

    def message(self) -> str:
        return f"{self.what} must be one number, but this metric gives several, {self.type}."


@record(kw_only=True)
class MetricWithoutValues(Diagnostic):
    """A metric stands for a mean of values only where it is one: the values of `accuracy` are 0 and 1, but `f1` counts classes."""

    op: str
    input_of: str

    def message(self) -> str:
        return f"`{self.input_of}` takes tensors, and `{self.op}` has no value for each example that could stand for it."

    def help(self) -> str | None:
        return f"use the finished `{self.op}(…)`, a number, in arithmetic"


@record(kw_only=True)
class UnequalSequences(Diagnostic):
    """A metric of sequences compares them pair by pair: predictions [B, P] go with targets [B, T] and with lengths [B]."""

    op: str
    prediction: TensorType
    target: TensorType
    lengths: str = ""
    """The input of lengths that does not fit; `prediction` is then the type it should have."""

    def message(self) -> str:
        if self.lengths:
            return f"`{self.op}` needs `{self.lengths}` of the shape {self.prediction.with_dtype('i32')}, but it is {self.target}."
        return f"`{self.op}` compares sequences pair by pair, but the predictions are {self.prediction} and the targets {self.target}."
