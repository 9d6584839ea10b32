"""Defines the problems of shared instances: their uses and their methods. Floor 0."""

from __future__ import annotations

import re
from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit, Place, Repair
from netspec.record import record
from netspec.source import Span


@record(kw_only=True)
class SharedChanges(Diagnostic):
    """A `shared` name is one instance with one set of parameters, but two of its uses would need parameters of different shapes."""

    name: str
    parameter: str
    shape: str
    first: Place

    def message(self) -> str:
        return f"the shared `{self.name}` has one {self.parameter}, but its uses need different ones"

    def label(self) -> str:
        return f"here {self.parameter} is {self.shape}"

    def places(self) -> Sequence[Place]:
        return [self.first]

    def help(self) -> str | None:
        return "give both uses the same sizes, or make two layers"


@record(kw_only=True)
class MethodNeedsInstance(Diagnostic):
    """A method works with the weights of an instance, so there has to be one: `shared` makes it."""

    layer: str
    method: str

    def message(self) -> str:
        return f"`{self.method}` is a method of shared instances of `{self.layer}`, and there is no instance here"

    def help(self) -> str:
        return f"write `shared e = {self.layer}(…)`, then `-> e.{self.method}`"


@record(kw_only=True)
class AverageWithoutName(Diagnostic):
    """The moving average of a shared instance is an instance with weights of its own, which `shared` gives a name."""

    name: str
    written: str
    """The call with its argument."""
    target: str
    """What the average is to be called."""
    named: tuple[Edit, ...] = ()

    def message(self) -> str:
        return f"`{self.name}.average` makes an instance, and only `shared` gives it a name"

    def help(self) -> str:
        return f"write `shared {self.target} = {self.written}`, and use it: `-> {self.target}`"

    def own_edits(self) -> Sequence[Edit]:
        return self.named


@record(kw_only=True)
class AverageOfUnused(Diagnostic):
    """A moving average follows the weights of a shared instance, which has none before it is used."""

    name: str
    other: str

    def message(self) -> str:
        return f"`{self.name}` is the average of `{self.other}`, which is not used, so that it has no weights"

    def help(self) -> str:
        return f"use `{self.other}` too, `-> {self.other}`, or give `{self.name}` weights of its own: without `.average(…)`"


@record(kw_only=True)
class AverageOfSteps(Diagnostic):
    """The moving average of a recurrence is that of a block around it."""

    name: str

    def message(self) -> str:
        return f"`{self.name}` would be the average of a recurrence, whose weights belong to its steps"

    def help(self) -> str:
        return "write the recurrence in a block, and make `shared` an instance of that"


@record(kw_only=True)
class WeightBeforeUse(Diagnostic):
    """How large a layer's weights are is known of its inputs: they are read below its first use."""

    name: str
    weight: str

    def message(self) -> str:
        return f"`{self.name}` has no `{self.weight}` yet, since nothing has used it above"

    def places(self) -> Sequence[Place]:
        use = self._find_use()
        return [] if use is None else [Place(use, "used here, below")]

    def help(self) -> str:
        if self._find_use() is None:
            return f"use it first: `x -> {self.name}`"
        return "statements are read from top to bottom: move this line below the use"

    def repairs(self) -> Sequence[Repair]:
        """The line stands below that of the use."""
        source, use = self.at.source, self._find_use()
        if self.ways or use is None or source.pointers is not None:
            return self.ways
        start, end = source.text.rfind("\n", 0, self.at.start) + 1, source.text.find("\n", self.at.start) + 1
        line, after = source.text[start:end], source.text.find("\n", use.end) + 1
        if not end or not after or line.count("(") != line.count(")") or not re.match(r"[ \t]*\w+[ \t]*=", line):
            return ()
        return (Repair((Edit(Span(source, start, end), ""), Edit(Span(source, after, after), line)), ""),)

    def _find_use(self) -> Span | None:
        """Where the instance is used first below, as a stage or in call form."""
        source = self.at.source
        name = re.escape(self.name)
        if source.pointers is not None:
            return None
        found = re.compile(rf"->[ \t]*(?:\w+[ \t]*:[ \t]*)?({name})\b(?!\.)|\b({name})\(").search(source.text, self.at.end)
        if found is None or "\n}" in source.text[self.at.end : found.start()]:
            return None
        return Span(source, *found.span(1 if found[1] else 2))


@record(kw_only=True)
class WeightOfSteps(Diagnostic):
    """The weights of a recurrence belong to its steps, and are not read by themselves."""

    name: str

    def message(self) -> str:
        return f"`{self.name}` is a recurrence, whose weights belong to its steps"

    def help(self) -> str:
        return 'in `train` its weights are `params("…")`; a cell of your own, a block with `state`, has `weight` statements'
