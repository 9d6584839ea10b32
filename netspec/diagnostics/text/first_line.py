"""Defines the problems of the first line, which names the version of the language. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit
from netspec.record import record
from netspec.source import Span


@record(kw_only=True)
class MissingVersion(Diagnostic):
    """The first line of a spec names the version of the language, so that old files keep their meaning."""

    empty: bool
    """Nothing stands in the file."""
    known: int

    def message(self) -> str:
        if self.empty:
            return f"the file is empty; the first line of a spec is `netspec {self.known}`."
        return f"the first line must be `netspec {self.known}`, the version of the language."

    def help(self) -> str | None:
        return f"add `netspec {self.known}` as the first line"

    def own_edits(self) -> Sequence[Edit]:
        return (Edit(Span(self.at.source, 0, 0), f"netspec {self.known}\n\n"),)


@record(kw_only=True)
class BadVersion(Diagnostic):
    """The first line is not of the form `netspec 1`: the word, and the version as one whole number."""

    found: str
    known: int

    def message(self) -> str:
        return f"the first line is `netspec` and the version of the language, `{self.known}`, and nothing else."

    def help(self) -> str | None:
        return f"write `netspec {self.known}`"

    def own_edits(self) -> Sequence[Edit]:
        return (Edit(self.at, f"netspec {self.known}"),)


@record(kw_only=True)
class NewerVersion(Diagnostic):
    """The file is written in a newer version of the language than this netspec knows. Nothing else in it is checked."""

    found: str
    known: int

    def message(self) -> str:
        return f"this file is written in version {self.found} of the language; this netspec reads version {self.known}."

    def help(self) -> str | None:
        return "install a newer netspec: `pip install --upgrade netspec-jax`"
