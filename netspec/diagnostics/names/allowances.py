"""Defines the problems of remarks that allow a lint: `# netspec: allow SLUG`. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from netspec.diagnostics.base import Diagnostic, Edit
from netspec.diagnostics.suggestions.nearest import did_you_mean
from netspec.record import record
from netspec.source import NOWHERE, Span


@record(kw_only=True)
class AllowsNothing(Diagnostic):
    """A remark allows a lint that does not speak there: it was written for a line that has changed since, or stands at another one.
    It is not said of a spec with errors, in which lints may be silent, nor where `--set` changes it."""

    severity: ClassVar[str] = "warning"
    late: ClassVar[bool] = True

    name: str = ""
    """The lint; "": the remark names none."""
    error: bool = False
    """The name is that of an error, which nothing allows."""
    rest: str = ""
    """The remark without the name, "" where nothing would be left of it."""
    remark: Span = NOWHERE
    """The whole remark, with the space before it; where its place is known."""

    def message(self) -> str:
        if not self.name:
            return "`netspec: allow` names no lint, and allows nothing"
        if self.error:
            return f"`{self.name}` is an error, which no remark allows"
        return f"there is no `{self.name}` here to allow"

    def help(self) -> str:
        if not self.name:
            return "write the slug of a lint behind it, as in `# netspec: allow unused-binding`, or delete the remark"
        return f"delete `{self.name}` from the remark" if self.rest else "delete the remark"

    def own_edits(self) -> Sequence[Edit]:
        return [Edit(self.remark, self.rest)] if self.name and self.remark is not NOWHERE else []


@record(kw_only=True)
class UnknownLint(Diagnostic):
    """A remark allows a lint that netspec does not have: its name is misspelt, or of another version. So it allows nothing."""

    severity: ClassVar[str] = "warning"
    late: ClassVar[bool] = True

    name: str
    near: tuple[str, ...] = ()

    def message(self) -> str:
        return f"there is no lint `{self.name}`"

    def help(self) -> str:
        return did_you_mean(self.near) or "the slug of a lint stands in brackets behind `warning`, as in `warning[unused-binding]`"

    def own_edits(self) -> Sequence[Edit]:
        return [Edit(self.at, self.near[0])] if self.near else []
