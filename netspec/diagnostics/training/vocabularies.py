"""Defines the lint about tables of vectors that are larger than the data's vocabulary. Floor 0."""

from __future__ import annotations

from typing import ClassVar

from netspec.diagnostics.base import Diagnostic
from netspec.record import record


@record(kw_only=True)
class SpareRows(Diagnostic):
    """A table has vectors for more ids than the data chain says there are: those of the rest are never trained, and take memory. Nothing is
    said of 1,024 more, or a quarter, as vocabularies are rounded up, nor of a table that also gets ids which the model makes itself."""

    severity: ClassVar[str] = "warning"
    late: ClassVar[bool] = True

    op: str
    field: str
    ids: int
    rows: int

    def message(self) -> str:
        return f"`{self.op}` has {self.rows:,} rows, but the data give `{self.field}` ids below {self.ids:,}: the rest are never trained."

    def help(self) -> str:
        return f"make it {self.ids}; one `param` of the file for both says it once"
