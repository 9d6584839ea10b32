"""Files of JSON lines: one example a line, as an object with a value for each field."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.records import NoRecords
from netspec.diagnostics.running.predictions import BadExample
from netspec.lazy import np
from netspec.library.base import Array, Dataset, Example, Learned
from netspec.library.base.field_bounds import Field, model_validator
from netspec.library.data.columns import LENGTH, Ragged
from netspec.library.data.datasets.json_objects import describe_value, has_axes, is_number, leaves, read_objects
from netspec.library.data.datasets.packed_file import names
from netspec.library.data.datasets.text_file import DataPath, find_all
from netspec.library.data.datasets.user_data import FieldTypes, Fraction, Part, batch_types, choose_part, examples_of, require_part
from netspec.limits import LIMITS
from netspec.shape import TensorType
from netspec.shape.types import RANGES

if TYPE_CHECKING:
    from pathlib import Path

Words = Annotated[tuple[str, ...], Field(strict=False, min_length=1)]


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
        for setting, given in {"names": self.names, "classes": self.classes}.items():
            if unknown := next((name for name in given if name not in self.fields), None):
                raise ValueError(f"`{unknown}` among `{setting}`, which is not one of `fields`")
        for name, kind in self.fields.items():
            if not all(dim.is_constant for dim in kind.shape[1:]):
                raise ValueError(f"`{name}: {kind}`: only the first axis of a sequence may have any length")
            if name in self.classes and (not kind.is_int or kind.rank):
                raise ValueError(f"`classes` for `{name}: {kind}`, which is not one whole number")
            words = self.classes.get(name, ())
            if len(set(words)) < len(words):
                raise ValueError(f"a word twice among the `classes` of `{name}`, where it is to have one number")
            if words and len(words) - 1 > RANGES[kind.dtype][1]:
                raise ValueError(f"{len(words)} `classes` for `{name}: {kind}`, which holds numbers up to {RANGES[kind.dtype][1]}")
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
        return {name: _encode(values, self.classes.get(name, ())) for name, values in given.items()}

    def load(self, folder: Path | None) -> dict[str, Any]:
        paths = [path for name in self._files for path in find_all(folder, name, self.op_name())]
        types = self.batch_types()
        readers = [FieldReader(name, kind, self.columns_of(name)[0], self.classes.get(name, ())) for name, kind in types.items()]
        for path in paths:
            readers = self._read(path, readers)
        found = {reader.name: reader.finish() for reader in readers}
        counted = {LENGTH: found[self._sequence].lengths.astype(np.int32)} if LENGTH in self.fields and LENGTH not in found else {}
        return examples_of({**found, **counted}, self)

    def _read(self, path: Path, readers: list[FieldReader]) -> list[FieldReader]:
        """Takes the lines of one file; lengths that the first line of all does not have are not looked for. Raises `Mistake`."""
        empty = True
        for line, example in read_objects(path):
            if self._sequence and not any(reader.values for reader in readers) and self.columns_of(LENGTH)[0] not in example:
                readers = [reader for reader in readers if reader.name != LENGTH]
            for reader in readers:
                reader.take(example, path, line)
            empty = False
        if empty:
            raise Mistake(NoRecords(file=str(path)))
        return readers

    @property
    def _sequence(self) -> str:
        """The first field of sequences; "" without one."""
        return next((name for name, kind in self.fields.items() if kind.rank and not kind.shape[0].is_constant), "")

    @property
    def _files(self) -> tuple[str, ...]:
        """The files of this part."""
        if self.part == "test" and isinstance(self.test, str):
            return (self.test,)
        return self.file if isinstance(self.file, tuple) else (self.file,)


class FieldReader:
    """One field under construction."""

    def __init__(self, name: str, kind: TensorType, key: str, classes: Sequence[str]) -> None:
        self.name, self.kind, self.key, self.classes = name, kind, key, {word: number for number, word in enumerate(classes)}
        self.values: list[Any] = []
        self.wanted = "one of its classes" if classes else str(kind.with_shape(kind.shape[1:]))
        self.made = np.dtype("float32" if kind.dtype == "bf16" else kind.jax_dtype)

    def take(self, example: Mapping[str, Any], path: Path, line: int) -> None:
        """Takes the value of a line. Raises `Mistake` for one that the field cannot hold."""
        if self.key not in example:
            given = tuple(map(str, example))
            raise Mistake(BadExample(file=str(path), line=line, field=self.key, wanted=self.wanted, given=given))
        try:
            self.values.append(self._convert(example[self.key]))
        except ValueError as error:
            raise Mistake(BadExample(file=str(path), line=line, field=self.key, wanted=self.wanted, found=str(error))) from None

    def _convert(self, value: Any) -> Any:
        """The value as an array. Raises ValueError with what it is instead."""
        if isinstance(value, str):
            if self.kind.dtype == "u8" and self.kind.rank == 2 and not self.kind.shape[1].is_constant:
                return _bytes_of(value)
            if value not in self.classes:
                raise ValueError(_shown(value))
            return np.array(self.classes[value], self.made)
        if self.classes or not has_axes(value, self.kind):
            raise ValueError(describe_value(value))
        return self._numbers(value)

    def _numbers(self, value: Any) -> Array:
        """Numbers of the field's kind that it holds."""
        bad = next((leaf for leaf in leaves(value) if not is_number(leaf, self.kind)), leaves)
        if bad is not leaves:
            raise ValueError(_shown(bad))
        try:
            wide = np.asarray(value, np.float64 if self.kind.is_float else np.int64 if self.kind.is_int else np.bool_)
        except OverflowError:
            raise ValueError("a number that is too large") from None
        with np.errstate(over="ignore"):
            made = wide.astype(self.made)
        kept = np.isfinite(made) if self.kind.is_float else made == wide
        if not np.all(kept):
            raise ValueError(_shown(wide.reshape(-1)[int(np.argmin(kept.reshape(-1)))].item()))
        return made if len(self.kind.shape) < 2 or made.size else made.reshape(0, *(dim.value for dim in self.kind.shape[2:]))

    def finish(self) -> Any:
        """All values of all files."""
        if self.kind.rank > 1 and not self.kind.shape[1].is_constant:
            return Ragged.of(self.values, self.made)
        return np.stack(self.values)


def _bytes_of(text: str) -> Array:
    """A text in UTF-8. Raises ValueError for half a character, which JSON can write."""
    try:
        return np.frombuffer(text.encode(), np.uint8)
    except UnicodeEncodeError:
        raise ValueError("a text with half a character") from None


def _shown(value: Any) -> str:
    """A value as a message repeats it."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LIMITS.value_characters else text[: LIMITS.value_characters] + "…"


def _encode(values: Any, classes: Sequence[str]) -> Any:
    """Words of a list as the numbers of their classes; anything else as it is."""
    if not classes or not isinstance(values, list | tuple):
        return values
    table = {word: number for number, word in enumerate(classes)}
    return [table.get(value, value) if isinstance(value, str) else value for value in values]
