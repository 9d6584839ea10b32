"""Defines the problems of older specs, in which something has a name that is another now; `netspec migrate` mends them. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit
from netspec.record import record


@record(kw_only=True)
class OlderVersion(Diagnostic):
    """The file is written in an older version of the language. `netspec migrate` rewrites it; what it means stays the same."""

    found: str
    known: int

    def message(self) -> str:
        return f"this file is written in version {self.found} of the language; this netspec reads version {self.known}."

    def help(self) -> str | None:
        return f"rewrite it with `netspec migrate {self.at.source.path}`"


@record(kw_only=True)
class RenamedArgument(Diagnostic):
    """The argument has another name. Version 0 of the language still had this one; `netspec migrate` rewrites such files."""

    op: str
    name: str
    now: str
    since: int
    """The version of the language that renamed it."""

    def message(self) -> str:
        return f"`{self.op}` has no argument `{self.name}`; it is called `{self.now}`."

    def help(self) -> str | None:
        return f"write `{self.now}`; `netspec migrate {self.at.source.path}` does it in files of version {self.since - 1}"

    def own_edits(self) -> Sequence[Edit]:
        return [Edit(self.at, self.now)]


@record(kw_only=True)
class NotYetCompiled(Diagnostic):
    """The language has this form, but this version of netspec does not compile it yet; it says so instead of guessing."""

    what: str

    def message(self) -> str:
        return f"{self.what} is part of the language, but this version of netspec does not compile it yet"
