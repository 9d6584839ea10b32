"""Defines the problems of what a body of a block or model binds: names declared twice or never used, missing outputs. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from netspec.diagnostics.base import Diagnostic, Edit, Place
from netspec.record import record
from netspec.source import NOWHERE, Span


@record(kw_only=True)
class DuplicateName(Diagnostic):
    """The same name is declared twice where it can only mean one thing."""

    name: str
    what: str = "name"
    first: Span = NOWHERE
    first_what: str = ""
    built_in: str = ""
    """What netspec itself has under the name: "the built-in layer"."""

    def message(self) -> str:
        if self.built_in:
            return f"the {self.what} `{self.name}` has the name of {self.built_in}"
        verb = "stands twice" if self.what == "setting" else "is already taken"
        return f"the {self.what} `{self.name}` {verb}"

    def label(self) -> str:
        return "" if self.built_in else "declared again"

    def places(self) -> Sequence[Place]:
        article = "an" if self.first_what[:1] in ("a", "e", "i", "o") else "a"
        what = f", as {article} {self.first_what}" if self.first_what else ""
        return [] if self.first is NOWHERE else [Place(self.first, f"first declared here{what}")]

    def help(self) -> str | None:
        if self.what in ("setting", "metric"):
            return "delete one of them" if self.what == "setting" else "give one of the two another name"
        if self.what == "training":
            return f"give one of the two another name: `train M as NAME {{ … }}`, here `as {self.name}_2`"
        if self.built_in:
            return f"give it another name: `my_{self.name}`"
        return "give one of the two another label" if self.what == "path" else "give one of the two another name"


@record(kw_only=True)
class CircularParams(Diagnostic):
    """Params of a file may refer to one another in any order, but each must come to a value in the end."""

    cycle: tuple[str, ...]

    def message(self) -> str:
        if len(self.cycle) == 2:
            return f"the param `{self.cycle[0]}` is its own default"
        return f"these params need one another: {' -> '.join(self.cycle)}"

    def help(self) -> str | None:
        return f"give `{self.cycle[0]}` a default that does not depend on it"


@record(kw_only=True)
class ParamWithoutValue(Diagnostic):
    """A param at the top of a file holds for all of it, so it needs a value: a default, or one from outside."""

    name: str
    type: str
    bounded: bool = False
    """It has a `where`, which an example might break."""
    imported: bool = False
    """It stands in another file than the one that is checked: nothing outside gives it a value."""

    def message(self) -> str:
        return f"the param `{self.name}` of the file has no value"

    def help(self) -> str | None:
        shown = "…" if self.bounded else VALUES.get(self.type, "…")
        default = f"give it a default, as in `param {self.name}: {self.type} = {shown}`"
        return default if self.imported else f"{default}, or a value from outside: `--set {self.name}={shown}`"


VALUES = {"int": "8", "float": "0.5", "bool": "true", "str": '"same"'}
"""Of each type a value that an example may have."""


@record(kw_only=True)
class MisplacedDeclaration(Diagnostic):
    """What a block or model has, or gives, is declared directly in its body, not in a region of it; and `state` only in a block."""

    keyword: str
    name: str
    owner: str
    """The block or model, as `model M`."""
    region: str = ""
    """The keyword of the region that it stands in, or nothing where the owner may not have it at all."""
    region_at: Span = NOWHERE

    def message(self) -> str:
        if self.keyword == "dim":
            return f"`dim {self.name}` stands outside of every block and model, and bounds none of their dims."
        if not self.region:
            return f"`{self.keyword} {self.name}` stands in a model, and only a block can be one step of time."
        return f"`{f'{self.keyword} {self.name}'.strip()}` stands inside of `{self.region}`."

    def places(self) -> Sequence[Place]:
        return [] if self.region_at is NOWHERE else [Place(self.region_at, "inside of this")]

    def help(self) -> str | None:
        if self.keyword == "dim":
            return f"move it into the body of the model that has the dim `{self.name}`"
        if self.keyword == "state":
            cell = f"block Cell {{ …; state {self.name}: …; output … }}"
            return f"put it directly into a block that `rnn` runs over time: `{cell}`, and in the model `x -> rnn(Cell)`"
        if self.keyword == "output":
            there = f"behind it, in `{self.owner}` itself"
            return f"bind its value in the `{self.region}` to a name that stands before it, and write `output` {there}"
        if self.keyword == "when":
            return f"a step is of one phase, so nothing runs it: move it out, up into the body of `{self.owner}` itself"
        return f"move the line out of the `{self.region}`, up into the body of `{self.owner}` itself"


@record(kw_only=True)
class MissingOutput(Diagnostic):
    """A block or model without an `output` computes nothing that anyone could use."""

    name: str
    last: str | None = None
    """The last name bound, a good guess at the output."""
    end: Span = NOWHERE

    def message(self) -> str:
        return f"`{self.name}` has no output"

    def help(self) -> str | None:
        return f"add `output {self.last}` as its last line" if self.last else "add `output name = …`"

    def own_edits(self) -> Sequence[Edit]:
        return [Edit(self.end, f"  output {self.last}\n")] if self.last and self.end is not NOWHERE else []


@record(kw_only=True)
class UnnamedOutput(Diagnostic):
    """A model's outputs have names, since training, serving and `predict` speak of them."""

    model: str

    def message(self) -> str:
        return f"an output of the model `{self.model}` needs a name"

    def help(self) -> str | None:
        return "write `output y = …`"

    def own_edits(self) -> Sequence[Edit]:
        start = Span(self.at.source, self.at.start, self.at.start)
        return [Edit(start, "y = ")]


