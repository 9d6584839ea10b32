"""Proposes the nearest values of a block's params for which a condition of the block holds, where they are written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from netspec.diagnostics.base import Edit, Mistake, Repair
from netspec.infer import expressions
from netspec.infer.calls.size_repairs import near
from netspec.infer.frame import Frame
from netspec.infer.values import Value, is_number, to_plain
from netspec.shape import DimTooComplex
from netspec.source import Span
from netspec.syntax import tree
from netspec.syntax.tree_walk import descendants

MOST = 4
"""Values of one param that are proposed."""


def propose_values(frame: Frame, condition: tree.Expr, places: dict[str, Span]) -> tuple[Repair, ...]:
    """Edits of one of the names in the condition, of which `places` say where their values are written, that make it hold."""
    names = dict.fromkeys(n.text for n in descendants(condition) if isinstance(n, tree.Name) and n.text in places)
    found = []
    for name in names:
        at, value = places[name], to_plain(frame.env.get(name, frame.world.global_named(name)))
        holding = (other for other in list_values(value, condition) if holds(frame, condition, name, other))
        for other, _ in zip(holding, range(MOST), strict=False):
            text = write(other)
            if reads(at.text):
                found.append(Repair((Edit(at, text),), f"{name}={text}", guess=True))
    return tuple(found)


def list_values(value: Value, condition: tree.Expr) -> Iterator[Value]:
    """Values of the sort of the given one, the nearest first: those that stand in the condition, and whole numbers around it."""
    written = [n.value for n in descendants(condition) if isinstance(n, tree.Number | tree.String | tree.Constant)]
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from near(value)
    elif isinstance(value, float):
        ends = [float(n) for n in written if is_number(n)]
        inside = [end + step for end in ends for step in (0.0, -0.1, 0.1, -0.01, 0.01)]
        share = [abs(value), value / 100] if value < 0 or value > 1 else []
        yield from sorted({*inside, *share}, key=lambda n: abs(n - value))
    elif isinstance(value, str):
        yield from (word for word in written if isinstance(word, str))


def holds(frame: Frame, condition: tree.Expr, name: str, value: Value) -> bool:
    """The condition is true with another value of the name; problems stay silent."""
    world, count, seen = frame.world, len(frame.world.problems), set(frame.world.seen)
    values: dict[Any, Value] = frame.env if name in frame.env else world.globals  # type: ignore[assignment]
    key = name if name in frame.env else id(world.graph.params.get(name))
    before = values[key]
    values[key] = value
    try:
        return expressions.evaluate(frame, condition) is True
    except (Mistake, DimTooComplex):
        return False
    finally:
        values[key] = before
        del world.problems[count:]
        world.seen = seen


def write(value: Value) -> str:
    """A value as a spec writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        text = f"{value:.6g}"
        return text if "." in text or "e" in text else f"{text}.0"
    return f'"{value}"' if isinstance(value, str) else str(value)


def reads(text: str) -> bool:
    """The text is a value as it is written, so that another may stand in its place."""
    return bool(re.fullmatch(r'-?[0-9][0-9_]*(\.[0-9]+)?(e-?[0-9]+)?|"[^"]*"|true|false', text))
