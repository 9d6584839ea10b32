"""Elaborates `x[…]`: elements and slices of tensors, which become nodes, and those of lists, which are computed at once."""

from __future__ import annotations

from typing import Any

from netspec.diagnostics.base import Edit, Mistake, Repair
from netspec.diagnostics.shapes.expansion import IndexOutOfRange
from netspec.diagnostics.shapes.proofs import BadOperands
from netspec.infer import arithmetic, expressions, shelf, types
from netspec.infer.calls import op_uses
from netspec.infer.calls.call_rule import Bound, Call
from netspec.infer.frame import Frame
from netspec.infer.values import UNKNOWN, Given, Mean, OpValue, Tensor, Unknown, Value, describe, is_size, to_plain
from netspec.record import replace
from netspec.shape import DTYPES, Dim
from netspec.source import Span
from netspec.syntax import tree


def evaluate_index(frame: Frame, node: tree.Index) -> Value:
    """`x[1, 2:4]` on a tensor, `widths[i]` on a list."""
    value = expressions.evaluate(frame, node.value)
    if isinstance(value, Unknown):
        return value
    if isinstance(value, Tensor):
        return slice_tensor(frame, node, value)
    if isinstance(value, Mean):
        each = f"a mean is one number; `each({node.value.span.text})` is the values before they are averaged"
        return frame.report(BadOperands(at=node.span, op="[ ]", left=describe(value), repair=each))
    if isinstance(node.value, tree.Name) and node.value.text == value and value in DTYPES:
        return types.evaluate_type(frame, node, value)
    return slice_list(frame, node, value)


def slice_list(frame: Frame, node: tree.Index, value: Value) -> Value:
    """`widths[i]`, `widths[1:]`."""
    if isinstance(value, dict) and value:
        field = node.items[0].value if node.items and isinstance(node.items[0], tree.String) else next(iter(value))
        repair = f"fields of a record are read with a dot: `{node.value.span.text}.{field}`"
        return frame.report(BadOperands(at=node.span, op="[ ]", left="a record", repair=repair))
    if not isinstance(value, tuple) or len(node.items) != 1:
        return frame.report(BadOperands(at=node.span, op="[ ]", left=describe(value)))
    chosen = node.items[0]
    if isinstance(chosen, tree.Dots):
        return frame.report(BadOperands(at=node.span, op="[...]", left=describe(value)))
    if isinstance(chosen, tree.Slice):
        ends = [read_end(frame, e) for e in (chosen.start, chosen.stop, chosen.step)]
        return UNKNOWN if any(isinstance(e, Unknown) for e in ends) else value[slice(*ends)]
    position = expressions.evaluate(frame, chosen)
    if isinstance(position, Unknown):
        return UNKNOWN
    try:
        return arithmetic.take_item(value, position)
    except Mistake as mistake:
        if not isinstance(mistake.diagnostic, IndexOutOfRange):
            raise
        return frame.report(replace(mistake.diagnostic, at=node.span, ways=propose_indices(frame, node, chosen, mistake.diagnostic)))


def propose_indices(frame: Frame, node: tree.Index, chosen: tree.Expr, problem: IndexOutOfRange) -> tuple[Repair, ...]:
    """The last item; or as many passes of the loop as the list has items."""
    last = problem.length - 1 if problem.index >= 0 else -problem.length
    if not problem.length:
        return ()
    if isinstance(chosen, tree.Number | tree.Unary):
        return (Repair((Edit(chosen.span, str(last)),), f"{node.value.span.text}[{last}]", guess=True),)
    counted = frame.counted.get(chosen.span.text)
    if counted is None:
        return ()
    return tuple(Repair((Edit(counted, text),), f"range({text})") for text in (f"len({node.value.span.text})", str(problem.length)))


def read_end(frame: Frame, node: tree.Expr | None) -> Any:
    """An end of a slice: a whole number or size, or None."""
    if node is None:
        return None
    value = expressions.evaluate(frame, node)
    if isinstance(value, Unknown) or is_size(value):
        return value
    return frame.report(BadOperands(at=node.span, op="[:]", left=describe(value), repair="the ends of a slice are whole numbers or sizes"))


def slice_tensor(frame: Frame, node: tree.Index, tensor: Tensor) -> Value:
    """`x[:, 1:-1, 0]`, `x[..., None]`: the library's slice operator; `x[:, indices]`, `x[[0, 33]]`: a gather of what it leaves, and so
    `x[i, j]`, whose numbers are paired."""
    items = [read_item(frame, item) for item in node.items]
    if any(isinstance(item, Unknown) for item in items):
        return UNKNOWN
    chosen = [place for place, item in enumerate(items) if isinstance(item, Tensor | tuple) and not isinstance(item, Cut)]
    if not chosen:
        return emit_slice(frame, node, tensor, items)
    rest = [Cut((None, None, None)) if i in chosen else item for i, item in enumerate(items)]
    whole = all(isinstance(item, Cut) and item == (None, None, None) for item in rest)
    left = tensor if whole and len(items) <= tensor.type.rank else emit_slice(frame, node, tensor, rest)
    if not isinstance(left, Tensor):
        return left
    alone = len(chosen) == 1 and not stand_apart(items, chosen)
    return emit_gather(frame, node, left, items, chosen[0]) if alone else emit_pairs(frame, node, left, items, chosen)


