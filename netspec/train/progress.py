"""Shows a run to a person: a bar on a terminal, plain lines elsewhere, nothing when called from Python (unless asked)."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from netspec.diagnostics.drawing.cells import escape
from netspec.train.measured_step import list_watched, words
from netspec.train.metrics_record import Record
from netspec.train.record_rows import Rows

if TYPE_CHECKING:
    from netspec.lower.batch_statistics import Result


class Reporter(Protocol):
    """Who is told what the run does. Steps count finished updates."""

    def begin(self, name: str, step: int, total: int) -> None: ...
    def note(self, text: str) -> None:
        """One line of news."""
        ...

    def advance(self, step: int, values: Mapping[str, Result], rate: float, wait: float = 0.0) -> None:
        """After a step: the means since the last line (may be empty), examples per second, and the share of time spent waiting for data."""
        ...

    def record(self, record: Record) -> None:
        """A line of `metrics.jsonl` was written."""
        ...

    def end(self) -> None:
        """The run ended, well or not."""
        ...


def escape_lines(text: str) -> str:
    """A text of several lines, such as a warning with the lines of the spec, without what a terminal would take for more than text."""
    return "\n".join(map(escape, text.split("\n")))


class Silent:
    """Tells nobody."""

    def begin(self, name: str, step: int, total: int) -> None: ...
    def note(self, text: str) -> None: ...
    def advance(self, step: int, values: Mapping[str, Result], rate: float, wait: float = 0.0) -> None: ...
    def record(self, record: Record) -> None: ...
    def end(self) -> None: ...


class Lines:
    """One plain line per record, for logs and pipes."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._total = 0

    def begin(self, name: str, step: int, total: int) -> None:
        self._total = total
        self.note(f"training {name}: {total:,} steps" + (f", going on after step {step:,}" if step else ""))

    def note(self, text: str) -> None:
        print(escape_lines(text), file=self._stream, flush=True)

    def advance(self, step: int, values: Mapping[str, Result], rate: float, wait: float = 0.0) -> None: ...

    def record(self, record: Record) -> None:
        self.note("\n".join([line(record, self._total), *list_watched(record.measured)]))

    def end(self) -> None: ...


class Bar:
    """A progress bar with loss, metrics, examples per second, learning rate and the time that is left; the lines of metrics stay above it,
    as rows of a table where the terminal is wide enough."""

    def __init__(self, stream: TextIO | None = None) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self._console = Console(file=stream or sys.stdout, highlight=False)
        columns = (TextColumn("{task.description}"), BarColumn(bar_width=None), MofNCompleteColumn(), TextColumn("{task.fields[values]}"))
        columns = (*columns, TextColumn("{task.fields[beside]}"))
        self._bar = Progress(*columns, TimeRemainingColumn(elapsed_when_finished=True), console=self._console, expand=True)
        self._task: Any = None
        self._total = 0
        self._rows = Rows()

    def begin(self, name: str, step: int, total: int) -> None:
        self._total = total
        self._task = self._bar.add_task(name, total=total, completed=step, values="compiling", beside="")
        self._bar.start()

    def note(self, text: str) -> None:
        self._bar.print(escape_lines(text), markup=False, soft_wrap=True)

    def advance(self, step: int, values: Mapping[str, Result], rate: float, wait: float = 0.0) -> None:
        shown = [numbers(values), *([f"{rate:,.0f}/s", f"data-wait {wait:.0%}"] if rate else [])]
        self._bar.update(self._task, completed=step, values="  ".join(s for s in shown if s))

    def record(self, record: Record) -> None:
        rows = self._rows.draw(record, self._total, self._console.width) or [line(record, self._total)]
        self.note("\n".join([*rows, *list_watched(record.measured)]))
        if shown := words({"learning_rate": record.measured.get("learning_rate")}):
            self._bar.update(self._task, beside=shown)

    def end(self) -> None:
        self._bar.stop()


def reporter(stream: TextIO | None = None) -> Reporter:
    """A bar on a terminal that can draw one, lines elsewhere."""
    from io import StringIO
    from os import environ

    target = stream or sys.stdout or StringIO()  # there is none where a shell has closed it
    return Bar(target) if target.isatty() and environ.get("TERM") != "dumb" else Lines(target)


def line(record: Record, total: int) -> str:
    """`step 220/880  epoch 5  validation  loss 0.1034  accuracy 0.9722  (9,421 examples/s)`."""
    place = f"step {record.step:>{len(str(total))}}/{total}  epoch {record.epoch:<6.4g} {record.split:<10}"
    wait = "" if record.data_wait is None else f", data-wait {record.data_wait:.0%}"
    rate = f"  ({record.examples_per_second:,.0f} examples/s{wait})" if record.examples_per_second else ""
    measured = f"  {shown}" if (shown := words(record.measured)) else ""
    return f"{place}  {numbers({'loss': record.loss, **record.metrics})}{measured}{rate}"


def numbers(values: Mapping[str, Result]) -> str:
    """`loss 0.1034  accuracy 0.9722`. Metrics of several numbers are left out."""
    single = [(name, value) for name, value in values.items() if not isinstance(value, list)]
    return "  ".join(f"{name} {value:.4g}" if abs(value) >= 1000 else f"{name} {value:.4f}" for name, value in single)
