"""Defines the nodes of values, chains and types."""

from __future__ import annotations

from netspec.record import field, record
from netspec.source import NOWHERE, Span
from netspec.syntax.tree.node import Commented, Node


@record
class Name(Node):
    """`x`, or dotted: `batch.label`, `e.attend`, `carry.h`."""

    parts: tuple[str, ...]

    @property
    def text(self) -> str:
        return ".".join(self.parts)


@record
class Constant(Node):
    """`true`, `false`, `none`, `inf`."""

    value: bool | float | None


@record
class Number(Node):
    """A number as written (`10_000`, `1e-4`, `30M`, `4GiB`). `unit`: "" for numbers and counts, "bytes" with KiB MiB GiB."""

    text: str
    value: int | float
    unit: str = ""


@record
class Duration(Node):
    """`5 epochs`, `2_000 steps`; the unit is singular ("epoch", "step")."""

    number: Number
    unit: str


@record
class String(Node):
    """`"text"`; escapes are read."""

    value: str


@record
class ListExpr(Node):
    """`[a, b]`."""

    items: tuple[Expr, ...]


@record
class LoopNames(Node):
    """`(a, b)` among the names of a loop: an item that is taken apart once more."""

    names: tuple[LoopName, ...]


@record
class ForClause(Node):
    """`for a, b in pairs if a > 1` in a comprehension."""

    names: tuple[LoopName, ...]
    iterable: Expr
    conditions: tuple[Expr, ...] = ()


@record
class Comprehension(Node):
    """`[f(x) for x in xs]`: a list with an item for each pass."""

    value: Expr
    clauses: tuple[ForClause, ...]


@record
class TupleExpr(Node):
    """`(a, b)` or `(query=q, memory=kv)`: several values, only before `->` and as a value."""

    items: tuple[Arg, ...]


@record
class DictItem(Node):
    """`key: value` in a dict."""

    key: str
    value: Expr
    quoted: bool = False
    """The key was a string (`"embed/**"`); otherwise a name or `else`."""


@record
class DictExpr(Node):
    """`{a: 1, "b/**": 2}`."""

    items: tuple[DictItem, ...]


@record
class Paren(Node):
    """`(x)`; kept, so that the formatter sees what was written."""

    inner: Expr


@record
class Unary(Node):
    """`-x` or `not x`."""

    op: str  # "-" "not"
    value: Expr


@record
class Binary(Node):
    """`x + y`."""

    op: str  # + - * / // % @ ** == != < <= > >= in and or, and "not in"
    left: Expr
    right: Expr
    op_span: Span = field(default=NOWHERE, compare=False, repr=False, kw_only=True)


@record
class If(Node):
    """`if c { a } else { b }`: one of two expressions."""

    condition: Expr
    then: Expr
    otherwise: Expr  # may be another If: `else if`


@record
class Slice(Node):
    """`start:stop:step` in an index."""

    start: Expr | None
    stop: Expr | None
    step: Expr | None


@record
class Dots(Node):
    """`...` in an index or a shape."""


@record
class Index(Node):
    """`x[1, 2:4, ...]`; with no items `i32[]`, a type as an expression."""

    value: Expr
    items: tuple[Expr | Slice | Dots, ...]


@record
class Member(Node):
    """`stages[0].width`: a field of a record that an expression gives; behind a name the dot belongs to `Name`."""

    value: Expr
    name: str
    name_span: Span = field(default=NOWHERE, compare=False, repr=False, kw_only=True)


@record
class Arg(Node):
    """An argument of a call, with a name or by its place."""

    value: Expr
    name: str | None = None
    name_span: Span = field(default=NOWHERE, compare=False, repr=False, kw_only=True)


@record
class Call(Node):
    """`conv(32, kernel=3)`. Without parentheses a callee is a `Name`."""

    callee: Name
    args: tuple[Arg, ...]


@record
class Stage(Commented):
    """`-> stem: conv(64, 7)`: what a value passes through; a bare name is a call without arguments."""

    call: Call | Name
    label: str | None = None
    label_span: Span = field(default=NOWHERE, compare=False, repr=False, kw_only=True)
    newline_before: bool = field(default=False, compare=False, kw_only=True)
    """Its `->` stands first on its line (the formatter keeps such breaks in a statement's own chain)."""


@record
class ShapeStage(Commented):
    """`-> [B, 7, 7, 64] ->`: a shape that is checked in passing."""

    dims: tuple[Expr | Dots, ...]
    newline_before: bool = field(default=False, compare=False, kw_only=True)


@record
class Chain(Node):
    """`x -> f -> g(2)`."""

    head: Expr
    stages: tuple[Stage | ShapeStage, ...]


Expr = (
    Name
    | Constant
    | Number
    | Duration
    | String
    | ListExpr
    | Comprehension
    | TupleExpr
    | DictExpr
    | Paren
    | Unary
    | Binary
    | If
    | Index
    | Member
    | Call
    | Chain
)


# --- types -----------------------------------------------------------------------------------------------------------


@record
class TensorRef(Node):
    """`f32[B, T, 4 * D]`, `i32[]`."""

    dtype: str
    dims: tuple[Expr | Dots, ...]


@record
class ParamType(Node):
    """`int`, `float?`, `list[int]`, `layer`, `{width: int, stride: int?}`, whose name is "record"."""

    name: str
    item: ParamType | None = None
    optional: bool = False
    fields: tuple[RecordField, ...] = ()


@record
class RecordField(Node):
    """`width: int` in the type of a record."""

    name: str
    type: ParamType


@record
class Target(Node):
    """A name that a binding or a loop gives, with its type if it is said."""

    name: str  # "_" drops the value
    type: TensorRef | None = None


LoopName = Target | LoopNames
"""What stands before `in`: `x`, or `(a, b)`."""
