"""Defines the problems of the parts of the data that only the data show. Floor 0."""

from __future__ import annotations

from typing import ClassVar

from netspec.diagnostics.base import Diagnostic
from netspec.record import record


@record(kw_only=True)
class ExamplesInTwoParts(Diagnostic):
    """Examples of the validation or test part also stand in the training part, with all of their fields: what is measured on them says how
    well the model remembers, not what it does with new data."""

    severity: ClassVar[str] = "warning"

    part: str
    examples: int
    """How many of the part stand in the training part too."""
    of: int
    """Examples of the part."""
    record: int
    """The first of them, by its place in the data that it is a part of, counted from 0."""

    def message(self) -> str:
        which = f"of the {self.of:,} examples of the {self.part} part {self.examples:,} also stand"
        return f"{which} in the training part, the first is record {self.record} of its data (counted from 0)."

    def help(self) -> str | None:
        if self.part == "test":
            return "leave the copies out of one of the two files"
        return "leave the copies out, or give them a number in common and keep them on one side: `group=FIELD`"
