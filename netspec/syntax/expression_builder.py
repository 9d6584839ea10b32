"""Reduces the grammar's expression rules to tree nodes. Method names are the grammar's; children are tokens and nodes in order."""

from __future__ import annotations

import re
from typing import Any

from netspec.diagnostics.base import Diagnostic, Edit, Repair
from netspec.source import NO_SOURCE, Source, Span
from netspec.syntax import problems
from netspec.syntax.comments import Remarks
from netspec.syntax.token import Token
from netspec.syntax.tree import (
    Arg,
    Binary,
    Call,
    Chain,
    Comprehension,
    Constant,
    DictExpr,
    DictItem,
    Dots,
    Duration,
    ForClause,
    If,
    Index,
    ListExpr,
    LoopName,
    LoopNames,
    Member,
    Name,
    Node,
    Number,
    ParamType,
    Paren,
    RecordField,
    ShapeStage,
    Slice,
    Stage,
    String,
    Target,
    TensorRef,
    TupleExpr,
    Unary,
)

_MULTIPLIER = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_NUMBER = re.compile(r"(?P<digits>[0-9_]+)(?P<rest>[^kMGTK]*)(?P<suffix>.*)")
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
_CONSTANTS = {"true": True, "True": True, "false": False, "False": False, "none": None, "None": None, "inf": float("inf")}

Children = list[Any]


class ExpressionBuilder:
    """Makes expression and type nodes. `begin` sets the source whose positions they carry."""

    source: Source = NO_SOURCE
    remarks: Remarks
    problems: list[Diagnostic]

    def begin(self, source: Source, remarks: Remarks) -> None:
        """Get ready for another parse."""
        self.source, self.remarks, self.problems = source, remarks, []

    # --- places ------------------------------------------------------------------------------------------------------

    def span(self, children: Children) -> Span:
        """From the first child to the end of the last one."""
        first, last = children[0], children[-1]
        start = first.span.start if isinstance(first, Node) else first.start_pos
        return Span(self.source, start, last.span.end if isinstance(last, Node) else last.end_pos)

    def token_span(self, token: Token) -> Span:
        return Span(self.source, token.start_pos or 0, token.end_pos or 0)

    # --- atoms -------------------------------------------------------------------------------------------------------

    def path(self, c: Children) -> Name:
        return Name(tuple(str(t) for t in c[::2]), span=self.span(c))

    def number(self, c: Children) -> Number:
        text = str(c[0])
        match = _NUMBER.fullmatch(text)
        assert match is not None
        suffix = match["suffix"]
        return Number(text, number_value(text), "bytes" if suffix.endswith("B") else "", span=self.span(c))

    def duration(self, c: Children) -> Duration:
        return Duration(self.number(c[:1]), str(c[1]).removesuffix("s"), span=self.span(c))

    def string(self, c: Children) -> String:
        return String(string_value(str(c[0])), span=self.span(c))

    def constant(self, c: Children) -> Constant:
        return Constant(_CONSTANTS[str(c[0])], span=self.span(c))

    def dots(self, c: Children) -> Dots:
        return Dots(span=self.span(c))

    # --- collections -------------------------------------------------------------------------------------------------

    def list_expr(self, c: Children) -> ListExpr:
        return ListExpr(_items(c[1:-1]), span=self.span(c))

    def comprehension(self, c: Children) -> Comprehension:
        return Comprehension(c[1], tuple(c[2:-1]), span=self.span(c))

    def for_clause(self, c: Children) -> ForClause:
        iterable, *conditions = [child for child in c if not isinstance(child, Token | Target | LoopNames)]
        return ForClause(loop_names(c), iterable, tuple(conditions), span=self.span(c))

    def loop_name(self, c: Children) -> LoopName:
        return Target(str(c[0]), span=self.span(c)) if len(c) == 1 else LoopNames(loop_names(c), span=self.span(c))

    def dict_expr(self, c: Children) -> DictExpr:
        return DictExpr(_items(c[1:-1]), span=self.span(c))

    def entry(self, c: Children) -> DictItem:
        quoted = c[0].type == "STRING"
        return DictItem(string_value(str(c[0])) if quoted else str(c[0]), c[2], quoted, span=self.span(c))

    def parenthesized(self, c: Children) -> Paren | TupleExpr:
        """`(x)`, or `(a, b)`, `(a,)`, `(k=a)`: a comma or a name makes a tuple."""
        inside = c[0].children
        items = _items(inside[1:-1])
        if len(inside) == 3 and items[0].name is None:
            return Paren(items[0].value, span=self.span(inside))
        self._check_order(items)
        return TupleExpr(items, span=self.span(inside))

    def arguments(self, c: Children) -> Bracketed:
        return Bracketed(c, span=self.span(c))

    def call(self, c: Children) -> Call:
        args = _items(c[1].children[1:-1])
        self._check_order(args)
        return Call(c[0], args, span=self.span(c))

    def argument(self, c: Children) -> Arg:
        if len(c) == 1:
            return Arg(c[0], span=self.span(c))
        return Arg(c[2], str(c[0]), name_span=self.token_span(c[0]), span=self.span(c))

    def _check_order(self, args: tuple[Arg, ...]) -> None:
        """Reports an argument without a name behind one that has a name."""
        first = next((n for n, arg in enumerate(args) if arg.name is not None), len(args))
        late = [n for n, arg in enumerate(args) if arg.name is None and n > first]
        if late:
            ways = (_moved(args, first, late), _unnamed(args[: late[-1]]))
            self.problems.append(problems.PositionalAfterNamed(at=args[late[0]].span, named=args[first].span, ways=ways))

    # --- operators ---------------------------------------------------------------------------------------------------

    def binary(self, c: Children) -> Binary:
        op, first, last = " ".join(map(str, c[1:-1])), self.token_span(c[1]), self.token_span(c[-2])
        return Binary(op, c[0], c[-1], op_span=first.to(last), span=self.span(c))

    def unary(self, c: Children) -> Unary:
        return Unary(str(c[0]), c[1], span=self.span(c))

    def index(self, c: Children) -> Index:
        return Index(c[0], _items(c[2:-1]), span=self.span(c))

    def member(self, c: Children) -> Member:
        return Member(c[0], str(c[2]), name_span=self.token_span(c[2]), span=self.span(c))

    def slice_expr(self, c: Children) -> Slice:
        parts: list[Any] = [None]
        for child in c:
            if isinstance(child, Token):
                parts.append(None)
            else:
                parts[-1] = child
        return Slice(*parts, *[None] * (3 - len(parts)), span=self.span(c))

    def if_expr(self, c: Children) -> If:
        return If(c[1], c[2].children[1], _branch(c[4]), span=self.span(c))

    def branch(self, c: Children) -> Bracketed:
        return Bracketed(c, span=self.span(c))

    # --- chains ------------------------------------------------------------------------------------------------------

    def chain(self, c: Children) -> Chain:
        self.remarks.homeless(c[0].span.end)
        return Chain(c[0], tuple(c[1:]), span=self.span(c))

    def stage(self, c: Children) -> Stage:
        if len(c) == 2:
            return Stage(c[1], **self._stage_facts(c))
        return Stage(c[3], str(c[1]), label_span=self.token_span(c[1]), **self._stage_facts(c))

    def shape_stage(self, c: Children) -> ShapeStage:
        return ShapeStage(_dims(c[2:-1]), **self._stage_facts(c))

    def _stage_facts(self, c: Children) -> dict[str, Any]:
        """A stage's span begins behind its arrow; comments stand above the arrow, or behind it on the line if another stage follows."""
        arrow, span = c[0].start_pos, self.span(c[1:])
        return {"span": span, "comments": self.remarks.take_stage(arrow, span.end), "newline_before": arrow in self.remarks.broken}

    # --- types -------------------------------------------------------------------------------------------------------

    def tensor(self, c: Children) -> TensorRef:
        return TensorRef(str(c[0]), _dims(c[2:-1]), span=self.span(c))

    def dims(self, c: Children) -> Bracketed:
        return Bracketed(c, span=self.span(c))

    def param_type(self, c: Children) -> ParamType:
        optional = isinstance(c[-1], Token) and c[-1].type == "QMARK"
        fields = tuple(f for f in c if isinstance(f, RecordField))
        item = next((i for i in c if isinstance(i, ParamType)), None)
        return ParamType("record" if fields else str(c[0]), item, optional, fields, span=self.span(c))

    def record_field(self, c: Children) -> RecordField:
        return RecordField(str(c[0]), c[2], span=self.span(c))


