"""Evaluates every form of expression, and emits the nodes of tensor arithmetic."""

from __future__ import annotations

from netspec.diagnostics.base import Edit, Mistake, Repair
from netspec.diagnostics.calls.kinds import WrongKind
from netspec.diagnostics.names.unknown_names import UnknownName
from netspec.diagnostics.shapes.proofs import BadOperands, NotStatic
from netspec.diagnostics.suggestions.nearest import nearest
from netspec.diagnostics.training.settings import FractionOfStep
from netspec.infer import arithmetic, passes, shelf
from netspec.infer.frame import Frame
from netspec.infer.values import (
    UNKNOWN,
    BlockValue,
    Initial,
    Kinds,
    Known,
    Mean,
    OpValue,
    Record,
    Several,
    SharedChain,
    SharedInstance,
    Tensor,
    Unknown,
    Value,
    describe,
    is_initial,
    is_number,
    to_plain,
)
from netspec.library.base import Duration
from netspec.limits import LIMITS
from netspec.resolve.graph import UNREAD, Bad, BlockRef, Builtin, Global, Late, Local, ShelfRef
from netspec.shape import DTYPES, DimTooComplex
from netspec.source import Span
from netspec.syntax import tree


def evaluate(frame: Frame, node: tree.Expr, want: Kinds = ()) -> Value:
    """The value of an expression; problems are reported and give UNKNOWN. `want` are the kinds of op that the position asks for."""
    world = frame.world
    world.depth += 1
    try:
        world.hold_depth()
        value = to_plain(evaluate_form(frame, node, want))
        world.spend(value)
        return value
    except (Mistake, DimTooComplex) as mistake:
        return world.report_mistake(mistake, node.span)
    finally:
        world.depth -= 1


def evaluate_form(frame: Frame, node: tree.Expr, want: Kinds) -> Value:
    """The value of an expression by its form; a problem may be raised."""
    match node:
        case tree.Number() | tree.Constant() | tree.String():
            return node.value
        case Known():
            return node.value
        case tree.Name():
            return evaluate_name(frame, node, want)
        case tree.Call():
            return frame.world.elaborate.call(frame, node, want)
        case tree.Chain():
            return frame.world.elaborate.chain(frame, node, want)
        case tree.Paren():
            return evaluate(frame, node.inner, want)
        case tree.Binary():
            return evaluate_run(frame, node, want if "initializer" in want else ())
        case tree.Unary():
            return evaluate_unary(frame, node, want if "initializer" in want else ())
        case tree.If():
            chosen = decide_condition(frame, node.condition)
            return UNKNOWN if chosen is None else take_branch(frame, node.then if chosen else node.otherwise, want)
        case tree.ListExpr():
            return evaluate_list(frame, node.items, want)
        case tree.Comprehension():
            return frame.world.elaborate.comprehension(frame, node, want)
        case tree.Member():
            return read_fields(frame, evaluate(frame, node.value), node.value.span.text, [(node.name, node.name_span)])
        case tree.TupleExpr():
            return Several(tuple((a.name, evaluate(frame, a.value)) for a in node.items))
        case tree.DictExpr():
            return {item.key: evaluate(frame, item.value, want) for item in node.items}
        case tree.Duration():
            if node.unit == "step" and not float(node.number.value).is_integer():
                return frame.report(FractionOfStep(at=node.span, count=node.number.value))
            return Duration(node.number.value, node.unit)
        case tree.Index():
            return frame.world.elaborate.index(frame, node)
    return UNKNOWN


def take_branch(frame: Frame, node: tree.Expr, want: Kinds) -> Value:
    """The branch of an `if` that its condition has chosen."""
    frame.world.ran.add(id(node))
    return evaluate(frame, node, want)


def evaluate_list(frame: Frame, items: tuple[tree.Expr, ...], want: Kinds) -> Value:
    """`[a, b]`: unknown where an item is."""
    values = tuple(make_item(evaluate(frame, i, want)) for i in items)
    return UNKNOWN if any(isinstance(v, Unknown) for v in values) else arithmetic.bound_list(values)


def make_item(value: Value) -> Value:
    """A value as it stands in a list: several without names, `(a, b)`, are a list themselves."""
    if not isinstance(value, Several) or any(name is not None for name, _ in value.values):
        return value
    items = tuple(make_item(v) for _, v in value.values)
    return UNKNOWN if any(isinstance(v, Unknown) for v in items) else items


