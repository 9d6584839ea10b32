"""Indexing: items of lists, and slices of tensors by the library's slice operator."""

from __future__ import annotations

from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.values import BadOperands
from netspec.infer import apply, expressions, static
from netspec.infer.binding import Bound, Call
from netspec.infer.frame import Frame
from netspec.infer.values import UNKNOWN, Given, OpValue, Tensor, Unknown, Value, describe, is_size
from netspec.library import index
from netspec.syntax import tree


def of_list(frame: Frame, node: tree.Index, value: Value) -> Value:
    """`widths[i]`, `widths[1:]`."""
    if not isinstance(value, tuple) or len(node.items) != 1:
        raise Mistake(BadOperands(at=node.span, op="[ ]", left=describe(value)))
    chosen = node.items[0]
    if isinstance(chosen, tree.Dots):
        raise Mistake(BadOperands(at=node.span, op="[...]", left=describe(value)))
    if isinstance(chosen, tree.Slice):
        ends = [bound(frame, e) for e in (chosen.start, chosen.stop, chosen.step)]
        return UNKNOWN if any(isinstance(e, Unknown) for e in ends) else value[slice(*ends)]
    position = expressions.evaluate(frame, chosen)
    return UNKNOWN if isinstance(position, Unknown) else static.item(value, position)


def bound(frame: Frame, node: tree.Expr | None) -> Any:
    """An end of a slice: a whole number or size, or None."""
    if node is None:
        return None
    value = expressions.evaluate(frame, node)
    if isinstance(value, Unknown) or is_size(value):
        return value
    raise Mistake(BadOperands(at=node.span, op="[:]", left=describe(value), repair="the ends of a slice are whole numbers or sizes"))


def of_tensor(frame: Frame, node: tree.Index, tensor: Tensor) -> Value:
    """`x[:, 1:-1, 0]`, `x[..., None]`: the library's slice operator with static items."""
    items = []
    for item in node.items:
        part = slice_item(frame, item)
        if isinstance(part, Unknown):
            return UNKNOWN
        items.append(part)
    entry = index.operator("[]", 1)
    value = OpValue(entry, {"items": Given(tuple(items), node.span)}, node.span)
    use = Call(value, node.span)
    return apply.use_op(frame, use, value, Bound(tensors=[Given(tensor, node.value.span)]))


def slice_item(frame: Frame, item: tree.Expr | tree.Slice | tree.Dots) -> Any:
    """An item as the operator takes it: a number, (start, stop, step), None for a new axis, "..."."""
    if isinstance(item, tree.Dots):
        return "..."
    if isinstance(item, tree.Slice):
        ends = [bound(frame, e) for e in (item.start, item.stop, item.step)]
        return UNKNOWN if any(isinstance(e, Unknown) for e in ends) else tuple(ends)
    value = expressions.evaluate(frame, item)
    if value is None or isinstance(value, Unknown) or is_size(value):
        return value
    raise Mistake(
        BadOperands(at=item.span, op="[ ]", left="a tensor", right=describe(value), repair="an index is a whole number, a slice or `none`")
    )
