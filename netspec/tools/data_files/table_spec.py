"""Looks at tables, and writes how `csv` declares one and a small spec that trains on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.looks import OptionNotKept
from netspec.lazy import np
from netspec.library.base import Array
from netspec.library.data.datasets.csv import Csv
from netspec.library.data.datasets.user_data import choose_held_out, choose_last
from netspec.library.data.validation_part import choose_validation
from netspec.limits import LIMITS
from netspec.record import replace
from netspec.shape import TensorType
from netspec.tools.data_files.columns import NUMBERS, Column
from netspec.tools.data_files.look import Look, Starter, align, batch_size, count, epochs_of, quoted, require_label, share, write_names
from netspec.tools.data_files.tables import SET_ASIDE, USED, Roles, Table, field_name, find_roles, read, warnings

SEED = 0
"""The seed of a spec that names none."""
NO_LABEL = {"date": "it holds dates, which are no numbers", "too large": "its numbers are too large", "nothing": "it is empty"}
"""Kinds of columns that no small spec learns."""
LONGEST, FARTHEST = 24, 6
"""Rows of a window, and rows behind it that are predicted, where a series has enough of them."""


def make_starter(file: str, test: str, table: Table, roles: Roles, wished: int | None = None) -> Starter | None:
    """A small spec of the table, whose files are named as in a spec; None where no column is left to learn from. Of a series, or where
    it is wished, the label is predicted ahead."""
    length, horizon = find_window(table.lines, bool(test), wished) if is_series(roles, wished) else (0, 0)
    numbers = (*roles.numbers, roles.label) if length else roles.numbers  # what is predicted has a past as well
    if (not numbers and not roles.words) or roles.label.kind in NO_LABEL:
        return None
    taken: set[str] = {*USED}
    words = {field_name(column.name, taken): column for column in roles.words}
    fields = {**({"x": f"f32[{len(numbers)}]"} if numbers else {}), **dict.fromkeys(words, "i32[]")}
    fields["label"] = "i32[]" if roles.classes else "f32[]"
    cut = f' -> windows({length}, horizon={horizon}, stride=1, target="label")' if length else ""
    data = _chain(file, test, table, roles, numbers, words, fields, cut)
    sizes = {name: len(column.counts) + 1 + bool(column.gaps) for name, column in words.items()}
    steps = f", {length}" if length else ""
    inputs = [*([f"x: f32[B{steps}, {len(numbers)}]"] if numbers else []), *(f"{name}: i32[B{steps}]" for name in words)]
    parts = [*(["x"] if numbers else []), *(f"({name} -> embed({size}, {min(8, size // 2 + 1)}))" for name, size in sizes.items())]
    joined = parts[0] if len(parts) == 1 else f"concat({', '.join(parts)}, axis=-1)"
    body, loss, metric = _ends(roles, _find_training(table, roles, test), horizon)
    epochs = epochs_of(table.lines, 100)
    first = f"h = {joined} -> gru(32)" if length else f"h = {joined} -> dense(32) -> relu"
    return Starter(data, tuple(inputs), (first, *body), loss, metric, epochs)


def is_series(roles: Roles, wished: int | None) -> bool:
    """Is the label to be predicted ahead: as it is wished, or because the lines are a series of a quantity?"""
    return roles.series if wished is None else wished > 0


def find_window(lines: int, tested: bool, wished: int | None = None) -> tuple[int, int]:
    """How many rows a window of a series has, and how many behind it are predicted, so that the part for validation, a tenth of what stays
    for training, holds one as well; (0, 0) where it holds none."""
    room = find_room(lines, tested)
    horizon = min(max(room // 4, 1), FARTHEST) if wished is None else wished
    return (min(room - horizon, LONGEST), horizon) if room > horizon else (0, 0)


def find_room(lines: int, tested: bool) -> int:
    """How many rows the part for validation has."""
    return int(lines * (1 if tested else 1 - SET_ASIDE) / 10)


def _find_training(table: Table, roles: Roles, test: str) -> Array:
    """The lines that stay for training, i64[n], once those of test and validation are set aside."""
    lines = np.flatnonzero(~roles.label.missing)
    if len(lines) < 3:
        return lines
    if not test:
        held = choose_last(len(lines), SET_ASIDE, None) if roles.time is not None else choose_held_out(len(lines), SET_ASIDE)
        lines = lines[~held]
    own = Csv(file="t.csv", fields={"label": TensorType("f32")}, split_by=None if roles.time is None else "time")
    return lines[~choose_validation(own, {"label": roles.label.coded[lines]}, SEED, batch=batch_size(table.lines))]


def _ends(roles: Roles, training: Array, horizon: int) -> tuple[tuple[str, ...], str, str]:
    """The model's output, the loss and the metric."""
    if roles.classes:
        output = f"output logits = h -> dense({len(roles.classes)})"
        return (output,), "softmax_cross_entropy(logits, label)", "accuracy(logits, label)"
    known = roles.label.numbers[training] if len(training) else roles.label.known
    ahead = f"(h[:, -1] -> dense({horizon}))" if horizon else "(h -> dense(1))[:, 0]"
    output = f"output y = {ahead} * {_number(float(known.std()) or 1.0)} + {_number(float(known.mean()))}"
    return (output,), "mean_squared_error(y, label)", ""


