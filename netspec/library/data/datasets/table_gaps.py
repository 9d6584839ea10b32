"""Makes fields of the values of a table: missing ones are filled, words become the numbers of categories. What that takes is learned."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.arrays import EveryLineDropped, NothingToFillWith, TooManyCategories
from netspec.lazy import np
from netspec.library.base import Array, Learned
from netspec.library.data.columns import Portion
from netspec.library.data.datasets.table_fields import TRUTH, Source, Values
from netspec.library.data.vocabulary import order_values
from netspec.shape import TensorType
from netspec.shape.types import LARGEST, RANGES

Fill = float | bool | str
MEAN, MEDIAN, FREQUENT = "mean", "median", "most_frequent"
UNKNOWN_WORD = "(unknown)"
"""What category 0 is called, in tables for people."""
FILLS, WORDS = "fill", "words"
"""What is learned: the numbers that stand for missing values, by field and column, and the words of each field of categories."""


def require_fill(name: str, kind: TensorType, fill: Fill, classes: Sequence[str], words: bool) -> None:
    """Checks what stands for missing values of a field. Raises ValueError."""
    if words or classes:
        if not isinstance(fill, str) or (classes and fill != FREQUENT and fill not in classes):
            wanted = "a word" if words else "one of its `classes`"
            raise ValueError(f'`fill` of `{name}`: {wanted}, or "{FREQUENT}"')
        return
    allowed = (MEAN, MEDIAN, FREQUENT) if kind.is_float else (FREQUENT,) if kind.dtype == "bool" else (MEDIAN, FREQUENT)
    plain = isinstance(fill, bool) if kind.dtype == "bool" else isinstance(fill, float) and (kind.is_float or fill.is_integer())
    if not (plain or fill in allowed):
        own = {"b": "`true`, `false`", "f": "a number"}.get(kind.dtype[0], "a whole number")
        raise ValueError(f"`fill` of `{name}: {kind}`: {own}{', ' if len(allowed) > 1 else ' or '}{list_words(allowed)}")
    low, high = RANGES.get(kind.dtype, (-LARGEST.get(kind.dtype, 1), LARGEST.get(kind.dtype, 1)))
    if isinstance(fill, float) and not low <= fill <= high:
        raise ValueError(f"`fill` of `{name}: {kind}` is {fill:g}, more than it holds")


def list_words(words: Sequence[str]) -> str:
    """Words with quotes: `"mean", "median" or "most_frequent"`."""
    *others, last = (f'"{word}"' for word in words)
    return f"{', '.join(others)} or {last}" if others else last


def drop_gaps(found: Mapping[str, Values], fields: Sequence[str], file: str) -> Mapping[str, Values]:
    """The lines in which no value of these fields is missing. Raises `Mistake` where none is left."""
    gone = np.any([values.missing.any(1) for name, values in found.items() if name in fields], axis=0) if fields else np.zeros(0, bool)
    if not gone.any():
        return found
    if gone.all():
        most = sorted(fields, key=lambda name: -int(found[name].missing.sum()))
        raise Mistake(EveryLineDropped(file=file, lines=len(gone), fields=tuple(most)))
    kept = np.flatnonzero(~gone)
    return Portion({name: values.at(kept) for name, values in found.items()}, kept)


# --- what is learned -------------------------------------------------------------------------------------------------


def learn_gaps(found: Mapping[str, Values], fill: Mapping[str, Fill], sizes: Mapping[str, int], file: str) -> Learned:
    """What stands for missing values, and which words there are. Raises `Mistake` for more categories than a field may have."""
    words = {name: _learn_words(found[name], fill.get(name), size, file) for name, size in sizes.items() if name in found}
    fills = {name: _learn_fill(found[name], how, file) for name, how in fill.items() if name in found and name not in sizes}
    return {FILLS: fills, WORDS: words}


def _learn_words(values: Values, fill: Fill | None, size: int, file: str) -> list[str]:
    """The words of a field of categories, the frequent first."""
    seen = [values.words[code] for code in values.numbers[~values.missing].tolist()]
    known = order_values(seen + [str(fill)] * int(values.missing.sum()) if fill not in (None, FREQUENT) else seen)
    if len(known) + 1 > size:
        source = values.source
        raise Mistake(TooManyCategories(file=file, column=source.columns[0], field=source.field, found=len(known) + 1, size=size))
    return known


def _learn_fill(values: Values, how: Fill, file: str) -> list[float]:
    """What a missing value becomes, for each column of a field."""
    source = values.source
    if how not in (MEAN, MEDIAN, FREQUENT):
        number = source.classes.index(how) if source.classes and isinstance(how, str) else how
        return [float(number)] * len(source.columns)
    found = []
    for place, column in enumerate(source.columns):
        numbers = values.numbers[~values.missing[:, place], place].tolist()
        if not numbers:
            raise Mistake(NothingToFillWith(file=file, column=column, field=source.field, how=str(how)))
        found.append(_summarize(numbers, str(how), source.kind.is_float))
    return found


def _summarize(numbers: list[float], how: str, real: bool) -> float:
    """Their mean, median (of whole numbers the lower one), or the most frequent of them (of equals the smallest)."""
    if how == MEAN:
        return math.fsum(numbers) / len(numbers)
    ordered = sorted(numbers)
    if how == MEDIAN:
        low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
        return math.fsum((low, high)) / 2 if real else float(low)
    counts = Counter(ordered)
    return float(min(counts, key=lambda number: (-counts[number], number)))


def require_gaps(known: Learned, fill: Mapping[str, Fill], sizes: Mapping[str, int], widths: Mapping[str, int]) -> None:
    """Raises ValueError where `known` is not what these arguments learn."""
    if set(known) != {FILLS, WORDS} or not all(isinstance(part, dict) for part in known.values()):
        raise ValueError(f"it does not hold `{FILLS}` and `{WORDS}`")
    if known[WORDS].keys() != sizes.keys() or known[FILLS].keys() != fill.keys() - sizes.keys():
        raise ValueError("its fields are not those that `fill` and `categories` name")
    for name, words in known[WORDS].items():
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words) or len(set(words)) < len(words):
            raise ValueError(f"`{name}` holds no list of different words")
        if len(words) + 1 > sizes[name]:
            raise ValueError(f"`{name}` holds {len(words)} words, more than `categories` has room for")
    for name, numbers in known[FILLS].items():
        plain = isinstance(numbers, list) and all(type(n) in (int, float) and math.isfinite(n) for n in numbers)
        if not plain or len(numbers) != widths[name]:
            raise ValueError(f"`{name}` holds no {widths[name]} numbers")


# --- what becomes of the values --------------------------------------------------------------------------------------


def to_field(values: Values, fill: Fill | None, known: Learned) -> Array:
    """The field's array [n] or [n, columns], in the type of the spec."""
    source = values.source
    if source.words:
        return words_to_ids([*values.words], values, fill, known[WORDS][source.field])
    numbers = values.numbers
    if values.missing.any():
        stands = np.asarray(known[FILLS][source.field], numbers.dtype)
        numbers = np.where(values.missing, stands, numbers)
    made = numbers.astype("float32" if source.kind.dtype == "bf16" else source.kind.jax_dtype)
    return made if source.kind.rank else made.reshape(-1)


