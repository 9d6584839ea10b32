"""Reads files that a person wants predictions for as fields of the run's dataset: in its own form, or in one that all can have."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.arrays import NoSuchColumn
from netspec.diagnostics.running.predictions import FileNotPredicted
from netspec.files import describe_missing
from netspec.library.base import Dataset
from netspec.library.data.columns import LENGTH, Table
from netspec.library.data.datasets.image_folder import ENDINGS, find_images
from netspec.library.data.datasets.packed_file import without_packing
from netspec.record import record
from netspec.shape import TensorType
from netspec.train.data_preparation import Knowledge
from netspec.train.field_checks import check_fields
from netspec.train.predictions.examples import Elements, Examples
from netspec.train.predictions.json_records import read_json_lines, to_numbers
from netspec.train.predictions.needed_fields import counts_lengths
from netspec.train.predictions.pictures import picture_field, read_pictures

JSON_LINES = (".jsonl", ".ndjson", ".json")
TABLES = (".csv", ".tsv", ".tab")
CLAIMED = (*TABLES, ".npz", ".conllu", ".conll", ".txt", ".text", *JSON_LINES)
"""Endings that say what a file holds."""


@record(eq=False)
class Reading:
    """What a run knows of the files that it can predict from."""

    dataset: Dataset
    fields: Mapping[str, TensorType]
    """Those of the dataset that are needed."""
    known: Knowledge

    @property
    def learned(self) -> Any:
        return self.known.get(self.dataset.op_name())

    def checked(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The fields as the model's chain takes them, with the lengths of sequences. Raises `SpecError` for others."""
        own = self.dataset.batch_types()
        lengths = {LENGTH: own[LENGTH]} if LENGTH in own and counts_lengths(self.fields) else {}
        return check_fields(values, {**self.fields, **lengths})


def read_files(reading: Reading, files: Sequence[Path]) -> Iterator[Examples]:
    """The examples of each file; pictures that follow each other are read together. Raises `Mistake` that names the file."""
    several = len(files) > 1
    pictures: list[str] = []
    for file in files:
        found = _pictures_of(reading, file)
        pictures += found
        if not found:
            if pictures:
                yield read_pictures(reading.dataset, reading.fields, pictures)
                pictures = []
            examples = _read(reading, file)
            named = {"file": [str(file)] * len(examples)} if several else {}
            yield Examples(examples.table, {**named, **examples.beside}, str(file))
    if pictures:
        yield read_pictures(reading.dataset, reading.fields, pictures)


def _pictures_of(reading: Reading, file: Path) -> list[str]:
    """The file, where it is a picture, or the pictures of a folder. Raises `Mistake` where there can be none."""
    if not os.path.lexists(file):
        raise Mistake(describe_missing(file))
    folder = file.is_dir()
    if not folder and ending(file) not in ENDINGS:
        return []
    if picture_field(reading.dataset, reading.fields) is None:
        why = "it is a folder" if folder else "its data were no pictures in 0..1, so nothing says how the numbers of one are meant"
        raise Mistake(FileNotPredicted(file=str(file), takes=describe_kinds(reading), why=why))
    return find_images(file) if folder else [str(file)]


def ending(file: Path) -> str:
    """How a file's name ends, apart from how it is compressed."""
    return os.path.splitext(without_packing(file.name.lower()))[1]


def _read(reading: Reading, file: Path) -> Examples:
    """The examples of a file that holds several."""
    for takes, read in READERS:
        if takes(reading, ending(file)):
            return read(reading, file)
    raise Mistake(FileNotPredicted(file=str(file), takes=describe_kinds(reading)))


def _numbered(name: str, table: Table) -> dict[str, Sequence[Any]]:
    """Numbers of the examples, from 1."""
    return {name: range(1, len(next(iter(table.values()))) + 1)}


# --- forms of files --------------------------------------------------------------------------------------------------


def _is_own(reading: Reading, kind: str) -> bool:
    """Is it a file as those that the dataset reads?"""
    if reading.dataset.of_file("file", reading.fields) is None:
        return False
    return kind in reading.dataset.endings or kind not in CLAIMED


def _read_own(reading: Reading, file: Path) -> Examples:
    """The dataset's own form, with what it has learned."""
    own = reading.dataset.of_file(file.name, reading.fields)
    assert own is not None
    own = own.as_written(file.parent)
    table, _ = own.learn(file.parent, reading.learned)
    beside = {name: [Elements(v) if isinstance(v, list) else v for v in values] for name, values in own.recognised_by(file.parent).items()}
    fields = reading.checked(table)
    return Examples(fields, {**_numbered("row", fields), **beside})


