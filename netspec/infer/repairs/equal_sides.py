"""Proposes repairs where two tensors do not go together: the sides of an operator, the parts of a joint, a matrix product."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netspec.diagnostics.base import Edit, Repair
from netspec.diagnostics.shapes.operands import InnerDims, UnequalDims
from netspec.diagnostics.shapes.parts import UnequalParts
from netspec.infer.repairs import adapters, claims
from netspec.infer.repairs.arguments import STRIDE, change_arguments
from netspec.infer.repairs.lineage import Step, is_written, read_calls
from netspec.infer.repairs.rewriting import add_statement
from netspec.infer.repairs.scene import Scene, Side
from netspec.shape import Dim, TensorType
from netspec.shape.types import BATCH
from netspec.source import Span
from netspec.syntax import tree


def make_equal(scene: Scene, problem: UnequalDims) -> Iterator[Repair]:
    """The sides of an operator."""
    pair = scene.pair()
    if pair is None:
        return
    skip, main = pair
    if skip.type.rank != main.type.rank:
        short, long = sorted(pair, key=lambda side: side.type.rank)
        yield from take_beginning(scene, (short, long))
        yield from adapters.add_axes(scene.facts, short.place, short.type, long.type)
        yield from redeclare_weight(scene, short, long.type.shape[long.type.rank - short.type.rank :])
        yield from claims.flatten_images(scene, long.line, short.type.shape)
        if may_project(scene, problem.op, pair):
            yield from adapters.project_and_add(scene.facts, short.place, short.type, long.type, lambda size: scene.name(size, long.line))
        yield from adapters.flatten(long.place, long.type, short.type)
        yield from adapters.drop_axis(long.place, long.type, short.type)
        yield from reach(scene, long, short.type)
        return
    yield from take_beginning(scene, pair)
    for one, other in (pair, pair[::-1]):
        yield from redeclare_weight(scene, one, other.type.shape)
    yield from adapters.reorder(scene.facts, skip.place, skip.type, main.type)
    yield from adapters.cross(skip.place, skip.type, main.place, main.type)
    if skip.type.shape[:-1] != main.type.shape[:-1]:
        yield from make_equal_in_space(scene, skip, main)
        return
    if problem.op != "+":
        yield from reach(scene, main, skip.type, skip)
    if skip.line.steps:
        yield from reach(scene, skip, main.type, main)
        yield from reach(scene, main, skip.type, skip)
    learned = may_project(scene, problem.op, pair)
    if learned:
        yield from adapters.project(skip.place, skip.type, main.type, lambda size: scene.name(size, main.line))
    yield from reach(scene, main, skip.type, skip)
    if learned:
        yield from adapters.project(main.place, main.type, skip.type, lambda size: scene.name(size, skip.line))


def may_project(scene: Scene, op: str, sides: tuple[Side, Side]) -> bool:
    """Another layer may stand in the expression: not where it holds weights, and not in a product under or beside a function's call, whose
    factors are what the function says."""
    if any(holds_weights(scene, side) for side in sides):
        return False
    if op in ("+", "-"):
        return True
    calls = [call for call in read_calls(scene.frame).items() if not call[1].stage]
    inside = [(start, end) for (start, end), _ in calls if start < scene.span.start and scene.span.end < end]
    return not inside and not any((side.place.span.start, side.place.span.end) in dict(calls) for side in sides)


def holds_weights(scene: Scene, side: Side) -> bool:
    """A weight or buffer of the body stands in the side's text, or is what it was made of."""
    definition = scene.frame.world.graph.definitions.get(scene.frame.name)
    statements = definition.node.body.statements if definition is not None else ()
    declared = [s for s in statements if isinstance(s, tree.Weight | tree.Buffer)]
    origins = [scene.frame.origins.get(side.wire), scene.frame.origins.get(side.line.start)]
    words = set(re.findall(r"\w+", side.place.text))
    return any(s.name in words or s.name_span in origins for s in declared)


def take_beginning(scene: Scene, pair: tuple[Side, Side]) -> Iterator[Repair]:
    """Of a weight for the longest sequence as much as there is: `position[:T]`."""
    for table, other in (pair, pair[::-1]):
        if table.line.declared is not None or not table.type.is_constant or table.type.rank > other.type.rank or scene.model is None:
            continue
        beside = other.type.shape[other.type.rank - table.type.rank :]
        differ = [(n, a, b) for n, (a, b) in enumerate(zip(table.type.shape, beside, strict=True)) if a != b]
        if (
            len(differ) == 1
            and differ[0][1].is_constant
            and differ[0][1] != 1
            and str(differ[0][2]).isidentifier()
            and str(differ[0][2]) != BATCH
        ):
            axis, most, size = differ[0]
            items, bound = ", ".join([":"] * axis + [f":{size}"]), f"dim {size} <= {most}"
            edits = (*adapters.put_index(table.place, items), *add_statement(scene.model, [bound]))
            yield Repair(edits, f"take what there is of it: `{table.place.short}[{items}]`, with `{bound}` behind the inputs")


