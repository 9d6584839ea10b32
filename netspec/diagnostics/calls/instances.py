"""Defines the problems of shared instances: their uses and their methods. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Place
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
