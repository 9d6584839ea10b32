"""Reads tables of text (RFC 4180), strictly: a line that is not as the others is named."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.arrays import BadRow, NoHeader, NoSuchColumn
from netspec.diagnostics.data.records import NoRecords
from netspec.diagnostics.data.texts import BadText
from netspec.library.data.datasets.table_fields import NUMBER, FieldReader, Source, Values
from netspec.library.data.datasets.text_file import read_content

Row = tuple[int, list[str]]
"""The line on which it begins, from 1, and its values."""
EMPTY = frozenset({""})
SIGNS = (",", ";", "\t", "|")
"""What parts the values of most tables."""


def read_table(path: Path, sources: Sequence[Source], separator: str) -> dict[str, Values]:
    """The fields of one file in which no value is missing. Raises `Mistake` with the file and the line."""
    return read_tables([path], sources, separator)


def read_tables(paths: Sequence[Path], sources: Sequence[Source], separator: str, missing: frozenset[str] = EMPTY) -> dict[str, Values]:
    """The fields of all files, one behind the other; each has a header of its own. Raises `Mistake` with the file and the line."""
    fields = [FieldReader(source, missing) for source in sources]
    for path in paths:
        header, rows = open_table(path, separator)
        for field in fields:
            field.begin(path, header)
        for line, row in rows:
            for field in fields:
                field.take(row, line)
    return {field.source.field: field.finish() for field in fields}


def find_sign(path: Path, expected: str = "") -> str:
    """The sign that parts the names in the first line: the expected one where it stands there, else that which stands there most often."""
    first = re.sub(r'"[^"]*"', "", read_text(path).split("\n", 1)[0])
    most = max(SIGNS, key=first.count)
    return expected if expected and (expected in first or most not in first) else most


def read_columns(path: Path, names: Sequence[str], separator: str) -> dict[str, list[str]]:
    """The texts of these columns, as they stand. Raises `Mistake` with the file and the line, or the column that is not there."""
    header, rows = open_table(path, separator)
    for name in names:
        if name not in header:
            raise Mistake(NoSuchColumn(file=str(path), column=name, field=name, columns=tuple(header)))
    found: dict[str, list[str]] = {name: [] for name in names}
    for _, row in rows:
        for name in names:
            found[name].append(row[header[name]])
    return found


def open_table(path: Path, separator: str) -> tuple[dict[str, int], Iterator[Row]]:
    """The place of each column, and the rows, which all have so many values. Raises `Mistake`, for no rows at all as well."""
    rows = _rows(path, separator)
    first = next(rows, None)
    if first is None:
        raise Mistake(NoRecords(file=str(path)))
    header = _header(first[1], path)
    return header, _even(rows, len(header), path)


def _even(rows: Iterator[Row], width: int, path: Path) -> Iterator[Row]:
    """Rows of so many values."""
    empty = True
    for line, row in rows:
        empty = False
        if len(row) != width:
            why = f"has {len(row)} value{'' if len(row) == 1 else 's'}, but the header names {width} columns"
            raise Mistake(BadRow(file=str(path), line=line, why=why))
        yield line, row
    if empty:
        raise Mistake(NoRecords(file=str(path)))


def _rows(path: Path, separator: str) -> Iterator[Row]:
    """Rows that are not empty, each with the line on which it begins."""
    reader = csv.reader(io.StringIO(read_text(path), newline=""), delimiter=separator, strict=True)
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


def read_text(path: Path) -> str:
    """The table's text. Raises `Mistake` where it is no UTF-8."""
    data = read_content(path).tobytes()
    zero = data.find(0)
    if zero >= 0 and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Mistake(BadText(file=str(path), line=1 + data.count(b"\n", 0, zero), byte=0))
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
