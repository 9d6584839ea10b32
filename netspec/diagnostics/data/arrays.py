"""Defines the problems of a user's own data: arrays, .npz archives, tables in CSV. Records count from 0, lines from 1. Floor 0."""

from __future__ import annotations

import json

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.suggestions.nearest import did_you_mean, nearest
from netspec.limits import LIMITS
from netspec.record import record


@record(kw_only=True)
class ArraysNeeded(Diagnostic):
    """The dataset `arrays` has no data of its own: they come from Python, or from the .npz file that `--data` names."""

    fields: tuple[str, ...]
    """With their types, as `x: f32[B, 13]`."""
    folder: str = ""
    """The folder that was named in place of a file."""

    def message(self) -> str:
        fields = ", ".join(f"`{f}`" for f in self.fields)
        if self.folder:
            return f"`arrays` takes an .npz file, but `{self.folder}` is a folder; its fields are {fields}."
        return f"nothing fills `arrays`, which has the fields {fields}."

    def help(self) -> str | None:
        return "name a file, `--data FILE.npz`, or call `fit({…})` from Python with an array for each field"


@record(kw_only=True)
class BadArchive(Diagnostic):
    """A file is no .npz archive that can be read safely: no zip file, a damaged one, one that unpacks to far more than its size, or one
    with Python objects in it, which are never unpickled."""

    file: str
    reason: str
    array: str = ""
    """The array that cannot be read, where the archive itself can."""

    def message(self) -> str:
        if self.array:
            return f"the array `{self.array}` in `{self.file}` cannot be read: {self.reason}."
        return f"`{self.file}` is no archive of arrays: {self.reason}."

    def help(self) -> str | None:
        return "write it with `numpy.savez(file, name=array, …)`"


@record(kw_only=True)
class NoSuchColumn(Diagnostic):
    """A file lacks an array or a column that a field is made of."""

    file: str
    column: str
    field: str
    columns: tuple[str, ...]
    """What the file has."""
    argument: str = ""
    """The argument of the dataset that says where the field is, where it has one."""
    predicted: str = ""
    """Of a file to be predicted from: why the column must be there, in words. The spec is then as it was trained."""

    def message(self) -> str:
        return f"`{self.file}` has no `{self.column}`, which the field `{self.field}` is made of."

    def help(self) -> str | None:
        if near := nearest(self.column, self.columns):
            return f"{self.predicted}; {did_you_mean(near)}" if self.predicted else did_you_mean(near)
        more = ", …" if len(self.columns) > LIMITS.listed_names else ""
        has = f"{', '.join(f'`{c}`' for c in self.columns[: LIMITS.listed_names])}{more}" if self.columns else "nothing"
        if self.predicted:
            return f"{self.predicted}: add it to the file, which has {has}"
        return f"it has {has}" + (f"; if they hold it, write `{self.argument}`" if self.argument and self.columns else "")


@record(kw_only=True)
class ArrayUnlike(Diagnostic):
    """An array in a file has another shape or kind of number than the spec says of its field."""

    file: str
    array: str
    expected: str
    found: str
    reason: str = ""
    repair: str = ""
    """What makes it fit, as NumPy code: `image.transpose(0, 2, 3, 1)`."""

    def message(self) -> str:
        why = f": {self.reason}" if self.reason else ""
        return f"the array `{self.array}` in `{self.file}` is {self.found}, not {self.expected}{why}."

    def help(self) -> str | None:
        return f"write `{self.repair}` where the file is made" if self.repair else None


MISSING = ("", "na", "n/a", "nan", "null", "none", "?", "-", ".", "missing", "nil", "#n/a", "<na>")
"""How tables write that a value is missing."""


@record(kw_only=True)
class BadValue(Diagnostic):
    """A value in a file is not what its field may hold: no number, NaN or infinity, a number too large for the type, a class that is not
    listed."""

    file: str
    where: str
    """`line 18` or `record 17 (counted from 0)`."""
    value: str
    column: str
    wanted: str

    argument: str = ""
    """The argument of the dataset by which the value would be one."""
    field: str = ""
    """The field of a table that the column belongs to."""
    marks: tuple[str, ...] = ()
    """What stands for a missing value in this table."""
    gaps: bool = False
    """Is it said what becomes of missing values?"""
    filler: str = ""
    """What a missing value of this field may become."""

    def message(self) -> str:
        return f"{self.where} of `{self.file}` has {self.value} in the column `{self.column}`, not {self.wanted}."

    def help(self) -> str | None:
        text = "" if self.value == "nothing" else self.value.strip('"')
        if text.lower() in MISSING and self.field:
            marks = f"missing={json.dumps([*self.marks, text], ensure_ascii=False)}"
            arguments = [*([] if self.gaps else [f'fill={{{self.field}: "{self.filler}"}}']), *([] if text in self.marks else [marks])]
            drop = "" if self.gaps else f', or `drop_missing=["{self.field}"]` in place of `fill`, which leaves such lines out'
            return f"a value is missing: write `{', '.join(arguments)}`{drop}"
        if text.lower() in MISSING:
            where = self.where.split(" (")[0]
            return f"a value is missing: delete {where}, or fill `{self.column}` where the file is made, with the column's mean for example"
        return f"write `{self.argument}`" if self.argument else None


