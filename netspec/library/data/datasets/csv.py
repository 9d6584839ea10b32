"""Tables: one example a line, values with a comma or another sign between them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from netspec.lazy import np
from netspec.library.base import Array, Dataset, Example, Learned
from netspec.library.base.field_bounds import AfterValidator, BeforeValidator, Field, model_validator
from netspec.library.data.columns import Portion, keep_records
from netspec.library.data.datasets.packed_file import names, without_packing
from netspec.library.data.datasets.table_fields import Source, Values
from netspec.library.data.datasets.table_gaps import UNKNOWN_WORD, WORDS, encode_values, require_fill, require_gaps
from netspec.library.data.datasets.text_file import DataPath, Files, find_all
from netspec.library.data.datasets.user_data import FieldTypes, Fraction, Part, batch_types, choose_part, require_part
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
Counts = dict[str, Annotated[int, Field(gt=1)]]


def _require_words(fills: Any) -> Any:
    """Checks that the words of `fill` have quotes, without which they are functions."""
    bare = next((name for name, fill in fills.items() if hasattr(fill, "op_name")), None) if isinstance(fills, dict) else None
    if bare is not None:
        raise ValueError(f'the word in quotes: `fill={{{bare}: "{fills[bare].op_name()}"}}`')
    return fills


class Csv(Dataset):
    """Your own table in files of the data folder: a first line that names the columns, then one example a line; UTF-8, plain, .gz or .zst.

    `fields` are the types of one example. A number is the column of its name: `price: f32[]` is the column `price`. A list of numbers,
    `x: f32[13]`, is the columns `x_0` to `x_12`, in this order. `columns` names others: `columns={x: ["age", "rooms"], price: "cost"}`.
    Other columns are left alone. Numbers are written as `12`, `-0.5` or `1e-3`, truth values as `true`, `false`, `1` or `0`; NaN, infinity
    and, where nothing says what becomes of them, empty values are errors, which name the file, the line (from 1) and the column.

    *Words.* A field of whole numbers takes `classes={label: ["cat", "dog"]}`, which are 0 and 1; any other word is refused. Or it takes
    `categories={town: 50}`: the words of the training part get the numbers from 1, the frequent first (equals by their text), a word that
    it does not have is 0, and no more than 50 numbers are given out.

    *Missing values* are empty, or what `missing=["", "NA"]` says. `fill={age: "mean"}` fills them: by the "mean", the "median" (of whole
    numbers the lower of two) or the "most_frequent" of the same column in the training part, by a number, or for words by a word, which may
    be a category of its own. `drop_missing=["age"]` leaves out lines in which one of these fields is missing, `drop_missing=true` those in
    which any is, in evaluations too. What was learned of the training part is kept with the run.

    *Files.* `file` is one, a list, or a pattern: `"sales/*.csv"`, in the order of their names. `test` is a second file, or the fraction of
    the examples that are set aside for the test part: those with the smallest hash of their index, the same ones in every run.
    """

    source = "RFC 4180, Common Format and MIME Type for Comma-Separated Values (CSV) Files"
    endings = (".csv", ".tsv", ".tab")
    later_arguments: ClassVar[tuple[str, ...]] = ("fill", "drop_missing", "missing", "categories")

    file: Files
    """The file's path in the data folder; several in a list, or by a pattern with `*`."""
    fields: FieldTypes
    """The type of each field of one example: `{x: f32[13], label: i32[]}`; at most one axis."""
    columns: dict[str, str | Names] = Field(default_factory=dict)
    """Fields whose columns have other names: a column's name, or a list of them."""
    classes: dict[str, Names] = Field(default_factory=dict)
    """Fields whose columns hold words: the words in the order of their numbers, from 0."""
    test: Fraction | DataPath | None = None
    """The test part: a second file, or a fraction of the examples."""
    separator: Annotated[str, AfterValidator(_require_one_sign)] = ","
    """The sign between values."""
    part: Part = "train"
    """Which part: "train" or "test"."""
    fill: Annotated[dict[str, bool | float | str], BeforeValidator(_require_words)] = Field(default_factory=dict)
    """What missing values of a field become: "mean", "median", "most_frequent", or a value."""
    drop_missing: bool | Names = False
    """Fields whose missing values leave a line out; `true`: any field's."""
    missing: Names = ("",)
    """What stands for a missing value in the files."""
    categories: Counts = Field(default_factory=dict)
    """Fields whose columns hold words that are learned: how many numbers there are, that for unknown words included."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        houses = {"x": TensorType("f32", (3,)), "price": TensorType("f32")}
        iris = {"x": TensorType("f32", (2,)), "label": TensorType("i32")}
        named: Any = {"x": ("petal_length", "petal_width"), "label": "species"}
        words = {"label": ("setosa", "versicolor", "virginica")}
        towns = {"age": TensorType("f32"), "town": TensorType("i32"), "price": TensorType("f32")}
        return (
            Example(cls(file="houses.csv", fields=houses, test=0.1)),
            Example(cls(file="iris.csv", fields=iris, columns=named, classes=words, separator=";")),
            Example(cls(file="sales/*.csv", fields=towns, categories={"town": 50}, fill={"age": "mean"}, drop_missing=("price",))),
        )

    @model_validator(mode="after")
    def _makes_sense(self) -> Csv:
        """Refuses arguments that say different things about the same fields."""
        require_part(self.test, self.part)
        dropped = self.drop_missing if isinstance(self.drop_missing, tuple) else ()
        settings = {"columns": self.columns, "classes": self.classes, "categories": self.categories, "fill": self.fill}
        for setting, given in {**settings, "drop_missing": dropped}.items():
            if unknown := next((name for name in given if name not in self.fields), None):
                raise ValueError(f"`{unknown}` among `{setting}`, which is not one of `fields`")
        for name, kind in self.fields.items():
            self._columns_of(name, kind)
            self._require_words_of(name, kind)
            _require_numbers(name, kind, self.classes.get(name, ()))
            if name in self.fill:
                require_fill(name, kind, self.fill[name], self.classes.get(name, ()), name in self.categories)
        return self

    def _require_words_of(self, name: str, kind: TensorType) -> None:
        """Checks that words are one whole number of the field, in one of the two ways. Raises ValueError."""
        for setting in ("classes", "categories"):
            if name in getattr(self, setting) and (not kind.is_int or kind.rank):
                raise ValueError(f"`{setting}` for `{name}: {kind}`, which is not one whole number")
        if name in self.classes and name in self.categories:
            raise ValueError(f"`{name}` among `classes` and `categories`: either its words are given or they are learned")
        if name in self.categories and self.categories[name] - 1 > RANGES[kind.dtype][1]:
            raise ValueError(
                f"{self.categories[name]} `categories` for `{name}: {kind}`, which holds numbers up to {RANGES[kind.dtype][1]}"
            )

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

    def portion(self, count: int, data: Mapping[str, Any] | None = None) -> Array | None:
        return choose_part(self, count, data)

    def test_part(self) -> Dataset | None:
        return None if self.test is None or self.part == "test" else self.replaced(part="test")

    def needs(self) -> tuple[tuple[str, ...], ...]:
        return tuple((name, *names(name)[1:]) for name in self._names)

    def columns_of(self, field: str) -> tuple[str, ...]:
        return self._columns_of(field, self.fields[field])

    def of_file(self, file: str, fields: Collection[str]) -> Dataset | None:
        """Its values stand between tabs where the name says so."""
        of = super().of_file(file, fields)
        return of.replaced(separator="\t") if of and without_packing(file).endswith((".tsv", ".tab")) else of

    def as_written(self, folder: Path) -> Dataset:
        """With the sign between values that its first line shows."""
        from netspec.library.data.datasets.text_table import find_sign

        return self.replaced(separator=find_sign(folder / self._names[0], self.separator))

    def class_counts(self) -> dict[str, int]:
        given = {name: len(words) for name, words in self.classes.items()}
        return given or dict(self.categories)  # of both the categories are what a label is told from

    def numbers_words(self) -> tuple[str, ...]:
        return (*self.classes, *self.categories)

    def class_names(self, known: Learned) -> dict[str, tuple[str, ...]]:
        learned = {name: (UNKNOWN_WORD, *words) for name, words in known.get(WORDS, {}).items()}
        return {**self.classes, **learned}

    @property
    def learns(self) -> bool:
        return bool(self.fill or self.categories)

    def load(self, folder: Path | None) -> Mapping[str, Array]:
        return self.learn(folder, None)[0]

    def learn(self, folder: Path | None, known: Learned | None) -> tuple[Mapping[str, Array], Learned | None]:
        """The examples, and what stands for missing values and words, learned of them where it is not known."""
        return self._make(self._read(folder), known)

    def learn_part(self, folder: Path | None, kept: Array) -> tuple[Mapping[str, Array], Learned | None]:
        found = self._read(folder)
        known = self._make({name: values.at(kept) for name, values in found.items()}, None)[1]
        return self._make(found, known)

    def fields_to_divide(self, folder: Path | None) -> dict[str, Array]:
        from netspec.library.data.datasets.table_gaps import number_values

        return {name: number_values(values) for name, values in self._read(folder).items()}

    def _make(self, found: Mapping[str, Values], known: Learned | None) -> tuple[Mapping[str, Array], Learned | None]:
        """Fields of what was read."""
        from netspec.library.data.datasets.table_gaps import learn_gaps, to_field

        learned = known if known is not None else learn_gaps(found, self.fill, self.categories, self._names[0])
        fields = {name: to_field(values, self.fill.get(name), learned) for name, values in found.items()}
        return keep_records(fields, found), learned if self.learns else None

    def _read(self, folder: Path | None) -> Mapping[str, Values]:
        """The lines of this part that are not left out. Raises `Mistake`."""
        from netspec.library.data.datasets.table_gaps import drop_gaps
        from netspec.library.data.datasets.text_table import read_tables

        paths = [path for name in self._names for path in find_all(folder, name, self.op_name())]
        found = read_tables(paths, self._sources(), self.separator, frozenset(self.missing))
        found = drop_gaps(found, self._dropping, self._names[0])
        plain = {name: values.numbers[:, 0] for name, values in found.items() if name in (self.split_by, self.group)}
        chosen = self.portion(len(next(iter(found.values())).missing), plain)
        if chosen is not None:
            rows = np.flatnonzero(chosen)
            taken = {name: values.at(rows) for name, values in found.items()}
            return Portion(taken, found.records[rows] if isinstance(found, Portion) else rows)
        return found

    def require_learned(self, known: Learned) -> None:
        widths = {source.field: len(source.columns) for source in self._sources()}
        require_gaps(known, self.fill, self.categories, widths)

    def encoded(self, given: Mapping[str, Any], known: Learned | None) -> Mapping[str, Any]:
        """Words as numbers, and None as what stands for a missing value."""
        sources = {source.field: source for source in self._sources()}
        return {n: encode_values(v, sources[n], self.fill.get(n), known) if n in sources else v for n, v in given.items()}

    def _sources(self) -> list[Source]:
        """What each field is made of."""
        gaps, words = {*self.fill, *self._dropping}, self.categories
        return [
            Source(name, kind, self._columns_of(name, kind), self.classes.get(name, ()), name in words, name in gaps)
            for name, kind in self.fields.items()
        ]

    @property
    def _dropping(self) -> tuple[str, ...]:
        """Fields whose missing values leave a line out."""
        if isinstance(self.drop_missing, tuple):
            return self.drop_missing
        return tuple(name for name in self.fields if name not in self.fill) if self.drop_missing else ()

    @property
    def _names(self) -> tuple[str, ...]:
        """The files of this part."""
        if self.part == "test" and isinstance(self.test, str):
            return (self.test,)
        return self.file if isinstance(self.file, tuple) else (self.file,)
