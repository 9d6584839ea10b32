"""Elaborates calls and operators by what they stand on: ops, blocks, tensors, static functions, what a section selects in its model."""

from __future__ import annotations

from netspec.diagnostics.base import Place
from netspec.diagnostics.calls.arguments import BadArgument, TooManyArguments
from netspec.diagnostics.calls.inputs import NotATensor
from netspec.diagnostics.calls.kinds import NotCallable, WrongKind
from netspec.diagnostics.names.unknown_names import UnknownArgument
from netspec.infer import arithmetic, expressions
from netspec.infer.calls import op_uses
from netspec.infer.calls.call_rule import Bound, Call, complete, perform, signature_of
from netspec.infer.calls.callees import find_callee, look_up
from netspec.infer.frame import Frame
from netspec.infer.shelf import CALLABLE, FOLDS, find_op
from netspec.infer.values import UNKNOWN, BlockValue, Composed, Given, Known, Mean, OpValue, SharedChain, Tensor, Unknown, Value, describe
from netspec.library.shelf import index
from netspec.record import replace
from netspec.resolve.expressions import OF_MODELS
from netspec.resolve.graph import Builtin, FunctionRef
from netspec.resolve.sections import LATE_VALUES
from netspec.shape import DTYPES
from netspec.source import NOWHERE, Span
from netspec.syntax import tree


def evaluate_call(frame: Frame, node: tree.Call, want: tuple[str, ...]) -> Value:
    """A call in an expression: `f(x, 3)`, `relu(x)`, `zeros([3])`, or a value such as `dense(4)`."""
    meaning = look_up(frame, node.callee)
    if isinstance(meaning, Builtin):
        return evaluate_builtin(frame, meaning, node, want)
    if isinstance(meaning, FunctionRef):
        from netspec.infer.calls import static_functions  # few specs have any

        return static_functions.call_function(frame, node, meaning.function, want)
    callee = find_callee(frame, node.callee, meaning, want or frame.kinds, node.args)
    if isinstance(callee, SharedChain):
        from netspec.infer.calls import shared_chains  # few specs have any

        return shared_chains.call_shared(frame, callee, node)
    if isinstance(callee, Composed):
        return frame.report(NotCallable(at=node.span, name=node.callee.text, what=describe(callee)))
    return UNKNOWN if isinstance(callee, Unknown) else perform(frame, Call(callee, node.span, args=node.args, want=want))


def evaluate_builtin(frame: Frame, meaning: Builtin, node: tree.Call, want: tuple[str, ...]) -> Value:
    """A static function; on tensors, the op of the same name if there is one."""
    values = [expressions.evaluate(frame, a.value) for a in node.args]
    if any(isinstance(v, Unknown) for v in values):
        return UNKNOWN
    if meaning.name in OF_MODELS:
        return select_from_model(frame, meaning.name, node, values)
    if any(isinstance(v, Tensor | Mean) for v in values) and index.entries(meaning.name):
        args = tuple(replace(a, value=Known(v, a.value.span)) for a, v in zip(node.args, values, strict=True))
        callee = find_op(meaning.name, want or CALLABLE, node.callee.span)
        return perform(frame, Call(callee, node.span, args=args))  # type: ignore[arg-type]
    if len(values) == 1 and meaning.name in FOLDS and isinstance(values[0], tuple) and any(isinstance(v, Tensor | Mean) for v in values[0]):
        return fold(frame, FOLDS[meaning.name], values[0], node)
    if any(a.name for a in node.args):
        arg = next(a for a in node.args if a.name)
        return frame.report(UnknownArgument(at=arg.name_span, op=meaning.name, name=arg.name or ""))
    try:
        return arithmetic.FUNCTIONS[meaning.name](*values)
    except TypeError:
        return frame.report(TooManyArguments(at=node.span, op=meaning.name, signature="value"))


def select_from_model(frame: Frame, name: str, node: tree.Call, values: list[Value]) -> Value:
    """`params("**/kernel")`, `aux("**/balance")`."""
    if len(values) == 1 and isinstance(values[0], str) and node.args[0].name is None:
        return frame.select(name, node, values[0])
    found = describe(values[0]) if values else "nothing"
    at = node.args[0].value.span if node.args else node.span
    return frame.report(BadArgument(at=at, op=name, name="pattern", value=found, expected='a pattern over paths such as `"**/kernel"`'))


def evaluate_late_name(frame: Frame, node: tree.Name, want: tuple[str, ...]) -> Value:
    """A name of `train` that is neither an output, a field nor a `let`: perhaps an op as a value or an element type, else unknown."""
    if node.text in DTYPES:
        return node.text
    if node.parts[0] == "serve" and len(node.parts) == 2:
        return frame.answer(node)
    if node.text in frame.world.graph.definitions:
        return BlockValue(frame.world.graph.definitions[node.text], span=node.span)
    if index.entries(node.text):
        value = find_op(node.text, want, node.span)
        if not want or value.entry.kind in want:
            return value
        wanted = f"{'an' if want[0][0] in 'aeio' else 'a'} {want[0]}"
        return frame.report(WrongKind(at=node.span, name=node.text, is_a=value.entry.kind, wanted=wanted))
    found = frame.late_name(node)
    if found is not None:
        return found
    from netspec.resolve.suggestions import unknown_in_training  # only specs with a problem need it

    own = [n for n in frame.env if n not in LATE_VALUES]
    return frame.report(unknown_in_training(node.span, node.text, frame.env, own, want))


def apply_operator(frame: Frame, symbol: str, values: tuple[Value, ...], spans: tuple[Span, ...], node: tree.Binary | tree.Unary) -> Value:
    """An operator of which at least one operand is a tensor."""
    entry = index.operator(symbol, len(values))
    for value, span in zip(values, spans, strict=True):
        if not isinstance(value, Tensor | Mean | int | float | bool):
            return frame.report(
                NotATensor(at=span, what=describe(value), wanted=f"the operand of `{symbol}`", chain=place_value(value, span))
            )
    at = node.op_span if isinstance(node, tree.Binary) and node.op_span is not NOWHERE else node.span
    use = Call(OpValue(entry, span=node.span), at)
    given = [Given(v, s) for v, s in zip(values, spans, strict=True)]
    return op_uses.use_op(frame, use, OpValue(entry, span=node.span), Bound(tensors=given))


def place_value(value: Value, at: Span) -> tuple[Place, ...]:
    """Where an op or a block was written that a name stands for."""
    span = value.span if isinstance(value, OpValue | BlockValue) else NOWHERE
    return (Place(span, describe(value)),) if span is not NOWHERE and span.end > 0 and not at.start <= span.start < at.end else ()


def fold(frame: Frame, entry: index.Entry | None, values: tuple, node: tree.Call) -> Value:
    """A list of tensors (and numbers) as one, from left to right."""
    assert entry is not None
    written = node.args[0].value
    spans = [i.span for i in written.items] if isinstance(written, tree.ListExpr) else [written.span] * len(values)
    result, before = values[0], spans[0]
    for value, span in zip(values[1:], spans[1:], strict=True):
        given, before = [Given(result, before), Given(value, span)], written.span
        if not any(isinstance(g.value, Tensor | Mean) for g in given):
            result = arithmetic.FUNCTIONS[node.callee.text]((result, value))
            continue
        use = Call(OpValue(entry, span=node.span), node.span)
        bound = Bound(tensors=given)
        if not complete(frame, use, signature_of(use.value), bound):
            return UNKNOWN
        result = op_uses.use_op(frame, use, OpValue(entry, span=node.span), bound)
        if isinstance(result, Unknown):
            return UNKNOWN
    return result
