"""Reads JSON lines: one object a line, strictly."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.predictions import BadExample
from netspec.lazy import np
from netspec.library.data.datasets.text_file import text_lines_of
from netspec.shape import TensorType


def read_objects(file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """The object of each line that is not empty, with the line's number from 1. Raises `Mistake` with the file and the line."""
    lines = text_lines_of(file)
    for number, (start, length) in enumerate(zip(lines.starts.tolist(), lines.lengths.tolist(), strict=True), 1):
        if text := lines.values[start : start + length].tobytes().decode().strip():
            yield number, _parse(text, file, number)


def _parse(text: str, file: Path, line: int) -> dict[str, Any]:
    """One line's object."""
    try:
        example = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        words = str(error).split(":")[0] if isinstance(error, ValueError) else "it has too many brackets"
        raise Mistake(BadExample(file=str(file), line=line, found=words)) from None
    if not isinstance(example, dict):
        raise Mistake(BadExample(file=str(file), line=line, found=f"it is {describe_value(example)}"))
    return example


def _refuse_constant(name: str) -> Any:
    """NaN and infinity are no JSON, whatever Python takes for it."""
    raise ValueError(f"{name} is no number of JSON")


def has_axes(value: Any, kind: TensorType) -> bool:
    """Has a value of one example the axes of its field of a batch? What stands in for a number, a word or null, is for others to judge."""
    if isinstance(value, str):
        return kind.rank == 1 or (kind.rank == 2 and kind.dtype == "u8")
    if isinstance(value, dict):
        return False
    try:
        shape = np.shape(value)
    except ValueError:  # lists that are no array
        return False
    if shape[:1] == (0,) and kind.rank > 1 and not kind.shape[1].is_constant:
        return True  # a sequence without an element has no more axes that one could see
    sizes = zip(shape, kind.shape[1:], strict=False)
    return len(shape) == kind.rank - 1 and all(not dim.is_constant or dim.value == size for size, dim in sizes)


def leaves(value: Any) -> Iterator[Any]:
    """The values of nested lists."""
    if isinstance(value, list):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, np.ndarray):
        yield from value.reshape(-1).tolist()
    else:
        yield value


def is_number(value: Any, kind: TensorType) -> bool:
    """Is it a number as the field has them?"""
    if kind.dtype == "bool" or isinstance(value, bool):
        return kind.dtype == "bool" and isinstance(value, bool)
    return isinstance(value, int | np.integer) or (kind.is_float and isinstance(value, float | np.floating))


def describe_value(value: Any) -> str:
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
    if not isinstance(value, list):
        return f"a value of {type(value).__name__}"
    try:
        return f"a list {list(np.shape(value))}"
    except ValueError:
        return "a list whose items have different lengths"
