"""Datasets of Hugging Face: of their hub, folders that `save_to_disk` wrote, and Parquet files."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.arrays import BadValue, NoSuchColumn
from netspec.diagnostics.data.files import UnreadableData
from netspec.diagnostics.data.records import NoRecords
from netspec.diagnostics.data.tokenizers import PackageNeeded
from netspec.lazy import np
from netspec.library.base import Array, Dataset, Example, Learned
from netspec.library.base.field_bounds import Field, model_validator
from netspec.library.data.columns import LENGTH, Lazy
from netspec.library.data.datasets.example_fields import FieldReader, Words, encode_words, find_sequence, require_fields
from netspec.library.data.datasets.text_file import DataPath, find, find_all
from netspec.library.data.datasets.user_data import FieldTypes, Fraction, batch_types, choose_part, examples_of
from netspec.limits import LIMITS
from netspec.record import record
from netspec.shape import TensorType

PARTS = ("train", "validation", "test")


class HfDataset(Dataset):
    """A dataset of Hugging Face: `hf_dataset(name="stanfordnlp/imdb", fields={text: u8[N], label: i32[]}, test="test")`.

    It is one of three. `name` is that of a dataset on the hub, which their package fetches and keeps (`config` and `revision` say which
    one); `folder` a folder in the data folder that `save_to_disk` wrote; `file` a Parquet file in the data folder, or several by a pattern
    with `*`. Nothing that a dataset brings is executed.

    `fields` are the types of one example, each of the column of its name; `names={x: "features"}` names others, other columns are left
    alone. Columns are read as `json_lines` reads entries: numbers, lists of a fixed size, sequences of any length, `x: f32[T, 4]`, texts,
    `text: u8[N]`, and words by `classes={label: ["no", "yes"]}`; labels that the dataset itself numbers keep their numbers. A column of
    pictures is read when a batch needs it, as `image: f32[H, W, 3]`, or with 1 channel in gray, in 0..1.

    `split` is trained on. `test` is another split, or the fraction of its examples that are set aside for the test part; `valid` the split
    for validation, where there is one.
    """

    source = "https://huggingface.co/docs/datasets"
    extra = "hf"

    name: str | None = None
    """The dataset's name on the hub."""
    fields: FieldTypes
    """The type of each field of one example: `{text: u8[N], label: i32[]}`."""
    folder: DataPath | None = None
    """A folder in the data folder that `save_to_disk` wrote."""
    file: DataPath | None = None
    """A Parquet file in the data folder, or a pattern with `*`."""
    config: str | None = None
    """Which of a dataset's configurations on the hub."""
    revision: str | None = None
    """Which of its versions on the hub: a tag, a branch or a commit."""
    split: Annotated[str, Field(min_length=1)] = "train"
    """The split that is trained on."""
    valid: str | None = None
    """The split for validation; when left out a part is set aside."""
    test: Fraction | Annotated[str, Field(min_length=1)] | None = None
    """The test part: another split, or a fraction of the examples."""
    names: dict[str, str] = Field(default_factory=dict)
    """Fields whose columns have other names."""
    classes: dict[str, Words] = Field(default_factory=dict)
    """Fields that are words in the data: the words in the order of their numbers, from 0."""
    part: Literal["train", "validation", "test"] = "train"
    """Which part: "train", "validation" or "test"."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        texts = {"text": TensorType("u8", ("N",)), "label": TensorType("i32")}
        images = {"image": TensorType("f32", (28, 28, 1)), "label": TensorType("i32")}
        return (
            Example(cls(name="stanfordnlp/imdb", fields=texts, test="test")),
            Example(cls(folder="digits", fields=images, valid="validation", test="test")),
            Example(cls(file="reviews/*.parquet", fields=texts, classes={"label": ("bad", "good")}, test=0.1)),
        )

    @model_validator(mode="after")
    def _makes_sense(self) -> HfDataset:
        """Refuses more than one place, and parts that are not there."""
        if sum(place is not None for place in (self.name, self.folder, self.file)) != 1:
            raise ValueError('one of `name="…"` on the hub, `folder="…"` and `file="….parquet"` in the data folder')
        if self.name is None and (self.config or self.revision):
            raise ValueError("`config` and `revision` of a dataset on the hub, which `name` names")
        if self.file is not None and (self.valid or isinstance(self.test, str)):
            raise ValueError("splits of a dataset that has some: Parquet files have none, `test=0.1` sets a fraction aside")
        if (self.part == "test" and self.test is None) or (self.part == "validation" and self.valid is None):
            raise ValueError(f'`part="{self.part}"` without `{"test" if self.part == "test" else "valid"}`, which says what that part is')
        require_fields(self.fields, self.names, self.classes, pictures=True)
        return self

    def batch_types(self) -> dict[str, TensorType]:
        return batch_types(self.fields)

    def portion(self, count: int, data: Mapping[str, Any] | None = None) -> Array | None:
        return choose_part(self, count, data)

    def validation_part(self) -> Dataset | None:
        return None if self.valid is None or self.part != "train" else self.replaced(part="validation")

    def test_part(self) -> Dataset | None:
        return None if self.test is None or self.part != "train" else self.replaced(part="test")

    def needs(self) -> tuple[tuple[str, ...], ...]:
        return tuple((place,) for place in (self.folder, self.file) if place is not None)

    def columns_of(self, field: str) -> tuple[str, ...]:
        return (self.names.get(field, field),)

    def class_counts(self) -> dict[str, int]:
        return {name: len(words) for name, words in self.classes.items()}

    def class_names(self, known: Learned) -> dict[str, tuple[str, ...]]:
        return dict(self.classes)

    def encoded(self, given: Mapping[str, Any], known: Learned | None) -> Mapping[str, Any]:
        return {name: encode_words(values, self.classes.get(name, ())) for name, values in given.items()}

    def of_file(self, file: str, fields: Any) -> Dataset | None:
        return None

    def load(self, folder: Path | None) -> dict[str, Any]:
        where, table = self._open(folder)
        if not len(table):
            raise Mistake(NoRecords(file=where))
        columns = self._columns(where, table)
        pictures = {name for name, column in columns.items() if _is_picture(table, column)}
        found: dict[str, Any] = {}
        for name, column in columns.items():
            kind = self.batch_types()[name]
            if name in pictures:
                stacked = all(dim.is_constant for dim in kind.shape[1:])
                found[name] = Lazy(len(table), Picture(where, table, column, kind), stacked)
            else:
                found[name] = self._read(where, table, name, column)
        sequence = find_sequence(self.fields)
        if LENGTH in self.fields and LENGTH not in columns:
            found[LENGTH] = found[sequence].lengths.astype(np.int32)
        return examples_of({name: found[name] for name in self.fields}, self)

    def _columns(self, where: str, table: Any) -> dict[str, str]:
        """The column of each field; lengths of sequences need none. Raises `Mistake`."""
        there = tuple(table.column_names)
        columns = {name: self.columns_of(name)[0] for name in self.fields}
        if find_sequence(self.fields) and columns.get(LENGTH) not in there:
            columns.pop(LENGTH, None)
        for name, column in columns.items():
            if column not in there:
                argument = f'names={{{name}: "{there[0]}"}}' if there else ""
                raise Mistake(NoSuchColumn(file=where, column=column, field=name, columns=there, argument=argument))
        return columns

    def _read(self, where: str, table: Any, name: str, column: str) -> Any:
        """The values of a column. Raises `Mistake` with the record of one that the field cannot hold."""
        reader = FieldReader(self.batch_types()[name], self.classes.get(name, ()))
        for number, value in enumerate(_values(table, column)):
            try:
                reader.add(value)
            except ValueError as error:
                at = f"record {number} (counted from 0)"
                raise Mistake(BadValue(file=where, where=at, value=str(error), column=column, wanted=reader.wanted)) from None
        return reader.finish()

    # --- where it is -------------------------------------------------------------------------------------------------

    def _open(self, folder: Path | None) -> tuple[str, Any]:
        """What it is called, and its examples by column. Raises `Mistake`."""
        if self.file is not None:
            paths = find_all(folder, self.file, self.op_name())
            return str(paths[0] if len(paths) == 1 else paths[0].parent), self._parquet(paths)
        package, split = self._package("datasets"), self._split
        if self.folder is not None:
            where = str(find(folder, self.folder, self.op_name()))
            return where, _choose_split(where, _guard(where, lambda: package.load_from_disk(where)), split)
        assert self.name is not None
        name = self.name
        return name, _guard(name, lambda: package.load_dataset(name, self.config, split=split, revision=self.revision))

    @property
    def _split(self) -> str:
        """The split of this part."""
        if self.part == "test" and isinstance(self.test, str):
            return self.test
        return self.valid if self.part == "validation" and self.valid is not None else self.split

    def _parquet(self, paths: Sequence[Path]) -> Any:
        """The tables of all files, one behind the other."""
        arrow, parquet = self._package("pyarrow"), self._package("pyarrow.parquet")
        tables = [_guard(str(path), lambda path=path: parquet.read_table(str(path))) for path in paths]
        return _guard(str(paths[-1]), lambda: arrow.concat_tables(tables))

    def _package(self, name: str) -> Any:
        """A package of the extra. Raises `Mistake` with how to install it."""
        try:
            return importlib.import_module(name)
        except ImportError:
            raise Mistake(PackageNeeded(op=self.op_name(), package=name.split(".")[0], extra=self.extra)) from None


@record
class Picture:
    """Reads the pictures of a column; it can be sent to worker processes."""

    where: str
    table: Any
    column: str
    kind: TensorType
    """Of a batch."""

    def __call__(self, index: int) -> Array:
        """The picture in 0..1. Raises `Mistake` for one of another size."""
        gray = self.kind.shape[-1].is_constant and self.kind.shape[-1].value == 1
        value = _guard(self.where, lambda: np.asarray(self.table[index][self.column].convert("L" if gray else "RGB")))
        made = (value.astype(np.float32) / np.float32(255)).reshape(*value.shape[:2], -1)
        sizes = zip(made.shape, self.kind.shape[1:], strict=True)
        if not all(not dim.is_constant or dim.value == size for size, dim in sizes):
            at, wanted = f"record {index} (counted from 0)", str(self.kind.with_shape(self.kind.shape[1:]))
            found = f"a picture of {made.shape[1]} x {made.shape[0]} points"
            raise Mistake(BadValue(file=self.where, where=at, value=found, column=self.column, wanted=wanted))
        return made


def _is_picture(table: Any, column: str) -> bool:
    """Does a column hold pictures?"""
    features = getattr(table, "features", None)
    return features is not None and type(features[column]).__name__ == "Image"


def _values(table: Any, column: str) -> Iterator[Any]:
    """The values of a column as Python has them."""
    arrow = getattr(getattr(table, "with_format", lambda _: table)(None), "select_columns", None)
    if arrow is None:  # a table of Arrow's own
        yield from (value.as_py() for value in table.column(column))
    else:
        yield from (row[column] for row in arrow([column]))


def _choose_split(where: str, found: Any, split: str) -> Any:
    """The examples of a split; of a dataset without any they are all."""
    if not isinstance(found, dict):
        return found
    if split not in found:
        raise Mistake(UnreadableData(file=where, reason=f"it has no split `{split}`, but {', '.join(f'`{name}`' for name in found)}"))
    return found[split]


def _guard(where: str, work: Any) -> Any:
    """What another library makes of data; whatever it raises becomes a `Mistake`."""
    try:
        return work()
    except Mistake:
        raise
    except Exception as error:  # of the network, of a file that is none, of a name that nobody knows: there is no list of them
        text = " ".join(str(error).split())[: LIMITS.reason_characters].removesuffix(".")
        raise Mistake(UnreadableData(file=where, reason=text or type(error).__name__)) from None
