"""Operators on tensors, and static functions of lists that hold tensors."""

from __future__ import annotations

from netspec.diagnostics.calls.inputs import NotATensor
from netspec.infer import arithmetic
from netspec.infer.calls import op_uses
from netspec.infer.calls.binding import complete
from netspec.infer.frame import Frame
from netspec.infer.uses import Bound, Call, signature_of
from netspec.infer.values import UNKNOWN, Given, Mean, OpValue, Tensor, Unknown, Value, describe
from netspec.library.shelf import index
from netspec.source import NOWHERE, Span
from netspec.syntax import tree


def apply_operator(frame: Frame, symbol: str, values: tuple[Value, ...], spans: tuple[Span, ...], node: tree.Binary | tree.Unary) -> Value:
    """An operator of which at least one operand is a tensor."""
    entry = index.operator(symbol, len(values))
    for value, span in zip(values, spans, strict=True):
        if not isinstance(value, Tensor | Mean | int | float | bool):
            return frame.report(NotATensor(at=span, what=describe(value), wanted=f"the operand of `{symbol}`"))
    at = node.op_span if isinstance(node, tree.Binary) and node.op_span is not NOWHERE else node.span
    use = Call(OpValue(entry, span=node.span), at)
    given = [Given(v, s) for v, s in zip(values, spans, strict=True)]
    return op_uses.use_op(frame, use, OpValue(entry, span=node.span), Bound(tensors=given))


FOLDS = {"sum": index.operator("+", 2), "min": index.lookup("minimum"), "max": index.lookup("maximum")}
"""What `sum([x, y, z])` of tensors is made of."""


def fold(frame: Frame, entry: index.Entry | None, values: tuple, node: tree.Call) -> Value:
    """A list of tensors (and numbers) as one, from left to right."""
    assert entry is not None
    result = values[0]
    for value in values[1:]:
        given = [Given(v, node.args[0].value.span) for v in (result, value)]
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
