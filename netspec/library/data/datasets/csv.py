"""Tables: one example a line, values with a comma or another sign between them."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Annotated, Any

from netspec.library.base import Array, Dataset, Example, Learned
from netspec.library.base.field_bounds import AfterValidator, Field, model_validator
from netspec.library.data.datasets.text_file import DataPath, find
from netspec.library.data.datasets.user_data import FieldTypes, Fraction, Part, batch_types, choose_part, examples_of, require_part
from netspec.shape import TensorType
from netspec.shape.types import RANGES

if TYPE_CHECKING:
    from pathlib import Path


def _require_one_sign(text: str) -> str:
    """Checks that values are parted by one sign that cannot stand in a number or open a quote."""
    if len(text) != 1 or text in '"\n\r' or text.isalnum():
        raise ValueError('one sign, such as "," or "\\t"')
    return text


def _require_numbers(name: str, kind: TensorType, words: tuple[str, ...]) -> None:
    """Checks that the words of a field each have one number, which its type holds."""
    twice = next((word for place, word in enumerate(words) if word in words[:place]), None) if len(set(words)) < len(words) else None
    if twice is not None:
        raise ValueError(f'the word "{twice}" twice among the `classes` of `{name}`, where it is to have one number')
    if words and len(words) - 1 > RANGES[kind.dtype][1]:
        highest = RANGES[kind.dtype][1]
        raise ValueError(f"{len(words)} `classes` for `{name}: {kind}`, which holds numbers up to {highest}: write `{name}: i32[]`")


Names = Annotated[tuple[str, ...], Field(strict=False, min_length=1)]


class Csv(Dataset):
    """Your own table in a file of the data folder: a first line that names the columns, then one example a line; UTF-8, plain or .gz.

    `fields` are the types of one example. A number is the column of its name: `price: f32[]` is the column `price`. A list of numbers,
    `x: f32[13]`, is the columns `x_0` to `x_12`, in this order. `columns` names others: `columns={x: ["age", "rooms"], price: "cost"}`. A
    field of whole numbers whose column holds words takes `classes={label: ["cat", "dog"]}`, which are 0 and 1. Other columns are left
    alone. Numbers are written as `12`, `-0.5` or `1e-3`, truth values as `true`, `false`, `1` or `0`; an empty value, NaN and infinity are
    errors, which name the file, the line (from 1) and the column. `test` is a second file, or the fraction of the examples that are set
    aside for evaluation: those with the smallest hash of their index, the same ones in every run.
    """

    source = "RFC 4180, Common Format and MIME Type for Comma-Separated Values (CSV) Files"
    endings = (".csv", ".tsv", ".tab")

    file: DataPath
    """The file's path in the data folder."""
    fields: FieldTypes
    """The type of each field of one example: `{x: f32[13], label: i32[]}`; at most one axis."""
    columns: dict[str, str | Names] = Field(default_factory=dict)
    """Fields whose columns have other names: a column's name, or a list of them."""
    classes: dict[str, Names] = Field(default_factory=dict)
    """Fields whose columns hold words: the words in the order of their numbers, from 0."""
    test: Fraction | DataPath | None = None
    """What is evaluated on: a second file, or a fraction of the examples."""
    separator: Annotated[str, AfterValidator(_require_one_sign)] = ","
    """The sign between values."""
    part: Part = "train"
    """Which part: "train" or "test"."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        houses = {"x": TensorType("f32", (3,)), "price": TensorType("f32")}
        iris = {"x": TensorType("f32", (2,)), "label": TensorType("i32")}
        named: Any = {"x": ("petal_length", "petal_width"), "label": "species"}
        words = {"label": ("setosa", "versicolor", "virginica")}
        return (
            Example(cls(file="houses.csv", fields=houses, test=0.1)),
            Example(cls(file="iris.csv", fields=iris, columns=named, classes=words, separator=";")),
        )

    @model_validator(mode="after")
    def _makes_sense(self) -> Csv:
        """Refuses arguments that say different things about the same fields."""
        require_part(self.test, self.part)
        for name in (*self.columns, *self.classes):
            if name not in self.fields:
                raise ValueError(f"`{name}` among `columns` or `classes`, which is not one of `fields`")
        for name, kind in self.fields.items():
            self._columns_of(name, kind)
            if name in self.classes and (not kind.is_int or kind.rank):
                raise ValueError(f"`classes` for `{name}: {kind}`, which is not one whole number")
            _require_numbers(name, kind, self.classes.get(name, ()))
        return self

    def _columns_of(self, name: str, kind: TensorType) -> tuple[str, ...]:
        """The columns that a field is made of. Raises ValueError where their number is not that of its elements."""
        if kind.rank > 1 or not kind.is_constant:
            raise ValueError(f"`{name}: {kind}`: a field of a table is one number or a list of so many numbers")
        count = kind.shape[0].value if kind.rank else 1
        given = self.columns.get(name, tuple(f"{name}_{i}" for i in range(count)) if kind.rank else name)
        named = (given,) if isinstance(given, str) else tuple(given)
        if len(named) != count:
            raise ValueError(f"{len(named)} columns for `{name}: {kind}`, which has {count}")
        return named

    def batch_types(self) -> dict[str, TensorType]:
        return batch_types(self.fields)

    def portion(self, count: int) -> Array | None:
        return choose_part(count, self.test, self.part)

    def test_part(self) -> Dataset | None:
        return None if self.test is None or self.part == "test" else self.replaced(part="test")

    def needs(self) -> tuple[tuple[str, ...], ...]:
        return ((self._name, f"{self._name}.gz"),)

    def columns_of(self, field: str) -> tuple[str, ...]:
        return self._columns_of(field, self.fields[field])

    def of_file(self, file: str, fields: Collection[str]) -> Dataset | None:
        """Its values stand between tabs where the name says so."""
        of = super().of_file(file, fields)
        return of.replaced(separator="\t") if of and file.removesuffix(".gz").endswith((".tsv", ".tab")) else of

    def class_counts(self) -> dict[str, int]:
        return {name: len(words) for name, words in self.classes.items()}

    def class_names(self, known: Learned) -> dict[str, tuple[str, ...]]:
        return dict(self.classes)

    def load(self, folder: Path | None) -> dict[str, Array]:
        from netspec.library.data.datasets.text_table import Source, read_table

        path = find(folder, self._name, self.op_name())
        sources = [Source(name, kind, self._columns_of(name, kind), self.classes.get(name, ())) for name, kind in self.fields.items()]
        return examples_of(read_table(path, sources, self.separator), self.test, self.part)

    @property
    def _name(self) -> str:
        """The file of this part."""
        return self.test if self.part == "test" and isinstance(self.test, str) else self.file