@record(kw_only=True)
class UnusedBinding(Diagnostic):
    """A name is bound and never read: often a chain that went on from the wrong name. A leading `_` says that it is meant."""

    severity = "warning"
    name: str
    what: str = "binding"

    def message(self) -> str:
        return f"the {self.what} `{self.name}` is never used"

    def help(self) -> str | None:
        if self.what == "input":
            return "use it or delete the line"
        return f"use it, delete the line, or call it `_{self.name}`"


@record(kw_only=True)
class BufferNotKept(Diagnostic):
    """A buffer gets a value in `when eval` or `when serve`. What a buffer holds is written in training only: an evaluation leaves the state
    as it is, so that this value is gone with the batch."""

    name: str
    phase: str

    def message(self) -> str:
        return f"`{self.name}` is a buffer, and what it is bound to in the phase `{self.phase}` is never kept"

    def help(self) -> str | None:
        return f"write buffers in `when train {{ … }}`; give what only this phase computes a name of its own, `{self.name}_now = …`"


@record(kw_only=True)
class BufferMoves(Diagnostic):
    """A buffer is bound anew outside of any `when`, and the body goes on with the new value. In training that is what the next step begins
    with; an evaluation computes it too, of its own batch, and keeps nothing of it. So its results depend on the other examples there."""

    severity: ClassVar[str] = "warning"

    name: str

    def message(self) -> str:
        return f"the buffer `{self.name}` is bound anew in every phase: an evaluation goes on with a value of its own, which is never kept"

    def help(self) -> str | None:
        return self.proposed() or f"write it in training alone: `when train {{ {self.name} = … }}`"


@record(kw_only=True)
class OnlyInPhase(Diagnostic):
    """A block's output that stands inside `when` exists in that phase only, and so does what is made of it."""

    name: str
    phase: str
    measured: str = ""
    """The phase in which a section measures it, where one does."""

    def message(self) -> str:
        if self.measured:
            return f"`{self.name}` exists only in the phase `{self.phase}`, and this is measured in the phase `{self.measured}`"
        return f"`{self.name}` exists only in the phase `{self.phase}`, and this is done in other phases too"

    def help(self) -> str | None:
        if self.measured and self.phase == "eval":
            return "measure it in `eval { metric … }`, or declare the output outside of the `when`"
        if self.measured:
            return "declare the output outside of the `when`"
        return f"do it inside `when {self.phase} {{ … }}`"
