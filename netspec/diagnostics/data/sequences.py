"""Defines the problems of examples of uneven shape: sequences that fit no bucket or row, fields that cannot be stacked. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.record import record


@record(kw_only=True)
class EvalDataNeeded(Diagnostic):
    """Without `eval`, a spec is evaluated on the dataset's own test part by the chain of training, each random transform in its form for
    evaluation. A transform without such a form makes `eval { data = … }` mandatory."""

    transform: str

    def message(self) -> str:
        return f"`{self.transform}` has no form for evaluation, so the test part cannot go through this chain"

    def help(self) -> str | None:
        return "say what is evaluated: `eval { data = … -> batch(32) }`"


@record(kw_only=True)
class UnevenField(Diagnostic):
    """The examples of a batch differ in shape in a way that padding does not mend: pictures of different size, for instance."""

    field: str
    shapes: tuple[tuple[int, ...], ...]
    """Two of them."""

    def message(self) -> str:
        one, other = (str(list(shape)) for shape in self.shapes)
        return f"examples of the field `{self.field}` differ in shape: {one} and {other}"

    def help(self) -> str | None:
        return "bring them to one shape by a transform in front of `batch`"


@record(kw_only=True)
class NoSequences(Diagnostic):
    """A step of the data chain works on sequences of different length, and the data have none, or others than it can use."""

    op: str
    fields: tuple[str, ...]
    """The fields there are, with their types."""
    wanted: str = ""
    """The field that it works on, where it is one and alone."""

    def message(self) -> str:
        what = f"sequences in the field `{self.wanted}` alone" if self.wanted else "sequences of different length"
        return f"`{self.op}` works on {what}; the fields are {', '.join(f'`{f}`' for f in self.fields)}"


@record(kw_only=True)
class BoundsNotAscending(Diagnostic):
    """The bounds of buckets are lengths, each greater than the one before, at least one."""

    bounds: tuple[int, ...]

    def message(self) -> str:
        return f"the bounds of buckets must ascend, but are {list(self.bounds)}" if self.bounds else "there are no bounds of buckets"

    def help(self) -> str | None:
        return f"write {sorted(set(self.bounds))}" if self.bounds else "give the longest sequence of each bucket: `[16, 32, 64]`"


@record(kw_only=True)
class SequenceTooLong(Diagnostic):
    """An example is longer than the last bucket. Records are counted from 0."""

    record: int
    length: int
    limit: int
    count: int
    """How many examples are too long."""

    def message(self) -> str:
        more = f" (so have {self.count:,} records in all)" if self.count > 1 else ""
        return f"record {self.record} has {self.length} elements, more than the last bucket's {self.limit}{more}."

    def help(self) -> str | None:
        return 'add a longer bucket, or say what happens to such examples: `longer="cut"` or `longer="drop"`'


@record(kw_only=True)
class NoFullRow(Diagnostic):
    """`pack(length, fill="stream")` makes full rows only, and all the tokens together do not fill one."""

    tokens: int
    length: int

    def message(self) -> str:
        return f"there are {self.tokens:,} tokens in all, fewer than one row of {self.length}."

    def help(self) -> str | None:
        return 'make rows shorter, or allow padding: `fill="whole"`'


@record(kw_only=True)
class FieldTwice(Diagnostic):
    """A field of the data is given a name that another one has."""

    field: str

    def message(self) -> str:
        return f"two fields would be called `{self.field}`"


@record(kw_only=True)
class EvalFieldMissing(Diagnostic):
    """An evaluation measures the loss and the metrics of training, so its data need every field that these read."""

    field: str
    fields: tuple[str, ...]
    """Those of the evaluation, with their types."""

    def message(self) -> str:
        return f"the data of `eval` have no field `{self.field}`, which the loss or a metric reads"

    def help(self) -> str | None:
        return f"their fields are {', '.join(f'`{f}`' for f in self.fields)}"


@record(kw_only=True)
class NoWindow(Diagnostic):
    """A series has fewer rows than one window and what is predicted behind it."""

    rows: int
    """Of the longest series."""
    length: int
    horizon: int

    def message(self) -> str:
        behind = f" and {self.horizon:,} behind it" if self.horizon else ""
        return f"a window has {self.length:,} rows{behind}, but the longest series has {self.rows:,}."

    def help(self) -> str | None:
        return "make windows shorter, or set fewer rows aside"


@record(kw_only=True)
class UnevenRows(Diagnostic):
    """Windows are cut out of rows of one shape, and those of a field differ: sequences of different length, pictures of their own size."""

    op: str
    field: str
    type: str

    def message(self) -> str:
        return f"`{self.op}` puts rows of one shape into a window, but `{self.field}` is {self.type}, whose sizes differ from row to row"

    def help(self) -> str | None:
        return "bring them to one size in front of it, or leave the field out of the dataset"
