"""Defines the problems of exporting a program: sizes that do not stay open. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.suggestions.nearest import did_you_mean, nearest
from netspec.record import record


@record(kw_only=True)
class SizeNotOpen(Diagnostic):
    """A program is exported for any number of a size, or for a given one, that the model's inputs do not leave open."""

    model: str
    size: str
    open: tuple[str, ...]
    """The symbols of its inputs."""

    def message(self) -> str:
        return f"no input of `{self.model}` has an open size `{self.size}`."

    def help(self) -> str | None:
        if not self.open:
            return f"the inputs of `{self.model}` have numbers only"
        return did_you_mean(nearest(self.size, self.open)) or f"open are {', '.join(f'`{s}`' for s in self.open)}"


@record(kw_only=True)
class SizeNotTraced(Diagnostic):
    """A program cannot be exported for every number of its open sizes: an op needs to know one while it is traced."""

    model: str
    sizes: tuple[str, ...]
    """Those that stayed open."""
    batch: str
    reason: str
    """What JAX says."""

    def message(self) -> str:
        return f"`{self.model}` cannot be traced for any {' and '.join(f'`{size}`' for size in self.sizes)}: {self.reason}"

    def help(self) -> str | None:
        others = [size for size in self.sizes if size != self.batch]
        return f'give a number for {" or ".join(f"`{s}`" for s in others)}: `sizes={{"{others[0]}": 64}}`' if others else None
