"""Defines the problems of the records in data files that can be read: wrong sizes, labels, numbers of records. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.record import record


@record(kw_only=True)
class ImageSize(Diagnostic):
    """The images of a file have another size than the dataset declares."""

    dataset: str
    file: str
    found: tuple[int, int]
    expected: tuple[int, int]

    def message(self) -> str:
        found, expected = ("x".join(map(str, size)) for size in (self.found, self.expected))
        return f"the images in `{self.file}` are {found}, but `{self.dataset}` has {expected}."


@record(kw_only=True)
class NoRecords(Diagnostic):
    """A data file is whole but holds no record, so there is nothing to train on."""

    file: str

    def message(self) -> str:
        return f"`{self.file}` holds no records."


@record(kw_only=True)
class BadGraph(Diagnostic):
    """The arrays of a file are no graphs: an edge leads to a node that is not there or is of another graph, or the numbers that say which
    graph a node is of leave one out."""

    file: str
    why: str

    def message(self) -> str:
        return f"`{self.file}` holds no graphs: {self.why}."

    def help(self) -> str | None:
        return "number the nodes of all graphs through from 0, one graph behind the other, where the file is made"


@record(kw_only=True)
class LabelOutOfRange(Diagnostic):
    """A label in a data file is not one of the dataset's classes."""

    file: str
    record: int
    """Counted from 0."""
    label_found: int
    classes: int

    def message(self) -> str:
        where = f"record {self.record} (counted from 0) of `{self.file}`"
        return f"{where} has the label {self.label_found}; classes are 0 to {self.classes - 1}."


@record(kw_only=True)
class UnequalCounts(Diagnostic):
    """The images and the labels of a dataset do not belong together: there is not one label for each image."""

    file: str
    records: int
    other: str
    other_records: int

    def message(self) -> str:
        return f"`{self.file}` has {self.records} records, but `{self.other}` has {self.other_records}."

    def help(self) -> str:
        return (
            f"one record of each belongs together: look for the {abs(self.records - self.other_records):,} too many where the file is made"
        )
