"""Defines the problem of a training whose steps are no numbers more often than the spec allows. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.record import record


@record(kw_only=True)
class TooManyNonfinite(Diagnostic):
    """Steps whose loss or gradient is infinite or NaN came more often than the setting `on_nonfinite` allows. Training stops, with the
    parameters from before these steps."""

    step: int
    """The step that was one too many."""
    what: str = "the loss or its gradient"
    action: str = "skip"
    """What the spec says: "skip" or "rollback"; "stop" where only the loss scale of `mixed(f16)` leaves steps out."""
    times: int = 0
    """How many steps in a row were left out before, or how often the run went back."""
    checkpoint: str | None = None
    """The newest checkpoint, from before this step."""

    def message(self) -> str:
        after = {
            "skip": f", as in the {self.times:,} step{'s' * (self.times != 1)} before it, left out already",
            "rollback": f", though the run went back {self.times:,} time{'s' * (self.times != 1)}",
        }.get(self.action, ", and no smaller loss scale would help")
        return f"{self.what} is no number at step {self.step:,}{after if self.times or self.action == 'stop' else ''}."

    def label(self) -> str:
        return "it begins here"

    def help(self) -> str | None:
        kept = f"; the last good checkpoint is `{self.checkpoint}`" if self.checkpoint else ""
        if self.action == "stop":
            return f"compute in a wider type, `precision = mixed(bf16)`, or put `clip_by_global_norm(1.0) ->` before the optimizer{kept}"
        return f"lower the learning rate, or put `clip_by_global_norm(1.0) ->` before the optimizer{kept}"
