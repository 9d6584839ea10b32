"""Defines the problems met while a program runs: data that is not what the spec says, and losses that are no numbers. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.suggestions.nearest import one_of
from netspec.record import record
from netspec.source import NOWHERE


@record(kw_only=True)
class LossNotFinite(Diagnostic):
    """The training loss, or a parameter after an update, became infinite or NaN. Training stops: nothing that follows would
    mean anything."""

    step: int
    value: float
    what: str = "the loss"
    checkpoint: str | None = None
    """The newest checkpoint, from before this step."""

    def label(self) -> str:
        return "the first NaN comes from here" if self.at is not NOWHERE else ""

    @property
    def untrained(self) -> bool:
        """The loss was no number before any parameter was updated."""
        return self.step == 1 and self.what == "the loss"

    def message(self) -> str:
        when = ", before any update" if self.untrained else ""
        return f"{self.what} is {self.value} at step {self.step}{when}."

    def help(self) -> str | None:
        if self.untrained:
            causes = "an id that is not below an `embed`'s `vocab`, a label that is no class, a logarithm or division of 0"
            return f"so the learning rate is not the cause; look for {causes}, or inputs that are not scaled"
        kept = f"; the last good checkpoint is `{self.checkpoint}`" if self.checkpoint else ""
        return f"lower the learning rate, or put `clip_by_global_norm(1.0) ->` before the optimizer{kept}"


@record(kw_only=True)
class GradientNotFinite(Diagnostic):
    """The loss is a number, but its gradient is infinite or NaN, so that the update would leave no parameter that is a number. Training
    stops."""

    step: int
    """The step behind which it was found."""
    op: str
    symbol: str = ""
    positive: bool = False
    """The op is defined on numbers above 0 only, and its slope grows without end towards 0."""

    def message(self) -> str:
        return f"the gradient of `{self._name()}` is no number by step {self.step}, though the loss is one."

    def label(self) -> str:
        return "its gradient is infinite or NaN here"

    def _name(self) -> str:
        return self.symbol or self.op

    def help(self) -> str | None:
        keep = "a `where` behind it does not help, since 0 times infinity is NaN"
        if self.symbol == "/":
            return f"{keep}: keep the divisor away from 0, as in `x / where(y == 0, 1.0, y)`"
        if self.symbol == "**":
            return f"{keep}: keep what is raised away from 0, as in `maximum(x, 1e-12) ** 0.5`"
        if self.positive:
            return f"{keep}: keep what it is given away from 0, as in `{self.op}(maximum(x, 1e-12))`"
        return f"{keep}: keep what it is given away from where its slope has no end, with a `where` in front of it"


@record(kw_only=True)
class EpochOfUnknownLength(Diagnostic):
    """Training for a number of epochs needs to know how many batches an epoch has, and the iterable does not say (it has no `len`)."""

    setting: str
    """The duration as written."""

    def message(self) -> str:
        return f"the batches have no length, so `{self.setting}` has no length either."

    def help(self) -> str | None:
        return "give a list, or write durations in steps: `duration = 1_000 steps`"


@record(kw_only=True)
class NoMoreBatches(Diagnostic):
    """An iterable of batches gave none when it was started again for the next epoch, as a generator does."""

    step: int

    def message(self) -> str:
        return f"the batches came to an end after {self.step} steps, and starting again gave none."

    def help(self) -> str | None:
        return "give a list or an object whose `__iter__` starts anew"


@record(kw_only=True)
class NothingToEvaluate(Diagnostic):
    """A run was asked for an evaluation, but its data have no such part: its spec sets nothing aside and has no `eval` section, or its
    dataset has no test part."""

    run: str
    part: str = ""
    """The part that was asked for; "": what is evaluated in training."""
    parts: tuple[str, ...] = ()
    """Those that there are."""

    def message(self) -> str:
        what = f"{self.part} part" if self.part else "data"
        return f"the run `{self.run}` has no {what} to evaluate on."

    def help(self) -> str | None:
        if self.part:
            return f"choose {one_of([f'--part {name}' for name in self.parts])}"
        return "add `eval { data = … }` to the train section, or call `evaluate(data)` from Python"


@record(kw_only=True)
class InputsUnreadable(Diagnostic):
    """The file given to `netspec predict` is not an .npz archive of plain arrays. Pickled objects are refused: they could run code."""

    path: str
    reason: str

    def message(self) -> str:
        return f"`{self.path}` is no .npz file of arrays: {self.reason.rstrip('.')}."

    def help(self) -> str | None:
        return "write it with `numpy.savez(path, input_name=array)`"
