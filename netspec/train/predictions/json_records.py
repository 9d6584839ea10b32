"""Reads JSON lines as fields of a dataset: one object a line, with a value for each field, or for each column that a field is made of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.records import NoRecords
from netspec.diagnostics.running.predictions import BadExample
from netspec.lazy import np
from netspec.library.base import Dataset
from netspec.library.data.datasets.text_file import text_lines_of
from netspec.limits import LIMITS
from netspec.shape import TensorType


def read_json_lines(file: Path, dataset: Dataset, fields: Mapping[str, TensorType]) -> tuple[list[int], dict[str, list[Any]]]:
    """The numbers of the lines that hold an example, and the fields' values. Raises `Mistake` with the file and the line."""
    lines: list[int] = []
    found: dict[str, list[Any]] = {name: [] for name in fields}
    for number, text in _texts(file):
        example = _parse(text, file, number)
        for name, kind in fields.items():
            found[name].append(_value(example, name, kind, dataset, file, number))
        lines.append(number)
    if not lines:
        raise Mistake(NoRecords(file=str(file)))
    return lines, found


def _texts(file: Path) -> Iterator[tuple[int, str]]:
    """The lines that are not empty, each with its number from 1."""
    lines = text_lines_of(file)
    for number, (start, length) in enumerate(zip(lines.starts.tolist(), lines.lengths.tolist(), strict=True), 1):
        if text := lines.values[start : start + length].tobytes().decode().strip():
            yield number, text


def _parse(text: str, file: Path, line: int) -> dict[str, Any]:
    """One line's object."""
    try:
        example = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        words = str(error).split(":")[0] if isinstance(error, ValueError) else "it has too many brackets"
        raise Mistake(BadExample(file=str(file), line=line, found=words)) from None
    if not isinstance(example, dict):
        raise Mistake(BadExample(file=str(file), line=line, found=f"it is {_describe(example)}"))
    return example


def _refuse_constant(name: str) -> Any:
    """NaN and infinity are no JSON, whatever Python takes for it."""
    raise ValueError(f"{name} is no number of JSON")


def _value(example: dict[str, Any], name: str, kind: TensorType, dataset: Dataset, file: Path, line: int) -> Any:
    """A field's value, by its own name or made of its columns."""
    columns = dataset.columns_of(name)
    wanted = str(kind.with_shape(kind.shape[1:]))
    missing = next((column for column in columns if column not in example), None)
    if name not in example and missing is not None:
        raise Mistake(BadExample(file=str(file), line=line, field=missing, wanted=wanted, given=tuple(map(str, example))))
    own = [example[column] for column in columns if column in example]
    value = example[name] if name in example else own if kind.rank > 1 else own[0]
    if not _fits(value, kind):
        raise Mistake(BadExample(file=str(file), line=line, field=name, wanted=wanted, found=_describe(value)))
    return value


def _fits(value: Any, kind: TensorType) -> bool:
    """Has a value the axes of its field? What stands in for a number, a word or null, is for the dataset to judge."""
    if isinstance(value, str):
        return kind.rank == 1 or (kind.rank == 2 and kind.dtype == "u8")
    if isinstance(value, dict):
        return False
    try:
        shape = np.shape(value)
    except ValueError:  # lists that are no array
        return False
    sizes = zip(shape, kind.shape[1:], strict=False)
    return len(shape) == kind.rank - 1 and all(not dim.is_constant or dim.value == size for size, dim in sizes)


def to_numbers(file: Path, lines: list[int], name: str, kind: TensorType, values: Any) -> Any:
    """A field's values, whole numbers as floats where it has those; texts, and what is no list, as they are. Raises `Mistake` with the line
    of a value that is no number of its kind: a word or null which the dataset knows nothing of."""
    if not isinstance(values, list) or (kind.dtype == "u8" and values and isinstance(values[0], str)):
        return values
    for line, value in zip(lines, values, strict=True):
        if (bad := next((leaf for leaf in _leaves(value) if not _is_number(leaf, kind)), values)) is not values:
            wanted, found = str(kind.with_shape(kind.shape[1:])), json.dumps(bad, ensure_ascii=False)[: LIMITS.value_characters]
            raise Mistake(BadExample(file=str(file), line=line, field=name, wanted=wanted, found=found))
    return [np.asarray(value, np.float64) for value in values] if kind.is_float and kind.rank > 1 else _as_floats(values, kind)


def _as_floats(values: list[Any], kind: TensorType) -> Any:
    return np.array(values, np.float64) if kind.is_float else values


def _leaves(value: Any) -> Iterator[Any]:
    """The values of nested lists."""
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif isinstance(value, np.ndarray):
        yield from value.reshape(-1).tolist()
    else:
        yield value


def _is_number(value: Any, kind: TensorType) -> bool:
    """Is it a number as the field has them?"""
    if kind.dtype == "bool" or isinstance(value, bool):
        return kind.dtype == "bool" and isinstance(value, bool)
    return isinstance(value, int | np.integer) or (kind.is_float and isinstance(value, float | np.floating))


def _describe(value: Any) -> str:
    """A value in a few words."""
    match value:
        case None:
            return "null"
        case bool() | int() | float():
            return f"{value}".lower()
        case str():
            return "a text"
        case dict():
            return "an object"
    try:
        return f"a list {list(np.shape(value))}"
    except ValueError:
        return "a list whose items have different lengths"