def redeclare_weight(scene: Scene, side: Side, shape: tuple[Dim, ...]) -> Iterator[Repair]:
    """A weight that is declared with the sizes that it meets."""
    definition = scene.frame.world.graph.definitions.get(scene.frame.name)
    origin = scene.frame.origins.get(side.wire)
    statements = definition.node.body.statements if definition is not None else ()
    declared = [s for s in statements if isinstance(s, tree.Weight | tree.Buffer) and s.name_span == origin]
    if side.line.steps or not declared or len(shape) != side.type.rank:
        return
    shape = tuple(old if old == 1 else new for old, new in zip(side.type.shape, shape, strict=True))
    if any(d.symbols() for d in shape):
        return
    ref = declared[0].type
    pairs = zip(ref.dims, shape, side.type.shape, strict=True)
    meant = f"{ref.dtype}[{', '.join(d.span.text if new == old else scene.name(new) for d, new, old in pairs)}]"
    if is_written(ref.span) and meant != ref.span.text:
        yield Repair((Edit(ref.span, meant),), f"write `weight {declared[0].name}: {meant}` in line {ref.span.line}", guess=True)


def make_equal_in_space(scene: Scene, skip: Side, main: Side, joined: int | None = None) -> Iterator[Repair]:
    """Images whose sides differ: by a stride, by what a window leaves over."""
    to_main, to_skip = target(skip, main, joined), target(main, skip, joined)
    learned = not holds_weights(scene, skip)
    if is_smaller(main, skip):
        if skip.line.steps:
            yield from reach(scene, skip, to_main, main)
        elif learned:
            yield from adapters.project_with_stride(
                skip.place, skip.type, to_main, lambda size: scene.name(size, main.line), said_strides(main)
            )
    yield from reach(scene, main, to_skip, skip)
    if skip.line.steps:
        yield from reach(scene, skip, to_main, main)
    yield from adapters.pad_up(main.place, main.type, to_skip)
    yield from adapters.pad_up(skip.place, skip.type, to_main)
    yield from adapters.crop(skip.place, skip.type, to_main)
    yield from adapters.crop(main.place, main.type, to_skip)
    yield from adapters.crop_ends(skip.place, skip.type, to_main)
    yield from adapters.crop_ends(main.place, main.type, to_skip)
    if learned:
        yield from adapters.project_with_stride(
            skip.place, skip.type, to_main, lambda size: scene.name(size, main.line), said_strides(main)
        )
    yield from adapters.resize(main.place, main.type, to_skip)


def said_strides(side: Side) -> dict[int, str]:
    """How the calls on the way to a tensor write their strides."""
    found = {}
    for step in side.line.steps:
        stride = getattr(step.op, STRIDE, None)
        if isinstance(stride, int) and STRIDE in step.written:
            found[stride] = step.written[STRIDE].text
    return found


def target(side: Side, other: Side, joined: int | None) -> TensorType:
    """What a side should be: as the other one, but for the axis along which they are joined."""
    if joined is None:
        return other.type
    sizes = list(other.type.shape)
    sizes[joined] = side.type.shape[joined]
    return other.type.with_shape(sizes)


def is_smaller(one: Side, other: Side) -> bool:
    """No axis of space of the one is longer."""
    pairs = zip(one.type.shape[1:-1], other.type.shape[1:-1], strict=True)
    return all(not a.is_constant or not b.is_constant or a.value <= b.value for a, b in pairs)


def reach(scene: Scene, side: Side, want: TensorType, other: Side | None = None) -> Iterator[Repair]:
    """Other arguments on the way to a tensor that give it a type."""
    lines = (other.line,) if other is not None else ()

    def accepts(made: TensorType) -> bool:
        return made.dtype == want.dtype and adapters.same(scene.facts, made.shape, want.shape)

    yield from change_arguments(scene.facts, side.line, accepts, list(want.shape), lambda size: scene.name(size, *lines))


