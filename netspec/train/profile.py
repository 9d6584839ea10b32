"""Measures what the time of a training is spent on, from the start of its process, and traces some of its steps.

What happens in every step is measured always, at half a microsecond each: `netspec train --profile` shows it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from netspec.diagnostics.drawing.cells import escape
from netspec.lazy import jax

NAME = "profile"
"""The folder of a run in which the trace lies."""
BEGIN, END = 5, 25
"""The steps of a process between which it is traced, to the end of the call in which the last is: the first compiles, and a trace of
many is of no use to anybody."""
FIRST = "the first step"
DATA, DISPATCH, COMPUTE = "waiting for data", "sending off the step", "waiting for the step's result"
EVALUATION, CHECKPOINT, WRITING = "evaluations", "copying for checkpoints", "lines, waiting for the disk"
STEP = (DATA, DISPATCH, COMPUTE, EVALUATION, CHECKPOINT, WRITING)
_COMPILING = {
    "/jax/core/compile/jaxpr_trace_duration": "tracing",
    "/jax/core/compile/jaxpr_to_mlir_module_duration": "lowering",
    "/jax/core/compile/backend_compile_duration": "compiling, or reading what is kept",
}


class Part:
    """Inside, time is spent on one thing."""

    __slots__ = ("_began", "_name", "_seconds")

    def __init__(self, seconds: dict[str, float], name: str) -> None:
        self._seconds, self._name = seconds, name

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._seconds[self._name] = self._seconds.get(self._name, 0.0) + time.perf_counter() - self._began


class Profile:
    """The seconds of one process. With a folder for it, steps are traced."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self.start: dict[str, float] = {}
        """What came before the first step behind the first, in its order."""
        self.seconds: dict[str, float] = {}
        """What the steps were spent on."""
        self.compiling: dict[str, float] = {}
        self.steps = 0
        self.at_once = 1
        """Steps of one call at most."""
        self._first_steps = 1
        """Those of the first call, which compiles."""
        self._marked = time.perf_counter()
        self._first = 0.0
        self._last = 0.0
        self._tracing = False
        self._from = 0
        self.traced: tuple[int, int] | None = None
        """The first and last step of the trace."""

    def within(self, name: str) -> Part:
        """A context whose time counts as this."""
        return Part(self.seconds, name)

    def mark(self, name: str) -> None:
        """What was done since the mark before is called so; behind the first step, as where a training goes back, nothing is."""
        if self.steps and name != FIRST:
            return
        now = time.perf_counter()
        self.start[name] = self.start.get(name, 0.0) + now - self._marked
        self._marked = now

    def stepped(self, count: int = 1) -> None:
        """A step was sent off, or several in one call. Behind the first, which compiles, the steps' time begins anew."""
        before, self.steps = self.steps, self.steps + count
        self._last = time.perf_counter()
        if before == 0:
            self.mark(FIRST)
            self.seconds.clear()
            self._first, self._first_steps = self._last, count
        self.at_once = max(self.at_once, count)
        if self.folder and before < BEGIN <= self.steps:
            self._trace(True)
        elif self._tracing and self.steps >= max(END, self._from + 1):
            self._trace(False)

    def end(self) -> None:
        """The steps are over."""
        if self._tracing:
            self._trace(False)
        self._last = time.perf_counter()

    def _trace(self, begin: bool) -> None:
        """Begins or ends the trace, which takes seconds that count as nobody's."""
        began = time.perf_counter()
        if begin:
            jax.profiler.start_trace(str(self.folder))
            self._from = self.steps
        elif self._tracing:
            with suppress(OSError, RuntimeError):  # a disk that takes no trace stops no training
                jax.profiler.stop_trace()
                self.traced = self._from + 1, self.steps
        self._tracing = begin
        self._first += time.perf_counter() - began

    def watch_compiler(self) -> None:
        """Count what JAX says of tracing and compiling from now on."""
        jax.monitoring.register_event_duration_secs_listener(self._compiled)

    def _compiled(self, event: str, duration_secs: float, **_: Any) -> None:
        if (name := _COMPILING.get(event)) and self.steps == 0:
            self.compiling[name] = self.compiling.get(name, 0.0) + duration_secs

    # --- what it shows -----------------------------------------------------------------------------------------------

    def lines(self) -> Iterator[str]:
        """The table: start-up, then a step on the average of those behind the first."""
        total = sum(self.start.values())
        yield f"start-up: {total:.2f} s until the first step was done"
        yield from (f"  {name:<34} {seconds:>8.2f} s  {seconds / total:>4.0%}" for name, seconds in self.start.items())
        yield from (f"    of all that, {name:<34} {seconds:.2f} s" for name, seconds in self.compiling.items())
        count, spent = self.steps - self._first_steps, self._last - self._first
        if count <= 0 or spent <= 0:
            return
        together = f", {self.at_once} in one call at most" if self.at_once > 1 else ""
        yield f"a step: {spent / count * 1e3:.3f} ms on the average of {count:,} behind the first{together}"
        known = {name: self.seconds.get(name, 0.0) for name in STEP}
        rest = {**known, "the loop itself": max(spent - sum(known.values()), 0.0)}
        yield from (f"  {name:<34} {seconds / count * 1e3:>8.3f} ms  {seconds / spent:>4.0%}" for name, seconds in rest.items())
        if self.folder and not self.traced:
            yield "no step was traced" + (f": the trace begins behind step {BEGIN}" if self.steps <= BEGIN else "")
        if self.traced:
            steps = f"{self.traced[0]:,} to {self.traced[1]:,} of this process"
            yield f"a trace of steps {steps} lies in {escape(str(self.folder))}, for xprof or Perfetto"


def seconds_of_process() -> float:
    """How long this process has run, where the system says so; else 0."""
    with suppress(OSError, ValueError, IndexError):
        began = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
        return max(time.clock_gettime(time.CLOCK_BOOTTIME) - began, 0.0)
    return 0.0
