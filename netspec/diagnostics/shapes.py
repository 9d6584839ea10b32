"""Problems that a layer's shape rule finds: windows that do not fit, reshapes that do not add up, parameters without a size."""

from __future__ import annotations

import re
from dataclasses import dataclass

from netspec.diagnostics.base import Diagnostic
from netspec.shape import Dim, TensorType
from netspec.shape.types import elements, shape_text


_BOUND = re.compile(r"[A-Z]\w* (>=|<=) \d+")


def counted(count: int, noun: str) -> str:
    """`1 axis`, `2 axes`."""
    plural = noun[:-2] + "es" if noun.endswith("xis") else noun + "s"
    return f"{count} {noun if count == 1 else plural}"


@dataclass(frozen=True)
class WindowTooLarge(Diagnostic):
    """A kernel or pooling window is longer than the image it slides over, so the output would have no elements.

    ```net bad
    netspec 1
    model M {
      input image: f32[B, 8, 8, 3]
      output y = image -> conv(16, 9, padding="VALID")
    }
    ```

    ```net good
    netspec 1
    model M {
      input image: f32[B, 8, 8, 3]
      output y = image -> conv(16, 9, padding="SAME")
    }
    ```
    """

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
        return f'use a smaller {self.argument}, keep the size with `padding="SAME"`, or remove one pooling before it'


@dataclass(frozen=True)
class OnlyPadding(Diagnostic):
    """A pooling window can lie wholly in the padding: there is nothing to take the maximum of.

    ```net bad
    netspec 1
    model M {
      input image: f32[B, 8, 8, 3]
      output y = image -> max_pool(2, padding=2)
    }
    ```

    ```net good
    netspec 1
    model M {
      input image: f32[B, 8, 8, 3]
      output y = image -> max_pool(2, padding=1)
    }
    ```
    """

    op: str
    window: int
    padding: int

    def message(self) -> str:
        return f"`{self.op}` has a window of {self.window} and {self.padding} of padding at one side: some windows would see only padding."

    def help(self) -> str:
        return f"pad by at most {self.window - 1}"


@dataclass(frozen=True)
class NoSpace(Diagnostic):
    """A convolution or pooling gets a tensor whose number of axes it cannot read as [batch, space…, channels].

    ```net bad
    netspec 1
    model M {
      input x: f32[B, 2, 2, 2, 2, 3]
      output y = x -> conv(16, 3)
    }
    ```

    ```net good
    netspec 1
    model M {
      input x: f32[B, 2, 2, 2, 3]
      output y = x -> conv(16, 3)
    }
    ```
    """

    op: str
    input: TensorType

    def message(self) -> str:
        return f"`{self.op}` reads its input as [batch, space…, channels] with 1 to 3 axes of space; {self.input} has {self._space()}."

    def _space(self) -> str:
        space = self.input.rank - 2
        return counted(space, "axis") + " of space" if space > 0 else f"only {counted(self.input.rank, 'axis')}"

    def help(self) -> str:
        return "give the tensor those axes with `reshape`"


@dataclass(frozen=True)
class WrongNumberOfSizes(Diagnostic):
    """A list gives one number per axis of space, and there are more or fewer of them than the input has.

    ```net bad
    netspec 1
    model M {
      input image: f32[B, 8, 8, 3]
      output y = image -> conv(16, [3, 3, 3])
    }
    ```

    ```net good
    netspec 1
    model M {
      input image: f32[B, 8, 8, 3]
      output y = image -> conv(16, [3, 3])
    }
    ```
    """

    op: str
    argument: str
    given: int
    space: int
    input: TensorType

    def message(self) -> str:
        has = "number" if self.given == 1 else "numbers"
        return f"`{self.argument}` has {self.given} {has}, but the input {self.input} has {counted(self.space, 'axis')} of space."

    def help(self) -> str:
        return f"write {self.space}, or a single number for all of them"


@dataclass(frozen=True)
class NotPositive(Diagnostic):
    """A size must be at least 1.

    ```net bad
    netspec 1
    block Narrow {
      input x: f32[B, D]
      output x -> dense(D - 8)
    }
    model M {
      input x: f32[B, 8]
      output y = x -> Narrow
    }
    ```

    ```net good
    netspec 1
    block Narrow {
      input x: f32[B, D]
      output x -> dense(D - 4)
    }
    model M {
      input x: f32[B, 8]
      output y = x -> Narrow
    }
    ```
    """

    op: str
    argument: str
    value: Dim

    def message(self) -> str:
        return f"`{self.argument}` of `{self.op}` is {self.value}, but a size is at least 1."


@dataclass(frozen=True)
class UnsizedParameter(Diagnostic):
    """A parameter's shape must be known when the model is compiled, and a free dim of the model (a batch size, a length) is not.

    ```net bad
    netspec 1
    model M {
      input x: f32[B, T, D]
      output y = x -> dense(10)
    }
    ```

    ```net good
    netspec 1
    model M {
      input x: f32[B, T, 32]
      output y = x -> dense(10)
    }
    ```
    """

    op: str
    parameter: str
    size: Dim

    def message(self) -> str:
        return f"`{self.parameter}` of `{self.op}` would have a size of {self.size}, which is not known when the model is compiled."

    def help(self) -> str:
        names = ", ".join(f"`{name}`" for name in sorted(self.size.symbols()))
        return f"write a number where the model's input says {names}"