@record(kw_only=True)
class NothingToFillWith(Diagnostic):
    """A missing value of a table is to become the mean, the median or the most frequent value of a column that has none in the data of
    training."""

    file: str
    column: str
    field: str
    how: str

    def message(self) -> str:
        where = f"the column `{self.column}` of `{self.file}`"
        return f"{where} has no value in the examples of training, so there is no {self.how.replace('_', ' ')} for `{self.field}`."

    def help(self) -> str | None:
        return f"fill it by a value of your own, or leave the column out of `{self.field}`"


@record(kw_only=True)
class TooManyCategories(Diagnostic):
    """A column of a table has more categories in the data of training than the spec has room for. Sizes stand in the spec and never come
    from data."""

    file: str
    column: str
    field: str
    found: int
    """With one for what training never saw."""
    size: int

    def message(self) -> str:
        where = f"the column `{self.column}` of `{self.file}`"
        return f"{where} has {self.found:,} categories, one for unknown words, but `{self.field}` may have {self.size:,}."

    def help(self) -> str | None:
        return f"write `categories={{{self.field}: {self.found:_}}}`, and the same in the model"


@record(kw_only=True)
class EveryLineDropped(Diagnostic):
    """`drop_missing` leaves no line of a table."""

    file: str
    lines: int
    fields: tuple[str, ...]

    def message(self) -> str:
        return f"each of the {self.lines:,} lines of `{self.file}` has a missing value, and is left out by `drop_missing`."

    def help(self) -> str | None:
        return f"fill them, `fill={{{self.fields[0]}: …}}`, or leave out the columns that are mostly empty"


@record(kw_only=True)
class BadRow(Diagnostic):
    """A line of a table cannot be read: it has more or fewer values than the header has names, or an open quote."""

    file: str
    line: int
    why: str

    def message(self) -> str:
        return f"line {self.line} of `{self.file}` {self.why}."


@record(kw_only=True)
class NoHeader(Diagnostic):
    """A table has no header, the first line that names the columns: what stands there are numbers, an empty name, or one name twice."""

    file: str
    why: str

    def message(self) -> str:
        return f"`{self.file}` has no header: its first line {self.why}."

    def help(self) -> str | None:
        return "put a first line before it that names the columns"


@record(kw_only=True)
class TooFewToSplit(Diagnostic):
    """A dataset is to set more of its examples aside for evaluation than it can spare: one at least stays for training."""

    examples: int
    part: str = "test"
    """The argument that says how many are set aside."""
    wanted: int = 1

    def message(self) -> str:
        if self.wanted > 1:
            return f"{self.wanted} examples cannot be set aside of {self.examples}: none would be left for training."
        return f"{self.examples} example{'' if self.examples == 1 else 's'} cannot be split into examples of training and of evaluation."

    def help(self) -> str | None:
        if self.part == "validation":
            return "write `validation=none`, or a smaller number" if self.wanted > 1 else "write `validation=none`, or give more examples"
        return "leave out `test`, or give more examples"


@record(kw_only=True)
class OneGroup(Diagnostic):
    """`group` keeps the examples of a group together on one side of a split, but all of the data are one group."""

    field: str
    examples: int

    def message(self) -> str:
        return f"all {self.examples} examples have the same `{self.field}`, so there is no group to set aside."

    def help(self) -> str | None:
        return "leave out `group`, or write `validation=none`"


@record(kw_only=True)
class ValueNotFinite(Diagnostic):
    """The data holds NaN or infinity, which would spread to every parameter."""

    field: str
    record: int
    """Counted from 0."""
    value: float

    def message(self) -> str:
        return f"the field `{self.field}` holds {self.value}, first in record {self.record}."

    def help(self) -> str | None:
        return "remove such records or replace the values"
