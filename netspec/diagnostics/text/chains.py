"""Defines the problems of chains, comparisons and dicts. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit, Place
from netspec.record import record
from netspec.source import Span


@record(kw_only=True)
class StageNeedsParentheses(Diagnostic):
    """Behind `->` stands a call, never an operator or an index: `x -> f + b` would be read in two ways."""

    operator: str
    arrow: Span
    head: str
    """The chain before the operator."""

    def message(self) -> str:
        return f"behind `->` stands a call, but here is `{self.operator}`."

    def places(self) -> Sequence[Place]:
        return (Place(self.arrow, "the chain's last stage begins here"),)

    def help(self) -> str | None:
        rest = "[…]" if self.operator == "[" else f" {self.operator} …"
        return f"put the chain in parentheses: `({self.head}){rest}`"


@record(kw_only=True)
class StageIsNoCall(Diagnostic):
    """Behind `->` stands the name of a layer or function, with or without arguments, or a shape to check."""

    found: str

    def message(self) -> str:
        return f"behind `->` stands a layer or function, but here is {self.found}."

    def help(self) -> str | None:
        if self.tried and self.held is not None:
            return f"write `-> {self.held.edits[0].text}`"
        return "write `-> relu`, `-> dense(10)`, or a shape to check, `-> [B, 10]`"

    def own_edits(self) -> Sequence[Edit]:
        named = self.at.text[1:-1] if self.at.text.startswith('"') else ""
        return [Edit(self.at, named)] if named.isidentifier() else []


@record(kw_only=True)
class EqualsInCondition(Diagnostic):
    """`=` binds a name; equality is written `==`."""

    def message(self) -> str:
        return "`=` binds a name; equality is written `==`."

    def help(self) -> str | None:
        return "write `==`"

    def own_edits(self) -> Sequence[Edit]:
        return (Edit(self.at, "=="),)


@record(kw_only=True)
class EqualsInDict(Diagnostic):
    """In a dict a key and its value have `:` between them."""

    key: str

    def message(self) -> str:
        return f"in a dict the key `{self.key}` and its value have `:` between them."

    def help(self) -> str | None:
        return f"write `{self.key}: …`"

    def own_edits(self) -> Sequence[Edit]:
        return (Edit(self.at, ":"),)


@record(kw_only=True)
class ChainedComparison(Diagnostic):
    """A comparison has two sides: `a < b < c` is written `a < b and b < c`."""

    middle: str
    operator: str
    first: Span

    def message(self) -> str:
        return "a comparison has two sides, and this is a third."

    def places(self) -> Sequence[Place]:
        return (Place(self.first, "the first comparison"),)

    def help(self) -> str | None:
        return f"join two comparisons: `… and {self.middle} {self.operator} …`"

    def own_edits(self) -> Sequence[Edit]:
        return (Edit(Span(self.at.source, self.at.start, self.at.start), f"and {self.middle} "),)
