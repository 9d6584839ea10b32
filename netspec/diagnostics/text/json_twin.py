"""Defines the problems of a spec in JSON: objects that are not what the language has. Floor 0.

What is wrong inside a string of the language is told by the same classes as in a `.net` file.
"""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit
from netspec.diagnostics.suggestions.nearest import did_you_mean, one_of
from netspec.record import record
from netspec.source import NOWHERE, Span


@record(kw_only=True)
class _Near(Diagnostic):
    near: tuple[str, ...] = ()
    options: tuple[str, ...] = ()

    def help(self) -> str | None:
        return did_you_mean(self.near) or (f"it may be {one_of(self.options)}" if self.options else None)

    def own_edits(self) -> Sequence[Edit]:
        return [Edit(self.at, self.near[0])] if self.near else []


@record(kw_only=True)
class WrongJsonType(Diagnostic):
    """A value of a spec in JSON is of the wrong type: a list where a string belongs, a number where an expression belongs."""

    wanted: str
    found: str
    written: str = ""
    """The value as it stands, where quotes make it an expression."""
    meant: str = ""
    """The JSON that should stand there, where that is known."""
    whole: Span = NOWHERE
    """The place of the whole value."""

    def message(self) -> str:
        return f"expected {self.wanted} here, but found {self.found}."

    def help(self) -> str | None:
        if self.written:
            return f'write `"{self.written}"`: values of the language are strings'
        return f"write `{self.meant}`" if self.meant and (not self.tried or self.held) else None

    def own_edits(self) -> Sequence[Edit]:
        meant = f'"{self.written}"' if self.written else self.meant
        return [Edit(self.whole, meant, raw=True)] if meant else []


@record(kw_only=True)
class UnknownKey(_Near):
    """An object of a spec in JSON has a key that objects of its kind do not have."""

    key: str
    form: str
    """What the object is, in words."""

    def message(self) -> str:
        return f"{self.form} has no key `{self.key}`."


@record(kw_only=True)
class MissingKey(Diagnostic):
    """An object of a spec in JSON lacks a key that objects of its kind must have."""

    keys: tuple[str, ...]
    form: str

    def message(self) -> str:
        keys = " and ".join(f"`{k}`" for k in self.keys)
        return f"{self.form} needs the key{'s' if len(self.keys) > 1 else ''} {keys}."


@record(kw_only=True)
class UnknownKind(_Near):
    """The `kind` of an object is none that may stand at its place."""

    found: str
    place: str
    """What stands at such a place, in words: "a section"."""

    def message(self) -> str:
        return f"there is no {self.place} of kind `{self.found}`."


@record(kw_only=True)
class BadJsonText(Diagnostic):
    """A string of a spec in JSON is not of the form that its place asks for: a name, a comment with its `#`, a comparison."""

    wanted: str
    found: str
    why: str = ""

    def message(self) -> str:
        return f"`{self.found}` is not {self.wanted}{f': {self.why}' if self.why else ''}."


@record(kw_only=True)
class NotInJson(Diagnostic):
    """`netspec convert` cannot write a spec as JSON in which a call gives one name two values: keys of an object are unique."""

    name: str

    def message(self) -> str:
        return f"`{self.name}` is given twice."

    def help(self) -> str | None:
        return "delete one of them: keys of an object are unique in JSON"
