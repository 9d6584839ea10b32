"""What each form of expression is worth, and the nodes that tensor arithmetic emits."""

from __future__ import annotations

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.calls.kinds import WrongKind
from netspec.diagnostics.names.unknown_names import UnknownName
from netspec.diagnostics.shapes.expansion import SizeTooComplex
from netspec.diagnostics.shapes.proofs import BadOperands, NotStatic, TypeMismatch
from netspec.diagnostics.suggestions.nearest import nearest
from netspec.infer import calls, static
from netspec.infer.frame import Frame, places
from netspec.infer.types import dims_of, shape_problem
from netspec.infer.values import (
    UNKNOWN,
    BlockValue,
    Composed,
    Known,
    Mean,
    OpValue,
    Record,
    Several,
    Tensor,
    Unknown,
    Value,
    describe,
    plain,
)
from netspec.library.base import Duration
from netspec.record import replace
from netspec.resolve.graph import Bad, BlockRef, Builtin, Global, Late, Local, ShelfRef
from netspec.shape import DTYPES, DimTooComplex
from netspec.source import Span
from netspec.syntax import tree

Kinds = tuple[str, ...]
CALLABLE: Kinds = ("layer", "function")


def evaluate(frame: Frame, node: tree.Expr, want: Kinds = ()) -> Value:
    """The value of an expression; problems are reported and give UNKNOWN. `want` are the kinds of op that the position asks for."""
    try:
        value = plain(form(frame, node, want))
        frame.world.spend(value)
        return value
    except Mistake as mistake:
        problem = mistake.diagnostic
        frame.world.report(problem if problem.at.source.path != "<none>" else replace(problem, at=node.span))
        return UNKNOWN
    except DimTooComplex:
        frame.world.report(SizeTooComplex(at=node.span))
        return UNKNOWN


def form(frame: Frame, node: tree.Expr, want: Kinds) -> Value:
    match node:
        case tree.Number() | tree.Constant() | tree.String():
            return node.value
        case Known():
            return node.value
        case tree.Name():
            return name(frame, node, want)
        case tree.Call():
            return calls.call(frame, node, want)
        case tree.Chain():
            return chain(frame, node, want)
        case tree.Paren():
            return evaluate(frame, node.inner, want)
        case tree.Binary():
            return binary_run(frame, node)
        case tree.Unary():
            return unary(frame, node)
        case tree.If():
            chosen = condition(frame, node.condition)
            return UNKNOWN if chosen is None else evaluate(frame, node.then if chosen else node.otherwise, want)
        case tree.ListExpr():
            return listed(frame, node.items, want)
        case tree.TupleExpr():
            return Several(tuple((a.name, evaluate(frame, a.value)) for a in node.items))
        case tree.DictExpr():
            return {item.key: evaluate(frame, item.value, want) for item in node.items}
        case tree.Duration():
            return Duration(node.number.value, node.unit)
        case tree.Index():
            return calls.indexed(frame, node)
    return UNKNOWN


def listed(frame: Frame, items: tuple[tree.Expr, ...], want: Kinds) -> Value:
    values = tuple(evaluate(frame, i, want) for i in items)
    return UNKNOWN if any(isinstance(v, Unknown) for v in values) else static.bounded_list(values)


def name(frame: Frame, node: tree.Name, want: Kinds) -> Value:
    """A name where a value is wanted."""
    match frame.world.graph.meaning(node):
        case Local(first) | Late(first) if first in frame.env:
            return attribute(frame, node, frame.env[first])
        case Local():
            return UNKNOWN
        case Global(_, param):
            return frame.world.globals.get(id(param), UNKNOWN)
        case BlockRef(definition):
            return BlockValue(definition, span=node.span)
        case ShelfRef(text):
            return calls.op_value(text, want, node.span)
        case Late():
            return calls.late_name(frame, node, want)
        case Builtin(text) if text in DTYPES:
            return text
        case Bad():
            return UNKNOWN
    frame.world.report(WrongKind(at=node.span, name=node.text, is_a="static function", wanted="a value"))
    return UNKNOWN


def part_of(node: tree.Name, value: Value) -> str:
    """How what other libraries keep in a tensor's attribute is said here."""
    if not isinstance(value, Tensor):
        return ""
    if node.parts[1] in ("shape", "size", "ndim"):
        return "name the axis in the type, `input x: f32[B, D]`: then `D` is its size, a number like any other"
    return f"write `transpose({node.parts[0]})`" if node.parts[1] in ("T", "mT") else ""


def attribute(frame: Frame, node: tree.Name, value: Value) -> Value:
    if isinstance(value, Record) and len(node.parts) == 2:
        return member(frame, node, value)
    if len(node.parts) == 1 or isinstance(value, Unknown):
        return value
    frame.world.report(BadOperands(at=node.span, op=f".{node.parts[1]}", left=describe(value), repair=part_of(node, value)))
    return UNKNOWN


