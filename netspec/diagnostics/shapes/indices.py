"""Defines the problems of `x[…]` on tensors, and of whole numbers that choose a row or a class whose number the spec says. Floor 0."""

from __future__ import annotations

import re
from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit, Repair
from netspec.diagnostics.shapes.sizes import say_count
from netspec.record import record
from netspec.shape import Dim, TensorType


def write_item(problem: Diagnostic, item: str, others: Sequence[str]) -> list[Repair]:
    """The index with one of its items written anew, where it stands there once."""
    text = problem.at.text
    inside = text.rfind("[")
    found = [m for m in re.finditer(rf"(?<![\w:.-]){re.escape(item)}(?![\w:.])", text) if m.start() > inside >= 0]
    if len(found) != 1:
        return []
    span = problem.at.source.span(problem.at.start + found[0].start(), problem.at.start + found[0].end())
    return [
        Repair((Edit(span, other),), text[: found[0].start()] + other + text[found[0].end() :], guess=True)
        for other in others
        if other != item
    ]


@record
class TooManyIndices(Diagnostic):
    """An index has more items than the tensor has axes, or more than one `...`."""

    given: int
    dots: int
    input: TensorType

    def message(self) -> str:
        if self.dots > 1:
            return f"`...` stands {self.dots} times in one index; only one can be worked out."
        verb = "is" if self.given == 1 else "are"
        return f"{say_count(self.given, 'axis')} {verb} indexed, but {self.input} has {self.input.rank}."


@record
class IndexOutsideAxis(Diagnostic):
    """Indices count from 0, or from the end with -1, -2, …, and must lie inside the axis."""

    index: Dim
    axis: int
    size: Dim

    def message(self) -> str:
        return f"axis {self.axis} has {self.size} elements, so it has no element {self.index}."

    def help(self) -> str:
        return self.proposed() or f"the last one is {self.size - 1}, or -1"

    def repairs(self) -> Sequence[Repair]:
        last = f"-{self.size}" if str(self.index).startswith("-") else str(self.size - 1)
        own = write_item(self, str(self.index), [last] if self.size.is_constant else ["-1"])
        return (*self.ways, *own)


@record
class SliceOutsideAxis(Diagnostic):
    """A slice reaches beyond its axis, or takes nothing. Slices are never cut to what is there."""

    start: Dim | str
    """"" where it is left out."""
    stop: Dim | str
    axis: int
    size: Dim
    empty: bool
    """It lies inside the axis but takes nothing."""
    step: int = 1

    def message(self) -> str:
        span = f"{self.start}:{self.stop}" + (f":{self.step}" if self.step < 0 else "")
        if self.empty:
            return f"the slice {span} of axis {self.axis} takes no element."
        return f"the slice {span} reaches beyond axis {self.axis}, which has {self.size} elements."

    def repairs(self) -> Sequence[Repair]:
        start, stop = str(self.start), str(self.stop)
        ends = ([f"{start}:"] if start != stop and not self.empty else []) + ([f":{self.size}"] if self.size.is_constant else []) + [":"]
        if self.empty and self.size.is_constant:
            ends = [f"{stop}:{start}", f"{start}:", f":{stop}"]
        return (*self.ways, *(write_item(self, f"{start}:{stop}", ends) if self.step == 1 else ()))

    def help(self) -> str | None:
        if self.proposed():
            return self.proposed()
        if self.step > 0:
            return None
        if self.empty:
            return "backwards, the start is the larger number, and the stop is left out to go down to element 0: `5:1:-1`, `5::-1`"
        return f"the last element is {self.size - 1}"


@record
class BadStep(Diagnostic):
    """The step of a slice is a whole number other than 0."""

    step: int

    def message(self) -> str:
        return f"the step of a slice cannot be {self.step}."

    def help(self) -> str | None:
        return "leave the step out"


@record
class IdBeyondVocabulary(Diagnostic):
    """An id that the spec makes itself is not below the number of rows that there are to choose from: it would give NaN."""

    op: str
    made: str
    """What makes the number."""
    number: Dim
    below: Dim

    def message(self) -> str:
        return f"`{self.made}` gives the number {self.number}, but `{self.op}` has rows for 0 to {self.below - 1} only."

    def help(self) -> str | None:
        return f"write `{self.op}({self.number + 1}, …)` for one more row" if self.number == self.below else None


@record(kw_only=True)
class LengthsUnfit(Diagnostic):
    """`last` takes one length for each example, and the axis that the lengths are about is another than that of the examples."""

    op: str
    x: TensorType
    lengths: TensorType
    axis: int

    def message(self) -> str:
        if self.axis == 0:
            return f"axis 0 of {self.x} counts examples, and lengths say of each example how much of another axis counts."
        return f"`{self.op}` of {self.x} takes one length for each of {self.x.shape[0]} examples, not {self.lengths}."
