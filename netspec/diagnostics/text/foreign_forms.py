"""Defines the problems of habits from other languages: their signs, words, comments, quotes, comprehensions and kinds of `if`. Floor 0."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from netspec.diagnostics.base import Diagnostic, Edit, Repair
from netspec.diagnostics.text.rewritten import Rewritten
from netspec.limits import LIMITS
from netspec.record import record
from netspec.source import Span


@record(kw_only=True)
class ForeignOperator(Rewritten):
    """A sign that other languages have. Here: `and or not`, `**` for powers, `//` for whole division, `->` for chains."""

    merges: ClassVar[bool] = True
    found: str
    sign: str | None
    """What it is called here."""

    def message(self) -> str:
        return f"there is no `{self.found}`" + (f"; it is written `{self.sign}`." if self.sign else ".")

    def advice(self) -> str | None:
        if self.sign is not None:
            return f"write `{self.sign}`"
        return f"a name may be bound again: `x = x {self.found[:-1]} …`" if self.found.endswith("=") else None

    def own_edits(self) -> Sequence[Edit]:
        if self.changes or self.sign is None or not self.at.source.text:
            return super().own_edits()
        word, text = self.sign.isalpha(), self.at.source.text
        before = " " if word and text[self.at.start - 1 : self.at.start].strip() else ""
        after = " " if word and text[self.at.end : self.at.end + 1].strip() else ""
        return (Edit(self.at, f"{before}{self.sign}{after}"),)


@record(kw_only=True)
class ListMethod(Rewritten):
    """Lists and values never change in place: a name is bound again, to the list with one item more or less."""

    found: str

    def message(self) -> str:
        return f"a list is not changed in place, as `{self.found}` would."

    def advice(self) -> str | None:
        return "bind the name again: `xs = xs + [x]`, `xs = xs[:-1]`"


@record(kw_only=True)
class TensorMethod(Rewritten):
    """Tensors have no methods and no attributes: functions take them, `mean(x, axis=1)`, layers stand behind `->`, and sizes have the names
    that they have in types."""

    found: str

    def message(self) -> str:
        return f"a tensor has no methods and no attributes, as in `{self.found}`."

    def own_edits(self) -> Sequence[Edit]:
        return () if self.differs() else super().own_edits()

    def differs(self) -> str:
        """The function that divides by another number in one library than in the next, where it is among the methods."""
        found = [re.search(r"\.(std|var)\(", span.text) for span, text in self.changes if "ddof" not in text]
        return next((match[1] for match in found if match is not None), "")

    def advice(self) -> str | None:
        if name := self.differs():
            return f"functions take the tensor: `{name}(x, axis=1)` divides by n as NumPy does, `{name}(x, axis=1, ddof=1)` as PyTorch"
        return "functions take the tensor: `mean(x, axis=1)`, `x -> relu`; a size is named in a type, `x: f32[B, D]`"


@record(kw_only=True)
class LayerCalledTwice(Rewritten):
    """A layer is applied by an arrow, `x -> dense(64)`. It is not called with its arguments first and with its input then."""

    found: str

    def message(self) -> str:
        return f"`{self.found}` calls a layer with its arguments and again with its input."

    def covers(self) -> Span | None:
        return self.at

    def advice(self) -> str | None:
        return "a layer is applied by an arrow: `x -> dense(64)`"


@record(kw_only=True)
class LibraryName(Rewritten):
    """Layers and functions have their names alone, `relu`, `dense`: a spec names no Python library."""

    found: str

    def message(self) -> str:
        return f"`{self.found}` belongs to a Python library."

    def advice(self) -> str | None:
        return "layers and functions have their names alone: `relu(x)`, `x -> dense(64)`"


@record(kw_only=True)
class ForeignLoop(Rewritten):
    """A loop reads `for i in range(3) { … }`, `for w in [16, 32] { … }` or `repeat 3 { … }`. Other languages write it in other words."""

    found: str

    def message(self) -> str:
        return f"`{self.found}` is no loop of this language."

    def advice(self) -> str | None:
        return "write `for i in range(3) { … }`, `for w in [16, 32] { … }` or `repeat 3 { … }`"


@record(kw_only=True)
class ForeignConstant(Rewritten):
    """The constants are written in small letters: `true`, `false`, `none`, `inf`."""

    merges: ClassVar[bool] = True
    found: str
    constant: str

    def message(self) -> str:
        return f"`{self.found}` is written `{self.constant}`."

    def advice(self) -> str | None:
        return f"write `{self.constant}`"

    def own_edits(self) -> Sequence[Edit]:
        return super().own_edits() or (Edit(self.at, self.constant),)


@record(kw_only=True)
class ForeignKeyword(Rewritten):
    """A word that other languages have for what netspec writes in another way."""

    found: str
    instead: str

    def message(self) -> str:
        return f"there is no `{self.found}` here."

    def advice(self) -> str | None:
        return self.instead


@record(kw_only=True)
class ForeignComment(Rewritten):
    """A comment begins with `#`, and with `##` when it describes what follows."""

    found: str

    def message(self) -> str:
        return f"a comment begins with `#`, not with `{self.found}`."

    def advice(self) -> str | None:
        return "write `# …`"

    def own_edits(self) -> Sequence[Edit]:
        return super().own_edits() or ((Edit(self.at, "#"),) if self.found == "//" else ())


@record(kw_only=True)
class WrongQuotes(Rewritten):
    """Strings stand in double quotes."""

    merges: ClassVar[bool] = True
    text: str

    def message(self) -> str:
        return "strings stand in double quotes."

    def _double(self) -> str:
        inside = self.text[1:-1].replace("\\'", "'")
        return '"' + inside.replace('"', '\\"') + '"'

    def advice(self) -> str | None:
        return f"write `{self._double()}`"

    def own_edits(self) -> Sequence[Edit]:
        return super().own_edits() or (Edit(self.at, self._double()),)


@record(kw_only=True)
class IfIsAnExpression(Rewritten):
    """`if` chooses between two values, and each branch is one expression. It holds no statements."""

    name: str = "x"
    declares: str = ""
    """The keyword of a statement that begins in a branch."""

    def message(self) -> str:
        return "`if` chooses between two values: a branch holds one expression and no statements."

    def advice(self) -> str | None:
        if self.declares:
            return f"write the `{self.declares}` before the `if`, in the body itself, and choose between values in the branches"
        if any("when " in text for _, text in self.changes):
            return "each phase has its region: `when train { … }`, `when eval { … }`, `when serve { … }`"
        return f"write `{self.name} = if … {{ … }} else {{ … }}`"


@record(kw_only=True)
class MissingElse(Diagnostic):
    """An `if` needs both branches, since it is a value."""

    end: int = -1
    """Where it ends in the text."""

    def message(self) -> str:
        return "this `if` has no `else`: it is a value, so both cases need one."

    def help(self) -> str | None:
        chosen = self.chosen()
        return f"write `{chosen.words}` behind it" if chosen is not None else "add `else { … }`, with what the value is otherwise"

    def repairs(self) -> Sequence[Repair]:
        """Otherwise the value stays what it was: the name that is bound again, or what the branch begins with."""
        source, end = self.at.source, self.end
        if end < 0:
            return ()
        line = source.text.rfind("\n", 0, self.at.start) + 1
        bound = re.match(r"\s*(\w+)\s*(?::[^=]*)?=\s*$", source.text[line : self.at.start])
        begun = re.search(r"\{\s*([A-Za-z_]\w*)\s*->", source.text[self.at.start : end])
        names = dict.fromkeys(found[1] for found in (bound, begun) if found)
        return [Repair((Edit(Span(source, end, end), f" else {{ {name} }}"),), f"else {{ {name} }}") for name in names]


@record(kw_only=True)
class TrailingIf(Rewritten):
    """A choice between two values begins with the condition."""

    value: str
    filters: bool = False
    """It stands before the `for` of a list and leaves items out."""

    def message(self) -> str:
        return "a choice begins with `if` and its condition."

    def advice(self) -> str | None:
        if self.filters:
            return f"a condition on the items stands last: `[{self.value} for … in … if …]`"
        return f"write `if … {{ {self.value} }} else {{ … }}`"


@record(kw_only=True)
class BareComprehension(Diagnostic):
    """A comprehension makes a list, and stands in the brackets of one: `[f(x) for x in xs]`."""

    found: str
    """What stands there instead of a list."""
    edges: tuple[Span, ...] = ()
    """Where the brackets belong; nowhere in a dict, which has no such form."""
    parts: bool = False
    """It has its brackets, but several values for each item."""

    def message(self) -> str:
        if self.parts:
            return "each item of a list is one value: several of them have brackets of their own."
        return "`for` stands in the brackets of a list: only lists are made by a comprehension."

    def help(self) -> str | None:
        if self.parts:
            return f"write `[({self.found}) for … in …]`"
        if not self.edges:
            return "write the dict out; a list of records is `[{a: x, b: 2} for x in xs]`"
        return f"write `[{self.found}]`" if len(self.found) <= LIMITS.quoted_characters else "put it in brackets: `[… for … in …]`"

    def own_edits(self) -> Sequence[Edit]:
        return [Edit(span, text) for span, text in zip(self.edges, "()" if self.parts else "[]", strict=False)]


@record(kw_only=True)
class OneOutput(Diagnostic):
    """An `output` statement names one output; a call with several results is bound to names first."""

    first: str
    second: str

    def message(self) -> str:
        return "an `output` statement names one output."

    def help(self) -> str | None:
        return f"bind them first, `{self.first}, {self.second} = …`, and then write `output {self.first}` and `output {self.second}`"
