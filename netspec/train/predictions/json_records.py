"""Reads JSON lines as fields of a dataset: one object a line, with a value for each field, or for each column that a field is made of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.records import NoRecords
from netspec.diagnostics.running.predictions import BadExample
from netspec.lazy import np
from netspec.library.base import Dataset
from netspec.library.data.datasets.json_objects import describe_value, has_axes, is_number, leaves, read_objects
from netspec.limits import LIMITS
from netspec.shape import TensorType


def read_json_lines(file: Path, dataset: Dataset, fields: Mapping[str, TensorType]) -> tuple[list[int], dict[str, list[Any]]]:
    """The numbers of the lines that hold an example, and the fields' values. Raises `Mistake` with the file and the line."""
    lines: list[int] = []
    found: dict[str, list[Any]] = {name: [] for name in fields}
    for number, example in read_objects(file):
        for name, kind in fields.items():
            found[name].append(_value(example, name, kind, dataset, file, number))
        lines.append(number)
    if not lines:
        raise Mistake(NoRecords(file=str(file)))
    return lines, found


def _value(example: dict[str, Any], name: str, kind: TensorType, dataset: Dataset, file: Path, line: int) -> Any:
    """A field's value, by its own name or made of its columns."""
    columns = dataset.columns_of(name)
    wanted = str(kind.with_shape(kind.shape[1:]))
    missing = next((column for column in columns if column not in example), None)
    if name not in example and missing is not None:
        raise Mistake(BadExample(file=str(file), line=line, field=missing, wanted=wanted, given=tuple(map(str, example))))
    own = [example[column] for column in columns if column in example]
    value = example[name] if name in example else own if kind.rank > 1 else own[0]
    if not has_axes(value, kind):
        raise Mistake(BadExample(file=str(file), line=line, field=name, wanted=wanted, found=describe_value(value)))
    return value


def to_numbers(file: Path, lines: list[int], name: str, kind: TensorType, values: Any) -> Any:
    """A field's values, whole numbers as floats where it has those; texts, and what is no list, as they are. Raises `Mistake` with the line
    of a value that is no number of its kind: a word or null which the dataset knows nothing of."""
    if not isinstance(values, list) or (kind.dtype == "u8" and values and isinstance(values[0], str)):
        return values
    for line, value in zip(lines, values, strict=True):
        if (bad := next((leaf for leaf in leaves(value) if not is_number(leaf, kind)), values)) is not values:
            wanted, found = str(kind.with_shape(kind.shape[1:])), json.dumps(bad, ensure_ascii=False)[: LIMITS.value_characters]
            raise Mistake(BadExample(file=str(file), line=line, field=name, wanted=wanted, found=found))
    return [np.asarray(value, np.float64) for value in values] if kind.is_float and kind.rank > 1 else _as_floats(values, kind)


def _as_floats(values: list[Any], kind: TensorType) -> Any:
    return np.array(values, np.float64) if kind.is_float else values
