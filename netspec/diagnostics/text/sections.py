"""Defines the problems of sections: their words, their headers, their places. Floor 0."""

from __future__ import annotations

import re
from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit, Repair
from netspec.diagnostics.suggestions.nearest import one_of
from netspec.diagnostics.text.rewritten import Rewritten
from netspec.record import record
from netspec.source import Span


@record(kw_only=True)
class UnknownSection(Diagnostic):
    """A file has `import`, `param`, `let`, `block`, `model`, `train`, `serve` and `expect`; this begins with another word."""

    found: str
    near: tuple[str, ...] = ()

    def message(self) -> str:
        return f"there is no section `{self.found}`."

    def help(self) -> str | None:
        names = self.near or ("import", "param", "let", "block", "model", "train", "serve", "expect")
        return f"a section begins with {one_of(names)}" if not self.near else f"write {one_of(names)}"

    def own_edits(self) -> Sequence[Edit]:
        return (Edit(self.at, self.near[0]),) if len(self.near) == 1 else ()


@record(kw_only=True)
class OutsideSection(Diagnostic):
    """A statement stands outside of every block, model and train section. Only the first of several in a row is reported."""

    found: str

    def message(self) -> str:
        return "this statement stands outside of every section."

    def help(self) -> str | None:
        return "put it into the braces of a `block`, `model` or `train`; if it is in one already, a `}` above came too early"


@record(kw_only=True)
class NestedSection(Diagnostic):
    """A section stands inside of another one. Sections follow one another."""

    section: str

    def message(self) -> str:
        return f"a `{self.section}` cannot stand inside of another section."

    def help(self) -> str | None:
        return f"move the `{self.section}` out, before or after the section around it"


def _as_statement(part: str) -> str:
    """`width: int = 64` of a header as a statement; "" where its type is not known."""
    name, colon, rest = (piece.strip() for piece in part.partition(":"))
    if colon:
        keyword = "input" if re.fullmatch(r"\w+\[[^=]*\]", rest) and not rest.startswith("list") else "param"
        return f"{keyword} {name}: {rest.replace(' = ', '=').replace('=', ' = ')}"
    name, equals, value = (piece.strip() for piece in part.partition("="))
    kinds = ((r"[0-9][0-9_]*", "int"), (r"[0-9_.e+-]+", "float"), (r"true|false", "bool"), (r'"[^"]*"', "str"))
    kind = next((kind for pattern, kind in kinds if re.fullmatch(pattern, value)), "")
    return f"param {name}: {kind} = {value}" if equals and kind else ""


@record(kw_only=True)
class ParametersInHeader(Diagnostic):
    """The header of a block or model is its name alone; parameters and inputs are statements in it."""

    section: str
    name: str

    def message(self) -> str:
        return f"the header of a {self.section} is its name alone: parameters and inputs are statements in it."

    def help(self) -> str | None:
        chosen = self.chosen()
        if chosen is not None:
            return f"write `{self.section} {self.name} {{`, then {chosen.words} on lines of their own"
        return f"write `{self.section} {self.name} {{`, then `param features: int` and `input x: f32[B, F]` on lines of their own"

    def repairs(self) -> Sequence[Repair]:
        """What stands in the parentheses as statements, where each has a type or a default."""
        source, start = self.at.source, self.at.start
        header = re.compile(r"\(([^{}()]*)\)\s*(?:->[^{}\n]*)?:?\s*\{[ \t]*").match(source.text, start)
        parts = re.split(r",\s*(?![^\[\]]*\])", header[1].strip().rstrip(",")) if header else []
        lines = [_as_statement(part.strip()) for part in parts if part.strip()]
        if header is None or not all(lines):
            return ()
        statements = "".join(f"\n  {line}" for line in lines) + ("" if source.text[header.end() :][:1] == "\n" else "\n  ")
        words = " and ".join(f"`{line}`" for line in lines)
        return [Repair((Edit(Span(source, start, header.end()), f" {{{statements}"),), words)]


@record(kw_only=True)
class BadFunction(Rewritten):
    """A function of static values is one line: its name, its params with their types, and one expression behind `=`."""

    found: str
    value: str = ""
    """The name that is given a value, where no function was meant."""
    typed: str = ""
    """The param that lacks its type."""

    def message(self) -> str:
        return f"a function reads `let name(v: float, by: int = 8) = …`, but here is {self.found}."

    def advice(self) -> str | None:
        if self.value:
            return f"a value of the file is a `param`: `param {self.value}: int = …`"
        if self.typed:
            return f"give it a type: `{self.typed}: int`, `{self.typed}: float`"
        return "its body is one expression without braces: `let twice(v: float) = 2 * v`; what computes with tensors is a `block`"


@record(kw_only=True)
class BadImport(Rewritten):
    """An import reads `import A, B as C from "other.net"`: names, then the file's path in quotes."""

    found: str
    library: bool = False
    """It is one of Python's libraries."""

    def message(self) -> str:
        if self.library:
            return f"{self.found} imports a library, and a spec imports only other specs: the layers and functions of the shelf are there."
        return f'an import reads `import Name from "file.net"`, but here is {self.found}.'

    def advice(self) -> str | None:
        if self.library:
            return "delete the line"
        return 'name what is imported: `import Encoder, Decoder as Head from "blocks.net"`'
