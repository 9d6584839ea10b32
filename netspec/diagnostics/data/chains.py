"""Defines the problems of the data chain between a dataset and the model. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.suggestions.nearest import did_you_mean, nearest, one_of
from netspec.record import record
from netspec.shape import TensorType


@record(kw_only=True)
class NoSuchField(Diagnostic):
    """A step of the data chain works on a field that the batch does not have."""

    field: str
    fields: tuple[str, ...]
    """The fields there are."""

    def message(self) -> str:
        return f"the batch has no field `{self.field}`."

    def help(self) -> str | None:
        near = nearest(self.field, self.fields)
        return did_you_mean(near) if near else f"its fields are {one_of(self.fields)}".replace(" or ", " and ")


@record(kw_only=True)
class NoClassNumbers(Diagnostic):
    """`class_weights` counts classes, and the field that it is to count has none: it is no whole number for each example."""

    op: str
    field: str
    type: str

    def message(self) -> str:
        return f"`{self.op}` counts the classes in a field of one whole number for each example, but `{self.field}` is {self.type}"

    def help(self) -> str | None:
        return f'name the field of the classes: `{self.op}("label")`'


@record(kw_only=True)
class NoSplitField(Diagnostic):
    """Examples are to be set aside by a field that the dataset does not have."""

    argument: str
    """`split_by` or `group`."""
    field: str
    fields: tuple[str, ...]
    """The fields there are."""
    declares: bool = False
    """Does the spec itself say what fields the data have?"""
    categories: bool = False
    """May words of a column be numbered?"""

    def message(self) -> str:
        return f"the data have no field `{self.field}` to set examples aside by."

    def help(self) -> str | None:
        near = nearest(self.field, self.fields)
        if near:
            return did_you_mean(near)
        if self.declares:
            words = f", with `categories={{{self.field}: N}}` where the column holds words, at most N of them" if self.categories else ""
            return f"declare it in `fields`, `{self.field}: i32[]`{words}; the model need not take it"
        named = f"name one of {one_of(self.fields)}"
        return named if self.argument == "group" else f'{named}, or write `split_by="time"` for the order of the file'


@record(kw_only=True)
class NotASplitField(Diagnostic):
    """Examples are set aside by a field with one number for each example: a moment, a patient's number."""

    argument: str
    field: str
    type: TensorType

    def message(self) -> str:
        return f"`{self.argument}` needs a field with one number for each example, but `{self.field}` is {self.type}."

    def help(self) -> str | None:
        return f"declare a field such as `{self.argument}_id: i32[]`, and name that"


@record(kw_only=True)
class SplitWithoutOrder(Diagnostic):
    """`split_by` sets aside the examples with the largest values of a field, and the numbers of this one have no order: they stand for
    words, classes, or yes and no."""

    field: str
    what: str
    """What its numbers are: "the number of a class"."""
    fields: tuple[str, ...]
    """Fields of one number whose largest values mean something."""

    def message(self) -> str:
        return f"`split_by` needs a moment, or another number that has an order, but `{self.field}` is {self.what}."

    def help(self) -> str | None:
        named = f"name {one_of(self.fields)}, " if self.fields else ""
        return f'{named}{"or " * bool(named)}write `split_by="time"` for the order of the file; left out, the seed chooses'


@record(kw_only=True)
class TwoSplits(Diagnostic):
    """`group` keeps the examples of a group on one side, `split_by` sets the last ones aside: both cannot hold of one split."""

    def message(self) -> str:
        return "examples cannot be set aside by `group` and by `split_by` at once."

    def help(self) -> str | None:
        return "leave one of the two out"


@record(kw_only=True)
class FieldNotFloat(Diagnostic):
    """A step of the data chain that computes with real numbers is used on a field of whole numbers."""

    op: str
    field: str
    type: TensorType

    def message(self) -> str:
        return f"`{self.op}` needs a field of floats, but `{self.field}` is {self.type}."


@record(kw_only=True)
class ChannelsDiffer(Diagnostic):
    """A list with one number for each channel must be as long as the field's last axis."""

    argument: str
    count: int
    """How many numbers the list has."""
    field: str
    type: TensorType

    def message(self) -> str:
        return f"`{self.argument}` has {self.count} numbers, one for each channel, but `{self.field}` is {self.type}."

    def help(self) -> str | None:
        return f"give one number, or {self.type.shape[-1]}" if self.type.rank > 1 else "give one number"


@record(kw_only=True)
class NoFullBatch(Diagnostic):
    """The data have fewer examples than one batch, and batches that are not full are left out: nothing would be trained."""

    examples: int
    size: int

    def message(self) -> str:
        return f"there are {self.examples} examples, fewer than one batch of {self.size}."

    def help(self) -> str | None:
        if not self.examples:
            return None
        return f'make the batch smaller: `batch({self.examples})`, or fill it up: `batch({self.size}, partial="pad")`'


@record(kw_only=True)
class EpochShorterThanStep(Diagnostic):
    """With `accumulate = k` a step takes k batches, and an epoch of the data has fewer than that: no step would be whole."""

    batches: int
    accumulate: int

    def message(self) -> str:
        return f"a step takes `accumulate = {self.accumulate}` batches, but an epoch of the data has {self.batches} only."

    def help(self) -> str | None:
        return f"make the batches smaller, or `accumulate` {self.batches} or less" if self.batches > 1 else "make the batches smaller"
