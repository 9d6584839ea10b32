"""Defines the problems of schedules: lengths that do not fit in the training, units that cannot be compared, rates below zero. Floor 0."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from netspec.diagnostics.base import Diagnostic, Edit, Place
from netspec.record import record
from netspec.source import Span


@record(kw_only=True)
class ScheduleOutlastsRun(Diagnostic):
    """A schedule plans something for a time at which the training is over: the end of its warm-up, the end of its decay, a
    further number."""

    severity: ClassVar[str] = "warning"

    schedule: str
    what: str
    """What is planned: "peak", "end", "top", "reach", "change", "next", "restart", "cycle"; see `library.base.schedule_marks`."""
    length: str
    """When it would be."""
    whole: str
    """What is too short for it: "the run", a cycle, a part."""
    limit: str
    """How long that is: "1,760"."""
    value: float | None
    """The value that it would have then."""
    optional: bool
    """The length is one that can be left out."""
    tenth: str
    """A tenth of the time."""

    def message(self) -> str:
        value = "" if self.value is None else f"{self.value:g}"
        does = {
            "peak": f"warms up for {self.length}",
            "end": f"decays for {self.length}",
            "top": f"rises for {self.length}",
            "reach": f"reaches {value} after {self.length}",
            "change": f"changes to {value} after {self.length}",
            "next": f"begins its next schedule after {self.length}",
        }.get(self.what, f"begins anew after {self.length}")
        never = {
            "peak": f": it never reaches its peak{f' of {value}' if value else ''}",
            "end": f": it never reaches its end of {value}",
            "top": f": it never reaches {value}",
        }.get(self.what, ": it never does")
        return f"`{self.schedule}` {does}, but {self.whole} has {self.limit}{never}"

    def help(self) -> str | None:
        if self.what == "peak":
            return f"warm up for a part of it, such as `{self.tenth}`, or train for longer"
        if self.optional:
            return "leave `duration` out: the schedule then takes all the time there is"
        return "plan it for an earlier time, or train for longer"


@record(kw_only=True)
class ScheduleEndsEarly(Diagnostic):
    """A decay is over long before the training is: the rest of it goes on at the last value. Where that is 0, nothing is
    learned any more."""

    severity: ClassVar[str] = "warning"

    schedule: str
    length: str
    """When it is over: "1,000 steps"."""
    whole: str
    limit: str
    """How long the whole is: "1,760"."""
    rest: str
    value: float
    """What the rate is in the rest."""
    argument: str
    """The argument that says when it is over."""
    end: str
    total: str
    """Both times as text of the language."""

    def message(self) -> str:
        rest = (
            f"the last {self.rest} have a rate of {self.value:g}"
            if self.value
            else f"the last {self.rest} have a rate of 0 and learn nothing"
        )
        return f"`{self.schedule}` is over after {self.length}, but {self.whole} has {self.limit}: {rest}"

    def help(self) -> str | None:
        longer = (
            "leave `duration` out: it then takes all the time there is" if self.argument == "duration" else f"let it end at `{self.total}`"
        )
        if not self.value:
            return longer
        return f"{longer}; where the rest is meant, `join([{self.schedule}(…), constant({self.value:g})], at=[{self.end}])` says so"


@record(kw_only=True)
class CycleCutOff(Diagnostic):
    """The training ends in the middle of a schedule's cycle, where the rate is not at its lowest.
    The parameters are best at its end."""

    severity: ClassVar[str] = "warning"

    schedule: str
    number: int
    """Which cycle it is, from 1."""
    begin: str
    end: str
    """Where this cycle begins and ends."""
    whole: str
    limit: str

    def message(self) -> str:
        cycle = f"cycle {self.number} of `{self.schedule}`, which goes from {self.begin} to {self.end}"
        return f"{self.whole} ends after {self.limit}, in the middle of {cycle}"

    def help(self) -> str | None:
        return f"{self.begin} or {self.end} end with a cycle"


@record(kw_only=True)
class StepsAndEpochsMixed(Diagnostic):
    """One schedule holds steps against epochs, so that its shape depends on the batch size and on how many examples there are."""

    severity: ClassVar[str] = "warning"

    schedule: str
    lengths: tuple[str, ...]
    """As they are written."""
    steps: tuple[int, ...] = ()
    """The same in steps, where it is known how many an epoch has."""

    def message(self) -> str:
        words = " and ".join(f"`{length}`" for length in self.lengths)
        return f"`{self.schedule}` counts both steps and epochs: which of {words} comes first depends on the batch size and the data"

    def help(self) -> str | None:
        if not self.steps:
            return "write all of them in epochs, or all in steps"
        return f"here they are {', '.join(f'{steps:,}' for steps in self.steps)} steps; write all of them in one unit"


@record(kw_only=True)
class NegativeRate(Diagnostic):
    """A learning rate is below zero. An optimizer steps against the gradient by itself; with a negative rate it would make the
    loss grow."""

    op: str
    name: str
    value: float
    repair: str = ""
    """The text that should stand there, when it is known."""

    def message(self) -> str:
        what = f"`{self.name}` of `{self.op}` is {self.value:g}"
        return f"{what}: an optimizer steps against the gradient by itself, and with a negative rate it would climb"

    def help(self) -> str | None:
        return f"write `{self.repair}`" if self.repair else "rates are 0 or above"

    def own_edits(self) -> Sequence[Edit]:
        return [Edit(self.at, self.repair)] if self.repair else []


_NAMED = re.compile(r",\s*duration\s*=\s*\Z")


@record(kw_only=True)
class LengthTwice(Diagnostic):
    """The length of the training stands a second time, as that of a schedule, which would take it anyway: who changes one of them forgets
    the other. Nothing is said where one of them is computed of a param."""

    severity: ClassVar[str] = "warning"
    late: ClassVar[bool] = True

    schedule: str
    length: str
    whole_at: Span
    """Where the training says it."""

    def message(self) -> str:
        return f"`{self.length}` stands twice: without a `duration` `{self.schedule}` takes all of the training."

    def places(self) -> Sequence[Place]:
        return [Place(self.whole_at, "the length of the training")]

    def help(self) -> str:
        return "leave it out of the schedule"

    def own_edits(self) -> Sequence[Edit]:
        named = _NAMED.search(self.at.source.text, max(0, self.at.start - 80), self.at.start)
        return [Edit(Span(self.at.source, named.start(), self.at.end), "")] if named else []
