"""Finds other arguments with which the ops behind a tensor make another type: their shape rules are asked, those of plugins too."""

from __future__ import annotations

import typing
from collections.abc import Callable as Function
from collections.abc import Iterator
from typing import Any

from netspec.diagnostics.base import Repair
from netspec.infer.repairs.lineage import Line, Step
from netspec.infer.repairs.rewriting import set_argument
from netspec.library.base import Callable
from netspec.library.base.value_faults import BadArguments
from netspec.shape import Dim, Facts, TensorType
from netspec.source import Span

STRIDE = "stride"
"""The only number that is tried where none is written: a shortcut without the stride of what it skips."""
Accepts = Function[[TensorType], bool]
Naming = Function[[Dim], str]


def change_arguments(
    facts: Facts, line: Line, accepts: Accepts, sizes: list[Dim], name: Naming, only: tuple[str, ...] = ()
) -> Iterator[Repair]:
    """Calls on the way to a tensor with one other argument, after which it is accepted; the newest call first. `only`: of these names."""
    for place, step in enumerate(line.steps):
        if step.op is None or not step.written and not step.span.text[:1].isalpha():
            continue
        for argument, value in (each for each in list_changes(step, sizes) if not only or each[0] in only):
            op = with_argument(step.op, argument, value)
            made = line.replayed(facts, place, step.result(facts, op)) if op is not None else None
            if made is None or not accepts(made):
                continue
            text = write_value(value, name)
            edits = set_argument(step, argument, text)
            if edits:
                yield Repair(edits, f"write `{show_call(step, argument, text)}`{say_line(step.span)}", guess=True)


def list_changes(step: Step, sizes: list[Dim]) -> list[tuple[str, Any]]:
    """Other values for the arguments of a call: words before numbers, written ones first, near numbers before far ones."""
    assert step.op is not None
    found: list[tuple[tuple, str, Any]] = []
    for order, (name, argument) in enumerate(step.op.arguments().items()):
        now, written = getattr(step.op, name), name in step.written
        values: list[Any] = [w for w in words_of(argument.annotation) if w != now] if not isinstance(now, bool) else []
        if (isinstance(now, int) and not isinstance(now, bool)) or isinstance(now, Dim):
            known = Dim.of(now)
            near = sorted(
                {1, 2, 3, 4, *(n.value for n in sizes if n.is_constant)}, key=lambda n: abs(n - (known.value if known.is_constant else 0))
            )
            open_sizes = [n for n in sizes if not n.is_constant and "Dim" in str(argument.written) + str(argument.annotation)]
            values += [*near, *open_sizes] if written else [2] if name == STRIDE and now == 1 else []
        elif isinstance(now, tuple) and written and all(isinstance(n, int) for n in now):
            values += [tuple([n] * len(now)) for n in (1, 2)]
        values = [v for v in values if v != now]
        found += [((not isinstance(v, str), not written, order, i), name, v) for i, v in enumerate(values)]
    return [(name, value) for _, name, value in sorted(found, key=lambda row: row[0])]


def words_of(annotation: Any) -> list[str]:
    """The strings that an argument may be."""
    if typing.get_origin(annotation) is typing.Literal:
        return [w for w in typing.get_args(annotation) if isinstance(w, str)]
    return [w for part in typing.get_args(annotation) for w in words_of(part)]


def with_argument(op: Callable, name: str, value: Any) -> Callable | None:
    """The op with another value for an argument, if it takes that."""
    try:
        return type(op)(**{**vars(op), name: value})
    except (BadArguments, TypeError):
        return None


def write_value(value: Any, name: Naming) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple):
        return f"[{', '.join(map(str, value))}]"
    return name(Dim.of(value))


def show_call(step: Step, argument: str, value: str) -> str:
    """The call as it would stand there."""
    (edit,) = set_argument(step, argument, value)
    text, start = step.span.text, step.span.start
    return text[: edit.span.start - start] + edit.text + text[edit.span.end - start :]


def say_line(span: Span) -> str:
    return f" in line {span.line}"
