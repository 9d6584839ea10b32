"""Problems between the two sides of an operator, and in indexing."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.shapes import counted
from netspec.shape import Dim, TensorType


def _ordinal(from_end: int) -> str:
    """Axis -1 in words."""
    return {-1: "last", -2: "second last", -3: "third last"}.get(from_end, f"{-from_end}th last")


@dataclass(frozen=True)
class UnequalDims(Diagnostic):
    """An operator needs equal shapes. Leading axes may be missing on one side; a 1 stretches only when both sides have equally many axes.

    ```net bad
    netspec 1
    model M {
      input x: f32[B, 32, 32, 64]
      y = x -> conv(128, 3)
      output z = x + y
    }
    ```

    ```net good
    netspec 1
    model M {
      input x: f32[B, 32, 32, 64]
      y = x -> conv(128, 3)
      output z = (x -> conv(128, 1)) + y
    }
    ```
    """

    op: str
    left: TensorType
    right: TensorType
    axis: int
    """The guilty axis, counted from the end: -1 is the last."""
    project: tuple[str, str] | None = None
    """The side whose features can be projected, and the call that does it: ("left", "dense(64)")."""

    def message(self) -> str:
        left, right = self.left.shape[self.axis], self.right.shape[self.axis]
        return f"`{self.op}` needs equal shapes, but the {_ordinal(self.axis)} dims differ: {left} and {right}."

    def label(self) -> str:
        return f"{self.left} {self.op} {self.right}"

    def help(self) -> str | None:
        if self.left.rank != self.right.rank and 1 in (self.left.shape[self.axis], self.right.shape[self.axis]):
            return "a dim of 1 stretches only when both sides have the same number of axes: add the missing axes with `[None, …]`"
        if self.project is None:
            return None
        side, call = self.project
        return f"project the {side} side first: `-> {call}`"


@dataclass(frozen=True)
class InnerDims(Diagnostic):
    """A matrix product sums over the last axis of the left side and the second last of the right side; they must be equal.

    ```net bad
    netspec 1
    model M {
      input a: f32[B, 8, 64]
      input b: f32[B, 128, 8]
      output c = a @ b
    }
    ```

    ```net good
    netspec 1
    model M {
      input a: f32[B, 8, 64]
      input b: f32[B, 64, 8]
      output c = a @ b
    }
    ```
    """

    left: TensorType
    right: TensorType

    def message(self) -> str:
        inner = self.right.shape[-2] if self.right.rank > 1 else self.right.shape[-1]
        which = "second last" if self.right.rank > 1 else "only"
        sides = f"the last axis of the left side and the {which} axis of the right side"
        return f"`@` sums over {sides}, which differ: {self.left.shape[-1]} and {inner}."

    def label(self) -> str:
        return f"{self.left} @ {self.right}"


@dataclass(frozen=True)
class UnequalDtypes(Diagnostic):
    """Nothing is converted silently: both sides of an operator have the same element type.

    ```net bad
    netspec 1
    model M {
      input x: f32[B]
      input n: i32[B]
      output y = x * n
    }
    ```

    ```net good
    netspec 1
    model M {
      input x: f32[B]
      input n: f32[B]
      output y = x * n
    }
    ```
    """

    op: str
    left: TensorType
    right: TensorType

    def message(self) -> str:
        return f"`{self.op}` needs equal element types, not {self.left.dtype} and {self.right.dtype}."

    def label(self) -> str:
        return f"{self.left} {self.op} {self.right}"

    def help(self) -> str:
        dtypes = (self.left.dtype, self.right.dtype)
        wide = next((d for d in ("f64", "f32", "bf16", "f16", "i32", "u32", "i8", "u8") if d in dtypes), self.left.dtype)
        return f"convert one side: `cast(…, {wide})`"


@dataclass(frozen=True)
class WrongOperand(Diagnostic):
    """An operator does not work on this element type: `and` takes bool, arithmetic takes numbers, `/` takes floats.

    ```net bad
    netspec 1
    model M {
      input n: i32[B]
      output half = n / 2
    }
    ```

    ```net good
    netspec 1
    model M {
      input n: i32[B]
      output half = n // 2
    }
    ```
    """

    op: str
    operand: TensorType
    needs: str

    def message(self) -> str:
        return f"`{self.op}` works on {self.needs}, not on {self.operand}."

    def help(self) -> str | None:
        if self.op == "/" and self.operand.is_int:
            return "use `//` for whole quotients, or convert with `cast(…, f32)`"
        if self.operand.dtype == "bool":
            return "convert it with `cast(…, f32)`, or choose with `where(…)`"
        return None


@dataclass(frozen=True)
class LiteralDoesNotFit(Diagnostic):
    """A number written in the spec takes the element type of the tensor beside it; this one has no such value.

    ```net bad
    netspec 1
    model M {
      input n: i32[B]
      output y = n + 0.5
    }
    ```

    ```net good
    netspec 1
    model M {
      input n: i32[B]
      output y = n + 1
    }
    ```
    """

    op: str
    literal: int | float | bool
    operand: TensorType

    def message(self) -> str:
        return f"{self._text()} is no value of {self.operand.dtype}, the element type on the other side of `{self.op}`."

    def _text(self) -> str:
        if isinstance(self.literal, bool):
            return str(self.literal).lower()
        return f"{self.literal:g}" if isinstance(self.literal, float) else str(self.literal)

    def help(self) -> str | None:
        return "convert the tensor first: `cast(…, f32)`" if isinstance(self.literal, float) else None


@dataclass(frozen=True)
class TooManyIndices(Diagnostic):
    """An index has more items than the tensor has axes, or more than one `...`.

    ```net bad
    netspec 1
    model M {
      input x: f32[B, 8]
      output y = x[:, 0, 0]
    }
    ```

    ```net good
    netspec 1
    model M {
      input x: f32[B, 8]
      output y = x[:, 0]
    }
    ```
    """

    given: int
    dots: int
    input: TensorType

    def message(self) -> str:
        if self.dots > 1:
            return f"`...` stands {self.dots} times in one index; only one can be worked out."
        verb = "is" if self.given == 1 else "are"
        return f"{counted(self.given, 'axis')} {verb} indexed, but {self.input} has {self.input.rank}."


@dataclass(frozen=True)
class IndexOutOfRange(Diagnostic):
    """Indices count from 0, or from the end with -1, -2, …, and must lie inside the axis.

    ```net bad
    netspec 1
    model M {
      input x: f32[B, 8]
      output y = x[:, 8]
    }
    ```

    ```net good
    netspec 1
    model M {
      input x: f32[B, 8]
      output y = x[:, 7]
    }
    ```
    """

    index: Dim
    axis: int
    size: Dim

    def message(self) -> str:
        return f"axis {self.axis} has {self.size} elements, so it has no element {self.index}."

    def help(self) -> str:
        return f"the last one is {self.size - 1}, or -1"


@dataclass(frozen=True)
class SliceOutOfRange(Diagnostic):
    """A slice reaches beyond its axis, or takes nothing. Slices are never cut to what is there.

    ```net bad
    netspec 1
    model M {
      input x: f32[B, 8]
      output y = x[:, 2:10]
    }
    ```

    ```net good
    netspec 1
    model M {
      input x: f32[B, 8]
      output y = x[:, 2:8]
    }
    ```
    """

    start: Dim
    stop: Dim
    axis: int
    size: Dim

    def message(self) -> str:
        span = f"{self.start}:{self.stop}"
        if self.start.is_constant and self.stop.is_constant and self.start.value >= self.stop.value:
            return f"the slice {span} of axis {self.axis} takes no element."
        return f"the slice {span} reaches beyond axis {self.axis}, which has {self.size} elements."


@dataclass(frozen=True)
class BadStep(Diagnostic):
    """The step of a slice is a whole number other than 0; a negative one reverses the whole axis and stands without bounds.

    ```net bad
    netspec 1
    model M {
      input x: f32[B, 8]
      output y = x[:, ::0]
    }
    ```

    ```net good
    netspec 1
    model M {
      input x: f32[B, 8]
      output y = x[:, ::2]
    }
    ```
    """

    step: int

    def message(self) -> str:
        if self.step == 0:
            return "the step of a slice cannot be 0."
        return f"a slice with the negative step {self.step} takes the whole axis backwards, without bounds."

    def help(self) -> str | None:
        return "slice first, then reverse: `x[2:8][::-1]`" if self.step < 0 else "leave the step out"
