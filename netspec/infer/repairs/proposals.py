"""Proposes repairs for problems of shapes by their kind, in the order of preference; which one holds is tried on the whole file."""

from __future__ import annotations

from collections.abc import Callable as Function
from collections.abc import Iterator
from itertools import islice

from netspec.diagnostics.base import Diagnostic, Repair
from netspec.diagnostics.calls.inputs import InputMismatch, WrongDtype, WrongRank
from netspec.diagnostics.shapes.attention import UnevenHeads
from netspec.diagnostics.shapes.axes import AxisNotOne, NotAPermutation, ReshapeCount, ReshapeRemainder
from netspec.diagnostics.shapes.expansion import FreeParameter
from netspec.diagnostics.shapes.operands import InnerDims, UnequalDims
from netspec.diagnostics.shapes.parts import UnequalParts
from netspec.diagnostics.shapes.patterns import EinsumDims
from netspec.diagnostics.shapes.proofs import TypeMismatch
from netspec.diagnostics.shapes.sizes import AxisOutOfRange, UnevenGroups, UnprovenSize
from netspec.diagnostics.shapes.windows import OnlyPadding, WindowTooLarge
from netspec.infer.frame import Frame
from netspec.infer.repairs import adapters, axes, claims, windows
from netspec.infer.repairs.arguments import change_arguments
from netspec.infer.repairs.claims import Pattern
from netspec.infer.repairs.own_arguments import accept_groups, accept_inputs
from netspec.infer.repairs.rewriting import add_statement
from netspec.infer.repairs.scene import Scene, Side
from netspec.infer.values import Given
from netspec.library.base import Callable
from netspec.record import replace
from netspec.shape import TensorType
from netspec.shape.types import BATCH
from netspec.source import NOWHERE, Span

MOST = 8
"""Repairs of one problem that are worth trying."""


def with_proposals(
    frame: Frame, span: Span, op: Callable | None, given: list[Given], args: dict[str, Given], problem: Diagnostic
) -> Diagnostic:
    """The problem with what might mend it."""
    return add_proposals(Scene(frame, span, op, given, problem, args))


def with_claim(frame: Frame, span: Span, given: Given, want: Pattern | None, claimed: tuple[str, ...], problem: Diagnostic) -> Diagnostic:
    """The same for a tensor that is not as it is written."""
    scene = Scene(frame, span, None, [given], problem, {})
    scene.want, scene.claimed = want, claimed
    return add_proposals(scene)


def add_proposals(scene: Scene) -> Diagnostic:
    """The problem of a scene with what might mend it."""
    problem = scene.problem
    if problem.at is NOWHERE or not problem.at.source.text:
        return problem
    found = [repair for repair in islice(propose(scene), MOST) if repair.edits]
    own = tuple(problem.edits())
    return replace(problem, ways=(*found, *([Repair(own)] if own else []), *problem.ways)) if found else problem


def propose(scene: Scene) -> Iterator[Repair]:
    """What might mend a problem."""
    problem = scene.problem
    rule = problem.rule if isinstance(problem, UnprovenSize) and problem.rule is not None else problem
    if rule is not problem and isinstance(rule, WindowTooLarge):
        yield from windows.turn_channels(scene.sides[0].line)
        return
    for kind, found in PROPOSALS.items():
        if isinstance(rule, kind):
            yield from found(scene, rule)


# --- two sides that are to be equal ----------------------------------------------------------------------------------


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
        yield from adapters.flatten(long.place, long.type, short.type)
        yield from adapters.drop_axis(long.place, long.type, short.type)
        yield from reach(scene, long, short.type)
        return
    yield from take_beginning(scene, pair)
    yield from adapters.reorder(scene.facts, skip.place, skip.type, main.type)
    if skip.type.shape[:-1] != main.type.shape[:-1]:
        yield from make_equal_in_space(scene, skip, main)
        return
    yield from adapters.project(skip.place, skip.type, main.type, lambda size: scene.name(size, main.line))
    yield from reach(scene, main, skip.type, skip)
    yield from adapters.project(main.place, main.type, skip.type, lambda size: scene.name(size, skip.line))


def take_beginning(scene: Scene, pair: tuple[Side, Side]) -> Iterator[Repair]:
    """Of a weight for the longest sequence as much as there is: `position[:T]`."""
    for table, other in (pair, pair[::-1]):
        if table.line.steps or table.line.declared is not None or table.type.rank > other.type.rank or scene.model is None:
            continue
        beside = other.type.shape[other.type.rank - table.type.rank :]
        differ = [(n, a, b) for n, (a, b) in enumerate(zip(table.type.shape, beside, strict=True)) if a != b]
        if len(differ) == 1 and differ[0][1].is_constant and str(differ[0][2]).isidentifier() and str(differ[0][2]) != BATCH:
            axis, most, size = differ[0]
            items, bound = ", ".join([":"] * axis + [f":{size}"]), f"dim {size} <= {most}"
            edits = (*adapters.put_index(table.place, items), *add_statement(scene.model, [bound]))
            yield Repair(edits, f"take what there is of it: `{table.place.short}[{items}]`, with `{bound}` behind the inputs")


