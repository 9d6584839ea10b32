"""Defines the problems of shared instances: their uses and their methods. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit, Place
from netspec.record import record


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
