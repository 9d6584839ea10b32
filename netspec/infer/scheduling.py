"""The schedules of a `train` section held against its length, and rates below zero."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any

from netspec.diagnostics.base import Diagnostic
from netspec.infer import expressions
from netspec.infer.frame import Frame
from netspec.infer.section import Section, setting
from netspec.infer.values import Composed, Given, OpValue, Value, is_number, plain
from netspec.ir import DataPlan, TrainPlan, UpdatePlan
from netspec.library.base import Duration, Op, Schedule
from netspec.library.data.transforms.steps import Batch
from netspec.library.schedules.run_length import Path, Run, items_of, schedules_in
from netspec.library.shelf import index
from netspec.record import replace
from netspec.source import Span
from netspec.syntax import tree


def warn(section: Section, frame: Frame, updates: tuple[UpdatePlan, ...], duration: Duration) -> None:
    """Report what does not fit of the schedules of all updates."""
    for number, update in enumerate(updates):
        if any(True for _ in schedules_in(update.optimizer)):
            body = section.updates[number].body if section.updates else section.node.body
            item = setting(body, "optimizer")
            assert item is not None
            run = Run(duration, steps_per_epoch(section.data, section.accumulate))
            for problem in placed(frame, item, update, run):
                section.world.report(problem)


def placed(frame: Frame, item: tree.Setting, update: UpdatePlan, run: Run) -> Iterator[Diagnostic]:
    found = list(found_in(update, run))
    value = expressions.evaluate(frame, item.value, ("optimizer",)) if found else None
    for path, problem in found:
        yield replace(problem, at=span_of(value, path, item.value.span))


def found_in(update: UpdatePlan, run: Run) -> Iterator[tuple[Path, Diagnostic]]:
    """The problems of an update's schedules, each with the way from the optimizer to the guilty argument."""
    from netspec.library.schedules.schedule_fit import findings  # only specs with a schedule need it

    for path, schedule in schedules_in(update.optimizer):
        yield from (((*path, *finding.path), finding.problem) for finding in findings(schedule, run))


def problems_of(plan: TrainPlan, steps_per_epoch: int | None) -> list[Diagnostic]:
    """The same of a proved plan, when the length of an epoch is known: laid at the settings of the optimizers."""
    run = Run(plan.duration, steps_per_epoch)
    return [replace(problem, at=update.span) for update in plan.updates for _, problem in found_in(update, run)]


def steps_per_epoch(data: DataPlan, accumulate: int) -> int | None:
    """Steps of an epoch, where they can be known without reading a file."""
    if data.batch is None:
        return 1
    count = data.dataset.known_count()
    if count is None or any(transform.whole or transform.groups for transform in data.transforms):
        return None
    partial = next(t.partial for t in data.transforms if isinstance(t, Batch))
    batches = count // data.batch if partial == "drop" else -(-count // data.batch)
    return batches // accumulate or None


def span_of(value: Value, path: Path, span: Span) -> Span:
    """Where the last argument of a path stands, or as much of the way to it as is written."""
    for argument, place in path:
        value = plain(value)
        if isinstance(value, Composed):
            value = value.parts[place] if isinstance(place, int) and place < len(value.parts) else None
        elif isinstance(value, OpValue) and argument in value.args:
            given = value.args[argument]
            value, span = item_of(given.value, place), given.span
        else:
            return span
        span = value.span if isinstance(value, OpValue | Composed) else span
    return span


def item_of(value: Any, place: int | str | None) -> Any:
    value = plain(value)
    if isinstance(value, tuple) and isinstance(place, int):
        return value[place] if place < len(value) else None
    return value.get(place) if isinstance(value, dict) and place is not None else value


def negative_rate(value: OpValue, name: str, given: Given) -> Diagnostic | None:
    """The problem of an argument that is a learning rate, or a list of them, and below zero."""
    numbers = [plain(v) for v in (given.value if isinstance(given.value, tuple) else (given.value,))]
    lowest = min((n for n in numbers if is_number(n)), default=0)
    if lowest >= 0 or not is_rate(value.entry, name):
        return None
    from netspec.diagnostics.training.schedules import NegativeRate  # few specs need it

    text = given.span.text
    repair = text[1:].strip() if text.startswith("-") and is_number(plain(given.value)) else ""
    return NegativeRate(at=given.span, op=value.name, name=name, value=lowest, repair=repair)


def is_rate(entry: index.Entry, name: str) -> bool:
    """An argument that is a value of a schedule, or may be a schedule."""
    from netspec.library.schedules.curves import Height

    argument = index.load(entry).arguments().get(name)
    if argument is None:
        return False
    beside = (*argument.metadata, *parts_of(argument.annotation))
    return any(part is Schedule or isinstance(part, Height) for part in beside)


def rates_of(value: Any, path: Path = ()) -> Iterator[tuple[Path, Op, Any]]:
    """Everything in an optimizer that may be a schedule, with the op whose argument it is: a number or a schedule."""
    if not isinstance(value, Op) or isinstance(value, Schedule):
        return
    for name, argument in value.arguments().items():
        own = getattr(value, name)
        if own is not None and any(part is Schedule for part in parts_of(argument.annotation)):
            yield (*path, (name, None)), value, own
        else:
            for place, item in items_of(own):
                yield from rates_of(item, (*path, (name, place)))


def parts_of(annotation: Any) -> Iterator[Any]:
    """An annotation and everything that it is made of, with what stands beside types."""
    yield annotation
    yield from getattr(annotation, "__metadata__", ())
    for part in typing.get_args(annotation):
        yield from parts_of(part)
