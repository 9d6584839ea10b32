"""Looks at tables whose lines follow each other in time, and says how `csv` and `windows` declare them."""

from __future__ import annotations

from netspec.tools.data_files.columns import NUMBERS
from netspec.tools.data_files.look import Starter, batch_size, epochs_of, write_dict, write_number
from netspec.tools.data_files.tables import SET_ASIDE, Roles, Table, field_name, quoted, scaling

LENGTHS = (96, 48, 24, 12, 8, 4, 2)
"""Lines of a window, as long as there is room for it."""
ROOM = 0.12
"""The share of all lines that a window with what it predicts may take: less than each part of the data has."""


def find_series(table: Table, roles: Roles, wished: int | None) -> tuple[int, tuple[str, ...]]:
    """How many lines ahead the label is to be predicted, 0 where the lines are examples by themselves; and what one would want to know."""
    quantity = roles.label.kind in NUMBERS
    horizon = int(roles.time is not None and quantity and not roles.classes) if wished is None else wished
    if not horizon:
        return 0, ()
    if not quantity:
        return 0, (f"`{roles.label.name}` is no number, so that `--horizon` has nothing to predict ahead",)
    if window_of(table.lines, horizon) is None:
        return 0, (f"{table.lines:,} lines are too few for windows that predict {horizon:,} ahead: they are taken one by one",)
    if roles.time is not None:
        known = f"the lines follow each other by `{roles.time.name}`"
        return horizon, (f"{known}: a spec that predicts them ahead; `--horizon 0` takes them one by one",) if wished is None else ()
    unordered = next((column.name for column in table.columns.values() if column.kind == "date"), "")
    return horizon, (f"`{unordered}` does not ascend: sort the lines by it, windows take them as they stand",) if unordered else ()


def window_of(lines: int, horizon: int) -> int | None:
    """Lines of a window; None where there are too few."""
    return next((length for length in LENGTHS if length + horizon <= ROOM * lines), None)


def make_forecaster(file: str, test: str, table: Table, roles: Roles, horizon: int) -> Starter:
    """A small spec that predicts the label ahead, from the windows of all numbers before it: how much it changes."""
    label = roles.label
    numbers = [*roles.numbers, label]
    ahead = field_name(f"{label.name}_ahead", {"x", "y", "h", "batch"})
    length, fields = window_of(table.lines, horizon), {"x": f"f32[{len(numbers)}]", ahead: "f32[]"}
    columns = {"x": f"[{', '.join(quoted(column.name) for column in numbers)}]", ahead: quoted(label.name)}
    fill = {name: '"mean"' for name, gaps in (("x", any(c.gaps for c in numbers)), (ahead, label.gaps)) if gaps}
    marks = sorted({mark for column in numbers for mark in column.marks} | {""})
    arguments = [
        quoted(file),
        f"fields={write_dict(fields)}",
        f"columns={write_dict(columns)}",
        *([f"fill={write_dict(fill)}"] if fill else []),
        *([f"missing=[{', '.join(map(quoted, marks))}]"] if len(marks) > 1 else []),
        *([f"separator={quoted(table.separator)}"] if table.separator != "," else []),
        f'test={quoted(test) if test else SET_ASIDE}, validation={SET_ASIDE}, split_by="time"',
    ]
    data = f"csv({', '.join(arguments)}) -> windows({length}, horizon={horizon}, target={quoted(ahead)})"
    mean, std = float(label.known.mean()), float(label.known.std()) or 1.0
    data += f"{scaling(numbers)} -> normalize({write_number(mean)}, {write_number(std)}, field={quoted(ahead)})"
    data += f" -> shuffle -> batch({batch_size(table.lines)})"
    last = len(numbers) - 1
    body = (
        "h = x -> flatten -> dense(64) -> relu",
        f"output y = (h -> dense({horizon})) + x[:, {(length or 1) - 1}, {last}:{last + 1}]",
    )
    epochs = epochs_of(table.lines, 100)
    return Starter(data, (f"x: f32[B, {length}, {len(numbers)}]",), body, f"mean_squared_error(y, {ahead})", epochs=epochs)
