"""Defines the problems of weights that come from PyTorch. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.suggestions.nearest import list_some, nearest
from netspec.limits import LIMITS
from netspec.record import record


@record(kw_only=True)
class TorchMismatch(Diagnostic):
    """Arrays of a PyTorch model do not fit the places that they are given in a netspec model."""

    missing: tuple[str, ...] = ()
    """Arrays that a layer needs and that are not there."""
    unused: tuple[str, ...] = ()
    """Arrays that no layer has taken."""
    unplaced: tuple[str, ...] = ()
    """Layers of the model that were given no module."""
    unknown: tuple[str, ...] = ()
    """Places that are none of the model's layers or weights."""
    foreign: tuple[tuple[str, str], ...] = ()
    """(path, op) of layers that PyTorch has no counterpart of."""
    misshaped: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...] = ()
    """(path, expected shape, converted shape)."""
    names: tuple[str, ...] = ()
    """All arrays that were given."""

    def message(self) -> str:
        return f"the PyTorch weights do not fit the model: {'; '.join(part for part in self._parts() if part)}."

    def _parts(self) -> tuple[str, ...]:
        shapes = tuple(f"{path} becomes {list(found)} instead of {list(expected)}" for path, expected, found in self.misshaped)
        return (
            list_some("no array ", tuple(f"`{name}`" for name in self.missing), LIMITS.listed_modules),
            list_some("no place for ", self.unplaced, LIMITS.listed_modules),
            list_some("the model has no ", tuple(f"`{path}`" for path in self.unknown), LIMITS.listed_modules),
            list_some("PyTorch has no layer like ", tuple(f"`{op}` at {path}" for path, op in self.foreign), LIMITS.listed_modules),
            list_some("", shapes, LIMITS.listed_modules),
            list_some("not used: ", self.unused, LIMITS.listed_modules),
        )

    def help(self) -> str | None:
        pairs = [(name, nearest(name, self.names)) for name in self.missing]
        renamed = ", ".join(f"`{name}` may be `{near[0]}`" for name, near in pairs[: LIMITS.listed_modules] if near)
        if renamed or not (self.unplaced or self.unused or self.foreign):
            return renamed or None
        return "what stays as it is initialised is named in `keep`, what is not wanted of PyTorch's in `ignore`"
