"""Elaborates loops: `for` unrolls, and `repeat` becomes one region that carries the names which it binds anew."""

from __future__ import annotations

import math
from collections.abc import Iterable

from netspec.diagnostics.base import Edit, Repair
from netspec.diagnostics.shapes.expansion import ExpansionTooLarge, RepeatChanges, SizeOutOfRange
from netspec.diagnostics.shapes.proofs import NotStatic
from netspec.infer import expressions
from netspec.infer.bodies import statements, variables
from netspec.infer.calls.loop_items import count_outer_passes, fits, read_passes
from netspec.infer.frame import Frame, Loop, Passes
from netspec.infer.types import have_same_type
from netspec.infer.values import UNKNOWN, Tensor, Unknown, Value, describe, to_plain
from netspec.ir import Affine, Node, Repeat, Segment, map_within, regions
from netspec.limits import LIMITS
from netspec.record import replace
from netspec.resolve.expressions import list_targets
from netspec.shape import TensorType
from netspec.source import Meant, Span
from netspec.syntax import tree


def unroll(frame: Frame, node: tree.For) -> None:
    """`for i in range(3) { … }`, `for a, b in pairs { … }`: names bound outside are rebound for what follows, new ones stay inside."""
    passes = read_passes(frame, node.names, node.iterable)
    if passes is None:
        return run_unknown(frame, node)
    before = frame.world.nodes
    for position, named in enumerate(passes):
        if frame.world.stopped:
            return forget_names(frame, node.body)
        outer, written, counted = dict(frame.env), dict(frame.written), dict(frame.counted)
        frame.loops.append(Loop(position, len(passes)))
        frame.env.update(named)
        frame.written.update(place_items(node, position))
        frame.counted.update(place_counts(node))
        emitted = len(frame.nodes)
        statements.run(frame, node.body.statements)
        variables.bind_written(frame, emitted)
        frame.loops.pop()
        close_scope(frame, outer, set(named))
        frame.written, frame.counted = written, counted
        frame.world.nodes = max(frame.world.nodes, before + position + 1)  # a pass without nodes costs time too
        expected = before + (frame.world.nodes - before) * len(passes) * count_outer_passes(frame)
        if position == 0 and not fits(frame, node.iterable.span, expected):
            return forget_names(frame, node.body)
    return None


def place_items(node: tree.For, position: int) -> dict[str, Span]:
    """Where the list of a loop has what its names stand for in this pass, as far as the list is written there."""
    items = node.iterable.items if isinstance(node.iterable, tree.ListExpr) else ()
    if position >= len(items):
        return {}
    item = items[position]
    if len(node.names) == 1:
        return {node.names[0].name: item.span} if isinstance(node.names[0], tree.Target) else {}
    parts = [p.value if isinstance(p, tree.Arg) else p for p in getattr(item, "items", ())]
    return {name.name: part.span for name, part in zip(node.names, parts, strict=False) if isinstance(name, tree.Target)}


def place_counts(node: tree.For) -> dict[str, Span]:
    """Where a loop over `range(n)` has its number of passes."""
    call = node.iterable
    counts = isinstance(call, tree.Call) and call.callee.text == "range" and len(call.args) == 1 and len(node.names) == 1
    name = node.names[0] if counts else None
    return {name.name: call.args[0].value.span} if isinstance(name, tree.Target) and isinstance(call, tree.Call) else {}


def run_unknown(frame: Frame, node: tree.For) -> None:
    """A loop over what nobody knows: one pass, for the problems in it; what it binds anew is unknown then."""
    outer, names = dict(frame.env), {target.name for target in list_targets(node.names)}
    frame.env.update(dict.fromkeys(names, UNKNOWN))
    frame.loops.append(Loop(0))
    statements.run(frame, node.body.statements)
    frame.loops.pop()
    close_scope(frame, outer, names)
    forget_names(frame, node.body)


def close_scope(frame: Frame, outer: dict[str, Value], own: set[str]) -> None:
    """Leave a loop's scope: only names that stood outside keep their new values."""
    for name in [n for n in frame.env if n not in outer and n != statements.OUTPUTS]:
        del frame.env[name]
    for name in own & outer.keys():
        frame.env[name] = outer[name]


def forget_names(frame: Frame, body: tree.Body) -> None:
    """After a problem with the loop itself, what it would have bound is unknown."""
    for name in list_rebound(body):
        if name in frame.env:
            frame.env[name] = UNKNOWN


def list_rebound(body: tree.Body) -> list[str]:
    """Names that a body's bindings bind, in order, inner loops included."""
    found: dict[str, None] = {}
    for statement in body.statements:
        if isinstance(statement, tree.Binding):
            found.update(dict.fromkeys(t.name for t in statement.targets if t.name != "_"))
        elif isinstance(statement, tree.For | tree.Repeat | tree.When):
            found.update(dict.fromkeys(list_rebound(statement.body)))
        elif isinstance(statement, tree.Hole):
            found.update(dict.fromkeys(statement.names))
    return list(found)


def repeat(frame: Frame, node: tree.Repeat) -> None:
    """`repeat n { … }`: one region; rebound tensors are carried and keep their types."""
    count = to_plain(expressions.evaluate(frame, node.count))
    if isinstance(count, Unknown):
        return elaborate_region(frame, node, 1)
    if not isinstance(count, int) or isinstance(count, bool):
        text, counted = node.count.span.text, ""
        if isinstance(count, tuple):
            counted = text[6:-1] if text.startswith("range(") and "," not in text else f"len({text})"
        problem = NotStatic(
            at=node.count.span, what="the count of `repeat`", found=describe(count), wanted="a whole number", repair=counted
        )
        frame.report(problem)
        return
    if not 0 <= count <= LIMITS.passes:
        frame.report(
            SizeOutOfRange(at=node.count.span, what="the count of `repeat`", value=f"{count:,}", limit=f"from 0 to {LIMITS.passes:,}")
        )
        return
    if count == 0:
        return None
    product = math.prod((loop.count for loop in frame.loops if loop.index is None), start=count)
    if product > LIMITS.passes:
        forget_names(frame, node.body)
        frame.report(ExpansionTooLarge(at=node.count.span, what="this `repeat` inside others", count=product, limit=LIMITS.passes))
        return
    return elaborate_region(frame, node, count)


