"""Defines the problems of the files of training data. They name the file and, where there is one, the record, from 0. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.suggestions.nearest import one_of
from netspec.record import record


@record(kw_only=True)
class DataFolderNeeded(Diagnostic):
    """A dataset reads its files from the data folder, and none was named."""

    dataset: str

    def message(self) -> str:
        return f"`{self.dataset}` reads its files from the data folder, but none is named."

    def help(self) -> str | None:
        return "name it: `--data FOLDER`"


@record(kw_only=True)
class MissingData(Diagnostic):
    """A file of a dataset is not in the data folder."""

    dataset: str
    file: str
    """The plain name of the file that is wanted."""
    folders: tuple[str, ...]
    """Where it was looked for."""
    accepted: tuple[str, ...] = ()
    """The other names that would do."""
    beside: tuple[str, ...] = ()
    """Names of files that are there instead, the nearest first."""

    def message(self) -> str:
        return f"`{self.dataset}` finds no `{self.file}` in {one_of(self.folders)}."

    def help(self) -> str | None:
        if self.beside:
            return f'there is {one_of(self.beside)}: write its name, `{self.dataset}("{self.beside[0]}", …)`, or rename the file'
        return f"put the file there; {one_of(self.accepted)} would do as well" if self.accepted else "put the file there"


@record(kw_only=True)
class UnreadableData(Diagnostic):
    """The operating system refused to read a data file: a missing permission, a folder in place of a file, a failing disk."""

    file: str
    reason: str
    """In the words of the operating system."""

    def message(self) -> str:
        return f"cannot read `{self.file}`: {self.reason}."


@record(kw_only=True)
class WrongMagic(Diagnostic):
    """A file does not begin with the number that its format prescribes, so it is a file of another kind, or damaged."""

    file: str
    content: str
    """What the file should hold: "images" or "labels"."""
    found: str
    """The first bytes in hexadecimal."""
    expected: str
    meant: str | None = None
    """What a file that begins so holds, where that is known."""

    def message(self) -> str:
        return f"`{self.file}` is no IDX file of {self.content}: it begins with {self.found or 'nothing'} instead of {self.expected}."

    def help(self) -> str | None:
        return f"this is how {self.meant} begins" if self.meant else None


@record(kw_only=True)
class ShortData(Diagnostic):
    """A data file ends before the number of records that its header promises: a copy or download was cut off."""

    file: str
    record: int | None
    """The first record that is not whole, counted from 0; None when the header itself is cut off."""
    records: int
    """How many records the header promises."""

    def message(self) -> str:
        if self.record is None:
            return f"`{self.file}` ends inside its header."
        return f"`{self.file}` ends in record {self.record} (counted from 0) of {self.records}."

    def help(self) -> str | None:
        return "copy or download the file again"


@record(kw_only=True)
class LongData(Diagnostic):
    """A data file goes on after the last record that its header promises, so the header or the rest is wrong."""

    file: str
    records: int

    def message(self) -> str:
        return f"`{self.file}` goes on after its {self.records} records."

    def help(self) -> str | None:
        return "copy or download the file again"


@record(kw_only=True)
class CorruptData(Diagnostic):
    """A compressed data file cannot be unpacked to its end: it was cut off or damaged."""

    file: str
    record: int | None
    """The first record that could not be read, counted from 0; None within the header, and when only the check sum at the end is wrong."""
    reason: str

    def message(self) -> str:
        where = "" if self.record is None else f" at record {self.record} (counted from 0)"
        return f"`{self.file}` is damaged{where}: {self.reason}."

    def help(self) -> str | None:
        return "copy or download the file again"


@record(kw_only=True)
class StrangePickle(Diagnostic):
    """A data file of the version for Python holds something else than numbers, texts and arrays of bytes. Nothing that such a file names is
    ever called."""

    file: str
    reason: str

    def message(self) -> str:
        return f"`{self.file}` is no pickle of plain values: {self.reason}."

    def help(self) -> str | None:
        return "download the file again, or take the binary version"


@record(kw_only=True)
class DataTooLarge(Diagnostic):
    """The header of a data file promises more than a dataset in memory may have, so it is damaged or of another kind."""

    file: str
    records: int
    size: int
    """Bytes of all records."""
    limit: int

    def message(self) -> str:
        return f"`{self.file}` promises {self.records} records ({self.size} bytes); the limit is {self.limit} bytes."