def evaluate_name(frame: Frame, node: tree.Name, want: Kinds) -> Value:
    """A name where a value is wanted."""
    match frame.world.graph.meaning(node):
        case Local(first) | Late(first) if first in frame.env:
            return read_attribute(frame, node, frame.env[first])
        case Local():
            return frame.unbound(node)
        case Global(_, param):
            return read_attribute(frame, node, frame.world.globals.get(id(param), UNKNOWN))
        case BlockRef(definition):
            return UNKNOWN if definition is UNREAD else BlockValue(definition, span=node.span)
        case ShelfRef(text):
            return shelf.find_op(text, want, node.span)
        case Late():
            return frame.world.elaborate.late_name(frame, node, want)
        case Builtin(text) if text in DTYPES:
            return text
        case Bad():
            return UNKNOWN
    return frame.report(WrongKind(at=node.span, name=node.text, is_a="function of static values", wanted="a value"))


def suggest_attribute(node: tree.Name, value: Value) -> str:
    """How what other libraries keep in a tensor's attribute is said here."""
    if not isinstance(value, Tensor):
        return ""
    if node.parts[1] in ("shape", "size", "ndim"):
        return "name the axis in the type, `input x: f32[B, D]`: then `D` is its size, a number like any other"
    return f"write `transpose({node.parts[0]})`" if node.parts[1] in ("T", "mT") else ""


def read_attribute(frame: Frame, node: tree.Name, value: Value) -> Value:
    """The value of a name with or without a dot."""
    if isinstance(value, Record) and len(node.parts) == 2:
        return read_member(frame, node, value)
    if len(node.parts) == 1 or isinstance(value, Unknown):
        return value
    if isinstance(value, SharedInstance | SharedChain):
        from netspec.infer.layer_weights import read_weight  # few specs do

        return read_weight(frame, node, value, [place_of_part(node, place) for place in range(1, len(node.parts))])
    if isinstance(value, OpValue | BlockValue) and isinstance(frame.world.graph.meaning(node), Local):
        from netspec.diagnostics.calls.kinds import NotCallable  # only specs with this problem need it

        return frame.report(NotCallable(at=node.span, name=node.parts[0], what="a layer", weight=".".join(node.parts[1:])))
    if isinstance(value, dict):
        fields = [(part, place_of_part(node, place)) for place, part in enumerate(node.parts[1:], 1)]
        return read_fields(frame, value, node.parts[0], fields)
    if isinstance(value, tuple):
        name, field = node.parts[:2]
        repair = f"fields are read of one item: `{name}[0].{field}`, or `item.{field}` in `for item in {name}`"
        counted = field in ("length", "size", "len", "count") and len(node.parts) == 2
        ways = (Repair((Edit(node.span, f"len({name})"),), f"len({name})"),) if counted else ()
        return frame.report(BadOperands(at=node.span, op=f".{field}", left=describe(value), repair=repair, ways=ways))
    return frame.report(BadOperands(at=node.span, op=f".{node.parts[1]}", left=describe(value), repair=suggest_attribute(node, value)))


def place_of_part(node: tree.Name, place: int) -> Span:
    """Where one part of a dotted name stands; the whole name where it is not written in one piece."""
    start = node.span.start + sum(len(part) + 1 for part in node.parts[:place])
    span = Span(node.span.source, start, start + len(node.parts[place]))
    return span if span.text == node.parts[place] else node.span


def read_fields(frame: Frame, value: Value, text: str, fields: list[tuple[str, Span]]) -> Value:
    """`s.features`, `stages[0].block.width`: fields of records, one inside the other."""
    for name, span in fields:
        if isinstance(value, Unknown):
            return value
        if not isinstance(value, dict):
            repair = f"fields are read of one item: `{text}[0].{name}`" if isinstance(value, tuple) else ""
            repair = "a record is written in braces: `{width: 8, stride: 2}`" if isinstance(value, Several) else repair
            return frame.report(BadOperands(at=span, op=f".{name}", left=describe(value), repair=repair))
        if name not in value:
            near = tuple(nearest(name, value, aliases={}))
            return frame.report(UnknownName(at=span, name=name, noun=f"field of `{text}` called", near=near, options=tuple(value)))
        value, text = value[name], f"{text}.{name}"
    return value


def read_member(frame: Frame, node: tree.Name, value: Record) -> Value:
    """`carry.h`."""
    if node.parts[1] in value.fields:
        return value.fields[node.parts[1]]
    near, noun = tuple(nearest(node.parts[1], value.fields)), f"state of `{node.parts[0]}` called"
    return frame.report(UnknownName(at=node.span, name=node.parts[1], noun=noun, near=near, options=tuple(value.fields)))