def _is_table(reading: Reading, kind: str) -> bool:
    """Are its fields numbers, or lists of so many, or texts, as the columns of a table are?"""
    return kind in TABLES and all(_is_numbers(t) or _is_bytes(t) for t in reading.fields.values())


def _is_numbers(kind: TensorType) -> bool:
    return kind.rank <= 2 and all(dim.is_constant for dim in kind.shape[1:])


def _is_bytes(kind: TensorType) -> bool:
    """Is a text its value?"""
    return kind.dtype == "u8" and kind.rank == 2 and not kind.shape[1].is_constant


def _read_table(reading: Reading, file: Path) -> Examples:
    """A column for each number or text, by the names of the fields."""
    from netspec.library.data.datasets.csv import Csv
    from netspec.library.data.datasets.text_table import find_sign, read_columns

    types = {name: kind.with_shape(kind.shape[1:]) for name, kind in reading.fields.items() if _is_numbers(kind)}
    own = Csv(file=file.name, fields=types).of_file(file.name, types) if types else None
    numbers = own.as_written(file.parent).learn(file.parent, None)[0] if own is not None else {}
    names = [name for name in reading.fields if name not in types]
    texts = read_columns(file, names, find_sign(file, ",")) if names else {}
    fields = reading.checked({**numbers, **reading.dataset.encoded(texts, reading.learned)})
    return Examples(fields, {**_numbered("row", fields), **texts})


def _read_arrays(reading: Reading, file: Path) -> Examples:
    """An array for each field."""
    from netspec.library.data.datasets.npz_archive import read_archive

    own = reading.dataset.batch_types()
    try:
        lengths = {LENGTH: own[LENGTH]} if LENGTH in own else {}
        arrays = read_archive(file, {**reading.fields, **lengths})
    except Mistake as mistake:
        if not isinstance(mistake.diagnostic, NoSuchColumn) or mistake.diagnostic.column != LENGTH:
            raise
        arrays = read_archive(file, reading.fields)
    fields = reading.checked(arrays)
    return Examples(fields, _numbered("row", fields))


def _read_json(reading: Reading, file: Path) -> Examples:
    """A line for each example."""
    lines, given = read_json_lines(file, reading.dataset, reading.fields)
    encoded = reading.dataset.encoded(given, reading.learned)
    numbers = {name: to_numbers(file, lines, name, kind, encoded[name]) for name, kind in reading.fields.items()}
    fields = reading.checked({**encoded, **numbers})
    texts = {name: [_shown(v) for v in values] for name, values in given.items() if values and _is_text(values[0])}
    return Examples(fields, {"line": lines, **texts})


def _is_text(value: Any) -> bool:
    """A text, or a list of words."""
    return isinstance(value, str) or (isinstance(value, list) and bool(value) and isinstance(value[0], str))


def _shown(value: Any) -> Any:
    return Elements(value) if isinstance(value, list) else value


READERS: tuple[tuple[Callable[[Reading, str], bool], Callable[[Reading, Path], Examples]], ...] = (
    (_is_own, _read_own),
    (lambda _, kind: kind in JSON_LINES, _read_json),
    (lambda _, kind: kind == ".npz", _read_arrays),
    (_is_table, _read_table),
)


def _named(reading: Reading) -> str:
    """Which column of a table holds the texts that are asked for."""
    texts = [f"`{name}`" for name, kind in reading.fields.items() if _is_bytes(kind)]
    return f" with a column {' and '.join(texts)}" if texts else ""


def describe_kinds(reading: Reading) -> tuple[str, ...]:
    """The files that the run can predict from, in words."""
    endings = f" ({', '.join(reading.dataset.endings)})" if reading.dataset.endings else ""
    own = (f"files as those it was trained on{endings}",) if _is_own(reading, "") else ()
    pictures = ("pictures (.png, .jpg, …)",) if picture_field(reading.dataset, reading.fields) else ()
    tables = (f"tables (.csv){_named(reading)}",) if _is_table(reading, ".csv") and ".csv" not in reading.dataset.endings else ()
    return (*pictures, *own, *tables, "JSON lines (.jsonl)", "arrays (.npz)")