def number_values(values: Values) -> Array:
    """The field's numbers with nothing learned: 0 for a missing value, words by the order of their texts."""
    numbers = values.numbers
    if values.source.words:
        places = {word: place for place, word in enumerate(sorted(values.words), 1)}
        numbers = np.where(values.missing, 0, np.array([places[word] for word in values.words] or [0], np.int64)[numbers])
    return numbers if values.source.kind.rank else numbers.reshape(-1)


def words_to_ids(words: list[str], values: Values, fill: Fill | None, known: Sequence[str]) -> Array:
    """The numbers of categories: 0 for what training never saw, then the known words from 1."""
    ids = {word: number for number, word in enumerate(known, 1)}
    table = np.array([ids.get(word, 0) for word in words] or [0], np.int64)
    stands = (1 if known else 0) if fill == FREQUENT else ids.get(str(fill), 0)
    codes = np.where(values.missing, stands, table[values.numbers])
    return codes.reshape(-1).astype(values.source.kind.jax_dtype)


def _fill_row(row: Any, gaps: Sequence[float]) -> Any:
    """A list of numbers with what was learned of each of its columns in the place of None."""
    if not isinstance(row, list | tuple) or len(row) != len(gaps) or all(value is not None for value in row):
        return row
    return [gap if value is None else value for value, gap in zip(row, gaps, strict=True)]


def encode_values(given: Any, source: Source, fill: Fill | None, known: Learned | None) -> Any:
    """Values that a person hands over, words among them, as the field has them: `["male", None]`. Numbers are left as they are."""
    if source.kind.rank and isinstance(given, list | tuple):
        gaps = known[FILLS].get(source.field, []) if known is not None else []
        return [_fill_row(row, gaps) for row in given]
    if not isinstance(given, list | tuple) or not any(value is None or isinstance(value, str) for value in given):
        return given
    if source.words and known is not None:
        ids = {word: number for number, word in enumerate(known[WORDS][source.field], 1)}
        stands = 1 if fill == FREQUENT and ids else ids.get(str(fill), 0)
        return [stands if v is None or v == "" else ids.get(v, 0) if isinstance(v, str) else v for v in given]
    table: Mapping[str, int] = {word: n for n, word in enumerate(source.classes)} or TRUTH
    gap = known[FILLS].get(source.field, [None])[0] if known is not None else None
    whole = gap if source.kind.is_float or gap is None else int(gap)
    return [whole if v is None else table.get(v, v) if isinstance(v, str) else v for v in given]
