"""Defines the nodes of a file's sections, and of the settings and claims in them."""

from __future__ import annotations

from netspec.record import field, record
from netspec.source import NOWHERE, Span
from netspec.syntax.tree.expressions import Arg, Expr, ParamType, String, TensorRef
from netspec.syntax.tree.node import NO_COMMENTS, Commented, Comments, Named, Node
from netspec.syntax.tree.statements import Body, DimBound, Hole, Param, Target

# --- settings of train, eval, serve ----------------------------------------------------------------------------------


@record
class Setting(Named):
    """`data = …`; in `shard` the key is a string."""

    key: str
    value: Expr
    quoted: bool = False


@record
class Metric(Named):
    """`metric NAME = value`."""

    name: str
    value: Expr


@record
class Let(Commented):
    """`let NAME = value` in a section about training."""

    targets: tuple[Target, ...]
    value: Expr


@record
class Settings(Node):
    """The lines between the braces of `train`, `serve`, or a group of theirs."""

    items: tuple[SettingItem, ...]
    trailing: tuple[str, ...] = ()


@record
class Group(Named):
    """A section inside a section: `eval { }`, `checkpoint { }`, `shard { }`; `update critic { }` has key "update", label "critic"."""

    key: str
    label: str | None
    body: Settings


SettingItem = Setting | Metric | Let | Group | Hole


# --- the file --------------------------------------------------------------------------------------------------------


@record
class ImportName(Node):
    """`A` or `A as B` in an import."""

    name: str
    alias: str | None = None


@record
class Import(Commented):
    """`import A, B from "file.net"`."""

    names: tuple[ImportName, ...]
    path: String


@record
class FunctionParam(Node):
    """`by: int = 8` of a function."""

    name: str
    type: ParamType
    default: Expr | None = None
    name_span: Span = field(default=NOWHERE, compare=False, repr=False, kw_only=True)


@record
class Function(Named):
    """`let NAME(v: float) = value`: a function of static values."""

    name: str
    params: tuple[FunctionParam, ...]
    value: Expr


@record
class Block(Named):
    """`block NAME { … }`: a layer written in the language."""

    name: str
    body: Body


@record
class Model(Named):
    """`model NAME { … }`."""

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
    """`serve NAME { … }`: how sequences are generated."""

    model: str
    args: tuple[Arg, ...]
    body: Settings


@record
class At(Node):
    """`B=8` behind `at`: a size at which a claim holds."""

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
    """`expect NAME { … }`: claims that are checked."""

    model: str
    args: tuple[Arg, ...]
    claims: tuple[Claim | OutputClaim | Hole, ...]
    trailing: tuple[str, ...] = ()


Section = Import | Param | DimBound | Function | Block | Model | Train | Serve | Expect | Hole


@record
class File(Node):
    """A whole spec."""

    version: int
    sections: tuple[Section, ...]
    comments: Comments = NO_COMMENTS
    """Those above and behind the `netspec 1` line."""
    trailing: tuple[str, ...] = ()
    version_span: Span = field(default=NOWHERE, compare=False, repr=False, kw_only=True)
