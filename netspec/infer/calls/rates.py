"""Finds the learning rates among the arguments of an op, and reports those below zero."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any

from netspec.diagnostics.base import Diagnostic
from netspec.infer.values import Given, OpValue, is_number, to_plain
from netspec.library.base import Op, Schedule
from netspec.library.schedules.run_length import Path, items_of
from netspec.library.shelf import index


def judge_rate(value: OpValue, name: str, given: Given) -> Diagnostic | None:
    """The problem of an argument that is a learning rate, or a list of them, and below zero."""
    numbers = [to_plain(v) for v in (given.value if isinstance(given.value, tuple) else (given.value,))]
    lowest = min((n for n in numbers if is_number(n)), default=0)
    if lowest >= 0 or not is_rate(value.entry, name):
        return None
    from netspec.diagnostics.training.schedules import NegativeRate  # few specs need it

    text = given.span.text
    repair = text[1:].strip() if text.startswith("-") and is_number(to_plain(given.value)) else ""
    return NegativeRate(at=given.span, op=value.name, name=name, value=lowest, repair=repair)


def is_rate(entry: index.Entry, name: str) -> bool:
    """An argument that is a value of a schedule, or may be a schedule."""
    from netspec.library.schedules.curves import Height

    argument = index.load(entry).arguments().get(name)
    if argument is None:
        return False
    beside = (*argument.metadata, *parts_of_annotation(argument.annotation))
    return any(part is Schedule or isinstance(part, Height) for part in beside)


def list_rates(value: Any, path: Path = ()) -> Iterator[tuple[Path, Op, Any]]:
    """Everything in an optimizer that may be a schedule, with the op whose argument it is: a number or a schedule."""
    if not isinstance(value, Op) or isinstance(value, Schedule):
        return
    for name, argument in value.arguments().items():
        own = getattr(value, name)
        if own is not None and any(part is Schedule for part in parts_of_annotation(argument.annotation)):
            yield (*path, (name, None)), value, own
        else:
            for place, item in items_of(own):
                yield from list_rates(item, (*path, (name, place)))


def parts_of_annotation(annotation: Any) -> Iterator[Any]:
    """An annotation and everything that it is made of, with what stands beside types."""
    yield annotation
    yield from getattr(annotation, "__metadata__", ())
    for part in typing.get_args(annotation):
        yield from parts_of_annotation(part)
