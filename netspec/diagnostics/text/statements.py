"""Defines the problems of statements: what a name, a type, a value or a body is missing. Floor 0."""

from __future__ import annotations

import re
from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit, Repair
from netspec.diagnostics.text.forms import find_form
from netspec.diagnostics.text.rewritten import Rewritten
from netspec.record import record
from netspec.source import Span


@record(kw_only=True)
class MissingName(Diagnostic):
    """A statement or section has no name behind its keyword."""

    keyword: str
    name: str = ""
    """One that would do, where the value has one."""

    def message(self) -> str:
        return f"`{self.keyword}` needs a name behind it."

    def help(self) -> str | None:
        chosen = self.chosen()
        if chosen is not None and chosen.words:
            return f"write `{chosen.words}`"
        return f"write `{self.keyword} {self.name} = …`" if self.name else f"write `{find_form(self.keyword)}`"

    def repairs(self) -> Sequence[Repair]:
        """`output: h` names `h`; `output = x -> dense(3)` lacks a name."""
        source, end = self.at.source, self.at.end
        if self.keyword == "model":
            trained = re.search(r"(?m)^(?:train|expect|serve)\s+([A-Z]\w*)", source.text)
            name = trained[1] if trained else "Net"
            return [Repair((Edit(Span(source, end, end), f" {name}"),), f"model {name}")]
        value = re.compile(r"[ \t]*[:=][ \t]*([^\n#;}]*\w[^\n#;}]*)").match(source.text, end)
        if value is None or self.keyword != "output":
            return super().repairs()
        named, free = value[1].strip(), next(name for name in ("y", "z", "out", "result") if not re.search(rf"\b{name}\b", source.text))
        texts = [f" {named}", f" {free} = {named}"] if named.isidentifier() else [f" {free} = {named}", f" {named}"]
        place = Span(source, end, value.start(1) + len(value[1].rstrip()))
        return [Repair((Edit(place, text),), f"output{text}") for text in texts]

    def own_edits(self) -> Sequence[Edit]:
        return (Edit(Span(self.at.source, self.at.end, self.at.end), f" {self.name}"),) if self.name else ()


@record(kw_only=True)
class ReservedWord(Diagnostic):
    """A keyword is used as a name. Keywords are reserved where a statement starts; `if else and or not true false none inf` everywhere."""

    word: str

    def message(self) -> str:
        return f"`{self.word}` is a keyword and cannot be a name here."

    def help(self) -> str | None:
        return f"choose another name, such as `{self.word}_`"


@record(kw_only=True)
class MissingType(Diagnostic):
    """An input, weight, buffer, state or parameter has no type."""

    keyword: str
    name: str
    guess: str
    """A type that may be meant."""

    def message(self) -> str:
        return f"`{self.keyword} {self.name}` needs a type."

    def help(self) -> str | None:
        return self.proposed() or f"write `{self.keyword} {self.name}: {self.guess}`"

    def mistake(self) -> object:
        return "dtype" if self.ways else None

    def repairs(self) -> Sequence[Repair]:
        """`input x = f32[B, 8]` has its type behind `=`; `input a, b: f32[B, 8]` is two statements."""
        source, end = self.at.source, self.at.end
        typed = re.compile(r"[ \t]*=[ \t]*(\w+\[[^\]\n]*\])[ \t]*(?=\n|#|$)").match(source.text, end)
        several = re.compile(r"((?:[ \t]*,[ \t]*[A-Za-z_]\w*)+)[ \t]*:[ \t]*([^\n#;]*\w[^\n#;]*)").match(source.text, end)
        if typed is None:
            typed = re.compile(r"[ \t]+(\w+\[[^\]\n]*\])[ \t]*(?=\n|#|$)").match(source.text, end)
        if typed is not None and self.keyword == "input":
            return [Repair((Edit(Span(source, end, typed.start(1)), ": "),), f"input {self.name}: {typed[1]}")]
        begun = re.compile(r"[ \t]*=[ \t]*([A-Za-z_]\w*)[ \t]*(?=\n|#|;|$)").match(source.text, end)
        if begun is not None and self.keyword in ("weight", "buffer"):
            other = [*re.finditer(rf"(?m)^[ \t]*(?:weight|buffer)[ \t]+{begun[1]}[ \t]*:[ \t]*([^=\n]*?)[ \t]*=", source.text[:end])]
            if other:  # it begins as one whose type is known
                kind = other[-1][1]
                words = f"{self.keyword} {self.name}: {kind} = {begun[1]}"
                return [Repair((Edit(Span(source, end, end), f": {kind}"),), words)]
        if several is not None:
            kind, names = several[2].strip(), [self.name, *re.findall(r"\w+", several[1])]
            start = source.text.rfind(self.keyword, 0, self.at.start)
            indent = source.text[source.text.rfind("\n", 0, start) + 1 : start]
            lines = [f"{self.keyword} {name}: {kind}" for name in names]
            place = Span(source, start, several.start(2) + len(several[2].rstrip()))
            return [Repair((Edit(place, f"\n{indent}".join(lines)),), "; ".join(lines))] if not indent.strip() else ()
        return super().repairs()

    def own_edits(self) -> Sequence[Edit]:
        end = self.at.end
        return (Edit(Span(self.at.source, end, end), f": {self.guess}"),) if self.keyword == "param" else ()


