"""Defines the problem of functions that `map` applies to examples. Floor 0."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.record import record


@record(kw_only=True)
class MappedOtherwise(Diagnostic):
    """A function that `map` applies to examples returns something else than the spec says of the field: another type, or another number of
    values than there are fields."""

    op: str
    fields: tuple[str, ...]
    expected: str
    found: str

    def message(self) -> str:
        names = " and ".join(f"`{name}`" for name in self.fields)
        return f"`{self.op}` makes {self.found} of {names} of an example, but {self.expected} is wanted."

    def help(self) -> str | None:
        if len(self.fields) > 1:
            return f"the function returns a tuple of {len(self.fields)} values"
        name = next(iter(self.fields), "")
        return f'let the function return that, or say what it gives: `map({self.op}, "{name}", gives={{{name}: …}})`'