def _chain(
    file: str,
    test: str,
    table: Table,
    roles: Roles,
    numbers: Sequence[Column],
    words: Mapping[str, Column],
    fields: Mapping[str, str],
    cut: str,
) -> str:
    """The dataset with its arguments, and what stands behind it."""
    label = roles.label
    columns = {"x": [column.name for column in numbers]} if numbers else {}
    given: dict[str, str] = {name: f"[{', '.join(map(quoted, names))}]" for name, names in columns.items()}
    given |= {name: quoted(column.name) for name, column in words.items() if name != column.name}
    given |= {"label": quoted(label.name)} if label.name != "label" else {}
    fill = {"x": '"mean"'} if any(column.gaps for column in numbers) else {}
    fill |= {name: quoted(_new_word(column)) for name, column in words.items() if column.gaps}
    used = (*numbers, *roles.words, label)
    marks = sorted({mark for column in used for mark in column.marks} | {""})
    arguments = [
        file,
        f"fields={_dict(fields)}",
        *([f"columns={_dict(given)}"] if given else []),
        *([f"classes={{label: [{', '.join(map(quoted, roles.classes))}]}}"] if roles.classes else []),
        *([f"categories={_dict({n: str(len(c.counts) + 1 + bool(c.gaps)) for n, c in words.items()})}"] if words else []),
        *([f"fill={_dict(fill)}"] if fill else []),
        *(['drop_missing=["label"]'] if label.gaps else []),
        *([f"missing=[{', '.join(map(quoted, marks))}]"] if len(marks) > 1 else []),
        *([f"separator={quoted(table.separator)}"] if table.separator != "," else []),
        f"test={test or SET_ASIDE}",
        *(['split_by="time"'] if roles.time is not None or cut else []),
    ]
    scaled = ' -> standardize("x")' if numbers else ""
    return f"csv({', '.join(arguments)}){scaled}{cut} -> shuffle -> batch({batch_size(table.lines)})"


def _number(value: float) -> str:
    """Four digits of a number, as the language writes it."""
    return f"{float(f'{value:.4g}'):g}" if 1e-4 <= abs(value) < 1e15 or not value else f"{value:.3e}"


def _new_word(column: Column) -> str:
    """A word for missing ones that is not in use."""
    return next(word for word in ("none", "missing", "(missing)", "no value") if word not in column.counts)


def _dict(pairs: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{name}: {value}" for name, value in pairs.items()) + "}"


def look(paths: Sequence[Path], tests: Sequence[Path], label: str, horizon: int | None = None) -> Look:
    """What tables hold. Raises `Mistake`."""
    table = read(paths)
    test = read(tests) if tests else None
    require_label(label, table.columns, paths[0], NO_LABEL.get(table.columns[label].kind, "") if label in table.columns else "")
    roles = find_roles(table, label)
    if horizon:
        require_ahead(table, roles, bool(test), horizon)
        roles = replace(roles, classes=())  # what is predicted ahead is a quantity
    name = paths[0].name if len(paths) == 1 else f"{len(paths)} tables"
    of = "" if table.whole else f" (the first {LIMITS.described_lines:,} lines)"
    title = f"{name}: {count(table.lines, 'line')}, {count(len(table.columns), 'column')}{of}"
    lines = align([column.row() for column in table.columns.values()])
    starter = make_starter(write_names(paths, paths, tests), write_names(tests[:1], paths, tests), table, roles, horizon)
    notes = (*warnings(table, roles, test), *_of_horizon(roles, horizon))
    return Look(title, tuple(lines), notes, starter, roles.label.name)


def require_ahead(table: Table, roles: Roles, tested: bool, wished: int) -> None:
    """Raise `Mistake` where the label cannot be predicted so many lines ahead."""
    label, by_one = roles.label, "`--horizon 0` takes the lines one by one"
    why = ""
    if label.kind not in NUMBERS:
        why, instead = f"`{label.name}` is no number", f"name a column of numbers by `--label`; {by_one}"
    elif label.gaps:
        why = f"windows need every value, and `{label.name}` is missing in {share(label.gaps, label.lines)} of {count(label.lines, 'line')}"
        instead = f"fill them where the file is made, with the value before for example; {by_one}"
    elif not find_window(table.lines, tested, wished)[0]:
        room = find_room(table.lines, tested)
        why = f"{count(table.lines, 'line')} are too few for windows that predict {wished:,} ahead"
        instead = f"write `--horizon {room - 1}` or less; {by_one}" if room > 1 else by_one
    if why:
        raise Mistake(OptionNotKept(option=f"--horizon {wished}", why=why, instead=instead))


def _of_horizon(roles: Roles, wished: int | None) -> Iterator[str]:
    """What one would want to know of a label that is to be predicted ahead, or might be."""
    label = roles.label
    if wished is None and roles.time is not None and label.kind in NUMBERS and not roles.classes and label.gaps:
        yield (
            f"the lines follow each other in time, but are taken one by one: windows need every value, and `{label.name}` is missing in "
            f"{share(label.gaps, label.lines)} of {count(label.lines, 'line')}; fill them where the file is made, by the value before for "
            "example, and `--horizon N` predicts so many lines ahead"
        )
    if wished and roles.time is None:
        yield "no column says when its lines are from: windows take them as they follow each other"
