"""Defines the problems of brackets: not closed, closing nothing, or closed by another kind. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit, Place
from netspec.record import record
from netspec.source import Span

_CLOSING = {"(": ")", "[": "]", "{": "}"}


@record(kw_only=True)
class UnclosedBracket(Diagnostic):
    """A `(`, `[` or `{` is never closed. The second place is where that became clear; the missing bracket belongs somewhere between."""

    bracket: str
    noticed: Span

    def message(self) -> str:
        return f"this `{self.bracket}` is never closed."

    def label(self) -> str:
        return f"opened here, `{_CLOSING[self.bracket]}` is missing"

    def places(self) -> Sequence[Place]:
        text = "the file ends here" if self.noticed.start >= len(self.noticed.source.text) else "noticed here"
        return (Place(self.noticed, text),)

    def help(self) -> str | None:
        return f"add the `{_CLOSING[self.bracket]}`"


@record(kw_only=True)
class StrayBracket(Diagnostic):
    """A `)`, `]` or `}` that closes nothing."""

    bracket: str

    def message(self) -> str:
        return f"this `{self.bracket}` closes nothing."

    def help(self) -> str | None:
        return f"delete it, or add the `{ {v: k for k, v in _CLOSING.items()}[self.bracket] }` that it should close"

    def edits(self) -> Sequence[Edit]:
        return (Edit(self.at, ""),)


@record(kw_only=True)
class WrongBracket(Diagnostic):
    """A bracket is closed by one of another kind."""

    bracket: str
    opened: Span

    def message(self) -> str:
        return f"`{self.opened.text}` is closed by `{_CLOSING[self.opened.text]}`, and not by `{self.bracket}`."

    def places(self) -> Sequence[Place]:
        return (Place(self.opened, "opened here"),)

    def help(self) -> str | None:
        return f"write `{_CLOSING[self.opened.text]}`"

    def edits(self) -> Sequence[Edit]:
        return (Edit(self.at, _CLOSING[self.opened.text]),)
