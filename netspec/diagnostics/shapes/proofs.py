"""Values and shapes: types that do not hold, conditions that fail or cannot be decided, limits."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit, Place
from netspec.record import record
from netspec.source import NOWHERE, Span


@record(kw_only=True)
class TypeMismatch(Diagnostic):
    """A tensor does not have the type or shape that is written for it.

    ```net bad
    model M {
      input x: f32[B, 28, 28, 1]
      output y = x -> flatten -> [B, 748] -> dense(4)
    }
    ```
    ```net good
    model M {
      input x: f32[B, 28, 28, 1]
      output y = x -> flatten -> [B, 784] -> dense(4)
    }
    ```
    """

    wanted: str
    found: str
    why: str = ""
    repair: str = ""

    def message(self) -> str:
        return f"here stands {self.wanted}, but the tensor is {self.found}{self.why and ': ' + self.why}"

    def help(self) -> str | None:
        return f"write `{self.repair}`" if self.repair else None

    def edits(self) -> Sequence[Edit]:
        return [Edit(self.at, self.repair)] if self.repair else []


@record(kw_only=True)
class BadOperands(Diagnostic):
    """An operator stands between values that it does not join.

    ```net bad
    model M {
      param n: int = 4
      input x: f32[B, 8]
      output y = x -> dense(n + "1")
    }
    ```
    ```net good
    model M {
      param n: int = 4
      input x: f32[B, 8]
      output y = x -> dense(n + 1)
    }
    ```
    """

    op: str
    left: str
    right: str = ""
    repair: str = ""

    def message(self) -> str:
        if not self.right:
            return f"`{self.op}` does not apply to {self.left}"
        return f"`{self.op}` does not join {self.left} and {self.right}"

    def help(self) -> str | None:
        return self.repair or None


@record(kw_only=True)
class NotStatic(Diagnostic):
    """A condition, count or size depends on a tensor's values. Structure is decided before anything runs.

    ```net bad
    model M {
      input x: f32[B, 8]
      output y = if x > 0 { x } else { -x }
    }
    ```
    ```net good
    model M {
      param mirror: bool = false
      input x: f32[B, 8]
      output y = if mirror { -x } else { x }
    }
    ```
    """

    what: str
    """"a condition", "the count of `repeat`", …"""
    found: str
    wanted: str = "known before anything runs"
    repair: str = ""
    how: str = ""
    """Another way to say it, where no text can just take its place."""

    def message(self) -> str:
        return f"{self.what} must be {self.wanted}, but this is {self.found}"

    def help(self) -> str | None:
        if self.how:
            return self.how
        return f"write `{self.repair}`" if self.repair else None

    def edits(self) -> Sequence[Edit]:
        return [Edit(self.at, self.repair)] if self.repair else []


@record(kw_only=True)
class CannotDecide(Diagnostic):
    """A condition on sizes that are only known as symbols can be neither proved nor refuted.

    ```net bad
    model M {
      input x: f32[B, H, 8]
      output y = if H > 16 { x -> dense(4) } else { x -> dense(2) }
    }
    ```
    ```net good
    model M {
      input x: f32[B, H, 8]
      dim H <= 16
      output y = if H > 16 { x -> dense(4) } else { x -> dense(2) }
    }
    ```
    """

    condition: str
    missing: str = ""
    """The fact that would decide it."""

    def message(self) -> str:
        return f"cannot decide whether `{self.condition}`"

    def help(self) -> str | None:
        if self.missing:
            return f"say in the model what holds: `require {self.missing}`, or the opposite"
        return "bound the dim in the model: `dim H <= 1024`, or `require` what must hold"


@record(kw_only=True)
class RequireFailed(Diagnostic):
    """A `require` does not hold for the sizes and arguments that reach it.

    ```net bad
    model M {
      param heads: int = 3
      input x: f32[B, 8]
      require 8 % heads == 0, "8 must be divisible by heads={heads}"
      output y = x -> dense(heads)
    }
    ```
    ```net good
    model M {
      param heads: int = 4
      input x: f32[B, 8]
      require 8 % heads == 0, "8 must be divisible by heads={heads}"
      output y = x -> dense(heads)
    }
    ```
    """

    condition: str
    words: str = ""
    """The message of the `require`, its values filled in."""
    values: str = ""

    def message(self) -> str:
        return self.words or f"`{self.condition}` does not hold{self.values and ' for ' + self.values}"

    def label(self) -> str:
        return f"required here{self.values and ': ' + self.values}" if self.words else ""


@record(kw_only=True)
class CannotProve(Diagnostic):
    """Two sizes must be equal (or one must divide the other), and the sizes are symbols about which too little is known.

    ```net bad
    block Halve {
      input x: f32[B, T, D]
      require T % 2 == 0
      output x -> dense(4)
    }
    model M {
      input x: f32[B, T, 8]
      output y = x -> Halve
    }
    ```
    ```net good
    block Halve {
      input x: f32[B, T, D]
      require T % 2 == 0
      output x -> dense(4)
    }
    model M {
      input x: f32[B, T, 8]
      require T % 2 == 0
      output y = x -> Halve
    }
    ```
    """

    condition: str
    missing: str = ""

    def message(self) -> str:
        return f"cannot prove `{self.condition}`"

    def help(self) -> str | None:
        return f"add to the model, after its inputs: `require {self.missing or self.condition}`"


@record(kw_only=True)
class WhereFailed(Diagnostic):
    """An argument breaks the `where` of the param it is given to.

    ```net bad
    block Heads {
      param heads: int where heads <= 4
      input x: f32[B, D]
      output x -> dense(heads)
    }
    model M {
      input x: f32[B, 8]
      output y = x -> Heads(6)
    }
    ```
    ```net good
    block Heads {
      param heads: int where heads <= 4
      input x: f32[B, D]
      output x -> dense(heads)
    }
    model M {
      input x: f32[B, 8]
      output y = x -> Heads(2)
    }
    ```
    """

    op: str
    name: str
    value: str
    condition: str
    declared: Span = NOWHERE

    def message(self) -> str:
        return f"`{self.op}` wants `{self.condition}`, which `{self.name}={self.value}` breaks"

    def places(self) -> Sequence[Place]:
        return [] if self.declared is NOWHERE else [Place(self.declared, "the condition")]