def make_equal_in_space(scene: Scene, skip: Side, main: Side, joined: int | None = None) -> Iterator[Repair]:
    """Images whose sides differ: by a stride, by what a window leaves over."""
    to_main, to_skip = target(skip, main, joined), target(main, skip, joined)
    if is_smaller(main, skip):
        if skip.line.steps:
            yield from reach(scene, skip, to_main, main)
        else:
            yield from adapters.project_with_stride(skip.place, skip.type, to_main, lambda size: scene.name(size, main.line))
    yield from reach(scene, main, to_skip, skip)
    if skip.line.steps:
        yield from reach(scene, skip, to_main, main)
    yield from adapters.pad_up(main.place, main.type, to_skip)
    yield from adapters.pad_up(skip.place, skip.type, to_main)
    yield from adapters.crop(skip.place, skip.type, to_main)
    yield from adapters.crop(main.place, main.type, to_skip)
    yield from adapters.project_with_stride(skip.place, skip.type, to_main, lambda size: scene.name(size, main.line))
    yield from adapters.resize(main.place, main.type, to_skip)


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
        yield from adapters.flatten(long.place, long.type, short.type)
        return
    if axis is None and first.type.rank == other.type.rank and scene.op is not None:
        yield from concat_instead(scene)
    differ = [i for i, (a, b) in enumerate(zip(first.type.shape, other.type.shape, strict=True)) if a != b]
    if axis is not None:
        yield from other_axis(scene, differ)
    pair = scene.pair(0, problem.place - 1)
    if axis is not None and pair is not None:
        yield from adapters.reorder(scene.facts, pair[0].place, pair[0].type, target(*pair, axis))
        yield from make_equal_in_space(scene, *pair, axis)


def concat_instead(scene: Scene) -> Iterator[Repair]:
    """Tensors that differ along one axis are joined along it, not stacked."""
    from netspec.diagnostics.base import Edit

    name = scene.span.text.partition("(")[0]
    start = scene.span.start
    if name.strip() == "stack":
        meant = "concat" + scene.span.text[len(name) :]
        yield Repair((Edit(Span(scene.span.source, start, start + len(name)), "concat"),), f"to join them along an axis write `{meant}`")


def other_axis(scene: Scene, differ: list[int]) -> Iterator[Repair]:
    """The only axis that differs is the one that was meant."""
    from netspec.diagnostics.base import Edit

    if len(differ) != 1:
        return
    rank = scene.sides[0].type.rank
    meant = str(-1 if differ[0] == rank - 1 else differ[0])
    if "axis" in scene.args:
        yield Repair((Edit(scene.args["axis"].span, meant),), f"write `axis={meant}`: only there may they differ")


def multiply(scene: Scene, problem: InnerDims) -> Iterator[Repair]:
    """The sides of a matrix product: the other way round, or one of them turned."""
    from netspec.diagnostics.base import Edit

    if len(scene.sides) < 2:
        return
    left, right = scene.sides
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
    if can_swap:
        yield Repair(swapped, f"the sides stand the other way round: write `{right.place.text} @ {left.place.text}`")


def turn(kind: TensorType) -> TensorType:
    return kind.with_shape((*kind.shape[:-2], kind.shape[-1], kind.shape[-2]))


def fits_product(scene: Scene, left: TensorType, right: TensorType) -> bool:
    """The product of these is defined."""
    from netspec.infer.repairs.lineage import Step

    trial = Step(scene.span, scene.op, (left, right), {}, 0, left, -1)
    return trial.result(scene.facts, scene.op) is not None


PROPOSALS: dict[type, Function] = {
    AxisNotOne: axes.take_one,
    AxisOutOfRange: axes.other_axis,
    EinsumDims: axes.reorder_letters,
    FreeParameter: windows.pool_free_image,
    InputMismatch: claims.fit_block,
    NotAPermutation: axes.swap_two,
    OnlyPadding: accept_inputs,
    ReshapeCount: axes.keep_count,
    ReshapeRemainder: axes.leave_no_remainder,
    TypeMismatch: claims.keep_claim,
    UnevenGroups: accept_groups,
    UnevenHeads: accept_inputs,
    WindowTooLarge: windows.fit_window,
    WrongDtype: claims.fit_dtype,
    WrongRank: windows.give_axes,
    UnequalDims: make_equal,
    UnequalParts: join_parts,
    InnerDims: multiply,
}
