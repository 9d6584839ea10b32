"""Defines the problems of worker processes that decode examples. Floor 0."""

from __future__ import annotations

import signal

from netspec.diagnostics.base import Diagnostic
from netspec.record import record


@record(kw_only=True)
class NotForWorkers(Diagnostic):
    """What reads the examples cannot be handed to worker processes: a function without a name in a module, or a class that they cannot
    import."""

    fields: tuple[str, ...] = ()
    """The fields that are read when a batch needs them."""
    reason: str = ""
    """What a worker process said when it tried."""

    def message(self) -> str:
        what = " and ".join(f"`{name}`" for name in self.fields)
        why = f": {self.reason}" if self.reason else ": what reads it is no function or class of a module"
        return f"worker processes cannot read {what}{why}."

    def help(self) -> str | None:
        return "leave `workers` out (0), or put what reads the examples at the top of a module that can be imported"


@record(kw_only=True)
class WorkerEnded(Diagnostic):
    """A worker process that decodes examples ended while it was needed: it was killed, most often because the memory was used up, or a
    library in it crashed."""

    status: int
    """As `subprocess` has it: below 0 the signal's number."""

    def message(self) -> str:
        return f"a worker process that decodes examples ended, {self._how()}."

    def _how(self) -> str:
        """`killed by SIGKILL`, or with which status."""
        try:
            return f"killed by {signal.Signals(-self.status).name}" if self.status < 0 else f"with status {self.status}"
        except ValueError:
            return f"killed by signal {-self.status}"

    def help(self) -> str | None:
        return "where memory ran out take fewer, `--workers 1`; with `--workers 0` all is decoded in one process, which shows a crash"
