"""Makes arrays of tables of text (RFC 4180), strictly: every value is a number as one writes it, or its line is named."""

from __future__ import annotations

import csv
import io
import json
import re
from array import array
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.arrays import BadRow, BadValue, NoHeader, NoSuchColumn
from netspec.diagnostics.data.records import NoRecords
from netspec.diagnostics.data.texts import BadText
from netspec.lazy import np
from netspec.library.base import Array
from netspec.library.data.datasets.text_file import read_content
from netspec.limits import LIMITS
from netspec.record import record
from netspec.shape import TensorType

NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
TRUTH = {"true": 1, "false": 0, "1": 1, "0": 0}


@record
class Source:
    """What a field is made of: as many columns as an example has elements, and the words that stand for whole numbers."""

    field: str
    kind: TensorType
    """Of one example: no axis, or one."""
    columns: tuple[str, ...]
    classes: Sequence[str] = ()


def read_table(path: Path, sources: Sequence[Source], separator: str) -> dict[str, Array]:
    """The fields as arrays [count] or [count, columns]. Raises `Mistake` with the file and the line."""
    rows = _rows(path, separator)
    first = next(rows, None)
    if first is None:
        raise Mistake(NoRecords(file=str(path)))
    header = _header(first[1], path)
    fields = [_Field(source, header, path) for source in sources]
    lines = array("q")
    for line, row in rows:
        if len(row) != len(header):
            why = f"has {len(row)} value{'' if len(row) == 1 else 's'}, but the header names {len(header)} columns"
            raise Mistake(BadRow(file=str(path), line=line, why=why))
        for field in fields:
            field.take(row, line)
        lines.append(line)
    if not lines:
        raise Mistake(NoRecords(file=str(path)))
    return {field.source.field: field.array(lines) for field in fields}


def _rows(path: Path, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not empty, each with the line on which it begins."""
    reader = csv.reader(io.StringIO(_text(path), newline=""), delimiter=separator, strict=True)
    line = 1
    try:
        for row in reader:
            if row:
                yield line, [value.strip() for value in row]
            line = reader.line_num + 1
    except csv.Error as error:
        raise Mistake(BadRow(file=str(path), line=line, why=_explain(error))) from None


def _explain(error: csv.Error) -> str:
    """What is wrong with a row that Python's reader refuses, in words of ours."""
    words = str(error)
    if "unexpected end" in words:
        return "opens a quote that is never closed"
    if "field limit" in words:
        return f"cannot be read: it has a value of more than {csv.field_size_limit():,} characters"
    return "cannot be read: it goes on behind a closing quote" if "expected after" in words else "cannot be read as separated values"


def _text(path: Path) -> str:
    """The table's text. Raises `Mistake` where it is no UTF-8."""
    data = read_content(path).tobytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Mistake(BadText(file=str(path), line=1 + data.count(b"\n", 0, error.start), byte=data[error.start])) from None


def _header(names: list[str], path: Path) -> dict[str, int]:
    """The place of each column."""
    seen: set[str] = set()
    twice = next((n for n in names if n in seen or seen.add(n)), None)
    number = next((n for n in names if NUMBER.fullmatch(n)), None)
    if number is not None:
        raise Mistake(NoHeader(file=str(path), why=f'has "{number}", a number, in place of a name'))
    if twice is not None:
        raise Mistake(NoHeader(file=str(path), why=f'has the name "{twice}" twice' if twice else "has empty names"))
    return {name: place for place, name in enumerate(names)}


class _Field:
    """One field under construction: its numbers end to end."""

    def __init__(self, source: Source, header: dict[str, int], path: Path) -> None:
        self.source, self.path = source, path
        for column in source.columns:
            if column not in header:
                argument = propose_columns(source, tuple(header))
                raise Mistake(NoSuchColumn(file=str(path), column=column, field=source.field, columns=tuple(header), argument=argument))
        self.places = [header[column] for column in source.columns]
        self.values = array("d" if source.kind.is_float else "q")
        self.number, self.wanted = _reader(source)

    def take(self, row: list[str], line: int) -> None:
        """Takes the values of a row. Raises `Mistake` for one that is none."""
        for column, place in enumerate(self.places):
            value = self.number(row[place])
            if value is None:
                raise self._bad(row[place], column, line)
            self.values.append(value)

    def array(self, lines: Any) -> Array:
        """Raises `Mistake` for a number that the type makes infinite."""
        kind, width = self.source.kind, len(self.places)
        flat = np.frombuffer(self.values, np.float64 if kind.is_float else np.int64)
        with np.errstate(over="ignore"):
            made = flat.astype("float32" if kind.dtype == "bf16" else kind.jax_dtype)
        if kind.is_float and not np.isfinite(made).all():
            place = int(np.argmin(np.isfinite(made)))
            raise self._bad(f"{flat[place]:g}", place % width, lines[place // width])
        return made.reshape(-1, width) if kind.rank else made

    def _bad(self, text: str, column: int, line: int) -> Mistake:
        """The problem of a value, with its line and column."""
        shown = f'"{text[: LIMITS.value_characters]}{"…" if len(text) > LIMITS.value_characters else ""}"' if text else "nothing"
        name = self.source.columns[column]
        argument = propose_classes(self.source, text)
        return Mistake(BadValue(file=str(self.path), where=f"line {line}", value=shown, column=name, wanted=self.wanted, argument=argument))


def propose_columns(source: Source, header: tuple[str, ...]) -> str:
    """The argument by which a field would be found in a table: its separator, the last column for one number, the first for several."""
    separator = next((sign for sign in (";", "\t", "|") if len(header) == 1 and sign in header[0]), "")
    if separator:
        return f"separator={json.dumps(separator)}"
    count = len(source.columns)
    if count > len(header) or len(header) > LIMITS.listed_names:
        return ""
    names = json.dumps(header[-1] if not source.kind.rank else list(header[:count]), ensure_ascii=False)
    return f"columns={{{source.field}: {names}}}"


def propose_classes(source: Source, text: str) -> str:
    """The argument by which a word would be a number: its class beside the others."""
    if source.kind.is_float or source.kind.dtype == "bool" or NUMBER.fullmatch(text) or not text or not text.isprintable():
        return ""
    words = [*(source.classes or ()), text[: LIMITS.value_characters]]
    if len(words) > LIMITS.listed_names:
        return ""
    listed = ", ".join(json.dumps(word, ensure_ascii=False) for word in words)
    return f"classes={{{source.field}: [{listed}{'' if source.classes else ', …'}]}}"


def _reader(source: Source) -> tuple[Callable[[str], float | int | None], str]:
    """What makes a number of a text, or None where it is none; and what is wanted."""
    kind = source.kind
    if source.classes:
        words = {word: number for number, word in enumerate(source.classes)}
        return words.get, "one of its classes"
    if kind.dtype == "bool":
        return lambda text: TRUTH.get(text.lower()), "`true` or `false`"
    if kind.is_float:
        return lambda text: float(text) if NUMBER.fullmatch(text) else None, f"a number that {kind.dtype} holds"
    limits = np.iinfo(kind.jax_dtype)
    low, high = int(limits.min), int(limits.max)

    def whole(text: str) -> int | None:
        value = int(text) if WHOLE.fullmatch(text) else None
        return value if value is not None and low <= value <= high else None

    return whole, f"a whole number that {kind.dtype} holds"
