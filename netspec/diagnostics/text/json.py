"""Defines the problems of JSON as such: its signs, its keys. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit, Place
from netspec.record import record
from netspec.source import Span

_FOREIGN = {
    "NaN": "JSON has no NaN",
    "Infinity": 'JSON has no Infinity; in a spec it is the string `"inf"`',
    "-Infinity": 'JSON has no Infinity; in a spec it is the string `"-inf"`',
    "None": "write `null`, or leave the key out",
    "True": "write `true`",
    "False": "write `false`",
    "'": "strings stand in double quotes",
    "/": "JSON has no comments; a spec's comments stand under the key `comments`",
    "#": "JSON has no comments; a spec's comments stand under the key `comments`",
}


@record(kw_only=True)
class InvalidJson(Diagnostic):
    """The text of a `.json` spec is not JSON: a sign or word stands where none or another one belongs. The rest of the file is not read."""

    found: str
    """The word or sign that stands there; empty at the end of the file."""
    wanted: str
    changes: tuple[tuple[Span, str], ...] = ()
    """What makes JSON of the text, where that is known."""

    def message(self) -> str:
        found = f"`{self.found}`" if self.found.strip() else "a line end" if self.found else "the end of the file"
        return f"this is not JSON: expected {self.wanted}, but found {found}."

    def help(self) -> str | None:
        if self.found in ("}", "]") and (self.wanted.startswith("a key") or any(not text for _, text in self.changes)):
            return "take away the comma before it"
        added = next((text for span, text in self.changes if span.start == span.end), "")
        return _FOREIGN.get(self.found) or (f"add `{added}`" if added else None)

    def own_edits(self) -> Sequence[Edit]:
        return [Edit(span, text, raw=True) for span, text in self.changes]


@record(kw_only=True)
class DuplicateKey(Diagnostic):
    """A key stands twice in one JSON object. Readers of JSON disagree on which one counts, so netspec takes neither."""

    key: str
    first: Span

    def message(self) -> str:
        return f"the key `{self.key}` stands twice in this object."

    def places(self) -> Sequence[Place]:
        return (Place(self.first, "first here"),)

    def help(self) -> str | None:
        return "delete one of them"