def emit_slice(frame: Frame, node: tree.Index, tensor: Tensor, items: list[Any]) -> Value:
    """The use of the library's slice operator."""
    value = OpValue(shelf.SLICE, {"items": Given(tuple(items), node.span)}, node.span)
    return op_uses.use_op(frame, Call(value, node.span), value, Bound(tensors=[Given(tensor, node.value.span)]))


def emit_gather(frame: Frame, node: tree.Index, left: Tensor, items: list[Any], place: int) -> Value:
    """Elements of the one axis that a tensor or a list of numbers chooses, after the other items are done."""
    axis = find_axis(items, place)
    chosen, span = items[place], node.items[place].span
    tensors = [Given(left, node.value.span)]
    args = {"axis": Given(axis, span)}
    if isinstance(chosen, Tensor):
        tensors.append(Given(chosen, span))
    else:
        args["indices"] = Given(chosen, span)
    value = OpValue(shelf.find_chooser(isinstance(chosen, Tensor)), args, node.span)
    return op_uses.use_op(frame, Call(value, node.span), value, Bound(tensors=tensors))


def find_axis(items: list[Any], place: int) -> int:
    """The axis that an item is about, after the other items are done; counted from the end behind `...`."""
    kept = [i for i, item in enumerate(items) if not is_size(item)]
    return kept.index(place) - (len(kept) if "..." in items[:place] else 0)


def emit_pairs(frame: Frame, node: tree.Index, left: Tensor, items: list[Any], chosen: list[int]) -> Value:
    """Elements that tensors or lists of numbers choose together along several axes. As in NumPy their axes stand first where something else
    stands between them, a new axis or `...` too, single numbers counting as chosen."""
    axes = [find_axis(items, place) % left.type.rank for place in chosen]
    tensors = [Given(left, node.value.span)]
    for place, axis in zip(chosen, axes, strict=True):
        span = node.items[place].span
        index = items[place] if isinstance(items[place], Tensor) else make_numbers(frame, left.type.shape[axis], items[place], span)
        if not isinstance(index, Tensor):
            return UNKNOWN
        tensors.append(Given(index, span))
    args = {"axes": Given(tuple(axes), node.span)}
    if stand_apart(items, chosen):
        args["front"] = Given(True, node.span)
    value = OpValue(shelf.PAIRS, args, node.span)
    return op_uses.use_op(frame, Call(value, node.span), value, Bound(tensors=tensors))


def stand_apart(items: list[Any], chosen: list[int]) -> bool:
    """Something else stands between the items that choose elements, single numbers among them."""
    found = [place for place, item in enumerate(items) if place in chosen or is_size(item)]
    return found != list(range(found[0], found[-1] + 1))


def make_numbers(frame: Frame, size: Dim, numbers: tuple[int, ...], span: Span) -> Value:
    """A list of numbers as a tensor, each proved to lie inside an axis of the size."""
    row = OpValue(shelf.ROW, {"size": Given(to_plain(size), span)}, span)
    whole = op_uses.use_op(frame, Call(row, span), row, Bound())
    if not isinstance(whole, Tensor):
        return whole
    taken = OpValue(shelf.find_chooser(by_tensor=False), {"indices": Given(numbers, span)}, span)
    return op_uses.use_op(frame, Call(taken, span), taken, Bound(tensors=[Given(whole, span)]))


class Cut(tuple):
    """(start, stop, step) of a slice."""


def read_item(frame: Frame, item: tree.Expr | tree.Slice | tree.Dots) -> Any:
    """An item as the operator takes it: a number, a cut, None for a new axis, "..."; or a tensor or list of whole numbers."""
    if isinstance(item, tree.Dots):
        return "..."
    if isinstance(item, tree.Slice):
        ends = [read_end(frame, e) for e in (item.start, item.stop, item.step)]
        return UNKNOWN if any(isinstance(e, Unknown) for e in ends) else Cut(ends)
    value = expressions.evaluate(frame, item)
    if value is None or isinstance(value, Unknown) or is_size(value) or chooses(value):
        return value
    repair = "choose elements with `where`: their number would depend on the data" if isinstance(value, Tensor) else INDEX
    return frame.report(BadOperands(at=item.span, op="[ ]", left="a tensor", right=describe(value), repair=repair))


INDEX = "an index is a whole number, a slice, `none`, or whole numbers in a list or tensor"


def chooses(value: Value) -> bool:
    """Whole numbers that name elements of an axis."""
    if isinstance(value, Tensor):
        return value.type.is_int
    return isinstance(value, tuple) and len(value) > 0 and all(isinstance(v, int) and not isinstance(v, bool) for v in value)