def join_parts(scene: Scene, problem: UnequalParts) -> Iterator[Repair]:
    """Tensors that are joined along an axis."""
    if len(scene.sides) < problem.place:
        return
    first, other, axis = scene.sides[0], scene.sides[problem.place - 1], problem.joined
    if first.type.rank != other.type.rank:
        short, long = sorted((first, other), key=lambda side: side.type.rank)
        if long.type.rank > 3:
            yield from adapters.flatten(long.place, long.type, short.type)
        yield from adapters.spread_to(scene.facts, short.place, short.type, long.type, scene.name)
        yield from adapters.flatten(long.place, long.type, short.type)
        return
    if axis is None and first.type.rank == other.type.rank and scene.op is not None:
        yield from concat_instead(scene)
    differ = [i for i, (a, b) in enumerate(zip(first.type.shape, other.type.shape, strict=True)) if a != b]
    if axis is not None:
        yield from other_axis(scene, differ)
        yield from mend_all(scene, axis)
    pair = scene.pair(0, problem.place - 1)
    if axis is not None and pair is not None:
        yield from adapters.reorder(scene.facts, pair[0].place, pair[0].type, target(*pair, axis))
        yield from make_equal_in_space(scene, *pair, axis)


def mend_all(scene: Scene, axis: int) -> Iterator[Repair]:
    """Several parts at once, as most of the others are."""
    if len(scene.sides) < 3 or any(side.type.rank != scene.sides[0].type.rank for side in scene.sides):
        return
    outlines = [(*side.type.shape[:axis], *side.type.shape[axis + 1 :]) for side in scene.sides]
    usual = scene.sides[max(range(len(outlines)), key=lambda n: (outlines.count(outlines[n]), -n))]
    others = [side for side, outline in zip(scene.sides, outlines, strict=True) if outline != outlines[scene.sides.index(usual)]]
    found = [next(iter(reach(scene, side, target(side, usual, axis))), None) for side in others]
    repairs = [repair for repair in found if repair is not None]
    if len(repairs) == len(others) > 1:
        words = "; ".join(repair.words for repair in repairs)
        yield Repair(tuple(dict.fromkeys(edit for repair in repairs for edit in repair.edits)), words, guess=True)


def concat_instead(scene: Scene) -> Iterator[Repair]:
    """Tensors that differ along one axis are joined along it, not stacked."""
    name = scene.span.text.partition("(")[0]
    start = scene.span.start
    if name.strip() == "stack":
        meant = "concat" + scene.span.text[len(name) :]
        yield Repair((Edit(Span(scene.span.source, start, start + len(name)), "concat"),), f"to join them along an axis write `{meant}`")


def other_axis(scene: Scene, differ: list[int]) -> Iterator[Repair]:
    """The only axis that differs is the one that was meant."""
    if len(differ) != 1:
        return
    rank = scene.sides[0].type.rank
    meant = str(-1 if differ[0] == rank - 1 else differ[0])
    if "axis" in scene.args:
        yield Repair((Edit(scene.args["axis"].span, meant),), f"write `axis={meant}`: only there may they differ")


def multiply(scene: Scene, problem: InnerDims) -> Iterator[Repair]:
    """The sides of a matrix product: the other way round, or one of them turned."""
    if len(scene.sides) < 2:
        return
    left, right = scene.sides
    if left.place.text == right.place.text:
        return  # either side may be the one that is turned
    swapped = (Edit(left.place.span, right.place.text), Edit(right.place.span, left.place.text))
    can_swap = fits_product(scene, right.type, left.type)
    turned = [(side, turn(side.type)) for side in (right, left) if side.type.rank > 1]
    if can_swap and left.type.rank != right.type.rank:
        yield Repair(swapped, f"the sides stand the other way round: write `{right.place.text} @ {left.place.text}`")
    for side, kind in turned:
        pair = (left.type, kind) if side is right else (kind, right.type)
        if fits_product(scene, *pair):
            rank = side.type.rank
            order = "" if rank == 2 else str([*range(rank - 2), rank - 1, rank - 2])
            shown = f"transpose({side.place.short}{order and ', ' + order})"
            yield Repair(adapters.put_around(side.place, "transpose", order), f"turn it over: `{shown}`")
    inner = left.type.shape[-1]
    yield from redeclare_weight(scene, right, (*right.type.shape[:-2], inner, right.type.shape[-1]) if right.type.rank > 1 else (inner,))
    if can_swap:
        yield Repair(swapped, f"the sides stand the other way round: write `{right.place.text} @ {left.place.text}`")


def turn(kind: TensorType) -> TensorType:
    return kind.with_shape((*kind.shape[:-2], kind.shape[-1], kind.shape[-2]))


def fits_product(scene: Scene, left: TensorType, right: TensorType) -> bool:
    """The product of these is defined."""
    trial = Step(scene.span, scene.op, (left, right), {}, 0, left, -1)
    return trial.result(scene.facts, scene.op) is not None
