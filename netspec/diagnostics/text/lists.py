"""Text that cannot be read: several of a thing where the language has one, or says it otherwise."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.record import record


@record(kw_only=True)
class NoComprehension(Diagnostic):
    """Lists are written out, or grow in a `for`; there are no comprehensions."""

    value: str
    """What each item would be."""

    def message(self) -> str:
        return "a list has no `for` in it."

    def help(self) -> str | None:
        return f"begin with `items = []` and write `for … in … {{ items = items + [{self.value}] }}`"


@record(kw_only=True)
class OneOutput(Diagnostic):
    """An `output` statement names one output; a call with several results is bound to names first."""

    first: str
    second: str

    def message(self) -> str:
        return "an `output` statement names one output."

    def help(self) -> str | None:
        return f"bind them first, `{self.first}, {self.second} = …`, and then write `output {self.first}` and `output {self.second}`"
