"""Defines the nodes of a block's or model's statements."""

from __future__ import annotations

from netspec.record import field, record
from netspec.syntax.tree.expressions import Expr, LoopName, ParamType, String, Target, TensorRef
from netspec.syntax.tree.node import Commented, Named, Node


@record
class Param(Named):
    """`param name: type = default where condition`."""

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
    """`input name: type`."""

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
    """`buffer name: type = initializer`."""

    name: str
    type: TensorRef
    init: Expr


@record
class State(Named):
    """`state name: type = initializer`."""

    name: str
    type: TensorRef
    init: Expr


@record
class Shared(Named):
    """`shared name = op(…)`: one instance for all its uses."""

    name: str
    value: Expr


@record
class Aux(Named):
    """`aux name = value`: a value that training can see."""

    name: str
    value: Expr


@record
class Binding(Commented):
    """`name = value`, or several names for several results."""

    targets: tuple[Target, ...]
    value: Expr


@record
class Body(Node):
    """Statements between braces; `trailing` are comments after the last one."""

    statements: tuple[Statement, ...]
    trailing: tuple[str, ...] = ()


@record
class For(Commented):
    """`for x in list { … }`, unrolled; `for a, b in pairs { … }` takes each item apart."""

    names: tuple[LoopName, ...]
    iterable: Expr
    body: Body


@record
class Repeat(Commented):
    """`repeat n as i { … }`."""

    count: Expr
    index: Target | None
    body: Body


@record
class When(Commented):
    """`when train { … }`: statements of one phase."""

    phase: str  # train | eval | serve, checked by resolve
    body: Body


@record
class Require(Commented):
    """`require condition, "message"`."""

    condition: Expr
    message: String | None = None


@record
class Assume(Commented):
    """`assume condition`: what cannot be proved, checked as the program runs."""

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
