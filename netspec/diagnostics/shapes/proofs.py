"""Defines the problems of values and types: what does not hold, and what can be neither proved nor decided. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit
from netspec.record import record


@record(kw_only=True)
class TypeMismatch(Diagnostic):
    """A tensor does not have the type or shape that is written for it."""

    wanted: str
    found: str
    why: str = ""
    repair: str = ""

    def message(self) -> str:
        return f"here stands {self.wanted}, but the tensor is {self.found}{self.why and ': ' + self.why}"

    def help(self) -> str | None:
        return self.proposed() or (f"write `{self.repair}`" if self.repair else None)

    def own_edits(self) -> Sequence[Edit]:
        return [Edit(self.at, self.repair)] if self.repair else []


@record(kw_only=True)
class BadOperands(Diagnostic):
    """An operator stands between values that it does not join."""

    op: str
    left: str
    right: str = ""
    repair: str = ""

    def message(self) -> str:
        if not self.right:
            return f"`{self.op}` does not apply to {self.left}"
        return f"`{self.op}` does not join {self.left} and {self.right}"

    def help(self) -> str | None:
        chosen = self.chosen() if self.ways else None
        if chosen is not None:
            return f"write `{chosen.words}`"
        return self.repair or None


@record(kw_only=True)
class NotStatic(Diagnostic):
    """A condition, count or size depends on a tensor's values. Structure is decided before anything runs."""

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
            return f"{self.proposed()}: {self.how}" if self.proposed() else self.how
        return f"write `{self.repair}`" if self.repair else self.proposed() or None

    def mistake(self) -> object:
        return self.found if self.ways else None

    def own_edits(self) -> Sequence[Edit]:
        return [Edit(self.at, self.repair)] if self.repair else []


@record(kw_only=True)
class CannotDecide(Diagnostic):
    """A condition on sizes that are only known as symbols can be neither proved nor refuted."""

    condition: str
    missing: str = ""
    """The fact that would decide it."""

    def message(self) -> str:
        return f"cannot decide whether `{self.condition}`"

    def statements_missing(self) -> tuple[str, ...]:
        return (f"require {self.missing}",) if self.missing else ()

    def help(self) -> str | None:
        if proposed := self.proposed():
            return f"{proposed}, or the opposite"
        if self.missing:
            return f"say in the model what holds: `require {self.missing}`, or the opposite"
        return "bound the dim in the model: `dim H <= 1024`, or `require` what must hold"


@record(kw_only=True)
class CannotProve(Diagnostic):
    """Two sizes must be equal (or one must divide the other), and the sizes are symbols about which too little is known."""

    condition: str
    missing: str = ""
    further: tuple[str, ...] = ()
    """What is missing besides for the same use of a block."""

    def message(self) -> str:
        return f"cannot prove `{self.condition}`"

    def statements_missing(self) -> tuple[str, ...]:
        return tuple(f"require {fact}" for fact in (self.missing or self.condition, *self.further))

    def help(self) -> str | None:
        return self.proposed() or f"add to the model, after its inputs: `require {self.missing or self.condition}`"
