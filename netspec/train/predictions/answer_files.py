"""Writes rows of answers as a table (CSV), JSON lines or arrays (npz), or in the form of the run's own data, by the name of the file."""

from __future__ import annotations

import csv
import io
import json
import os
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.predictions import AnswerNotFlat, AnswersOfUnknownForm
from netspec.lazy import np
from netspec.library.base import Dataset
from netspec.library.data.datasets.npz_archive import pack_archive
from netspec.limits import LIMITS
from netspec.train.predictions.examples import Elements
from netspec.train.predictions.file_prediction import Row, columns_of
from netspec.train.predictions.input_files import ending


def require_form(path: str, dataset: Dataset | None) -> None:
    """Raises `Mistake` where the name does not say in which form answers are to be written, by that or by the data's own form."""
    own = dataset.endings if dataset is not None and dataset.annotated(None, ()) is not None else ()
    if _ending(path) not in (*FORMS, *own):
        raise Mistake(AnswersOfUnknownForm(file=path, own=own))


def pack_answers(path: str, rows: Sequence[Row], dataset: Dataset | None = None, files: Sequence[str] = ()) -> bytes:
    """The content of a file of that name. Raises `Mistake` for answers that its form does not hold."""
    if _ending(path) in FORMS:
        return FORMS[_ending(path)](path, rows)
    assert dataset is not None  # whose form it is
    return "".join(_annotated(path, rows, dataset, files)).encode()


def _annotated(path: str, rows: Sequence[Row], dataset: Dataset, files: Sequence[str]) -> Iterator[str]:
    """Each file with its answers: one of the data's own form as it stands, of another what it names."""
    for file in files:
        of = [row for row in rows if row.get("file", file) == file]
        own = Path(file) if ending(Path(file)) in dataset.endings else None
        if (text := dataset.annotated(own, of)) is None:
            raise Mistake(AnswerNotFlat(file=path, name=next(iter(of[0]), "")))
        yield text


def _ending(path: str) -> str:
    return os.path.splitext(path.lower())[1]


def _table(path: str, rows: Sequence[Row], separator: str = ",") -> bytes:
    """A header, then a line for each example, or for each element of its sequence."""
    flat = [line for row in rows for line in flatten(path, row)]
    names = list(dict.fromkeys(name for line in flat for name in line))
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([line.get(name, "") for name in names] for line in flat)
    return text.getvalue().encode()


def flatten(path: str, row: Row) -> Iterator[dict[str, Any]]:
    """The lines of a row: elements of a sequence have one each, lists of numbers a column for each number."""
    sequences = {name: value for name, value in row.items() if isinstance(value, Elements)}
    for place in range(max(map(len, sequences.values()))) if sequences else range(1):
        line: dict[str, Any] = {}
        for name, value in row.items():
            line |= _cells(path, name, sequences[name][place : place + 1] if name in sequences else value, name in sequences)
        yield line


def _cells(path: str, name: str, value: Any, element: bool) -> dict[str, Any]:
    """The cells of one value."""
    if not isinstance(value, list):
        return {name: value}
    if any(isinstance(item, list) for item in value):
        raise Mistake(AnswerNotFlat(file=path, name=name))
    return {name: value[0] if value else ""} if element else {f"{name}_{place}": item for place, item in enumerate(value)}


def _json_lines(path: str, rows: Sequence[Row]) -> bytes:
    """An object for each example."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _arrays(path: str, rows: Sequence[Row]) -> bytes:
    """An array for each column; sequences are filled up to the longest, with their lengths under `length`."""
    arrays: dict[str, Any] = {}
    for name, values in columns_of(rows).items():
        arrays[name] = _array(values)
        if isinstance(values[0], Elements):
            arrays["length"] = np.array(list(map(len, values)), np.int32)
    return pack_archive(arrays)


def _array(values: list[Any]) -> Any:
    """A column as an array, floats as f32; of lists of different length all as long as the longest."""
    if isinstance(values[0], list) and len({len(value) for value in values}) > 1:
        longest = max(values, key=len)
        filler = "" if isinstance(longest[0], str) else 0 if not isinstance(longest[0], list) else np.zeros_like(longest[0]).tolist()
        values = [[*value, *[filler] * (len(longest) - len(value))] for value in values]
    array = np.array(values)
    return array.astype(np.float32) if array.dtype.kind == "f" else array


def find_columns(form: str, file: BinaryIO) -> tuple[str, ...]:
    """The columns of answers in a file of such an ending; none where it holds something else, or is in the form of data."""
    find = COLUMNS.get(form.lower())
    try:
        return tuple(find(file)) if find else ()
    except (OSError, ValueError, RecursionError, NotImplementedError, csv.Error, zipfile.BadZipFile):
        return ()


def _read_line(file: BinaryIO) -> str:
    return file.readline(LIMITS.run_file_bytes).decode()


def _find_keys(file: BinaryIO) -> Iterable[str]:
    """The names in the first of JSON lines."""
    found = json.loads(_read_line(file))
    return found if isinstance(found, dict) else ()


def _find_arrays(file: BinaryIO) -> Iterable[str]:
    """The names of the arrays of an archive."""
    with zipfile.ZipFile(file) as archive:
        return [name.removesuffix(".npy") for name in archive.namelist()]


FORMS: Mapping[str, Any] = {
    ".csv": _table,
    ".tsv": lambda path, rows: _table(path, rows, "\t"),
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".npz": _arrays,
}
COLUMNS: Mapping[str, Callable[[BinaryIO], Iterable[str]]] = {
    ".csv": lambda file: next(csv.reader([_read_line(file)]), ()),
    ".tsv": lambda file: next(csv.reader([_read_line(file)], delimiter="\t"), ()),
    ".jsonl": _find_keys,
    ".ndjson": _find_keys,
    ".npz": _find_arrays,
}
"""Ending -> what finds the columns of answers that are written so."""