@dataclass(frozen=True)
class ReshapeCount(Diagnostic):
    """A reshape keeps the number of elements; here the two shapes have different numbers.

    ```net bad
    netspec 1
    model M {
      input x: f32[B, 7, 7, 64]
      output y = x -> reshape([B, 3000])
    }
    ```

    ```net good
    netspec 1
    model M {
      input x: f32[B, 7, 7, 64]
      output y = x -> reshape([B, 3136])
    }
    ```
    """

    input: TensorType
    to: tuple[Dim, ...]

    def message(self) -> str:
        before, after = self.input.size, elements(self.to)
        return f"{self.input} has {before} elements, but {shape_text(self.to)} has {after}."

    def help(self) -> str:
        return "let one axis be -1: it takes whatever is left"


@dataclass(frozen=True)
class ReshapeRemainder(Diagnostic):
    """The axis written as -1 takes what the others leave, and that is not a whole number.

    ```net bad
    netspec 1
    model M {
      input x: f32[B, 10]
      output y = x -> reshape([B, 3, -1])
    }
    ```

    ```net good
    netspec 1
    model M {
      input x: f32[B, 10]
      output y = x -> reshape([B, 5, -1])
    }
    ```
    """

    input: TensorType
    rest: Dim

    def message(self) -> str:
        return f"{self.input} has {self.input.size} elements, which {self.rest} (the product of the other axes) does not divide."


@dataclass(frozen=True)
class ReshapeUnknowns(Diagnostic):
    """At most one axis of a reshape may be left open with -1.

    ```net bad
    netspec 1
    model M {
      input x: f32[B, 12]
      output y = x -> reshape([B, -1, -1])
    }
    ```

    ```net good
    netspec 1
    model M {
      input x: f32[B, 12]
      output y = x -> reshape([B, 3, -1])
    }
    ```
    """

    count: int

    def message(self) -> str:
        return f"{self.count} axes of `reshape` are -1; only one can be worked out from the others."


@dataclass(frozen=True)
class AxisOutOfRange(Diagnostic):
    """An axis is counted from 0, or from the end with -1, -2, …; the tensor does not have this one.

    ```net bad
    netspec 1
    model M {
      input x: f32[B, 10]
      output y = x -> softmax(axis=2)
    }
    ```

    ```net good
    netspec 1
    model M {
      input x: f32[B, 10]
      output y = x -> softmax(axis=1)
    }
    ```
    """

    op: str
    axis: int
    input: TensorType

    def message(self) -> str:
        return f"`{self.op}` works on axis {self.axis}, but {self.input} has {counted(self.input.rank, 'axis')}."

    def help(self) -> str | None:
        return f"use {-self.input.rank} to {self.input.rank - 1}" if self.input.rank else None


@dataclass(frozen=True)
class InitializerNeedsMatrix(Diagnostic):
    """An initializer that scales by fan-in and fan-out, or makes orthogonal rows, needs a parameter with at least two axes.

    ```net bad
    netspec 1
    model M {
      input x: f32[B, 8]
      output y = x -> dense(10, bias_init=lecun_normal)
    }
    ```

    ```net good
    netspec 1
    model M {
      input x: f32[B, 8]
      output y = x -> dense(10, bias_init=normal(0.01))
    }
    ```
    """

    initializer: str
    parameter: str
    shape: tuple[int, ...]

    def message(self) -> str:
        return f"`{self.initializer}` needs a parameter with two axes or more, but `{self.parameter}` is {shape_text(self.shape)}."

    def help(self) -> str:
        return "use `zeros`, `ones`, `constant(…)` or `normal(…)` for a vector"


@dataclass(frozen=True)
class CannotProve(Diagnostic):
    """The program needs a relation between sizes that neither follows from the spec nor contradicts it.

    State it: bounds with `dim`, other relations with `require`, or with `assume`, which is checked when the program runs.

    ```net bad
    netspec 1
    model M {
      input x: f32[B, T, 8]
      output y = x -> conv(4, 3, padding="VALID")
    }
    ```

    ```net good
    netspec 1
    model M {
      dim T >= 3
      input x: f32[B, T, 8]
      output y = x -> conv(4, 3, padding="VALID")
    }
    ```
    """

    op: str
    claim: str
    """The relation, as text of the language."""
    missing: str
    """A fact that would prove it, as text of the language."""
    why: str = ""
    """What needs the relation: `so that the window fits`."""

    def message(self) -> str:
        reason = f" {self.why}" if self.why else ""
        return f"`{self.op}` needs `{self.claim}`{reason}, and nothing in the spec says so."

    def help(self) -> str:
        if _BOUND.fullmatch(self.missing):
            return f"write `dim {self.missing}` in the model"
        return f"write `require {self.missing}`, or `assume {self.missing}` to have it checked when the program runs"


@dataclass(frozen=True)
class UnevenGroups(Diagnostic):
    """Groups of features must all have the same size.

    ```net bad
    netspec 1
    model M {
      input x: f32[B, 8, 8, 48]
      output y = x -> group_norm(32)
    }
    ```

    ```net good
    netspec 1
    model M {
      input x: f32[B, 8, 8, 48]
      output y = x -> group_norm(16)
    }
    ```
    """

    op: str
    groups: int
    features: int
    input: TensorType

    def message(self) -> str:
        return f"{self.features} features do not divide into {self.groups} equal groups for `{self.op}`."

    def help(self) -> str:
        divisors = [n for n in range(1, self.features + 1) if self.features % n == 0]
        return f"the nearest number of groups is {min(divisors, key=lambda n: abs(n - self.groups))}"