@record(kw_only=True)
class MissingShape(Diagnostic):
    """The type of a tensor is its dtype and its dims in brackets; a scalar has empty brackets."""

    dtype: str
    behind: str = ""
    """The dims in parentheses, as they stand behind it."""

    @property
    def meant(self) -> str:
        return f"[{self.behind.strip()[1:-1].rstrip(', ')}]" if self.behind else ""

    def message(self) -> str:
        return f"`{self.dtype}` needs its dims in square brackets."

    def help(self) -> str | None:
        if self.meant and (not self.tried or self.held):
            return f"write `{self.dtype}{self.meant}`"
        return f"write `{self.dtype}[B, 28, 28]` with the dims, or `{self.dtype}[]` for a scalar"

    def own_edits(self) -> Sequence[Edit]:
        start = self.at.end
        return (Edit(Span(self.at.source, start, start + len(self.behind)), self.meant),) if self.meant else ()


@record(kw_only=True)
class MissingValue(Diagnostic):
    """A statement or setting ends before its `=` and value."""

    keyword: str
    name: str
    called: bool = False
    """Parentheses stand behind the name: it is the value."""

    def message(self) -> str:
        return f"`{f'{self.keyword} {self.name}'.strip()}` needs `=` and a value."

    def own_edits(self) -> Sequence[Edit]:
        return (Edit(Span(self.at.source, self.at.end, self.at.end), f" = {self.name}"),) if self.called else ()

    def help(self) -> str | None:
        if self.called:
            return f"write `{self.keyword} {self.name} = {self.name}(…)`"
        inits = {"weight": " = normal(0.02)", "buffer": " = zeros", "state": " = zeros"}
        return f"add `{inits.get(self.keyword, ' = …').strip()}`"


@record(kw_only=True)
class MissingEquals(Diagnostic):
    """The `=` between a name and its value is missing."""

    name: str

    def message(self) -> str:
        return f"`=` is missing behind `{self.name}`."

    def help(self) -> str | None:
        return f"write `{self.name} = …`"

    def own_edits(self) -> Sequence[Edit]:
        return (Edit(Span(self.at.source, self.at.start, self.at.start), "= "),)


@record(kw_only=True)
class MissingBrace(Rewritten):
    """The body of a section, loop, phase or branch stands in `{ }`. There is no `:` block as in Python."""

    what: str
    colon: bool = False

    def message(self) -> str:
        found = ", not behind `:`" if self.colon else ""
        return f"the body of `{self.what}` stands in braces{found}."

    def advice(self) -> str | None:
        return "open it with `{` on this line and close it with `}`"


@record(kw_only=True)
class MissingSemicolon(Diagnostic):
    """Two statements stand on one line with nothing between them."""

    def message(self) -> str:
        return "a second statement begins on this line."

    def help(self) -> str | None:
        return "put it on a line of its own, or `;` before it"

    def own_edits(self) -> Sequence[Edit]:
        return (Edit(Span(self.at.source, self.at.start, self.at.start), "; "),)
