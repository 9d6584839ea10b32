"""Defines the problems of finished means that meet what they were computed from, and of the weights of losses. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from netspec.diagnostics.base import Diagnostic, Edit
from netspec.record import record
from netspec.shape import TensorType
from netspec.source import NOWHERE, Span


@record(kw_only=True)
class MeanMeetsExamples(Diagnostic):
    """A loss or metric is a finished mean, one number for the batch; with a tensor that has a number for each example it would be computed
    as mean times mean (or mean minus mean, which is always 0), and not example by example."""

    op: str
    mean: str
    """The mean as written."""
    mean_at: Span = NOWHERE
    examples: str = ""
    """The tensor as written; nothing where the op takes tensors, and the mean is given to it for one."""
    type: TensorType = TensorType("f32", ())
    over_batch: str = ""
    """The function that is the mean over the batch, `mean(x, axis=0)`, where that fits."""
    plain: str = ""
    """What the mean is of, where that fits."""
    weighed: str = ""
    """The loss with the tensor as its weight, where that fits."""
    opened: TensorType | None = None
    """The type of the loss's values, where the mean is one loss."""
    fits: bool = False
    """Does the op take those values in place of the mean?"""
    added: bool = False
    """Are the two added?"""

    def message(self) -> str:
        if not self.examples:
            return f"`{self.op}` takes tensors here, and `{self.mean}` is a finished mean, one number for the batch."
        examples = "a number for each example"
        return f"`{self.op}` joins a finished mean, `{self.mean}`, with `{self.examples}`, a tensor {self.type} that has {examples}."

    def label(self) -> str:
        return f"a mean, one number, and {self.type}" if self.examples else "a mean, one number"

    def help(self) -> str | None:
        forms = []
        if self.over_batch:
            forms.append(f"`{self.over_batch}` is the mean over the batch as a tensor")
        if self.plain:
            forms.append(f"`{self.plain}` has the values that the mean is taken of")
        if self.weighed:
            place = "" if self.weighed.endswith(")") else " in the call of the loss"
            forms.append(f"`{self.weighed}`{place} weighs the values before they are averaged")
        if self.opened is not None:
            apart = f", {self.opened}" + ": give both sides one shape" * bool(self.examples)
            shapes = "" if self.fits or self.weighed else apart
            forms.append(f"`each({self.mean})` is the values before they are averaged{shapes}")
        if self.added:
            forms.append(f"`mean({self.examples})` averages the other side as well")
        return "; ".join(forms) or (
            "`each(…)` around a loss is its values before they are averaged, and `mean(x, axis=0)` a mean over the batch as a tensor: "
            "compute with those"
        )

    def own_edits(self) -> Sequence[Edit]:
        if self.over_batch and not self.plain:
            return [Edit(self.mean_at, self.over_batch)]
        return [Edit(self.mean_at, f"each({self.mean})")] if self.fits else []


@record(kw_only=True)
class WeightShape(Diagnostic):
    """A weight of a loss is a factor of its values, so it has their shape, or that of their first axes: one for each example, [B]."""

    op: str
    values: TensorType
    weight: TensorType
    operand: str = ""
    """The weight as written."""

    def message(self) -> str:
        fitting = [str(self.weight.with_shape(self.values.shape[: rank + 1])) for rank in range(self.values.rank)]
        wanted = f", so that a weight is {' or '.join(fitting)}" if fitting else ", one number, which has no weight"
        return f"`{self.op}` gives values {self.values}{wanted}; this one is {self.weight}."

    def label(self) -> str:
        return str(self.weight)

    def help(self) -> str | None:
        dims, rank = self.weight.shape, self.weight.rank - 1
        if self.operand and rank >= 1 and dims[-1] == 1 and dims[:-1] == self.values.shape[:rank]:
            return f"take its last axis away: `{self.operand}[{', '.join([':'] * rank)}, 0]`"
        return None


@record(kw_only=True)
class NormalizeAlone(Diagnostic):
    """`normalize` divides a mean by the sum of its `weight` instead of by the number of values; without a `weight` it says nothing."""

    op: str

    def message(self) -> str:
        return f"`normalize` of `{self.op}` needs a `weight`, by whose sum the mean is divided."

    def help(self) -> str | None:
        return "give the loss a `weight`, or leave `normalize` away: without one it is the mean"


@record(kw_only=True)
class UnmovedLoss(Diagnostic):
    """No output of the model moves the loss: it is computed of the data alone, or only of what has no gradient, such as `argmax` or
    `stop_gradient`. Every gradient is 0, and training changes nothing."""

    severity: ClassVar[str] = "warning"

    term: str = ""
    """The op of the one term of the loss that has no gradient, where others have one."""

    def message(self) -> str:
        if self.term:
            return f"`{self.term}` has no gradient: this term changes the number of the loss, and nothing that is trained."
        return "no output of the model moves this loss, so that every gradient is 0 and nothing is trained."

    def help(self) -> str | None:
        if self.term:
            return f"leave it out of the loss, and measure it: `metric {self.term} = …`"
        return "compute it of the model's outputs by what has a gradient: `softmax_cross_entropy(logits, label)`, not `accuracy`"


@record(kw_only=True)
class UnreadWeight(Diagnostic):
    """A field is called like a weight of the examples, and nothing reads it: no field's name has a meaning of its own."""

    severity: ClassVar[str] = "warning"

    field: str

    def message(self) -> str:
        return f"the field `{self.field}` is never read: it weighs the examples only where the spec says so."

    def help(self) -> str | None:
        return f"write `weights = {self.field}` in `train`, or leave the field away"
