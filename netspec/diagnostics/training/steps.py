"""Problems of the order in an optimizer's chain. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.record import record


@record(kw_only=True)
class ChangesTheStep(Diagnostic):
    """A gradient transformation stands behind the optimizer: it works on the step, which has the learning rate in it, not on
    the gradient."""

    severity = "warning"

    part: str
    """The transformation, as written."""
    step: str
    """The optimizer before it, as written."""

    def message(self) -> str:
        return f"`{self.part.split('(')[0]}` stands behind `{self.step.split('(')[0]}`: it changes the step, not the gradient."

    def help(self) -> str | None:
        return f"write `{self.part} -> {self.step}`"


@record(kw_only=True)
class StandsTooEarly(Diagnostic):
    """What changes the step of an optimizer stands before it, where it only sees the gradient: a frozen parameter may still decay."""

    part: str
    """The transformation, as written."""
    step: str
    """The optimizer behind it, as written."""

    def message(self) -> str:
        return f"`{self.part.split('(')[0]}` stands before `{self.step.split('(')[0]}`: it changes the gradient, not the step."

    def help(self) -> str | None:
        return f"write `{self.step} -> {self.part}`"