def member(frame: Frame, node: tree.Name, value: Record) -> Value:
    """`carry.h`."""
    if node.parts[1] in value.fields:
        return value.fields[node.parts[1]]
    near, noun = tuple(nearest(node.parts[1], value.fields)), f"state of `{node.parts[0]}` called"
    frame.world.report(UnknownName(at=node.span, name=node.parts[1], noun=noun, near=near, options=tuple(value.fields)))
    return UNKNOWN


def condition(frame: Frame, node: tree.Expr) -> bool | None:
    """A static condition, None where it is unknown. Raises Mistake when it is none."""
    value = evaluate(frame, node)
    if isinstance(value, bool):
        return value
    if isinstance(value, Unknown):
        return None
    raise Mistake(NotStatic(at=node.span, what="a condition", found=describe(value), wanted="true or false before anything runs"))


def binary_run(frame: Frame, node: tree.Binary) -> Value:
    """A run of left-associative operators, folded without recursion on its left side."""
    nodes: list[tree.Binary] = []
    left: tree.Expr = node
    while isinstance(left, tree.Binary):
        nodes.append(left)
        left = left.left
    first, value = left, evaluate(frame, left)
    for step in reversed(nodes):
        value = binary(frame, step, value, first.span)
        first = step
    return value


def binary(frame: Frame, node: tree.Binary, left: Value, left_span: Span) -> Value:
    if node.op in ("and", "or") and isinstance(left, bool):
        return logical(frame, node, left)
    right = evaluate(frame, node.right)
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return UNKNOWN
    if any(isinstance(v, Tensor | Mean) for v in (left, right)):
        return calls.operator(frame, node.op, (left, right), (left_span, node.right.span), node)
    try:
        return static.binary(node.op, left, right, frame.facts)
    except Mistake as mistake:
        frame.world.report(replace(mistake.diagnostic, at=node.span))
        return UNKNOWN


def logical(frame: Frame, node: tree.Binary, left: bool) -> Value:
    """`and`, `or` on static truth values: the right side counts only where it decides."""
    if left == (node.op == "or"):
        return left
    right = evaluate(frame, node.right)
    if isinstance(right, bool | Unknown):
        return right
    raise Mistake(NotStatic(at=node.right.span, what=f"the right side of `{node.op}`", found=describe(right), wanted="true or false"))


def unary(frame: Frame, node: tree.Unary) -> Value:
    value = evaluate(frame, node.value)
    if isinstance(value, Unknown):
        return value
    if isinstance(value, Tensor | Mean):
        return calls.operator(frame, node.op, (value,), (node.value.span,), node)
    if node.op == "not":
        if not isinstance(value, bool):
            raise Mistake(BadOperands(at=node.span, op="not", left=describe(value)))
        return not value
    return static.negative(value)


def chain(frame: Frame, node: tree.Chain, want: Kinds) -> Value:
    """A value through stages; values of ops (no tensor yet) compose."""
    value = evaluate(frame, node.head, want)
    before = node.head.span
    for stage in node.stages:
        if isinstance(stage, tree.ShapeStage):
            check_shape(frame, stage, value)
        elif isinstance(value, OpValue | BlockValue | Composed):
            value = compose(frame, value, stage, want)
        else:
            value = calls.stage(frame, stage, value, before, want)
        before = before.to(stage.span)
    return value


def compose(frame: Frame, left: OpValue | BlockValue | Composed, stage: tree.Stage, want: Kinds) -> Value:
    kinds = ("transform",) if "dataset" in want else want
    right = calls.stage_value(frame, stage, kinds)
    stranger = next((p for p in parts(right) if kinds and not calls.is_of(p, kinds)), None) if not isinstance(right, Unknown) else None
    if stranger is not None:
        article = "an" if kinds[0][0] in "aeio" else "a"
        is_a = stranger.entry.kind if isinstance(stranger, OpValue) else "block"
        frame.world.report(WrongKind(at=stage.span, name=stranger.name, is_a=is_a, wanted=f"{article} {kinds[0]}"))
        return UNKNOWN
    if isinstance(right, OpValue | BlockValue | Composed):
        return Composed((*parts(left), *parts(right)), stage.span)
    return UNKNOWN


def parts(value: Value) -> tuple[OpValue | BlockValue, ...]:
    if isinstance(value, Composed):
        return value.parts
    return (value,) if isinstance(value, OpValue | BlockValue) else ()


def check_shape(frame: Frame, stage: tree.ShapeStage, value: Value) -> None:
    """`-> [B, 10] ->`: the shape must hold, symbols included."""
    if isinstance(value, Unknown):
        return
    if not isinstance(value, Tensor):
        raise Mistake(TypeMismatch(at=stage.span, wanted="a shape", found=describe(value)))
    wanted = dims_of(frame, stage.dims)
    why = shape_problem(frame, wanted, value.type.shape) if wanted is not None else None
    if why is not None:
        actual = "[" + ", ".join(map(str, value.type.shape)) + "]"
        frame.world.report(
            TypeMismatch(at=stage.span, wanted=stage.span.text, found=str(value.type), why=why, repair=actual, chain=places(frame, [value]))
        )
