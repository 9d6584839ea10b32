"""Defines the problems of expressions: missing values, commas and operators, and values without a name. Floor 0."""

from __future__ import annotations

import re
from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit, Place, Repair
from netspec.diagnostics.text.rewritten import Rewritten
from netspec.record import record
from netspec.source import NOWHERE, Span


@record(kw_only=True)
class ColonForEquals(Rewritten):
    """Arguments and settings are written `name=value`; a colon stands before types, labels, and in dicts."""

    name: str

    def message(self) -> str:
        return f"the value of `{self.name}` stands behind `=`, not behind `:`."

    def advice(self) -> str | None:
        return f"write `{self.name}=…`"

    def own_edits(self) -> Sequence[Edit]:
        return super().own_edits() or (Edit(self.at, "="),)


@record(kw_only=True)
class MissingComma(Diagnostic):
    """Two arguments or items have no comma between them."""

    opened: Span

    def message(self) -> str:
        return "a comma is missing before this."

    def places(self) -> Sequence[Place]:
        return (Place(self.opened, "inside of this"),)

    def help(self) -> str | None:
        return "put `,` between the two"

    def own_edits(self) -> Sequence[Edit]:
        text, end = self.at.source.text, self.at.start
        while end and text[end - 1] in " \t\n":
            end -= 1
        return (Edit(Span(self.at.source, end, end), ","),)


@record(kw_only=True)
class PositionalAfterNamed(Diagnostic):
    """Arguments without a name come first, then those with a name."""

    named: Span

    def message(self) -> str:
        return "an argument without a name stands behind one with a name."

    def places(self) -> Sequence[Place]:
        return (Place(self.named, "the first argument with a name"),)

    def help(self) -> str | None:
        chosen = self.chosen()
        return f"write `{chosen.words}`" if chosen is not None and chosen.words else "move it to the front, or write its name: `name=…`"


@record(kw_only=True)
class MissingOperand(Rewritten):
    """A value is missing: behind an operator, `=`, `,` or `->`, or before one."""

    after: str
    """The sign behind which the value is missing; "" where it is missing before the place."""
    found: str
    continued: Span = NOWHERE
    """The next line, which was read as part of the statement."""

    def message(self) -> str:
        if self.continued is not NOWHERE:
            return f"the line ends in `{self.after}`, so the next line was read as part of it."
        if not self.after:
            return f"a value is missing before {self.found}."
        return f"a value is missing behind `{self.after}`."

    def places(self) -> Sequence[Place]:
        return super().places() if self.continued is NOWHERE else (Place(self.continued, "this cannot follow"),)

    def advice(self) -> str | None:
        return f"write the value, or delete `{self.after}`" if self.after and self.after != "=" else None


@record(kw_only=True)
class MissingOperator(Diagnostic):
    """Two values stand side by side with nothing between them."""

    left: str
    right: str

    def message(self) -> str:
        return f"something is missing between `{self.left}` and `{self.right}`."

    def help(self) -> str | None:
        if self.tried and self.held is not None:
            return f"write `{self.held.words}`"
        return f"an operator, as in `{self.left} + {self.right}`, or an arrow, `{self.left} -> {self.right}`"

    def repairs(self) -> Sequence[Repair]:
        """A layer or function stands behind an arrow."""
        if not self.right.isidentifier() or not self.at.source.text.startswith(self.right, self.at.start):
            return ()
        place = Span(self.at.source, self.at.start, self.at.start)
        return [Repair((Edit(place, "-> "),), f"{self.left} -> {self.right}")]


@record(kw_only=True)
class UnknownUnit(Diagnostic):
    """Durations are counted in epochs or steps."""

    number: str
    found: str

    def message(self) -> str:
        return f"`{self.number} {self.found}` is not a duration: the units are epochs and steps."

    def help(self) -> str | None:
        return f"write `{self.number} steps` or `{self.number} epochs`"


@record(kw_only=True)
class UnboundValue(Diagnostic):
    """A value is computed and given no name, so nothing can use it."""

    first: str

    def message(self) -> str:
        return "this value gets no name, so nothing can use it."

    def help(self) -> str | None:
        if self.tried and self.held is not None:
            return "a name is bound by `=`"
        return f"bind it: `{self.first} = …`, or return it: `output …`"

    def repairs(self) -> Sequence[Repair]:
        """`h == x -> relu` binds `h`."""
        source, begin = self.at.source, self.at.source.text.rfind("\n", 0, self.at.start) + 1
        sign = re.compile(r"[ \t]*[A-Za-z_]\w*[ \t]*(==)[ \t]*").match(source.text, begin)
        return [Repair((Edit(Span(source, sign.start(1), sign.end(1)), "="),))] if sign else ()


@record(kw_only=True)
class InvalidTarget(Diagnostic):
    """Left of `=` stand names only: values are never changed in place, a name is bound again."""

    found: str

    def message(self) -> str:
        return f"left of `=` stands {self.found}, but only names can stand there."

    def help(self) -> str | None:
        if self.found == "a parenthesis":
            return "several names stand without parentheses: `a, b = …`"
        if self.own_edits():
            return f"write `{self.own_edits()[0].text}`: names have no `-` in them"
        return "bind a new value to the name: `x = …`"

    def own_edits(self) -> Sequence[Edit]:
        """`hidden-layer` is `hidden_layer`, wherever it stands."""
        source = self.at.source
        line = source.text[source.text.rfind("\n", 0, self.at.start) + 1 :]
        name = re.match(r"\s*([A-Za-z_]\w*(?:-[A-Za-z_]\w*)+)\s*=", line) if self.found == "`-`" else None
        if name is None:
            return ()
        places = re.finditer(rf"(?<![\w-]){re.escape(name[1])}(?![\w-]|>)", source.text)
        return [Edit(Span(source, place.start(), place.end()), name[1].replace("-", "_")) for place in places]


@record(kw_only=True)
class OperatorFirst(Rewritten):
    """An operator stands first on a line. The line above is complete without it and ends there: a line goes on behind an operator, not
    before one; only a chain's `->` may begin a line."""

    operator: str

    def message(self) -> str:
        return f"`{self.operator}` stands first on its line, and the line above ends without it."

    def advice(self) -> str | None:
        return f"put `{self.operator}` at the end of the line above, or the whole in parentheses"


@record(kw_only=True)
class MissingArrow(Rewritten):
    """A chain goes on in a line that begins with `->`; this line begins with a stage alone."""

    def message(self) -> str:
        return "`->` is missing before this stage."

    def advice(self) -> str | None:
        return "write `->` before it"


@record(kw_only=True)
class TrailingComma(Rewritten):
    """Statements and settings stand on lines of their own, with no comma behind them."""

    def message(self) -> str:
        return "a statement has no comma behind it."

    def advice(self) -> str | None:
        return "delete it"
