"""Defines the problems of convolutions and pools: windows that do not fit, axes that cannot be read as space."""

from __future__ import annotations

from typing import ClassVar

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.shapes.sizes import say_count
from netspec.record import record
from netspec.shape import Dim, TensorType


@record
class WindowTooLarge(Diagnostic):
    """A kernel or pooling window is longer than the image it slides over, so the output would have no elements."""

    op: str
    argument: str
    axis: int
    size: Dim
    window: int
    padding: int
    input: TensorType

    def message(self) -> str:
        padded = f" ({self.size} with {self.padding} of padding)" if self.padding else ""
        return (
            f"`{self.op}` slides a {self.argument} of {self.window} over axis {self.axis}, "
            f"which has only {self.size + self.padding}{padded}: nothing would be left."
        )

    def label(self) -> str:
        return f"the input is {self.input}"

    def help(self) -> str:
        return self.proposed() or f'use a smaller {self.argument}, keep the size with `padding="SAME"`, or remove one pooling before it'


@record
class OnlyPadding(Diagnostic):
    """A pooling window can lie wholly in the padding: there is nothing to take the maximum of."""

    op: str
    window: int
    padding: int

    def message(self) -> str:
        return f"`{self.op}` has a window of {self.window} and {self.padding} of padding at one side: some windows would see only padding."

    def help(self) -> str:
        return self.proposed() or f"pad by at most {self.window - 1}"


@record
class DilatedPastAll(Diagnostic):
    """A dilated pooling window can jump over an axis that is smaller than its steps: then it would see only padding."""

    op: str
    axis: int
    dilation: int
    input: TensorType

    def message(self) -> str:
        return (
            f"axis {self.axis} of {self.input} has fewer than {self.dilation} elements: some windows of `{self.op}` would see only padding."
        )

    def help(self) -> str:
        return "dilate less, or pool with `padding=0`"


@record
class NoSpace(Diagnostic):
    """A convolution or pooling gets a tensor whose number of axes it cannot read as [batch, space…, channels]."""

    op: str
    input: TensorType

    def message(self) -> str:
        return f"`{self.op}` reads its input as [batch, space…, channels] with 1 to 3 axes of space; {self.input} has {self._space()}."

    def _space(self) -> str:
        space = self.input.rank - 2
        return say_count(space, "axis") + " of space" if space > 0 else f"only {say_count(self.input.rank, 'axis')}"

    def help(self) -> str:
        return "give the tensor those axes with `reshape`"


@record
class WrongNumberOfSizes(Diagnostic):
    """A list gives one number per axis of space, and there are more or fewer of them than the input has."""

    op: str
    argument: str
    given: int
    space: int
    input: TensorType

    def message(self) -> str:
        has = "number" if self.given == 1 else "numbers"
        return f"`{self.argument}` has {self.given} {has}, but the input {self.input} has {say_count(self.space, 'axis')} of space."

    def help(self) -> str:
        return f"write {self.space}, or a single number for all of them"


@record
class CausalOverSpace(Diagnostic):
    """`padding="CAUSAL"` puts the zeros before the first position, so that nothing is known of later ones. That needs one axis of time;
    several axes of space have no order."""

    op: str
    space: int
    input: TensorType

    def message(self) -> str:
        return f'`{self.op}` pads along one axis of time for "CAUSAL", and the input {self.input} has {self.space} axes of space.'

    def help(self) -> str:
        return "pad the axes one by one: `padding=[[2, 0], 1]` puts two zeros before the first axis, and one on both sides of the second"


@record
class NothingToMirror(Diagnostic):
    """`padding="REFLECT"` mirrors an axis at its ends, without the last element itself, and there is less to mirror than the
    kernel needs."""

    op: str
    argument: str
    axis: int
    size: Dim
    width: int
    input: TensorType

    def message(self) -> str:
        wanted = f"axis {self.axis} by {say_count(self.width, 'element')}"
        return f"`{self.op}` mirrors {wanted}, which needs {self.width + 1} there, and the axis has {self.size}."

    def label(self) -> str:
        return f"the input is {self.input}"

    def help(self) -> str:
        return f'use a smaller {self.argument}, or zeros: `padding="SAME"`'


@record(kw_only=True)
class KernelPastImage(Diagnostic):
    """A kernel is as large as the image that comes into the model, or so much larger than what it slides over that half of it only ever
    meets the zeros around: often the features and the kernel are the other way round, or the image has shrunk too far by then. Nothing is
    said of axes of open size, nor of a large kernel deep in a model that still sees elements with all of it."""

    severity: ClassVar[str] = "warning"
    late: ClassVar[bool] = True

    op: str
    input: TensorType
    axis: int
    kernel: int
    size: Dim
    unseen: int
    """How many of the kernel's elements along the axis meet only padding."""

    def message(self) -> str:
        slides = f"`{self.op}` slides a kernel of {self.kernel} over axis {self.axis} of {self.input}, which has {self.size}"
        return (
            f"{slides}: {self.unseen} of the {self.kernel} only ever meet padding."
            if self.unseen
            else f"{slides}: it is as large as the image."
        )

    def help(self) -> str:
        if self.unseen:
            return "make the image smaller less often before it, or write a kernel of 1"
        return "the features come first, then the kernel: `conv(32, 3)`; a layer that sees the whole image is `flatten -> dense(32)`"
