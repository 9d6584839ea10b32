"""Reads the small values of the JSON twin: names, comments, targets, and strings of the language. Wrong ones are reported and `BAD`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.text.characters import ForbiddenCharacter, TooLarge
from netspec.diagnostics.text.first_line import NewerVersion
from netspec.diagnostics.text.json_twin import BadJsonText, MissingKey, UnknownKey, WrongJsonType
from netspec.json_text import Item, Member
from netspec.limits import LIMITS
from netspec.source import Span
from netspec.syntax import tree
from netspec.syntax.header import VERSION, describe_older
from netspec.syntax.source_reader import find_forbidden
from netspec.syntax.twin_places import parse_string, span_inside
from netspec.syntax.words import BODY, RESERVED, SETTINGS

BAD: Any = object()
"""Stands for a value that could not be read, for a reason that is reported."""

COMPARISONS = ("==", "!=", "<=", ">=", "<", ">")
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TARGET = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*:")
_WORD = re.compile(r"\w+|[^\w\s]")
_IMPORT = re.compile(r"(\S+)(?:\s+as\s+(\S+))?")

T = TypeVar("T")


def _wrap(text: str, wanted: str, item: Item) -> str:
    """The JSON that a value of another kind means: a list of one, a call by its name, a plain number; "" where it is not known."""
    if len(text) > LIMITS.quoted_characters:
        return ""
    if wanted == "a list" and isinstance(item.value, str | dict):
        return f"[{text}]"
    if wanted == "an object" and isinstance(item.value, str) and item.value.replace("_", "").isalnum():
        return f'{{"kind": "call", "op": {text}}}'
    if wanted.startswith("the version") and isinstance(item.value, str | float) and str(item.value).partition(".")[0] == str(VERSION):
        return str(VERSION)
    if wanted.startswith("`true`") and str(item.value).lower() in ("true", "false"):
        return str(item.value).lower()
    return ""


class Strings:
    """What holds no statements of its own."""

    def __init__(self, problems: list[Diagnostic]) -> None:
        self.problems = problems
        self.report = problems.append
        self.words = 0
        """How many stand in the strings of the language read so far."""

    def wrong(self, item: Item, wanted: str, found: str) -> Any:
        """Reports a value of another kind than is wanted there."""
        numeral = isinstance(item.value, int | float | bool) and ("string" in wanted or "expression" in wanted)
        at = item.span if isinstance(item.value, str) else Span(item.source, item.start, item.start + 1 if item.value else item.end)
        at = Span(item.source, item.start, item.end) if not isinstance(item.value, str | list | dict) else at
        written = item.source.text[item.start : item.end] if numeral else ""
        whole = Span(item.source, item.start, item.end)
        meant = "" if numeral else _wrap(whole.text, wanted, item)
        self.report(WrongJsonType(at=at, wanted=wanted, found=found, written=written, meant=meant, whole=whole))
        return BAD

    def bad(self, span: Span, wanted: str, why: str = "") -> Any:
        """Reports a string that does not say what is wanted."""
        found = span.text if len(span.text) <= LIMITS.quoted_characters else span.text[: LIMITS.quoted_characters] + "…"
        self.report(BadJsonText(at=span, wanted=wanted, found=found, why=why))
        return BAD

    # --- JSON's own kinds --------------------------------------------------------------------------------------------

    def object(self, item: Item) -> dict[str, Member] | None:
        if isinstance(item.value, dict):
            return dict(item.value)
        self.wrong(item, "an object", item.kind())
        return None

    def list(self, item: Item) -> list[Item] | None:
        if isinstance(item.value, list):
            return item.value
        self.wrong(item, "a list", item.kind())
        return None

    def string(self, item: Item, wanted: str = "a string") -> Any:
        """The text of a string without invisible characters."""
        if not isinstance(item.value, str):
            return self.wrong(item, wanted, item.kind())
        strange = find_forbidden(item.value)
        if strange is None:
            return item.value
        self.report(ForbiddenCharacter(at=span_inside(item, strange, strange + 1), code=ord(item.value[strange])))
        return BAD

    def flag(self, item: Item) -> Any:
        return item.value if isinstance(item.value, bool) else self.wrong(item, "`true` or `false`", item.kind())

    def each(self, values: Iterable[T], read: Callable[[T], Any]) -> Any:
        """All values read; BAD if one is."""
        made = tuple(read(v) for v in values)
        return BAD if any(m is BAD for m in made) else made

    # --- strings of the language -------------------------------------------------------------------------------------

    def fragment(self, item: Item, form: str, start: int = 0) -> Any:
        """An expression or type."""
        wanted = "an expression: a string, or an object of kind `call` or `chain`" if form == "expr" else "a type in a string"
        if self.string(item, wanted) is BAD:
            return BAD
        before, self.words = self.words, self.words + len(_WORD.findall(str(item.value)))
        if self.words > LIMITS.words:
            if before <= LIMITS.words:
                self.report(TooLarge(at=item.span, what="words in one file", limit=LIMITS.words))
            return BAD
        node, found = parse_string(item, form, start)
        self.problems += found
        return BAD if node is None else node

    def name(self, item: Item) -> Any:
        text = self.string(item, "a name in a string")
        return text if text is BAD else self.named(text, item.span)

    def named(self, text: str, span: Span) -> Any:
        """A text as a name, if it may be one."""
        if not NAME.fullmatch(text):
            return self.bad(span, "a name", "names are letters, digits and `_`")
        if text in RESERVED:
            return self.bad(span, "a name", "it is a word of the language")
        if len(text) > LIMITS.name_characters:
            self.report(TooLarge(at=span, what="characters in a name", limit=LIMITS.name_characters, found=len(text)))
            return BAD
        return text

    def path(self, item: Item) -> Any:
        """`conv`, `embedding.attend`."""
        text = self.string(item, "a name in a string")
        if text is BAD:
            return BAD
        parts = [self.named(part, item.span) for part in text.split(".")[:1]] + [
            part if NAME.fullmatch(part) else self.bad(item.span, "a name", "names are letters, digits and `_`")
            for part in text.split(".")[1:]
        ]
        return BAD if any(p is BAD for p in parts) else tree.Name(tuple(parts), span=item.span)

    def index(self, item: Item) -> Any:
        name = self.name(item)
        return name if name is BAD else tree.Target(name, span=item.span)

    def text(self, item: Item) -> Any:
        """A string as it is: a message, a path."""
        if not isinstance(item.value, str):
            return self.wrong(item, "a string", item.kind())
        return tree.String(item.value, span=item.span)

    def key(self, item: Item) -> Any:
        return item.value if isinstance(item.value, str) else self.wrong(item, "a string", item.kind())

    def comparison(self, item: Item) -> Any:
        text = self.string(item)
        return text if text is BAD or text in COMPARISONS else self.bad(item.span, "a comparison", f"they are {' '.join(COMPARISONS)}")

    def dims(self, item: Item) -> Any:
        items = self.list(item)
        return BAD if items is None else self.each(items, self.dim)

    def dim(self, item: Item) -> Any:
        """A dim of a shape: an expression, or dots."""
        return tree.Dots(span=item.span) if item.value == "..." else self.fragment(item, "expr")

    def targets(self, item: Item) -> Any:
        items = self.list(item)
        found = BAD if items is None else self.each(items, self.target)
        return self.wrong(item, "one name or more", "an empty list") if found == () else found

    def target(self, item: Item) -> Any:
        """`y`, or `y: f32[B, 4]`."""
        text = self.string(item, "a name in a string")
        typed = None if text is BAD else _TARGET.match(text)
        if typed is None:
            name = text if text is BAD else self.named(text, item.span)
            return BAD if name is BAD else tree.Target(name, span=item.span)
        name, span = self.named(typed[1], span_inside(item, typed.start(1), typed.end(1))), item.span
        type_ = self.fragment(item, "tensor", typed.end())
        return BAD if name is BAD or type_ is BAD else tree.Target(name, type_, span=span)

    def loop_names(self, item: Item) -> Any:
        """`x`, or `(a, b)`, in a list: the names of a loop."""
        items = self.list(item)
        found = BAD if items is None else self.each(items, self.loop_name)
        return self.wrong(item, "one name or more", "an empty list") if found == () else found

    def loop_name(self, item: Item) -> Any:
        """A name of a loop; in brackets stand those of an item that is taken apart once more."""
        text = self.string(item, "a name in a string")
        if text is BAD or not text.lstrip().startswith("("):
            return BAD if text is BAD else self.index(item)
        value = self.fragment(item, "expr")
        name = value if value is BAD else _to_loop_name(value)
        return self.bad(item.span, "a name", "in brackets stand two names or more") if name is None else name

    def function_params(self, item: Item) -> Any:
        """`v: float`, `by: int = 8`, in a list."""
        items = self.list(item)
        return BAD if items is None else self.each(items, lambda i: self.fragment(i, "function_param"))

    def imports(self, item: Item) -> Any:
        items = self.list(item)
        found = BAD if items is None else self.each(items, self.import_name)
        return self.wrong(item, "one name or more", "an empty list") if found == () else found

    def import_name(self, item: Item) -> Any:
        """`A`, or `A as B`."""
        text = self.string(item, "a name in a string")
        parts = None if text is BAD else _IMPORT.fullmatch(text)
        if parts is None:
            return BAD if text is BAD else self.bad(item.span, "a name", "another name for it stands behind `as`")
        names = [self.named(part, span_inside(item, *parts.span(i))) for i, part in enumerate(parts.groups(), 1) if part is not None]
        return BAD if any(n is BAD for n in names) else tree.ImportName(*names, span=item.span)

    # --- comments and the version ------------------------------------------------------------------------------------

    def comments(self, item: Item) -> Any:
        members = self.object(item)
        if members is None:
            return BAD
        before = self.comment_lines(members["before"].item) if "before" in members else ()
        after = self.comment(members["after"].item) if "after" in members else ""
        unknown = [m.key for name, m in members.items() if name not in _SIDES]
        for key in unknown:
            self.report(UnknownKey(at=key.span, key=str(key.value), form="`comments`", options=_SIDES))
        return BAD if before is BAD or after is BAD or unknown else tree.Comments(before, after)

    def comment_lines(self, item: Item) -> Any:
        """Comments, each on a line; an empty string is an empty line."""
        items = self.list(item)
        return BAD if items is None else self.each(items, lambda i: "" if i.value == "" else self.comment(i))

    def comment(self, item: Item) -> Any:
        text = self.string(item)
        if text is BAD or (text.startswith("#") and "\n" not in text and len(text) < LIMITS.line_characters // 2):
            return text if text is BAD else tree.Comment(said := text.rstrip(), item.offset(0), item.offset(len(said)))
        return self.bad(item.span, "a comment", "a comment begins with `#` and is one line")

    def version(self, member: Member | None, root: Item) -> int | None:
        """The version to read the file as; None where it is newer than ours."""
        if member is None:
            self.report(MissingKey(at=Span(root.source, root.start, root.start + 1), keys=("netspec",), form="a spec"))
            return VERSION
        found = member.item.value
        if not isinstance(found, int) or isinstance(found, bool) or found < 0:
            self.wrong(member.item, f"the version of the language, {VERSION}", member.item.kind())
            return VERSION
        elif found > VERSION:
            self.report(NewerVersion(at=member.item.span, found=str(found), known=VERSION))
            return None
        elif found < VERSION:
            self.report(describe_older(member.item.span, found))
        return found

    # --- what the keys of one statement say together -----------------------------------------------------------------

    def fitting(self, node: Any, item: Item) -> Any:
        """The statement, or a `Hole` where its text form would mean something else."""
        why = _explain_unfit(node)
        if why is None:
            return node
        at = getattr(node, "name_span", None) or item.span
        self.bad(at if at.source is item.source else Span(item.source, item.start, item.start + 1), *why)
        return tree.Hole((), (), span=node.span)


def _to_loop_name(node: Any) -> tree.LoopName | None:
    """The names that a string with brackets means."""
    if isinstance(node, tree.Name) and len(node.parts) == 1:
        return tree.Target(node.text, span=node.span)
    items = node.items if isinstance(node, tree.TupleExpr) else ()
    names = [_to_loop_name(item.value) if item.name is None else None for item in items]
    fine = len(names) > 1 and None not in names
    return tree.LoopNames(tuple(n for n in names if n is not None), span=node.span) if fine else None


CALLED_LIKE = frozenset({"metric"})
"""Keywords that are also the name of a setting, `stop { metric = loss }`."""
_SIDES = ("before", "after")


def _explain_unfit(node: Any) -> tuple[str, str] | None:
    """What a statement is not, and why."""
    match node:
        case tree.Binding() if node.targets[0].name in BODY:
            return "a binding", f"`{node.targets[0].name}` begins another statement"
        case tree.Output(name=None) if node.type is not None:
            return "an output", "one with a type needs a `name`"
        case tree.Setting(quoted=False) if not NAME.fullmatch(node.key) or node.key in (*SETTINGS - CALLED_LIKE, *RESERVED):
            return "the name of a setting", "with `quoted` it may be any string"
        case tree.Group() if not NAME.fullmatch(node.key) or node.key in ("let", "metric", *RESERVED):
            return "the name of a group", ""
        case tree.Group() if (node.key == "update") != (node.label is not None):
            return "the name of a group", "`update` has a `label`, the others have none"
    return None
