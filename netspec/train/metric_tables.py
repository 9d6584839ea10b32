"""Writes metrics of several numbers as a person reads them: a line for each class, a table for a matrix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.drawing.cells import escape
from netspec.ir import Objective
from netspec.limits import LIMITS

if TYPE_CHECKING:
    from netspec.lower.batch_statistics import Result
    from netspec.train.trainable_model import Program

CLASSES = ("class", "label", "prediction")
"""Axes that count classes, which may have names."""


def tables(model: Program, values: Mapping[str, Result]) -> str:
    """A paragraph for each metric of several numbers, behind an empty line; nothing where there is none."""
    plan = model.plan
    axes = axes_of(plan.eval.objective) if plan else {}
    several = [(name, value) for name, value in values.items() if isinstance(value, list)]
    return "".join(f"\n\n{table(name, value, axes.get(name, ()), class_names(model))}" for name, value in several)


def axes_of(objective: Objective) -> dict[str, tuple[str, ...]]:
    """What the axes of each metric count."""
    ops = {m.output: m.op for m in objective.measurements}
    outputs = [(port.name, port.wire) for port in objective.finish.outputs]
    return {name: ops[wire].axes for name, wire in outputs if isinstance(wire, int) and wire in ops}


def class_names(model: Program) -> list[Sequence[str]]:
    """Lists of names of classes that the data know."""
    dataset = model.plan.data.dataset if model.plan else None
    return [] if dataset is None else list(dataset.class_names(model.learned.get(dataset.op_name(), {})).values())


def table(name: str, value: list[Any], axes: tuple[str, ...], names: Sequence[Sequence[str]]) -> str:
    """The metric's name and its numbers; of more than two axes their range."""
    if value and isinstance(value[0], list) and value[0] and isinstance(value[0][0], list):
        flat = list(flatten(value))
        return f"{name}: {len(flat)} numbers" + (f", {min(flat):.4g} to {max(flat):.4g}" if flat else "")
    if value and isinstance(value[0], list):
        return matrix(name, value, axes, names)
    if len(value) > LIMITS.metric_lines:
        return f"{name}: {len(value)} numbers, {min(value):.4g} to {max(value):.4g}"
    heads = labels(len(value), axes[:1], names)
    rows = [(head, text) for head, text in zip(heads, texts(value), strict=True)]
    return "\n".join([f"{name}:" if not axes else f"{name} of each {axes[0]}:", *align_rows(rows)])


def flatten(value: Any) -> Iterator[float]:
    """The numbers of nested lists."""
    if isinstance(value, list):
        for item in value:
            yield from flatten(item)
    else:
        yield value


def matrix(name: str, value: list[list[float]], axes: tuple[str, ...], names: Sequence[Sequence[str]]) -> str:
    """A matrix with names of classes at both sides; of a large one only the largest entries."""
    rows, columns = labels(len(value), axes[:1], names), labels(len(value[0]), axes[1:], names)
    what = f" (rows: {axes[0]}, columns: {axes[1]})" if len(axes) == 2 else ""
    if len(columns) > LIMITS.metric_columns:
        return f"{name}{what}: {len(rows)} rows, {len(columns)} columns" + "".join(f"\n  {line}" for line in largest(value, rows, columns))
    flat = texts([x for row in value for x in row])
    body = [(rows[i], *flat[i * len(columns) : (i + 1) * len(columns)]) for i in range(len(rows))]
    return "\n".join([f"{name}{what}:", *align_rows([("", *columns), *body])])


def largest(value: list[list[float]], rows: list[str], columns: list[str]) -> list[str]:
    """The largest numbers beside the diagonal: what is taken for what most often."""
    cells = [(x, i, k) for i, row in enumerate(value) for k, x in enumerate(row) if i != k and x > 0]
    best = sorted(cells, key=lambda cell: (-cell[0], *cell[1:]))[: LIMITS.metric_mistakes]
    return [f"{rows[i]} as {columns[k]}: {text}" for (_, i, k), text in zip(best, texts([x for x, *_ in best]), strict=True)]


def labels(size: int, axes: tuple[str, ...], names: Sequence[Sequence[str]]) -> list[str]:
    """What the places of an axis are called: by their names, where exactly one list of them has its length, else by their numbers."""
    found = [n for n in names if len(n) == size]
    return [escape(str(n)) for n in found[0]] if axes and axes[0] in CLASSES and len(found) == 1 else [str(i) for i in range(size)]


def texts(values: Sequence[float]) -> list[str]:
    """Counts without a point, other numbers with four digits behind it."""
    whole = all(x == x and x == int(x) for x in values if abs(x) != float("inf")) and any(abs(x) > 1 for x in values)
    return [f"{x:.0f}" if whole else f"{x:.4f}" for x in values]


def align_rows(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows as lines, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  " + "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows]