def decide_condition(frame: Frame, node: tree.Expr) -> bool | None:
    """A static condition; None where it is unknown, or none, which is reported."""
    value = evaluate(frame, node)
    numbers = passes.known(frame, value)
    if numbers is not None and len(set(numbers.values)) == 1:
        (value,) = set(numbers.values)
    if isinstance(value, bool):
        return value
    if isinstance(value, Unknown):
        return None
    frame.report(NotStatic(at=node.span, what="a condition", found=describe(value), wanted="true or false before anything runs"))
    return None


def evaluate_run(frame: Frame, node: tree.Binary, want: Kinds) -> Value:
    """A run of left-associative operators, folded without recursion on its left side."""
    nodes: list[tree.Binary] = []
    left: tree.Expr = node
    while isinstance(left, tree.Binary):
        nodes.append(left)
        left = left.left
    first, value = left, evaluate(frame, left, want)
    for step in reversed(nodes):
        value = evaluate_binary(frame, step, value, first.span, want)
        first = step
    return value


def evaluate_binary(frame: Frame, node: tree.Binary, left: Value, left_span: Span, want: Kinds) -> Value:
    """`left op right`, on tensors by the library's operator, on static values by arithmetic."""
    if node.op in ("and", "or") and isinstance(left, bool):
        return evaluate_logical(frame, node, left)
    return combine_sides(frame, node, left, evaluate(frame, node.right, want), left_span)


def combine_sides(frame: Frame, node: tree.Binary, left: Value, right: Value, left_span: Span) -> Value:
    """An operator on the values of both of its sides."""
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return UNKNOWN
    if node.op in ("in", "not in") and (tensor := find_tensor(left, right)) is not None:
        return frame.report(BadOperands(at=node.op_span, op=node.op, left=describe(tensor), repair=suggest_comparisons(node)))
    if any(isinstance(v, Tensor | Mean) for v in (left, right)):
        sides = passes.widen(frame, node.op, (left, right), node.span) if frame.passes else (left, right)
        found = frame.world.elaborate.operator(frame, node.op, sides, (left_span, node.right.span), node)
        return passes.note(frame, node.op, sides, found) if frame.passes else found
    if any(map(is_initial, (left, right))) and node.op in OF_INITIAL and all(is_initial(v) or is_number(v) for v in (left, right)):
        return Initial(node.op, (left, right))
    try:
        return arithmetic.combine(node.op, left, right, frame.facts)
    except Mistake as mistake:
        return frame.world.report_mistake(mistake, node.span)


OF_INITIAL = ("+", "-", "*", "/", "**")
"""Operators that compute initial values."""


def find_tensor(left: Value, right: Value) -> Value:
    """The tensor beside `in`, which looks into lists that are known before anything runs; or None."""
    sides = (left, right, *(right if isinstance(right, tuple) else ()))
    return next((v for v in sides if isinstance(v, Tensor | Mean)), None)


def suggest_comparisons(node: tree.Binary) -> str:
    """What says the same of each element of a tensor."""
    items = node.right.items if isinstance(node.right, tree.ListExpr) else ()
    if not items or len(items) > LIMITS.listed_words or isinstance(node.left, tree.Binary | tree.Chain):
        return "`in` looks into a list before anything runs; of tensors compare each element: `x == 1 or x == 2`"
    sign, word = ("==", " or ") if node.op == "in" else ("!=", " and ")
    compared = word.join(f"{node.left.span.text} {sign} {item.span.text}" for item in items)
    return f"`in` looks into a list before anything runs; of tensors compare each element: `{compared}`"


def evaluate_logical(frame: Frame, node: tree.Binary, left: bool) -> Value:
    """`and`, `or` on static truth values: the right side counts only where it decides."""
    if left == (node.op == "or"):
        return left
    right = evaluate(frame, node.right)
    if isinstance(right, bool | Unknown):
        return right
    return frame.report(NotStatic(at=node.right.span, what=f"the right side of `{node.op}`", found=describe(right), wanted="true or false"))


def evaluate_unary(frame: Frame, node: tree.Unary, want: Kinds) -> Value:
    """`-x`, `not c`."""
    value = evaluate(frame, node.value, want)
    if isinstance(value, Unknown):
        return value
    if node.op == "-" and is_initial(value):
        return Initial("-", (value,))
    if isinstance(value, Tensor | Mean):
        found = frame.world.elaborate.operator(frame, node.op, (value,), (node.value.span,), node)
        return passes.note(frame, node.op, (value,), found) if frame.passes and node.op == "-" else found
    if node.op == "not":
        if not isinstance(value, bool):
            return frame.report(BadOperands(at=node.span, op="not", left=describe(value)))
        return not value
    return arithmetic.negate(value)
