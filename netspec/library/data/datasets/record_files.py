"""Files of records that hold `tf.train.Example` messages: ArrayRecord and TFRecord, read by grain."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from math import prod
from typing import TYPE_CHECKING, Annotated, Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.arrays import BadValue, NoSuchColumn
from netspec.diagnostics.data.files import UnreadableData
from netspec.diagnostics.data.records import NoRecords
from netspec.diagnostics.data.tokenizers import PackageNeeded
from netspec.lazy import np
from netspec.library.base import Array, Dataset, Example, Learned
from netspec.library.base.field_bounds import Field, model_validator
from netspec.library.data.columns import LENGTH
from netspec.library.data.datasets.example_fields import FieldReader, Words, encode_words, find_sequence, require_fields
from netspec.library.data.datasets.example_protos import read_example
from netspec.library.data.datasets.text_file import DataPath, find_all
from netspec.library.data.datasets.user_data import FieldTypes, Fraction, Part, batch_types, choose_part, examples_of, require_part
from netspec.limits import LIMITS
from netspec.shape import TensorType

if TYPE_CHECKING:
    from pathlib import Path


class _Records(Dataset):
    """What both kinds of files have in common."""

    extra = "grain"

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        fields: Any = {"x": TensorType("f32", ("T", 4)), "label": TensorType("i32")}
        texts: Any = {"text": TensorType("u8", ("N",)), "label": TensorType("i32")}
        name = cls.op_name()
        return (
            Example(cls(file=f"train-*.{name}", fields=fields, test=0.1)),  # type: ignore[call-arg]
            Example(cls(file=f"a.{name}", fields=texts, classes={"label": ("no", "yes")}, test=f"b.{name}")),  # type: ignore[call-arg]
        )

    @model_validator(mode="after")
    def _makes_sense(self) -> Any:
        """Refuses arguments that say something of fields that are not there, and fields that no record can hold."""
        own: Any = self
        require_part(own.test, own.part)
        require_fields(own.fields, own.names, own.classes)
        return self

    def batch_types(self) -> dict[str, TensorType]:
        return batch_types(self._own.fields)

    def portion(self, count: int, data: Mapping[str, Any] | None = None) -> Array | None:
        return choose_part(self, count, data)

    def test_part(self) -> Dataset | None:
        return None if self._own.test is None or self._own.part == "test" else self.replaced(part="test")

    def needs(self) -> tuple[tuple[str, ...], ...]:
        return tuple((name,) for name in self._files)

    def columns_of(self, field: str) -> tuple[str, ...]:
        return (self._own.names.get(field, field),)

    def class_counts(self) -> dict[str, int]:
        return {name: len(words) for name, words in self._own.classes.items()}

    def class_names(self, known: Learned) -> dict[str, tuple[str, ...]]:
        return dict(self._own.classes)

    def encoded(self, given: Mapping[str, Any], known: Learned | None) -> Mapping[str, Any]:
        return {name: encode_words(values, self._own.classes.get(name, ())) for name, values in given.items()}

    def load(self, folder: Path | None) -> dict[str, Any]:
        readers = {name: FieldReader(kind, self._own.classes.get(name, ())) for name, kind in self.batch_types().items()}
        paths = [path for name in self._files for path in find_all(folder, name, self.op_name())]
        for path in paths:
            self._read(path, readers)
        found = {name: reader.finish() for name, reader in readers.items()}
        sequence = find_sequence(self._own.fields)
        counted = {LENGTH: found[sequence].lengths.astype(np.int32)} if LENGTH in self._own.fields and LENGTH not in found else {}
        return examples_of({**found, **counted}, self)

    def _read(self, path: Path, readers: dict[str, FieldReader]) -> None:
        """Takes the records of one file. Raises `Mistake` with the file and the record."""
        empty, number = True, 0
        try:
            for number, record in enumerate(self._records(path)):
                self._take(read_example(record), readers, path, number)
                empty = False
        except Mistake:
            raise
        except ValueError as error:
            raise Mistake(
                UnreadableData(file=str(path), reason=f"record {number} (counted from 0) is no tf.train.Example: {error}")
            ) from None
        except Exception as error:  # whatever the package raises for files that are none
            text = " ".join(str(error).split())[: LIMITS.reason_characters].removesuffix(".")
            raise Mistake(UnreadableData(file=str(path), reason=text or f"it is no file of {self.op_name()}")) from None
        if empty:
            raise Mistake(NoRecords(file=str(path)))

    def _take(self, features: Mapping[str, Any], readers: dict[str, FieldReader], path: Path, number: int) -> None:
        """Takes the features of a record; lengths that the first of all does not have are counted. Raises `Mistake`."""
        sequence = find_sequence(self._own.fields)
        if sequence and not readers[sequence].values and self.columns_of(LENGTH)[0] not in features:
            readers.pop(LENGTH, None)
        for name, reader in readers.items():
            column = self.columns_of(name)[0]
            if column not in features:
                raise Mistake(NoSuchColumn(file=f"{path}: record {number}", column=column, field=name, columns=tuple(features)))
            try:
                reader.add(to_value(features[column], reader.kind, bool(reader.classes)))
            except ValueError as error:
                at = f"record {number} (counted from 0)"
                raise Mistake(BadValue(file=str(path), where=at, value=str(error), column=column, wanted=reader.wanted)) from None

    def _records(self, path: Path) -> Iterable[bytes]:
        """The records of a file."""
        raise TypeError(f"{self.op_name()} has no records")

    def _package(self, name: str) -> Any:
        """A module of grain. Raises `Mistake` with how to install it."""
        try:
            return importlib.import_module(name)
        except ImportError:
            raise Mistake(PackageNeeded(op=self.op_name(), package="grain", extra=self.extra)) from None

    @property
    def _own(self) -> Any:
        """Itself, with the arguments that both kinds have."""
        return self

    @property
    def _files(self) -> tuple[str, ...]:
        """The files of this part."""
        own = self._own
        if own.part == "test" and isinstance(own.test, str):
            return (own.test,)
        return own.file if isinstance(own.file, tuple) else (own.file,)


def to_value(feature: Any, kind: TensorType, word: bool) -> Any:
    """A feature's flat list in the axes of a field of a batch. Raises ValueError where it has not so many numbers."""
    if isinstance(feature, list):
        if len(feature) != 1:
            raise ValueError(f"{len(feature)} texts")
        if word:
            return feature[0].decode("utf-8", "replace")
        if kind.dtype != "u8":
            raise ValueError("bytes")
        feature = np.frombuffer(feature[0], np.uint8)
    if kind.dtype == "bool" and feature.dtype.kind == "i" and np.isin(feature, (0, 1)).all():
        feature = feature.astype(bool)
    sizes = [dim.value if dim.is_constant else -1 for dim in kind.shape[1:]]
    known = prod(size for size in sizes if size > 0)
    if feature.size % known or (-1 not in sizes and feature.size != known):
        raise ValueError(f"{feature.size:,} number{'' if feature.size == 1 else 's'}")
    sizes = [feature.size // known if size < 0 else size for size in sizes]
    return feature.reshape(sizes).tolist()


class ArrayRecord(_Records):
    """Records in ArrayRecord files of the data folder, each a `tf.train.Example`, as TensorFlow Datasets and grain write them.

    `fields` are the types of one example, each of the feature of its name; `names={x: "features"}` names others, other features are left
    alone. A feature is a flat list: `x: f32[28, 28]` has 784 numbers, `x: f32[T, 4]` four for each step, `tokens: i32[T]` any number.
    Bytes are a text, `text: u8[N]`, or the word of a class, `classes={label: ["no", "yes"]}`; truth values are 0 and 1. Sequences of a
    batch are padded with 0, and a field `length: i32[]` counts their elements where the records have none. What does not fit is an error
    that names the file and the record, from 0. The records are read into memory.

    `file` is one, a list, or a pattern: `"train-*.array_record"`. `test` is a second file, or the fraction of the examples that are set
    aside for the test part. From Python `fit` takes any source of grain that gives batches.
    """

    source = "https://github.com/google/array_record"

    file: DataPath | Annotated[tuple[DataPath, ...], Field(strict=False, min_length=1)]
    """The file's path in the data folder; several in a list, or by a pattern with `*`."""
    fields: FieldTypes
    """The type of each field of one example: `{x: f32[T, 4], label: i32[]}`."""
    names: dict[str, str] = Field(default_factory=dict)
    """Fields that are features of other names."""
    classes: dict[str, Words] = Field(default_factory=dict)
    """Fields that are words in the file: the words in the order of their numbers, from 0."""
    test: Fraction | DataPath | None = None
    """The test part: a second file, or a fraction of the examples."""
    part: Part = "train"
    """Which part: "train" or "test"."""

    def _records(self, path: Path) -> Iterable[bytes]:
        source = self._package("grain.sources").ArrayRecordDataSource(str(path))
        return (source[place] for place in range(len(source)))


class TfRecord(_Records):
    """Records in TFRecord files of the data folder, each a `tf.train.Example`.

    `fields` and the other arguments mean what they do in `array_record`. Check sums are not compared, since grain's reader does not; a
    file that ends inside a record is refused. Compressed files are to be unpacked.
    """

    source = "https://www.tensorflow.org/tutorials/load_data/tfrecord"

    file: DataPath | Annotated[tuple[DataPath, ...], Field(strict=False, min_length=1)]
    """The file's path in the data folder; several in a list, or by a pattern with `*`."""
    fields: FieldTypes
    """The type of each field of one example: `{x: f32[T, 4], label: i32[]}`."""
    names: dict[str, str] = Field(default_factory=dict)
    """Fields that are features of other names."""
    classes: dict[str, Words] = Field(default_factory=dict)
    """Fields that are words in the file: the words in the order of their numbers, from 0."""
    test: Fraction | DataPath | None = None
    """The test part: a second file, or a fraction of the examples."""
    part: Part = "train"
    """Which part: "train" or "test"."""

    def _records(self, path: Path) -> Iterable[bytes]:
        return self._package("grain.experimental").TFRecordIterDataset(str(path))
