"""Defines the problems of text data: files that are not what they should be, vocabularies, tokenizers. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.record import record


@record(kw_only=True)
class BadText(Diagnostic):
    """A text file holds bytes that are not UTF-8. Lines are counted from 1."""

    file: str
    line: int
    byte: int
    """The first byte that cannot be read."""

    def message(self) -> str:
        if not self.byte:
            return f"line {self.line} of `{self.file}` is no text: it has a byte of zeros, as UTF-16 and files that are no text have."
        return f"line {self.line} of `{self.file}` is not UTF-8: it has the byte {self.byte:#04x}."

    def help(self) -> str | None:
        return "convert the file to UTF-8"


@record(kw_only=True)
class UnpacksTooFar(Diagnostic):
    """A compressed text file unpacks to so many times its size that it cannot be text."""

    file: str
    limit: int

    def message(self) -> str:
        return f"`{self.file}` unpacks to more than {self.limit:,} bytes, far more than text of its size would."

    def help(self) -> str | None:
        return "unpack it yourself if it is what it should be"


@record(kw_only=True)
class BadConlluLine(Diagnostic):
    """A line of a CoNLL-U file is not as the format says: ten columns with tabs between, none empty, the first counting a
    sentence's words."""

    file: str
    line: int
    """Counted from 1."""
    why: str

    def message(self) -> str:
        return f"line {self.line} of `{self.file}` is no CoNLL-U: {self.why}."


@record(kw_only=True)
class EmptyColumn(Diagnostic):
    """A column of a CoNLL-U file that a spec asks for says `_`, which means nothing, in every line."""

    file: str
    column: str

    def message(self) -> str:
        return f"every word of `{self.file}` has `_` in the column {self.column}."

    def help(self) -> str | None:
        return "name a column that is filled: FORM, LEMMA, UPOS, XPOS, DEPREL"


@record(kw_only=True)
class TooManyTypes(Diagnostic):
    """Data have more classes than the spec has room for. Sizes stand in the spec and never come from data."""

    file: str
    column: str
    found: int
    size: int

    def message(self) -> str:
        return f"`{self.file}` has {self.found:,} ids in the column {self.column}, one for unknown tags, but `tags` is {self.size:,}."

    def help(self) -> str | None:
        return f"write `tags={self.found:_}`, and the same in the model"


@record(kw_only=True)
class VocabularySizeNeeded(Diagnostic):
    """A dataset that learns a vocabulary of training data must say how large that may be, since the model's sizes stand in the spec."""

    op: str

    def message(self) -> str:
        return f"`{self.op}` learns a vocabulary, and nothing says how large it may be"

    def help(self) -> str | None:
        return f"write `{self.op}(…, size=20_000)`, and the same size in the model"


@record(kw_only=True)
class NumberTooLarge(Diagnostic):
    """A field holds a number that the program cannot use: an id beyond the vocabulary of `embed`, a label beyond the classes of a loss,
    an index outside its axis."""

    field: str
    record: int
    value: int
    op: str
    below: int
    least: int | None = 0
    """None: any number below 0 will do."""

    def message(self) -> str:
        taken = f"at most {self.below - 1:,}" if self.least is None else f"{self.least:,} to {self.below - 1:,}"
        return f"record {self.record} of the field `{self.field}` holds {self.value:,}, but `{self.op}` takes {taken}."

    def help(self) -> str | None:
        if self.value < 0:
            return "look at the data: a number that stands for nothing is left out by a mask, or is the `ignore` of a loss of classes"
        if self.value == self.below and self.least == 0:
            return f"if they count from 1, write `{self.field} - 1` where the data are made; else make the model larger"
        return "make the model larger, or look at the data"


@record(kw_only=True)
class ImpossibleRecord(Diagnostic):
    """A loss is infinite for a record of the data, whatever the model says: `ctc` of more labels than its steps can spell."""

    op: str
    record: int
    why: str
    repair: str = ""
    """An argument that leaves such records out."""

    def message(self) -> str:
        return f"`{self.op}` is infinite for record {self.record}, whatever the model says: {self.why}."

    def help(self) -> str | None:
        leave = f", or leave such records out by `{self.op}(…, {self.repair})`" if self.repair else ""
        return f"take the record away{leave}"
