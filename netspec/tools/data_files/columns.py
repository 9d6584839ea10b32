"""Finds out what a column of a table holds: numbers, truth values, dates, words, and which values are missing."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from functools import cached_property

from netspec.diagnostics.data.arrays import MISSING
from netspec.lazy import np
from netspec.library.base import Array
from netspec.library.data.datasets.table_fields import NUMBER, WHOLE
from netspec.shape.types import LARGEST
from netspec.tools.data_files.look import count, share

DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}(-[0-9]{2}([ T][0-9:.+Z-]+)?)?|[0-9]{1,2}[./][0-9]{1,2}[./][0-9]{2,4}( [0-9:]+)?|[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?"
)
NO_WORDS = frozenset({"", "na", "n/a", "nan", "null", "?", "#n/a", "<na>"})
"""What stands for a missing word; in a column of numbers all of `MISSING` do."""
TRUTHS = frozenset({"true", "false"})
NUMBERS = ("whole", "number")
SHOWN = 4
"""Words of a column that are shown."""


class Column:
    """All values of one column, each text kept once."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.texts: dict[str, int] = {}
        self.codes = array("q")

    def take(self, text: str) -> None:
        """The next line's value."""
        self.codes.append(self.texts.setdefault(text, len(self.texts)))

    @cached_property
    def kind(self) -> str:
        """ "whole", "number", "truth", "date", "words", "too large" for any f32, or "nothing" where every value is missing."""
        found = [text for text in self.texts if text.lower() not in MISSING]
        if not found:
            return "words" if any(text.lower() not in NO_WORDS for text in self.texts) else "nothing"
        if all(NUMBER.fullmatch(text) for text in found):
            if any(abs(float(text)) > LARGEST["f32"] for text in found):
                return "too large"
            return "whole" if all(WHOLE.fullmatch(text) for text in found) else "number"
        if all(text.lower() in TRUTHS for text in found):
            return "truth"
        return "date" if all(DATE.fullmatch(text) for text in found) else "words"

    @cached_property
    def marks(self) -> tuple[str, ...]:
        """What stands for missing values."""
        signs = NO_WORDS if self.kind in ("words", "nothing") else frozenset(MISSING)
        return tuple(sorted(text for text in self.texts if text.lower() in signs))

    @cached_property
    def missing(self) -> Array:
        """bool[lines]"""
        gone = np.zeros(len(self.texts), bool)
        gone[[self.texts[mark] for mark in self.marks]] = True
        return gone[self.coded]

    @cached_property
    def coded(self) -> Array:
        """i64[lines]: which text a line has."""
        return np.frombuffer(self.codes, np.int64)

    @cached_property
    def counts(self) -> Counter[str]:
        """How often each text occurs, missing ones left out."""
        times = np.bincount(self.coded, minlength=len(self.texts)).tolist()
        return Counter({text: times[code] for text, code in self.texts.items() if text not in self.marks})

    @cached_property
    def numbers(self) -> Array:
        """f64[lines], NaN where a value is missing; only of numbers."""
        values = np.array([np.nan if text in self.marks else float(text) for text in self.texts])
        return values[self.coded]

    @cached_property
    def known(self) -> Array:
        """The numbers that are there."""
        return self.numbers[~self.missing]

    @property
    def lines(self) -> int:
        return len(self.codes)

    @property
    def gaps(self) -> int:
        """How many values are missing."""
        return int(self.missing.sum())

    @property
    def ascends(self) -> bool:
        """Is each line's value above that of the line before? Dates are compared as texts, as those that begin with a year may be."""
        if self.gaps or self.lines < 3:
            return False
        if self.kind in NUMBERS:
            return bool((np.diff(self.numbers) > 0).all())
        texts = list(self.texts)
        return len(texts) == self.lines and texts == sorted(texts)

    def describe(self) -> str:
        """Its values in a few words."""
        if self.kind == "nothing":
            return ""
        if self.kind in NUMBERS and len(self.counts) > SHOWN:
            low, high, mean = self.known.min(), self.known.max(), self.known.mean()
            every = ", all different" if len(self.counts) == self.lines - self.gaps else ""
            return f"{low:g} to {high:g}, mean {mean:.4g}{every}"
        if len(self.counts) > SHOWN:
            most = ", ".join(f"{text[:20]} {number:,}" for text, number in self.counts.most_common(SHOWN - 1))
            return f"{len(self.counts):,} different" + (f": {most}, …" if max(self.counts.values()) > 1 else "")
        ordered = sorted(self.counts, key=float) if self.kind in NUMBERS else [text for text, _ in self.counts.most_common()]
        return ", ".join(f"{text[:20]} {self.counts[text]:,}" for text in ordered)

    def row(self) -> tuple[str, str, str, str]:
        """Its line in a table of columns."""
        return self.name, self.kind, self.describe(), f"{share(self.gaps, self.lines)} missing" if self.gaps else ""


def find_far_value(column: Column) -> str:
    """A value at an end that several lines have and that lies far from all others, as marks of missing values do; "" without one."""
    values, times = np.unique(column.known, return_counts=True)
    if len(values) < 4:
        return ""
    for end, next_, rest in ((0, 1, values[1:]), (-1, -2, values[:-1])):
        gap, spread = abs(values[end] - values[next_]), rest.max() - rest.min()
        if times[end] > 1 and gap > 2 * spread and abs(values[end]) in (1, 9, 99, 999, 9999, 99999, 999999):
            return f"{values[end]:g} stands in {count(int(times[end]), 'line')} and far from the other values"
    return ""