def elaborate_region(frame: Frame, node: tree.Repeat, count: int) -> None:
    """Elaborate the body once, on tensors that stand for what a pass is given, and emit the region."""
    outer, counters = dict(frame.env), frame.counters.copy()
    carried = [n for n in list_rebound(node.body) if isinstance(outer.get(n), Tensor)]
    inner = {n: carry_in(frame, n, outer[n]) for n in carried}
    frame.env.update(inner)
    index = None
    if node.index is not None:
        index = frame.wire(TensorType("i32", ()), node.index.span)
        frame.wire_names[index.wire] = node.index.name
        frame.env[node.index.name] = index
        frame.passes[index.wire] = Passes(node, tuple(range(count)))
    frame.loops.append(Loop(None, count))
    frame.world.repeats.append(node)
    with frame.region() as nodes:
        statements.run(frame, node.body.statements)
        variables.bind_written(frame)
    frame.world.repeats.pop()
    frame.loops.pop()
    results = {n: frame.env.get(n, UNKNOWN) for n in carried}
    check_fixed_names(frame, node, outer)
    uses = frame.counters - counters
    body = count_on(nodes, frame.depth, uses)
    for op, uses_each in uses.items():
        frame.counters[op] = counters[op] + uses_each * count
    close_scope(frame, outer, {node.index.name} if node.index else set())
    carry_on(frame, node, count, body, outer, inner, results, index)


def carry_in(frame: Frame, name: str, value: Tensor) -> Tensor:
    """The tensor that stands, inside of a repeat, for a value that its passes rebind."""
    tensor = frame.wire(value.type, frame.origins[value.wire])
    frame.wire_names[tensor.wire] = name
    return tensor


def check_fixed_names(frame: Frame, node: tree.Repeat, outer: dict[str, Value]) -> None:
    """A static value that stands outside must be the same after one pass."""
    for name in list_rebound(node.body):
        before, after = outer.get(name), frame.env.get(name)
        if name in outer and not isinstance(before, Tensor | Unknown) and not isinstance(after, Unknown) and before != after:
            frame.report(RepeatChanges(at=node.span, name=name, before=describe(before), after=describe(after)))
            frame.env[name] = UNKNOWN


def carry_on(
    frame: Frame, node: tree.Repeat, count: int, body: tuple[Node, ...], outer: dict, inner: dict, results: dict, index: Tensor | None
) -> None:
    """Emit the node when every carried name kept its type."""
    fine = True
    for name, after in results.items():
        before = outer[name]
        if isinstance(after, Unknown):
            fine = False
        elif not isinstance(after, Tensor) or not have_same_type(frame, before.type, after.type):
            found = str(after.type) if isinstance(after, Tensor) else describe(after)
            problem = RepeatChanges(at=find_binding(node, name), name=name, before=str(before.type), after=found)
            frame.report(replace(problem, ways=unroll_instead(node, outer)))
            fine = False
    outputs = {n: frame.wire(outer[n].type, node.span) for n in results}
    for name, tensor in outputs.items():
        frame.env[name] = tensor if fine else UNKNOWN
        frame.wire_names[tensor.wire] = name
    if fine:
        carried, ins, ends, outs = (tuple(t[n].wire for n in results) for t in (outer, inner, results, outputs))
        frame.emit(Repeat(count, body, carried, ins, ends, outs, index.wire if index else None, node.span))


def unroll_instead(node: tree.Repeat, outer: Iterable[str]) -> tuple[Repair, ...]:
    """The loop as a `for`, whose passes may differ."""
    if isinstance(node.span, Meant) or isinstance(node.count.span, Meant):
        return ()
    name = node.index.name if node.index else next(n for n in ("i", "j", "k", "pass_") if n not in outer)
    end = node.index.span.end if node.index else node.count.span.end
    meant = f"for {name} in range({node.count.span.text})"
    edit = Edit(Span(node.span.source, node.span.start, end), meant)
    return (Repair((edit,), f"write `{meant} {{ … }}`: there each pass may make another shape"),)


def find_binding(node: tree.Repeat | tree.When, name: str):
    """The line of a region that binds a name."""
    for statement in node.body.statements:
        if isinstance(statement, tree.Binding) and any(t.name == name for t in statement.targets):
            return statement.span
    return node.span


def count_on(nodes: Iterable[Node], depth: int, uses: dict[str, int]) -> tuple[Node, ...]:
    """The nodes of a repeat's body with their numbers counting on from iteration to iteration."""

    def advanced(node: Node) -> Node:
        return node if regions(node) else replace(node, segment=advance(node.segment, depth, uses))  # type: ignore[union-attr]

    return map_within(tuple(nodes), advanced)


def advance(segment: Segment, depth: int, uses: dict[str, int]) -> Segment:
    """A counted segment with the stride that it has in the loop at this depth."""
    if not segment.counted:
        return segment
    number = segment.numbers[0]
    strides = list(number.strides) + [0] * (depth + 1 - len(number.strides))
    strides[depth] = uses.get(segment.base, 0)
    return replace(segment, numbers=(Affine(number.constant, tuple(strides)),))
