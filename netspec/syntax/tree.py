"""The tree: what a `.net` file says, as frozen dataclasses, one class per form of the language (DESIGN §3).

The parser makes it, the printer writes it, the JSON twin is its object form. Nodes compare by content: spans and the
parentheses' positions do not count. `Paren` keeps parentheses as written (a chain head needs them, the formatter normalises them).
"""

from __future__ import annotations

from dataclasses import field

from netspec.record import record
from netspec.source import NOWHERE, Span


@record(kw_only=True)
class Node:
    span: Span = field(default=NOWHERE, compare=False, repr=False)


@record
class Comments:
    """Comments of a statement, section, stage or setting, each with its `#` or `##`."""

    before: tuple[str, ...] = ()
    """Lines above it; `##` lines are its doc. An empty string is one blank line kept between comments."""
    after: str = ""
    """On its last line, behind it."""


NO_COMMENTS = Comments()


@record(kw_only=True)
class Commented(Node):
    comments: Comments = NO_COMMENTS
    blank_before: bool = field(default=False, compare=False)
    """An empty line stood above (the formatter keeps at most one)."""


# --- expressions -----------------------------------------------------------------------------------------------------


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
    value: str


@record
class ListExpr(Node):
    items: tuple[Expr, ...]


@record
class TupleExpr(Node):
    """`(a, b)` or `(query=q, memory=kv)`: several values, only before `->` and as a value."""

    items: tuple[Arg, ...]


@record
class DictItem(Node):
    key: str
    value: Expr
    quoted: bool = False
    """The key was a string (`"embed/**"`); otherwise a name or `else`."""


@record
class DictExpr(Node):
    items: tuple[DictItem, ...]


@record
class Paren(Node):
    inner: Expr


@record
class Unary(Node):
    op: str  # "-" "not"
    value: Expr


@record
class Binary(Node):
    op: str  # + - * / // % @ ** == != < <= > >= and or
    left: Expr
    right: Expr
    op_span: Span = field(default=NOWHERE, compare=False, repr=False, kw_only=True)


@record
class If(Node):
    condition: Expr
    then: Expr
    otherwise: Expr  # may be another If: `else if`


@record
class Slice(Node):
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
class Arg(Node):
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
    head: Expr
    stages: tuple[Stage | ShapeStage, ...]


Expr = Name | Constant | Number | Duration | String | ListExpr | TupleExpr | DictExpr | Paren | Unary | Binary | If | Index | Call | Chain


# --- types -----------------------------------------------------------------------------------------------------------


@record
class TensorRef(Node):
    """`f32[B, T, 4 * D]`, `i32[]`."""

    dtype: str
    dims: tuple[Expr | Dots, ...]


@record
class ParamType(Node):
    """`int`, `float?`, `list[int]`, `layer`."""

    name: str
    item: ParamType | None = None
    optional: bool = False


# --- statements of a block or model ----------------------------------------------------------------------------------


@record(kw_only=True)
class Named(Commented):
    name_span: Span = field(default=NOWHERE, compare=False, repr=False)


@record
class Param(Named):
    name: str
    type: ParamType
    default: Expr | None = None
    where: Expr | None = None


@record
class DimBound(Named):
    """`dim T <= 1024`."""

    name: str
    op: str
    bound: Expr


@record
class Input(Named):
    name: str
    type: TensorRef


@record
class Output(Named):
    """`output logits: f32[B, 10] = e`, `output logits = e`, or `output e`, whose name is None (`output x` is name None, value Name x)."""

    name: str | None
    type: TensorRef | None
    value: Expr


@record
class Weight(Named):
    """`weight w: f32[D, 3] = normal(0.02)`."""

    name: str
    type: TensorRef
    init: Expr


@record
class Buffer(Named):
    name: str
    type: TensorRef
    init: Expr


@record
class State(Named):
    name: str
    type: TensorRef
    init: Expr


@record
class Shared(Named):
    name: str
    value: Expr


@record
class Aux(Named):
    name: str
    value: Expr


@record
class Target(Node):
    name: str  # "_" drops the value
    type: TensorRef | None = None


@record
class Binding(Commented):
    targets: tuple[Target, ...]
    value: Expr


@record
class Body(Node):
    """Statements between braces; `trailing` are comments after the last one."""

    statements: tuple[Statement, ...]
    trailing: tuple[str, ...] = ()


@record
class For(Commented):
    names: tuple[Target, ...]  # one, or two: index and value
    iterable: Expr
    body: Body


@record
class Repeat(Commented):
    count: Expr
    index: Target | None
    body: Body


@record
class When(Commented):
    phase: str  # train | eval | serve, checked by resolve
    body: Body


@record
class Require(Commented):
    condition: Expr
    message: String | None = None


@record
class Assume(Commented):
    condition: Expr


@record
class Hole(Commented):
    """A statement or section that could not be read; `names` are those it would have bound, so that nothing cascades."""

    names: tuple[str, ...] = ()
    mentions: tuple[str, ...] = field(default=(), compare=False)
    """Every name in its text: what it may have used, so that nothing counts as unused because of it."""


Statement = (
    Param | DimBound | Input | Output | Weight | Buffer | State | Shared | Aux | Binding | For | Repeat | When | Require | Assume | Hole
)


# --- settings of train, eval, serve ----------------------------------------------------------------------------------


@record
class Setting(Named):
    """`data = …`; in `shard` the key is a string."""

    key: str
    value: Expr
    quoted: bool = False


@record
class Metric(Named):
    name: str
    value: Expr


@record
class Let(Commented):
    targets: tuple[Target, ...]
    value: Expr


@record
class Settings(Node):
    items: tuple[SettingItem, ...]
    trailing: tuple[str, ...] = ()


@record
class Group(Named):
    """A section inside a section: `eval { }`, `checkpoint { }`, `shard { }`; `update critic { }` has key "update", label "critic"."""

    key: str
    label: str | None
    body: Settings


SettingItem = Setting | Metric | Let | Group | Hole


# --- sections of a file ----------------------------------------------------------------------------------------------


@record
class ImportName(Node):
    name: str
    alias: str | None = None


@record
class Import(Commented):
    names: tuple[ImportName, ...]
    path: String


@record
class Block(Named):
    name: str
    body: Body


@record
class Model(Named):
    name: str
    body: Body


@record
class Train(Named):
    """`train M(classes=5) as small { }`; `model` is what is trained."""

    model: str
    args: tuple[Arg, ...]
    alias: str | None
    body: Settings


@record
class Serve(Named):
    model: str
    args: tuple[Arg, ...]
    body: Settings


@record
class At(Node):
    name: str
    value: Expr


@record
class Claim(Commented):
    """`params == 824_458`, `flops <= 30M at B=1`."""

    left: Expr
    op: str
    right: Expr
    at: tuple[At, ...] = ()


@record
class OutputClaim(Named):
    """`logits: f32[B, 10]`."""

    name: str
    type: TensorRef


@record
class Expect(Named):
    model: str
    args: tuple[Arg, ...]
    claims: tuple[Claim | OutputClaim | Hole, ...]
    trailing: tuple[str, ...] = ()


Section = Import | Param | DimBound | Block | Model | Train | Serve | Expect | Hole


@record
class File(Node):
    version: int
    sections: tuple[Section, ...]
    comments: Comments = NO_COMMENTS
    """Those above and behind the `netspec 1` line."""
    trailing: tuple[str, ...] = ()
