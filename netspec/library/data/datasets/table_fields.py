"""Makes numbers of the texts in a table's columns, strictly: every value is a number as one writes it, or its line is named."""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.arrays import BadValue, NoSuchColumn
from netspec.lazy import np
from netspec.library.base import Array
from netspec.limits import LIMITS
from netspec.record import record
from netspec.shape import TensorType

NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
TRUTH = {"true": 1, "false": 0, "1": 1, "0": 0}
Reader = Callable[[str], float | int | None]
"""What makes a number of a text, or None where it is none."""


@record
class Source:
    """What a field is made of: as many columns as an example has elements, and the words that stand for whole numbers."""

    field: str
    kind: TensorType
    """Of one example: no axis, or one."""
    columns: tuple[str, ...]
    classes: Sequence[str] = ()
    words: bool = False
    """Is every word a category, whose number is learned?"""
    gaps: bool = False
    """May values be missing?"""


@record(eq=False)
class Values:
    """A field as it was read."""

    source: Source
    numbers: Array
    """f64 or i64[n, columns]; 0 where a value is missing. Of words their places in `words`."""
    missing: Array
    """bool[n, columns]"""
    words: tuple[str, ...] = ()

    def at(self, rows: Array) -> Values:
        """The values of some rows."""
        return Values(self.source, self.numbers[rows], self.missing[rows], self.words)


class FieldReader:
    """One field under construction: its numbers end to end."""

    def __init__(self, source: Source, missing: frozenset[str]) -> None:
        self.source, self.missing = source, missing.difference(source.classes)
        self.values = array("d" if source.kind.is_float else "q")
        self.holes = array("q")
        self.words: dict[str, int] = {}
        self.number, self.wanted = (self._number_word, "a word") if source.words else reader_of(source)
        self.path, self.places = Path(), [0]

    def begin(self, path: Path, header: dict[str, int]) -> None:
        """The next file begins. Raises `Mistake` where it lacks a column."""
        for column in self.source.columns:
            if column not in header:
                argument = propose_columns(self.source, tuple(header))
                raise Mistake(
                    NoSuchColumn(file=str(path), column=column, field=self.source.field, columns=tuple(header), argument=argument)
                )
        self.path, self.places = path, [header[column] for column in self.source.columns]

    def take(self, row: list[str], line: int) -> None:
        """Takes the values of a row. Raises `Mistake` for one that is none."""
        for column, place in enumerate(self.places):
            text = row[place]
            value = None if text in self.missing else self.number(text)
            if value is None:
                if text not in self.missing or not self.source.gaps:
                    raise self._bad(text, column, line)
                self.holes.append(len(self.values))
                value = 0
            self.values.append(value)

    def finish(self) -> Values:
        """All values of all files."""
        width = len(self.source.columns)
        flat = np.frombuffer(self.values, np.float64 if self.source.kind.is_float else np.int64)
        missing = np.zeros(len(flat), bool)
        missing[np.frombuffer(self.holes, np.int64)] = True
        return Values(self.source, flat.reshape(-1, width), missing.reshape(-1, width), tuple(self.words))

    def _number_word(self, text: str) -> int | None:
        """The place of a word among those that were seen; nothing is no word."""
        return self.words.setdefault(text, len(self.words)) if text else None

    def _bad(self, text: str, column: int, line: int) -> Mistake:
        """The problem of a value, with its line and column."""
        shown = f'"{text[: LIMITS.value_characters]}{"…" if len(text) > LIMITS.value_characters else ""}"' if text else "nothing"
        argument = "" if text in self.missing else propose_classes(self.source, text)
        return Mistake(
            BadValue(
                file=str(self.path),
                where=f"line {line}",
                value=shown,
                column=self.source.columns[column],
                wanted=self.wanted,
                argument=argument,
                field=self.source.field,
                marks=tuple(sorted(self.missing)),
                gaps=self.source.gaps,
                filler=propose_filler(self.source),
            )
        )


def reader_of(source: Source) -> tuple[Reader, str]:
    """What makes a number of a text; and what is wanted."""
    kind = source.kind
    if source.classes:
        words = {word: number for number, word in enumerate(source.classes)}
        return words.get, "one of its classes"
    if kind.dtype == "bool":
        return lambda text: TRUTH.get(text.lower()), "`true` or `false`"
    return (
        _read_real(kind) if kind.is_float else _read_whole(kind)
    ), f"a {'' if kind.is_float else 'whole '}number that {kind.dtype} holds"


def _read_real(kind: TensorType) -> Reader:
    """Reads numbers that the type does not make infinite."""
    made = np.dtype("float32" if kind.dtype == "bf16" else kind.jax_dtype)
    largest = float(np.finfo(made).max)

    def holds(value: float) -> bool:
        with np.errstate(over="ignore"):
            return bool(np.isfinite(np.float64(value).astype(made)))

    def real(text: str) -> float | None:
        value = float(text) if NUMBER.fullmatch(text) else None
        return value if value is None or -largest <= value <= largest or holds(value) else None

    return real


def _read_whole(kind: TensorType) -> Reader:
    """Reads whole numbers that the type holds."""
    limits = np.iinfo(kind.jax_dtype)
    low, high = int(limits.min), int(limits.max)

    def whole(text: str) -> int | None:
        value = int(text) if WHOLE.fullmatch(text) else None
        return value if value is not None and low <= value <= high else None

    return whole


# --- what would help -------------------------------------------------------------------------------------------------


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


def propose_filler(source: Source) -> str:
    """What usually stands for a missing value of such a field."""
    if source.classes or source.words or source.kind.dtype == "bool":
        return "most_frequent"
    return "mean" if source.kind.is_float else "median"


def propose_classes(source: Source, text: str) -> str:
    """The argument by which a word would be a number: its class beside the others."""
    if source.kind.is_float or source.kind.dtype == "bool" or NUMBER.fullmatch(text) or not text or not text.isprintable():
        return ""
    words = [*(source.classes or ()), text[: LIMITS.value_characters]]
    if len(words) > LIMITS.listed_names:
        return ""
    listed = ", ".join(json.dumps(word, ensure_ascii=False) for word in words)
    return f"classes={{{source.field}: [{listed}{'' if source.classes else ', …'}]}}"
