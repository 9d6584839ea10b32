"""Defines the problems of transforms that mix examples and their labels. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.record import record
from netspec.shape import TensorType


@record(kw_only=True)
class ClassesNeeded(Diagnostic):
    """A transform that mixes labels makes probabilities of class numbers, and must know of how many classes: sizes stand in the spec."""

    op: str
    field: str
    type: TensorType

    def message(self) -> str:
        return f"`{self.op}` makes probabilities of the class numbers `{self.field}`, {self.type}, and does not know of how many classes."

    def help(self) -> str | None:
        return f"say it: `{self.op}(…, classes=10)`"


@record(kw_only=True)
class ClassesUnequal(Diagnostic):
    """A transform that mixes labels is told a number of classes that labels which are probabilities already do not have."""

    op: str
    field: str
    type: TensorType
    classes: int

    def message(self) -> str:
        return f"`{self.op}` is told `classes={self.classes}`, but `{self.field}` holds numbers already, {self.type}."

    def help(self) -> str | None:
        return "leave `classes` out: floats are mixed as they are"


@record(kw_only=True)
class NotToMix(Diagnostic):
    """A field cannot be mixed with that of another example: its values are no floats, or differ in size from example to example."""

    op: str
    field: str
    type: TensorType

    def message(self) -> str:
        why = "they differ in size" if self.type.is_float or self.type.is_int else "they are no numbers"
        whole = self.type.is_int and all(dim.is_constant for dim in self.type.shape[1:])
        return f"`{self.op}` cannot mix the values of `{self.field}`, {self.type}: {'they are no floats' if whole else why}."

    def help(self) -> str | None:
        if self.type.rank == 4 and self.type.is_float:
            return f"bring them to one size first: `center_crop(64, share=1.0) -> {self.op}(…)`"
        return f"name another one: `{self.op}(…, field=…, labels=…)`"


@record(kw_only=True)
class LabelBeyondClasses(Diagnostic):
    """A label of the data is no class of those that `classes` counts: below 0, or that number and above."""

    field: str
    found: int
    classes: int

    def message(self) -> str:
        return f"a label in `{self.field}` is {self.found}, which is none of the {self.classes} classes 0 to {self.classes - 1}."

    def help(self) -> str | None:
        return f"give as many classes as there are: `classes={self.found + 1}` or more" if self.found >= 0 else "leave such examples out"
