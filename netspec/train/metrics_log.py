"""Writes and reads `metrics.jsonl`, which has one JSON object per line, in the order of the steps.

`{"step": 220, "epoch": 5, "split": "train", "loss": 0.31, "metrics": {"accuracy": 0.92}, "examples_per_second": 9421.5, "seconds": 3.2,
"data_wait": 0.01}`.
`split` is "train" (means since the line before), or what was evaluated: "validation", "test" where the spec's `eval` names that part,
"eval" for data that are one whole. The last line of a finished run is "test" with the field `checkpoint`, the step of the best one, which
was measured. A line of training has besides, of the step before it, `learning_rate` and `gradient_norm` (before any clipping), `watched`
where it is asked for, and `skipped_steps` and `loss_scale` where there are such. `seconds` is the age of the run, `data_wait` the share of
the time since the line before in which the device had no data. A resumed run writes the lines of an uninterrupted one; only
`examples_per_second`, `seconds` and `data_wait` tell them apart. A metric of several numbers is a list, a matrix a list of rows.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.checkpoints import RunFileDamaged
from netspec.files import append_line, write_atomic
from netspec.limits import LIMITS
from netspec.train import measured_step
from netspec.train.metrics_record import Record as Record
from netspec.train.metrics_record import finite as finite
from netspec.train.strict_json import Count, Strict, Text, Unfit, fit, parse_json, read_file

if TYPE_CHECKING:
    from netspec.lower.batch_statistics import Result

NAME = "metrics.jsonl"
TIMES = ("examples_per_second", "seconds", "data_wait")
"""Fields that differ from run to run."""


def _read(value: Any) -> Result:
    """A value of a line; what JSON has no number for was written as null."""
    return [_read(x) for x in value] if isinstance(value, list) else math.nan if value is None else value


def require_result(value: Any) -> Any:
    """A number, null, or nested lists of them as an array has them, every list of one depth as long as the others. Raises ValueError."""
    _shape(value, LIMITS.axes)
    return value


def _shape(value: Any, axes: int) -> tuple[int, ...]:
    """The sizes of nested lists of numbers. Raises ValueError."""
    if not isinstance(value, list):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise ValueError("is no number")
        return ()
    if axes == 0:
        raise ValueError("has lists that lie too deep inside one another")
    shapes = {_shape(item, axes - 1) for item in value}
    if len(shapes) > 1:
        raise ValueError("has lists that are not of one length")
    return (len(value), *next(iter(shapes), ()))


Measured = Annotated[Any, AfterValidator(require_result)]


class Form(Strict):
    """What stands in a line."""

    step: Count
    epoch: Annotated[float, Field(ge=0)]
    split: Literal["train", "validation", "test", "eval"]
    loss: Measured
    metrics: dict[Text, Measured]
    examples_per_second: Annotated[float, Field(ge=0)] | None
    seconds: Annotated[float, Field(ge=0)]
    checkpoint: Count | None = None
    learning_rate: float | dict[Text, float | None] | None = None
    gradient_norm: float | dict[Text, float | None] | None = None
    skipped_steps: Count | None = None
    loss_scale: float | None = None
    watched: dict[Text, dict[Literal["gradient_norm", "update_norm"], float | None]] | None = None
    data_wait: Annotated[float, Field(ge=0, le=1)] | None = None


def _record(line: bytes) -> Record:
    """A line read back. Raises `Unfit`."""
    form = fit(parse_json(line), Form)
    if isinstance(form.loss, list):
        raise Unfit("/loss", "it is a list, not a number")
    numbers = {name: _read(value) for name, value in form.metrics.items()}
    fields = form.model_dump()
    measured = {name: value for name in measured_step.FIELDS if (value := fields.pop(name)) is not None}
    return Record(**{**fields, "metrics": numbers, "loss": _read(form.loss), "measured": measured})


@dataclass(frozen=True)
class Log:
    """The file of one run."""

    path: Path

    def add(self, record: Record) -> None:
        append_line(self.path, record.text())

    def rewrite(self, records: Iterable[Record]) -> None:
        """These lines in the place of all: the run went back."""
        write_atomic(self.path, "".join(f"{r.text()}\n" for r in records))

    def records(self) -> list[Record]:
        """Every line; none when there is no file yet. Raises `Mistake` with the first line that is none.

        Only what follows the last line end may be the beginning of a line: a kill cut it short.
        """
        if not os.path.lexists(self.path):
            return []
        *lines, rest = read_file(self.path).split(b"\n")
        found: list[Record] = []
        for number, line in enumerate(lines, 1):
            found.append(self._line(number, line, found))
        if rest and not _is_cut(rest):
            found.append(self._line(len(lines) + 1, rest, found))
        return found

    def _line(self, number: int, line: bytes, before: list[Record]) -> Record:
        """One line. Raises `Mistake` where it is none, or not in the order of the steps."""
        try:
            record = _record(line)
            if before and record.step < before[-1].step:
                raise Unfit("/step", f"it is {record.step}, behind a line of step {before[-1].step}")
            if any((r.step, r.split) == (record.step, record.split) for r in before[-3:]):
                raise Unfit("", f'a second line says `"step": {record.step}` and `"split": "{record.split}"`')
        except Unfit as unfit:
            at = unfit.place if unfit.place.startswith("/") else unfit.place.removeprefix("line 1, ")
            place = f"line {number}, {at}" if at else f"line {number}"
            raise Mistake(RunFileDamaged(path=str(self.path), place=place, finding=unfit.finding, line=number)) from None
        return record

    @property
    def exists(self) -> bool:
        return os.path.lexists(self.path)

    def keep_until(self, step: int, evaluated: int, logged: bool = False, begun: bool = False, part: str = "validation") -> list[Record]:
        """Drop what a resumed run will write again: lines of training after `step`, of evaluation after the step `evaluated`, and that of
        the test part at the end.

        `part` is what evaluations measure, `logged` whether a line of training was written at `step`, `begun` whether any was by then.
        Raises `Mistake` where that line, or that of the evaluation, is not there, or none at all: one that says another step now would be
        dropped unsaid. A file that is not there, which a person may have moved away, is begun anew.
        """
        if not self.exists:
            return []
        found = self.records()
        if begun and not found:
            raise Mistake(RunFileDamaged(path=str(self.path), finding=f"no line is in it, and the checkpoint is of step {step}", line=1))
        kept = [r for r in found if r.checkpoint is None and r.step <= (step if r.split == "train" else evaluated)]
        written = {("train" if r.split == "train" else part, r.step) for r in kept}
        wanted = [(part, evaluated)] * (evaluated > 0) + [("train", step)] * (logged and step > 0)
        missing = next((line for line in wanted if line not in written), None)
        if missing and any(record.checkpoint is None for record in found):
            number = len(kept) + 1
            finding = f'no line says `"step": {missing[1]}` and `"split": "{missing[0]}"`, and the checkpoint was saved behind such a one'
            raise Mistake(RunFileDamaged(path=str(self.path), place=f"line {number}", finding=finding, line=number))
        if missing and not kept:  # the file was begun anew behind the last line but that of the end
            os.unlink(self.path)
        else:
            self.rewrite(kept)
        return kept


def _is_cut(rest: bytes) -> bool:
    """Whether what follows the last line end is a piece of a line, as a kill leaves it, and no whole one: a flip took that one's end."""
    text = rest.rstrip(b"\0").decode(errors="replace")
    try:
        json.JSONDecoder().raw_decode(text)
    except ValueError:
        return not text or text.startswith("{")
    except RecursionError:
        return False
    return False
