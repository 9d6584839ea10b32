"""Defines the problems of a spec's text as a whole: its encoding, its characters, the limits of size. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit
from netspec.diagnostics.text.rewritten import Rewritten
from netspec.record import record


@record(kw_only=True)
class TooLarge(Diagnostic):
    """Something is larger than netspec reads: a file, a line, a name, a string, a number, or how deep brackets and operators are nested."""

    what: str
    """What is counted, in the plural."""
    limit: int
    found: int | None = None

    def message(self) -> str:
        found = "" if self.found is None else f", and here are {self.found:,}"
        return f"at most {self.limit:,} {self.what} are allowed{found}."

    def help(self) -> str | None:
        if "inside one another" in self.what or "operators" in self.what:
            return "give a part of it a name of its own, on a line before"
        return None


@record(kw_only=True)
class InvalidEncoding(Diagnostic):
    """A spec is text in UTF-8; this file has a byte that UTF-8 does not allow."""

    byte: int
    offset: int

    def message(self) -> str:
        return f"the file is not UTF-8: byte 0x{self.byte:02X} at offset {self.offset:,}."

    def help(self) -> str | None:
        return "save the file as UTF-8"


@record(kw_only=True)
class ForbiddenCharacter(Diagnostic):
    """A character that cannot be seen, or that changes the order in which text is shown, stands in the file."""

    code: int
    """The character's code point."""

    def message(self) -> str:
        import unicodedata

        name = {0: "NUL", 0x1B: "ESCAPE", 0xC: "FORM FEED"}.get(self.code) or unicodedata.name(chr(self.code), "a control character")
        return f"the invisible character U+{self.code:04X} ({name}) is not allowed."

    def help(self) -> str | None:
        return f"delete it; inside a string write it as an escape, `\\u{self.code:04X}`" if self.code < 0x10000 else "delete it"

    def own_edits(self) -> Sequence[Edit]:
        return (Edit(self.at, ""),)


@record(kw_only=True)
class UnknownCharacter(Rewritten):
    """A character that has no meaning in the language. Names are made of the letters a-z and A-Z, digits and `_`."""

    text: str

    def message(self) -> str:
        if len(self.text) > 1:
            return f"`{self.text}` is not a name: names are made of the letters a-z and A-Z, digits and `_`."
        shown = f"`{self.text}`" if self.text.isprintable() else f"U+{ord(self.text):04X}"
        return f"the character {shown} means nothing here."

    def advice(self) -> str | None:
        hints = {
            "\\": "a line goes on by itself after an operator or a comma, and before `->`",
            "$": "a name stands for its value as it is, without `$`",
            "?": "`?` stands only behind a parameter's type, as in `int?`",
            "'": 'strings stand in double quotes: `"text"`',
            "&": "write `and`",
            "|": "write `or`",
            "~": "write `not`",
        }
        return hints.get(self.text)
