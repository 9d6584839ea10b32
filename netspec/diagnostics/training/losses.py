"""Defines the problems of losses beyond their labels: tensors that do not go together, arguments that name no class. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.training.targets import one_too_many
from netspec.record import record
from netspec.shape import Dim, TensorType


@record(kw_only=True)
class UnequalInputs(Diagnostic):
    """The tensors that a loss compares must have exactly equal shapes: nothing is stretched."""

    op: str
    input: str
    found: TensorType
    first: str
    """The input that it must go with."""
    of: TensorType
    wanted: tuple[Dim, ...]

    def message(self) -> str:
        shape = f"[{', '.join(map(str, self.wanted))}]"
        return f"`{self.op}` with `{self.first}` {self.of} needs `{self.input}` of shape {shape}, but it is {self.found}."

    def label(self) -> str:
        return str(self.found)

    def help(self) -> str | None:
        return one_too_many(((self.first, self.of.with_shape(self.wanted)), (self.input, self.found)), ())


@record(kw_only=True)
class UnfitRank(Diagnostic):
    """A loss that looks at whole examples needs an axis of examples, and one that compares examples with each other nothing but vectors."""

    op: str
    input: str
    found: TensorType
    wanted: str
    """The axes in words: "[B, D]"."""

    def message(self) -> str:
        return f"`{self.op}` needs `{self.input}` {self.wanted}, but it is {self.found}."

    def label(self) -> str:
        return str(self.found)


@record(kw_only=True)
class UnequalClassWeights(Diagnostic):
    """`class_weights` is a list with one number for each class, which are the last axis of the logits."""

    op: str
    count: int
    logits: TensorType

    def message(self) -> str:
        classes = f"{self.logits.shape[-1]} classes" if self.logits.rank else "no axis of classes"
        return f"`class_weights` of `{self.op}` has {self.count} number{'s' * (self.count != 1)}, but {self.logits} has {classes}."


@record(kw_only=True)
class IgnoreWithoutClasses(Diagnostic):
    """`ignore` names a class number that does not count, so the labels must be class numbers: whole numbers, no distribution."""

    op: str
    ignore: int
    labels: TensorType

    def message(self) -> str:
        return f"`{self.op}` is to ignore the label {self.ignore}, but the labels {self.labels} are no whole numbers."

    def help(self) -> str:
        return "leave `ignore` away and give a `mask` instead"


@record(kw_only=True)
class BlankBeyondClasses(Diagnostic):
    """The blank of `ctc` is one of the classes that the logits have: a number from 0 to C - 1."""

    op: str
    given: int
    logits: TensorType

    def message(self) -> str:
        return f"The blank of `{self.op}` is class {self.given}, but the logits {self.logits} have {self.logits.shape[-1]} classes."

    def help(self) -> str:
        return (
            f"one class more for the blank: `dense({self.given + 1})`" if self.given == self.logits.shape[-1] else "name one of the classes"
        )


@record(kw_only=True)
class WeightsOutsideModel(Diagnostic):
    """Only a model has weights, buffers and state: what a loss or metric computes keeps nothing from step to step, so that a layer with
    weights in it could not be trained."""

    kept: tuple[str, ...]
    """Their paths."""

    def message(self) -> str:
        named = ", ".join(f"`{path}`" for path in self.kept[:3]) + (f" and {len(self.kept) - 3} more" if len(self.kept) > 3 else "")
        return f"this has {named} of its own, and nothing outside of the model is trained or kept."

    def help(self) -> str | None:
        chosen = self.chosen() if self.ways else None
        if chosen is not None:
            return f"the section sees the model's outputs: write `{chosen.words}`"
        return 'compute it in the model, and give it out: `output y = …`, or `aux y = …` in a block; here read `y`, or `aux("**/y")`'
