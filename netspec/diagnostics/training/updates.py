"""Defines the problems of several optimizers: `update NAME { }`. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.suggestions.nearest import one_of
from netspec.record import record


@record(kw_only=True)
class SettingBesideUpdates(Diagnostic):
    """A section has either `loss` and `optimizer`, or one or more `update NAME { }` with a loss and an optimizer each, not both."""

    name: str
    updates: tuple[str, ...]

    def message(self) -> str:
        updates = " and ".join(f"`update {name}`" for name in self.updates)
        return f"each `update` has a `{self.name}` of its own, so the section beside {updates} has none."

    def help(self) -> str | None:
        if self.name == "loss":
            return "leave it out, or write it as a `let` and use that in each `update`; what is reported as `loss` is the sum of theirs"
        return "leave it out, or move it into one of them"


@record(kw_only=True)
class UntrainedParameters(Diagnostic):
    """No `update` trains some parameters: they keep their initial values. That may be wanted, but more often a pattern is too narrow."""

    severity = "warning"

    paths: tuple[str, ...]
    """The parameters that nothing trains."""
    count: int
    """How many there are in all."""

    def message(self) -> str:
        return f"no `update` trains {len(self.paths)} of the {self.count} parameters: {one_of(self.paths, limit=3)}.".replace(
            " or ", " and "
        )

    def help(self) -> str | None:
        return "widen the pattern of one `update`, or add an `update` for them"
