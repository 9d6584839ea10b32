"""Watches over steps that are no numbers, which the compiled step has left out: says where they went wrong, and when they are too many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.drawing.cells import escape
from netspec.diagnostics.running.nonfinite import TooManyNonfinite
from netspec.source import NOWHERE, Span
from netspec.train.batch_stream import Fed, Position

if TYPE_CHECKING:
    from netspec.ir import Nonfinite
    from netspec.lower.program import Program
    from netspec.train.progress import Reporter

LOSS = "the loss"


@dataclass
class NonfiniteSteps:
    """Looks at what the guard counted, a step behind, so that nothing waits for it."""

    program: Program
    rule: Nonfinite
    tell: Reporter

    def __post_init__(self) -> None:
        self._pending: tuple[Fed, Any] | None = None
        self._named = False
        self._after: dict[int, Position] = {}

    def add(self, fed: Fed, seen: Any, state: Any) -> None:
        """A step was sent off, and `seen` is what was found of it. Raises `Mistake` where the step before it was one too many."""
        self._after = {step: after for step, after in self._after.items() if step >= fed.after.step - 2} | {fed.after.step: fed.after}
        self.settle(state)
        self._pending = (fed, seen) if seen[1] else None

    def settle(self, state: Any) -> None:
        """Wait for the newest step. Raises `Mistake` where it is one too many of those that are no numbers."""
        if self._pending is None:
            return
        (fed, (found, guard)), self._pending = self._pending, None
        row, step = int(guard["in_row"]), fed.after.step
        if row > (self.rule.limit if self.rule.action == "skip" else 0):
            at, what = self._find(state, fed, found)
            times = row - 1 if self.rule.action == "skip" else int(guard.get("rollbacks", 0))
            raise Mistake(TooManyNonfinite(at=at, step=step, what=what, action=self.rule.action, times=times))
        if row == 1:
            self._tell(state, fed, found)

    def _tell(self, state: Any, fed: Fed, found: Any) -> None:
        """A line on the first step of a row that was left out; where it came from is looked up once."""
        at, what = (NOWHERE, name_lost(found)) if self._named else self._find(state, fed, found)
        self._named = True
        self.tell.note(f"step {fed.after.step:,}: {what} is no number{show_place(at)}; the step is left out")

    def _find(self, state: Any, fed: Fed, found: Any) -> tuple[Span, str]:
        """Where a step that was left out went wrong, and what is no number there."""
        what = name_lost(found)
        for part in split_batch(fed.batch, self.program):
            if what == LOSS and (at := self.program.first_nan(part, state)) is not None:
                return at, what
            if what != LOSS and (source := self.program.find_gradient_source(part, state)) is not None:
                return source.at, f"the gradient of `{getattr(source.op, 'symbol', '') or source.op.op_name()}`"
        return NOWHERE, what

    def position_behind(self, step: int, now: Position) -> Position:
        """The place in the data behind a step of late."""
        return self._after.get(step, now)


def name_lost(found: Any) -> str:
    """What of a step was no number."""
    return LOSS if any(bool(own["lost"]) for own in found.values()) else "the gradient"


def show_place(at: Span) -> str:
    """Where an op stands, and how it is written; nothing where that is not known."""
    return "" if at is NOWHERE else f" ({escape(at.source.path)}:{at.line}: `{escape(at.text)}`)"


def split_batch(batch: Any, program: Program) -> list[Any]:
    """The batches that count as one where the spec accumulates."""
    count = program.plan.accumulate if program.plan else 1
    return [batch] if count == 1 else [{name: x[part] for name, x in batch.items()} for part in range(count)]
