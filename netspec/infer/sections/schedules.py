"""Holds the schedules of a `train` section against its length."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.training.schedules import LengthTwice
from netspec.infer import expressions
from netspec.infer.frame import Frame
from netspec.infer.sections.section import Section, find_setting
from netspec.infer.values import Composed, OpValue, Value, to_plain
from netspec.ir import DataPlan, TrainPlan, UpdatePlan
from netspec.library.base import Duration
from netspec.library.data.transforms.steps import Batch
from netspec.library.schedules.run_length import Path, Run, schedules_in
from netspec.record import replace
from netspec.source import Span
from netspec.syntax import tree


def warn_of_schedules(section: Section, frame: Frame, updates: tuple[UpdatePlan, ...], duration: Duration) -> None:
    """Report what does not fit of the schedules of all updates."""
    for number, update in enumerate(updates):
        if any(True for _ in schedules_in(update.optimizer)):
            body = section.updates[number].body if section.updates else section.node.body
            item = find_setting(body, "optimizer")
            assert item is not None
            run = Run(duration, count_steps_per_epoch(section.data, section.accumulate))
            found = [*place_problems(frame, item, update, run)]
            section.world.report_all(found or find_repeated_lengths(frame, item, update, section.setting("duration")))


def place_problems(frame: Frame, item: tree.Setting, update: UpdatePlan, run: Run) -> Iterator[Diagnostic]:
    """The problems of an update's schedules, laid at their arguments."""
    found = list(find_schedule_problems(update, run))
    value = expressions.evaluate(frame, item.value, ("optimizer",)) if found else None
    for path, problem in found:
        yield replace(problem, at=span_of_path(value, path, item.value.span))


def find_repeated_lengths(frame: Frame, item: tree.Setting, update: UpdatePlan, whole: tree.Setting | None) -> Iterator[Diagnostic]:
    """The schedules whose duration is that of the training, both written as a number: without it they would take the same."""
    if whole is None or not isinstance(whole.value, tree.Duration):
        return
    value = expressions.evaluate(frame, item.value, ("optimizer",))
    duration = expressions.evaluate(frame, whole.value)
    for path, schedule in schedules_in(update.optimizer):
        argument = schedule.arguments().get("duration")
        optional = argument is not None and not argument.required and argument.initial() is None
        if optional and getattr(schedule, "duration", None) == duration:
            at = span_of_path(value, (*path, ("duration", None)), item.value.span)
            if at.text[:1].isdigit():
                yield LengthTwice(at=at, schedule=schedule.op_name(), length=at.text, whole_at=whole.value.span)


def find_schedule_problems(update: UpdatePlan, run: Run) -> Iterator[tuple[Path, Diagnostic]]:
    """The problems of an update's schedules, each with the way from the optimizer to the guilty argument."""
    from netspec.library.schedules.schedule_fit import findings  # only specs with a schedule need it

    for path, schedule in schedules_in(update.optimizer):
        yield from (((*path, *finding.path), finding.problem) for finding in findings(schedule, run))


def judge_schedules(plan: TrainPlan, steps_per_epoch: int | None) -> list[Diagnostic]:
    """The same of a proved plan, when the length of an epoch is known: laid at the settings of the optimizers."""
    run = Run(plan.duration, steps_per_epoch)
    return [replace(problem, at=update.span) for update in plan.updates for _, problem in find_schedule_problems(update, run)]


def count_steps_per_epoch(data: DataPlan, accumulate: int) -> int | None:
    """Steps of an epoch, where they can be known without reading a file."""
    if data.batch is None:
        return 1
    count = data.known_count()
    for transform in data.transforms:
        count = None if count is None else transform.count_after(count)
    if count is None:
        return None
    partial = next(t.partial for t in data.transforms if isinstance(t, Batch))
    batches = count // data.batch if partial == "drop" else -(-count // data.batch)
    return batches // accumulate or None


def span_of_path(value: Value, path: Path, span: Span) -> Span:
    """Where the last argument of a path stands, or as much of the way to it as is written."""
    for argument, place in path:
        value = to_plain(value)
        if isinstance(value, Composed):
            value = value.parts[place] if isinstance(place, int) and place < len(value.parts) else None
        elif isinstance(value, OpValue) and argument in value.args:
            given = value.args[argument]
            value, span = take_item(given.value, place), given.span
        else:
            return span
        span = value.span if isinstance(value, OpValue | Composed) else span
    return span


def take_item(value: Any, place: int | str | None) -> Any:
    """One item of a list or dict, by its place or key; any other value itself."""
    value = to_plain(value)
    if isinstance(value, tuple) and isinstance(place, int):
        return value[place] if place < len(value) else None
    return value.get(place) if isinstance(value, dict) and place is not None else value
