"""Finds schedules that do not fit in the training. People round lengths, so a hundredth more or less is no mistake."""

from __future__ import annotations

from collections.abc import Iterator

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.training.schedules import CycleCutOff, ScheduleEndsEarly, ScheduleOutlastsRun, StepsAndEpochsMixed
from netspec.library.base import Clock, Duration, Schedule
from netspec.library.base.schedule_marks import Mark, Part
from netspec.library.schedules.run_length import Path, Run, Scale
from netspec.record import record

COMPARED = ("warmup", "duration")
"""Arguments that are held against each other."""
ARRIVALS = ("end", "top", "reach")
"""What may come at the very end of the training; anything else is followed by something."""


@record
class Finding:
    """A problem, and the argument it is laid at."""

    path: Path
    problem: Diagnostic


def findings(schedule: Schedule, run: Run) -> Iterator[Finding]:
    """What is wrong with the lengths of a schedule, as far as is known of the training."""
    yield from mixtures(schedule, run, ())
    scale = run.scale(schedule)
    if scale is not None:
        yield from misfits(schedule, Stretch(scale, scale.clock, "the run"), ())


# --- units -----------------------------------------------------------------------------------------------------------


def mixtures(schedule: Schedule, run: Run, path: Path) -> Iterator[Finding]:
    """Steps and epochs where one is held against the other: in a list of moments, or unless it is known how many steps an epoch has."""
    for name in schedule.arguments():
        value = getattr(schedule, name)
        items = value if isinstance(value, tuple) else ()
        if len({item.unit for item in items if isinstance(item, Duration)}) > 1:
            yield Finding((*path, (name, None)), describe_mixture(schedule, items, run))
        for place, item in [(None, value), *enumerate(items)]:
            if isinstance(item, Schedule):
                yield from mixtures(item, run, (*path, (name, place)))
    own = [getattr(schedule, name) for name in COMPARED if isinstance(getattr(schedule, name, None), Duration)]
    if run.steps_per_epoch is None and len({length.unit for length in own}) > 1:
        yield Finding((*path, (COMPARED[0], None)), describe_mixture(schedule, tuple(own), run))


def describe_mixture(schedule: Schedule, lengths: tuple[Duration, ...], run: Run) -> StepsAndEpochsMixed:
    """The problem of lengths in steps and in epochs, with their steps where the run's epoch is known."""
    known = run.steps_per_epoch
    steps = tuple(length.steps(Clock(known, 0)) for length in lengths) if known else ()
    return StepsAndEpochsMixed(schedule=schedule.op_name(), lengths=tuple(map(str, lengths)), steps=steps)


# --- lengths ---------------------------------------------------------------------------------------------------------


@record
class Stretch:
    """The time that a schedule has."""

    scale: Scale
    clock: Clock
    words: str

    @property
    def total(self) -> int:
        return self.clock.total_steps

    def late(self, step: int) -> bool:
        """Whether a step comes after the stretch by more than a hundredth of it."""
        return step - self.total > self.total / 100

    def early(self, step: int) -> bool:
        """Whether a step comes before the end of the stretch by more than a hundredth of it."""
        return self.total - step > self.total / 100


def misfits(schedule: Schedule, stretch: Stretch, path: Path) -> Iterator[Finding]:
    """Finds what of a schedule, and then of the schedules that it is made of, does not fit in its stretch of the training."""
    marks = schedule.marks(stretch.clock)
    end = next((mark.step for mark in marks if mark.what == "end"), None)
    for mark in marks:
        problem = find_misfit(schedule, mark, marks, stretch, end)
        if problem is not None:
            yield Finding((*path, (mark.argument, mark.place)), problem)
            break
    for part in schedule.parts(stretch.clock):
        if part.begin < stretch.total:
            yield from misfits(part.schedule, enter_part(stretch, part), (*path, (part.argument, part.place)))


def enter_part(stretch: Stretch, part: Part) -> Stretch:
    """The stretch that a part of a schedule has: its own clock, and its own words for its length."""
    return Stretch(stretch.scale, part.clock, part.words)


def find_misfit(schedule: Schedule, mark: Mark, marks: tuple[Mark, ...], stretch: Stretch, end: int | None) -> Diagnostic | None:
    """The problem of one mark."""
    if mark.what == "cycle":
        return find_cut_off(schedule, mark, marks, stretch)
    if end is not None and mark.what == "peak" and end <= mark.step < stretch.total:
        return describe_outlasting(schedule, mark, stretch, end, "the schedule itself")
    if stretch.late(mark.step) or (mark.what not in ARRIVALS and mark.step >= stretch.total):
        return describe_outlasting(schedule, mark, stretch, stretch.total, stretch.words)
    if mark.what == "end" and stretch.early(mark.step):
        return describe_early_end(schedule, mark, stretch)
    return None


def describe_outlasting(schedule: Schedule, mark: Mark, stretch: Stretch, limit: int, words: str) -> ScheduleOutlastsRun:
    """The problem of a schedule that is not where it wants to be when the training ends."""
    scale = stretch.scale
    return ScheduleOutlastsRun(
        schedule=schedule.op_name(),
        what=mark.what,
        length=scale.text(mark.step),
        whole=words,
        limit=scale.number(limit),
        value=mark.value,
        optional=mark.argument == "duration" and schedule.arguments()["duration"].initial() is None,
        tenth=scale.written(max(limit // 10, 1)),
    )


def describe_early_end(schedule: Schedule, mark: Mark, stretch: Stretch) -> ScheduleEndsEarly:
    """The problem of a schedule that is at its end long before the training is."""
    scale = stretch.scale
    return ScheduleEndsEarly(
        schedule=schedule.op_name(),
        length=scale.text(mark.step),
        whole=stretch.words,
        limit=scale.number(stretch.total),
        rest=scale.text(stretch.total - mark.step),
        value=mark.value or 0.0,
        argument=mark.argument,
        end=scale.written(mark.step),
        total=scale.written(stretch.total),
    )


def find_cut_off(schedule: Schedule, mark: Mark, marks: tuple[Mark, ...], stretch: Stretch) -> Diagnostic | None:
    """The training ends in the middle of a cycle."""
    begins = [0, *(m.step for m in marks if m.what == "restart")]
    begin, scale = begins[-1], stretch.scale
    if begin == 0:
        return describe_outlasting(schedule, mark, stretch, stretch.total, stretch.words) if stretch.late(mark.step) else None
    if not stretch.late(mark.step) or not stretch.early(begin):
        return None
    return CycleCutOff(
        schedule=schedule.op_name(),
        number=len(begins),
        begin=scale.text(begin),
        end=scale.text(mark.step),
        whole=stretch.words,
        limit=scale.text(stretch.total),
    )
