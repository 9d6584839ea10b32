"""Defines the problems of predicting what stands in files: of what a person gives, and of how the answers are to be written. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.suggestions.nearest import did_you_mean, nearest
from netspec.limits import LIMITS
from netspec.record import record


@record(kw_only=True)
class FileNotPredicted(Diagnostic):
    """A file is of a kind that the run cannot predict from: its ending is none of those that its data can be read from."""

    file: str
    takes: tuple[str, ...]
    """Kinds of files that would do."""
    why: str = ""

    def message(self) -> str:
        return f"`{self.file}` is no file that this run can predict from{f': {self.why}' if self.why else ''}."

    def help(self) -> str | None:
        return f"it takes {', '.join(self.takes)}" if self.takes else "give the model's inputs as arrays: `--input FILE.npz`"


@record(kw_only=True)
class PredictionInputs(Diagnostic):
    """`netspec predict` takes either files of examples or, by `--input`, the model's inputs as arrays."""

    both: bool

    def message(self) -> str:
        return f"`netspec predict` was given {'files and `--input`, of which it takes one' if self.both else 'nothing to predict'}."

    def help(self) -> str | None:
        return "name files of examples, as those of the training, or arrays of the model's inputs by `--input FILE.npz`"


@record(kw_only=True)
class BadExample(Diagnostic):
    """A line of a file of JSON lines is no example of the run's data: it is no JSON object, lacks a field, or holds another thing there."""

    file: str
    line: int
    """From 1."""
    field: str = ""
    """The field that is at fault; "": the whole line is."""
    wanted: str = ""
    found: str = ""
    """What stands there; "": nothing."""
    given: tuple[str, ...] = ()
    """The names that stand in the line."""

    def message(self) -> str:
        where = f"line {self.line} of `{self.file}`"
        if not self.field:
            return f"{where} is no JSON object: {self.found}."
        return f"{where} has {self.found} for `{self.field}`, not {self.wanted}." if self.found else f"{where} has no `{self.field}`."

    def help(self) -> str | None:
        if not self.field:
            return 'each line is one example: `{"x": [0.5, 1.5]}`'
        if not self.found and (near := nearest(self.field, self.given)):
            return did_you_mean(near)
        return (
            None
            if self.found
            else f"it is {self.wanted}; the line has {', '.join(f'`{n}`' for n in self.given[: LIMITS.listed_names]) or 'nothing'}"
        )


@record(kw_only=True)
class ExampleNotPredicted(Diagnostic):
    """An example in a file has the form of the run's data, but the model cannot take it: a sequence is too long, an id is none that it
    knows."""

    file: str
    where: str
    """`row 3`, `line 3`; "": the file is one example."""
    why: str
    """What the model says of it."""

    def message(self) -> str:
        where = f"{self.where} of `{self.file}`" if self.where else f"`{self.file}`"
        return f"{where} cannot be predicted: {self.why}"


@record(kw_only=True)
class NotPredictedByExample(Diagnostic):
    """The answers for examples in files are written one by one, which a model cannot give whose inputs or outputs do not count examples."""

    model: str
    name: str
    """The input or output that does not."""
    type: str

    def message(self) -> str:
        return f"`{self.model}` does not predict example by example: the first axis of `{self.name}`, {self.type}, does not count examples."

    def help(self) -> str | None:
        return "give its inputs as arrays, `--input FILE.npz`, and have its outputs written by `--output OUT.npz`"


@record(kw_only=True)
class AnswersOfUnknownForm(Diagnostic):
    """The name of the file for the answers does not say in which form they are to be written."""

    file: str
    own: tuple[str, ...] = ()
    """Endings of the form of the run's own data, in which answers can be written too."""

    def message(self) -> str:
        return f"the name `{self.file}` does not say how answers are written."

    def help(self) -> str | None:
        return f"give it the ending {', '.join(('.csv', '.tsv', '.jsonl', *self.own))} or .npz"


@record(kw_only=True)
class AnswerNotFlat(Diagnostic):
    """An answer has axes that the lines and columns of a table have no place for."""

    file: str
    name: str

    def message(self) -> str:
        return f"`{self.name}` has more axes than a table, so `{self.file}` cannot hold it."

    def help(self) -> str | None:
        return "write the answers as JSON lines or arrays: `--output answers.jsonl`, `--output answers.npz`"
