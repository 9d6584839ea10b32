"""Defines the problems of habits from other languages: their signs, words, comments, quotes, comprehensions and kinds of `if`. Floor 0."""

from __future__ import annotations

from collections.abc import Sequence

from netspec.diagnostics.base import Diagnostic, Edit, Place
from netspec.limits import LIMITS
from netspec.record import record
from netspec.source import Span


@record(kw_only=True)
class ForeignOperator(Diagnostic):
    """A sign that other languages have. Here: `and or not`, `**` for powers, `//` for whole division, `->` for chains."""

    found: str
    meant: str | None
    """What it is called here."""

    def message(self) -> str:
        return f"there is no `{self.found}`" + (f"; it is written `{self.meant}`." if self.meant else ".")

    def help(self) -> str | None:
        if self.meant is not None:
            return f"write `{self.meant}`"
        return f"a name may be bound again: `x = x {self.found[:-1]} …`" if self.found.endswith("=") else None

    def edits(self) -> Sequence[Edit]:
        if self.meant is None or not self.at.source.text:
            return ()
        word, text = self.meant.isalpha(), self.at.source.text
        before = " " if word and text[self.at.start - 1 : self.at.start].strip() else ""
        after = " " if word and text[self.at.end : self.at.end + 1].strip() else ""
        return (Edit(self.at, f"{before}{self.meant}{after}"),)


HABITS = {
    "in place": "nothing is changed in place: a name is bound again",
    "import": 'an import reads `import Name from "file.net"`',
    "library import": "a spec imports no libraries: layers and functions are known by their names",
    "comment": "a comment begins with `#`",
    "loop": "a loop reads `for i in range(3) { … }` or `repeat 3 { … }`",
    "body": "a body stands in braces, and the `{` on the line that it belongs to",
    "operator first": "a line ends here, since it ends in no operator: the operator stands at the end of the line above",
    "backslash": "a line goes on by itself after an operator or a comma, and before `->`",
    "trailing comma": "statements have no comma behind them",
    "trailing operator": "a value is missing behind this",
    "arrow left out": "an arrow is missing before this: a chain goes on in a line that begins with `->`",
    "declared": "a name is bound without a word or type before it",
    "return": "what a block or model gives is an `output`",
    "useless": "this means nothing in a spec",
    "assert": 'a condition is required by `require condition, "message"`',
    "self": "names of a body stand alone",
    "setting": "a setting reads `name = value`",
    "choice": "a choice reads `if condition { a } else { b }`",
    "else if": "a further case reads `else if condition { … }`",
    "if statement": "`if` chooses between two values and holds no statements",
    "applied": "a layer is applied by an arrow: `x -> dense(64)`",
    "method": "tensors have no methods: functions take them, or stand behind `->`",
    "function": "a function of numbers reads `let name(v: int) = …`, and what computes with tensors is a `block`",
}
"""What is said of each habit."""


@record(kw_only=True)
class ForeignForm(Diagnostic):
    """Something is written as in another language. Netspec says the same in another way, and reads the rest of the file as if that stood
    there; all places of one habit are one problem."""

    habit: str
    """A key of `HABITS`, or `sign` and a sign of another language."""
    found: str
    meant: str
    """The statement as it is written here; empty where it is too long to show."""
    changes: tuple[tuple[Span, str], ...]
    others: tuple[Span, ...] = ()
    """Further places of the same habit."""

    def message(self) -> str:
        if self.habit.startswith("sign "):
            return f"there is no `{self.habit[5:]}` here."
        return f"{HABITS[self.habit]}."

    def places(self) -> Sequence[Place]:
        return [Place(span, "and here") for span in self.others[: LIMITS.suggestions]]

    def help(self) -> str | None:
        if not self.changes:
            return None
        if not self.meant:
            return "delete it" if all(not text for _, text in self.changes) else "`netspec check --fix` writes it so"
        return f"write `{self.meant}`"

    def edits(self) -> Sequence[Edit]:
        return [Edit(span, text) for span, text in self.changes]


@record(kw_only=True)
class ForeignConstant(Diagnostic):
    """The constants are written in small letters: `true`, `false`, `none`, `inf`."""

    found: str
    meant: str

    def message(self) -> str:
        return f"`{self.found}` is written `{self.meant}`."

    def help(self) -> str | None:
        return f"write `{self.meant}`"

    def edits(self) -> Sequence[Edit]:
        return (Edit(self.at, self.meant),)


@record(kw_only=True)
class ForeignKeyword(Diagnostic):
    """A word that other languages have for what netspec writes in another way."""

    found: str
    instead: str

    def message(self) -> str:
        return f"there is no `{self.found}` here."

    def help(self) -> str | None:
        return self.instead


@record(kw_only=True)
class ForeignComment(Diagnostic):
    """A comment begins with `#`, and with `##` when it describes what follows."""

    found: str

    def message(self) -> str:
        return f"a comment begins with `#`, not with `{self.found}`."

    def help(self) -> str | None:
        return "write `# …`"

    def edits(self) -> Sequence[Edit]:
        return (Edit(self.at, "#"),) if self.found == "//" else ()


@record(kw_only=True)
class WrongQuotes(Diagnostic):
    """Strings stand in double quotes."""

    text: str

    def message(self) -> str:
        return "strings stand in double quotes."

    def _double(self) -> str:
        inside = self.text[1:-1].replace("\\'", "'")
        return '"' + inside.replace('"', '\\"') + '"'

    def help(self) -> str | None:
        return f"write `{self._double()}`"

    def edits(self) -> Sequence[Edit]:
        return (Edit(self.at, self._double()),)


@record(kw_only=True)
class IfIsAnExpression(Diagnostic):
    """`if` chooses between two values, and each branch is one expression. It holds no statements."""

    name: str = "x"
    declares: str = ""
    """The keyword of a statement that begins in a branch."""

    def message(self) -> str:
        return "`if` chooses between two values: a branch holds one expression and no statements."

    def help(self) -> str | None:
        if self.declares:
            return f"write the `{self.declares}` before the `if`, in the body itself, and choose between values in the branches"
        return f"write `{self.name} = if … {{ … }} else {{ … }}`"


@record(kw_only=True)
class MissingElse(Diagnostic):
    """An `if` needs both branches, since it is a value."""

    def message(self) -> str:
        return "this `if` has no `else`: it is a value, so both cases need one."

    def help(self) -> str | None:
        return "add `else { … }`, with what the value is otherwise"


@record(kw_only=True)
class TrailingIf(Diagnostic):
    """A choice between two values begins with the condition."""

    value: str
    filters: bool = False
    """It stands before the `for` of a list and leaves items out."""

    def message(self) -> str:
        return "a choice begins with `if` and its condition."

    def help(self) -> str | None:
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

    def edits(self) -> Sequence[Edit]:
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