class Bracketed(Node):
    """Brackets and what is in them, on the way to the node that takes them."""

    __slots__ = ("children",)

    def __init__(self, children: Children, span: Span) -> None:
        object.__setattr__(self, "children", children)
        object.__setattr__(self, "span", span)


def _items(children: Children) -> tuple[Any, ...]:
    """The items between commas."""
    return tuple(c for c in children if not isinstance(c, Token))


def loop_names(children: Children) -> tuple[LoopName, ...]:
    """The names before `in`, and those that stand in brackets among them."""
    return tuple(c for c in children if isinstance(c, Target | LoopNames))


def _dims(children: Children) -> tuple[Any, ...]:
    """The dims of a shape, which may be empty."""
    return _items(children[0].children) if children else ()


def _branch(node: Any) -> Any:
    """The expression in the braces of a branch; a chained `if` is one as it stands."""
    return node.children[1] if isinstance(node, Bracketed) else node


def number_value(text: str) -> int | float:
    """The value of a number as written: an int unless it has a fraction or an exponent; `1.5M` is an int as well."""
    match = _NUMBER.fullmatch(text)
    assert match is not None
    plain, factor = (match["digits"] + match["rest"]).replace("_", ""), _MULTIPLIER.get(match["suffix"], 1)
    if plain.isdigit():
        return int(plain) * factor
    value = float(plain)
    return round(value * factor) if factor > 1 and (value * factor).is_integer() else value * factor


def string_value(text: str) -> str:
    """What a string as written means; escapes that do not exist stay as they are."""
    inside = text[1:-1]
    if "\\" not in inside:
        return inside
    return _ESCAPE.sub(lambda m: {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "'": "'"}.get(m[1]) or _unicode(m), inside)


def _unicode(match: re.Match[str]) -> str:
    r"""The character of a `\uXXXX` escape."""
    return chr(int(match[1][1:], 16)) if len(match[1]) == 5 else match[0]


def _moved(args: tuple[Arg, ...], first: int, late: list[int]) -> Repair:
    """The arguments without names in front of those with them."""
    source, end = args[first].span.source, args[first].span.start
    front = "".join(f"{args[n].span.text}, " for n in late)
    gone = [Edit(Span(source, args[n - 1].span.end, args[n].span.end), "") for n in late]
    return Repair((Edit(Span(source, end, end), front), *gone))


def _unnamed(args: tuple[Arg, ...]) -> Repair:
    """The arguments without their names."""
    named = [arg for arg in args if arg.name is not None]
    return Repair(tuple(Edit(Span(arg.span.source, arg.span.start, arg.value.span.start), "") for arg in named))
