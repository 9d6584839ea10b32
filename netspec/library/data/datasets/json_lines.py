"""Files of JSON lines: one example a line, as an object with a value for each field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.records import NoRecords
from netspec.diagnostics.running.predictions import BadExample
from netspec.lazy import np
from netspec.library.base import Array, Dataset, Example, Learned
from netspec.library.base.field_bounds import Field, model_validator
from netspec.library.data.columns import LENGTH
from netspec.library.data.datasets.example_fields import FieldReader, Words, encode_words, find_sequence, require_fields
from netspec.library.data.datasets.json_objects import read_objects
from netspec.library.data.datasets.packed_file import names
from netspec.library.data.datasets.text_file import DataPath, find_all
from netspec.library.data.datasets.user_data import FieldTypes, Fraction, Part, batch_types, choose_part, examples_of, require_part
from netspec.shape import TensorType

if TYPE_CHECKING:
    from pathlib import Path


class JsonLines(Dataset):
    """Your own examples in files of JSON lines in the data folder, an object each: `{"x": [0.5, 1.5], "label": 1}`; plain, .gz or .zst.

    `fields` are the types of one example. A number is a number, `f32[13]` a list of 13, `f32[28, 28]` a list of lists. A first axis that is
    a symbol is a sequence of any length: `tokens: i32[T]` is `[5, 2, 7]`, `x: f32[T, 4]` a list of lists of 4, and `text: u8[N]` a text, of
    which the model gets the bytes. Sequences of a batch are padded with 0; a field `length: i32[]` counts their elements where the lines
    have none. `names={x: "features"}` says what a field is called in the file, `classes={label: ["cat", "dog"]}` makes 0 and 1 of words.
    Other entries are left alone. What is missing, null, no number of its field's kind, or a list of another length is an error that names
    the file and the line, from 1.

    `file` is one, a list, or a pattern: `"parts/*.jsonl"`, in the order of their names. `test` is a second file, or the fraction of the
    examples that are set aside for the test part: those with the smallest hash of their index, the same ones in every run.
    """

    source = "https://jsonlines.org"

    file: DataPath | Annotated[tuple[DataPath, ...], Field(strict=False, min_length=1)]
    """The file's path in the data folder; several in a list, or by a pattern with `*`."""
    fields: FieldTypes
    """The type of each field of one example: `{x: f32[T, 4], label: i32[]}`."""
    names: dict[str, str] = Field(default_factory=dict)
    """Fields that have other names in the file."""
    classes: dict[str, Words] = Field(default_factory=dict)
    """Fields that are words in the file: the words in the order of their numbers, from 0."""
    test: Fraction | DataPath | None = None
    """The test part: a second file, or a fraction of the examples."""
    part: Part = "train"
    """Which part: "train" or "test"."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        paths = {"x": TensorType("f32", ("T", 4)), "label": TensorType("i32")}
        pairs = {"tokens": TensorType("i32", ("T",)), "length": TensorType("i32"), "label": TensorType("i32")}
        named: Any = {"tokens": "ids"}
        return (
            Example(cls(file="paths.jsonl", fields=paths, classes={"label": ("walk", "run")}, test=0.1)),
            Example(cls(file="parts/*.jsonl", fields=pairs, names=named, test="test.jsonl")),
        )

    @model_validator(mode="after")
    def _makes_sense(self) -> JsonLines:
        """Refuses arguments that say something of fields that are not there, and fields that no line can hold."""
        require_part(self.test, self.part)
        require_fields(self.fields, self.names, self.classes)
        return self

    def batch_types(self) -> dict[str, TensorType]:
        return batch_types(self.fields)

    def portion(self, count: int, data: Mapping[str, Any] | None = None) -> Array | None:
        return choose_part(self, count, data)

    def test_part(self) -> Dataset | None:
        return None if self.test is None or self.part == "test" else self.replaced(part="test")

    def needs(self) -> tuple[tuple[str, ...], ...]:
        return tuple((name, *names(name)[1:]) for name in self._files)

    def columns_of(self, field: str) -> tuple[str, ...]:
        return (self.names.get(field, field),)

    def class_counts(self) -> dict[str, int]:
        return {name: len(words) for name, words in self.classes.items()}

    def class_names(self, known: Learned) -> dict[str, tuple[str, ...]]:
        return dict(self.classes)

    def encoded(self, given: Mapping[str, Any], known: Learned | None) -> Mapping[str, Any]:
        """Words as the numbers of their classes."""
        return {name: encode_words(values, self.classes.get(name, ())) for name, values in given.items()}

    def load(self, folder: Path | None) -> dict[str, Any]:
        paths = [path for name in self._files for path in find_all(folder, name, self.op_name())]
        readers = {name: FieldReader(kind, self.classes.get(name, ())) for name, kind in self.batch_types().items()}
        sequence = find_sequence(self.fields)
        for path in paths:
            empty = True
            for line, example in read_objects(path):
                if sequence and not readers[sequence].values and self.columns_of(LENGTH)[0] not in example:
                    readers.pop(LENGTH, None)  # where the first line of all has none, they are counted
                for name, reader in readers.items():
                    self._take(reader, name, example, path, line)
                empty = False
            if empty:
                raise Mistake(NoRecords(file=str(path)))
        found = {name: reader.finish() for name, reader in readers.items()}
        counted = {LENGTH: found[sequence].lengths.astype(np.int32)} if LENGTH in self.fields and LENGTH not in found else {}
        return examples_of({**found, **counted}, self)

    def _take(self, reader: FieldReader, name: str, example: Mapping[str, Any], path: Path, line: int) -> None:
        """Takes a field's value of a line. Raises `Mistake` for one that the field cannot hold."""
        key = self.columns_of(name)[0]
        if key not in example:
            raise Mistake(BadExample(file=str(path), line=line, field=key, wanted=reader.wanted, given=tuple(map(str, example))))
        try:
            reader.add(example[key])
        except ValueError as error:
            raise Mistake(BadExample(file=str(path), line=line, field=key, wanted=reader.wanted, found=str(error))) from None

    @property
    def _files(self) -> tuple[str, ...]:
        """The files of this part."""
        if self.part == "test" and isinstance(self.test, str):
            return (self.test,)
        return self.file if isinstance(self.file, tuple) else (self.file,)
