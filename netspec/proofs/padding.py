"""Tells what one use of an op does with padding: where it says that there is some, and what it passes on, leaves out or takes in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from netspec.diagnostics.base import Place
from netspec.ir import Apply, Body, Literal, Measurement, Operand
from netspec.library.base import Callable, Measure
from netspec.library.contracts.mask_effects import EACH, MASKS, MIXES, NEAR, Treatment, masked_axes, treatment
from netspec.record import record, replace
from netspec.shape import TensorType

SAYING = ("mask", "node_mask", "valid")
"""The names of inputs that say which elements of a tensor count, one by one."""


@record(eq=False)
class Padded:
    """Some of the elements along an axis only fill it up."""

    place: Place
    """Where something says which."""
    name: str = ""
    """What the mask, or what the lengths are called in this body; "": in any."""
    body: Body | None = None
    by_length: bool = False
    told: bool = False
    """A window that takes it in is told of already."""
    moved: bool = False
    """What fills up may stand in front."""
    lengths: int | None = None
    """The wire of `body` that says how many count."""

    def says(self, body: Body) -> str:
        """The mask's name, where it means the same in this body."""
        return self.name if self.body in (None, body) else ""


LAST, ZEROS, OTHER = "last", "zeros", "other"
"""How an op takes padding that counts from the end of its axis, one that counts the zeros in its place, other lengths told."""
CLEAN, MASK = "clean", "mask"
"""What is left out is nothing harmful any more (0, -inf); the numbers say themselves what is left out."""


@record(eq=False)
class Zeroed:
    """What fills up the axis is 0."""

    padded: Padded


Status = Padded | Zeroed | str
Marks = Mapping[int, Status]
"""What is known of the axes of a tensor."""
Use = Apply | Measurement


@record
class Drop:
    """An op takes padding for elements."""

    place: int
    """The input."""
    axis: int
    padded: Padded
    how: str = MIXES
    """MIXES, NEAR, LAST, ZEROS or OTHER."""
    told: int | None = None
    """The wire of other lengths."""


# --- where there is padding ------------------------------------------------------------------------------------------
def find_masked(use: Use, body: Body) -> Iterator[tuple[int, int, Padded]]:
    """The wires whose axis a mask of this use runs along. A mask over several axes may say anything, one over a single axis says what fills
    it up, unless it is made of numbers, which weigh."""
    for name, wire in use.optional:
        axis = _long_axis(body.types[wire]) if name in SAYING and body.types[wire].dtype == "bool" else None
        if axis is None:
            continue
        padded = Padded(Place(use.span, f"`{name}` says here which of them count"), body.names.get(wire, ""), body)
        ranks = {place: body.types[operand].rank for place, operand in enumerate(use.inputs) if isinstance(operand, int)}
        for place, along in masked_axes(use.op, ranks, body.types[wire], axis):
            operand = use.inputs[place]
            if isinstance(operand, int) and body.types[operand].shape[along] == body.types[wire].shape[axis]:
                yield operand, along, padded


def _long_axis(mask: TensorType) -> int | None:
    """The only axis of a mask besides the batch's that is not 1."""
    long = [axis for axis in range(1, mask.rank) if mask.shape[axis] != 1]
    return long[0] if len(long) == 1 else None


# --- what an op passes on --------------------------------------------------------------------------------------------
def marks_of(known: Mapping[int, Marks], operand: Operand, types: Mapping[int, TensorType]) -> Marks:
    """What is known of a tensor. Truth values are masks by themselves."""
    if isinstance(operand, Literal):
        return {}
    kind = types[operand]
    if kind.dtype == "bool":
        return {axis: MASK for axis, size in enumerate(kind.shape) if size != 1}
    return known.get(operand, {})


def meet_statuses(found: list[Status | None], factors: bool, fill: float | None = None) -> Status | None:
    """What is known of an axis that is made of these; None stands for a tensor that nothing is known of.

    With masks anything can be done that leaves padding out. In a product one factor is enough to do so, and one of which nothing is known
    may be a mask in numbers. `fill` is the number that a mask puts where it leaves something out.
    """
    padded = next((status for status in found if isinstance(status, Padded)), None)
    zeroed = next((status for status in found if isinstance(status, Zeroed)), None)
    if MASK in found:
        if all(status == MASK for status in found):
            return MASK
        return (zeroed or (padded and Zeroed(padded)) or CLEAN) if factors or fill == 0 else CLEAN
    if factors and (CLEAN in found or None in found or zeroed):
        return zeroed or (CLEAN if CLEAN in found or padded else None)
    return padded or zeroed or (CLEAN if CLEAN in found else None)


def pass_on(node: Use, marks: list[Marks], body: Body) -> tuple[list[dict[int, Status]], Drop | None]:
    """What is known of the results, by that of the inputs, and the first padding that the op takes for elements."""
    types = tuple(operand.value if isinstance(operand, Literal) else body.types[operand] for operand in node.inputs)
    results = [body.types[wire] for wire in node.outputs] if isinstance(node, Apply) else []
    if node.op.elementwise and results:
        made = combine_elementwise(node.op, types, marks, results[0])
        return [dict(made) for _ in results], None
    found: list[dict[int, Status]] = [{} for _ in results]
    drop, done = None, set()
    for start in ((place, axis) for place, known in enumerate(marks) for axis in known):
        if start in done:
            continue
        beside = [(p, a) for p, known in enumerate(marks) for a in known if (p, a) != start]
        what = treatment(node.op, types, start, beside, body.facts)
        done |= set(what.together)
        status, dropped = judge(node, what, marks, body)
        drop = drop or dropped
        for made, axes in zip(found, _find_carried_axes(what, types, results), strict=False):
            made.update({a: status for a in axes if status and not isinstance(made.get(a), Padded)})
        if start[0] == 0 and isinstance(status, Padded):
            for made, moved in zip(found, node.op.displaces(start[1], *types), strict=False):  # type: ignore[arg-type]
                made[start[1]] = replace(status, moved=moved or status.moved)
    return found, drop


def judge(node: Use, what: Treatment, marks: list[Marks], body: Body) -> tuple[Status | None, Drop | None]:
    """What the op makes of padding along these axes, and whether it takes it for elements."""
    op, own = node.op, what.together
    status = meet_statuses([marks[place].get(axis) for place, axis in own], op.factors)
    given = any(name in MASKS for name, _ in node.optional) or (isinstance(op, Measure) and op.leaves_labels_out())
    if isinstance(status, Zeroed):
        return judge_zeroed(node, what, status, given)
    if not isinstance(status, Padded):
        return status, None
    if given and (isinstance(op, Measure) or (op.zeroes and what.how == MIXES)):
        return CLEAN, None
    types = [kind.value if isinstance(kind, Literal) else body.types[kind] for kind in node.inputs]
    if (told := find_other_lengths(node, status, body)) is not None:
        return CLEAN, Drop(*own[0], status, OTHER, told)
    how = find_harm(node, what, types, status)
    if given or not how or (how == NEAR and status.told):
        return status, None
    names = [port.name for port in op.inputs]
    place, axis = next((p, a) for p, a in own if isinstance(marks[p].get(a), Padded))
    heard = [(p, a) for p, a in own if not op.masks or (names[p] in op.masks and isinstance(marks[p].get(a), Padded))]
    after = replace(status, told=True) if how == NEAR else CLEAN
    return after if heard else status, Drop(place, axis, status, how) if heard else None


def find_other_lengths(node: Use, status: Padded, body: Body) -> int | None:
    """The lengths that an op is given, where both they and those of the sequence are inputs, and not the same."""
    given = {port.name: operand for port, operand in zip(node.op.inputs, node.inputs, strict=False)} | dict(node.optional)
    told = given.get("lengths")
    ports = {port.wire for port in body.inputs}
    strange = status.body is body and told != status.lengths and {told, status.lengths} <= ports
    return told if strange and isinstance(told, int) and status.lengths is not None else None


def judge_zeroed(node: Use, what: Treatment, status: Zeroed, given: bool) -> tuple[Status | None, Drop | None]:
    """Zeros are nothing to a sum, and to windows what stands behind the end of any sequence, which they make something of; a mean or a
    largest element counts them."""
    if what.how == NEAR:
        return replace(status.padded, told=True), None
    if what.how != MIXES or isinstance(node.op, Measure):
        return status, None
    if given or not node.op.counts_zeros():
        return CLEAN, None
    return CLEAN, Drop(*what.together[0], status.padded, ZEROS)


def find_harm(use: Use, what: Treatment, types: Sequence[Any], status: Padded) -> str:
    """MIXES where it makes one element of those along the axis, as a loss or metric does where its values are averaged; NEAR where its
    windows reach from one that counts to what fills up; LAST where it begins with what stands at the end."""
    op = use.op
    if isinstance(op, Measure):
        return MIXES if isinstance(use, Measurement) and (any(map(bool, what.axes)) or not op.mask_weighs) else ""
    if what.how == MIXES or (what.how == NEAR and what.ahead):
        return what.how
    if status.moved and op.keeps_values and what.axes and not any(map(bool, what.axes)):
        return LAST
    return LAST if what.together[0][0] == 0 and op.counts_from_end(what.together[0][1], *types) else ""


def combine_elementwise(op: Callable, types: tuple[Any, ...], marks: list[Marks], result: TensorType) -> dict[int, Status]:
    """Axes meet from the right; what does not stretch over one takes part in it."""
    made = {}
    for axis in range(result.rank):
        along = [(place, axis - result.rank + kind.rank) for place, kind in enumerate(types) if isinstance(kind, TensorType)]
        found = [marks[place].get(at) for place, at in along if at >= 0 and types[place].shape[at] != 1]
        status = meet_statuses(found, op.factors, op.fills(*types)) if any(found) else None
        if status is not None:
            made[axis] = status
    return made


def _find_carried_axes(what: Treatment, types: tuple[Any, ...], results: list[TensorType]) -> list[tuple[int, ...]]:
    """The axes of each result that still run along these. Where the op was not to be followed, the only one of the same name."""
    if what.axes or not results:
        return list(what.axes)
    place, axis = what.together[0]
    size = types[place].shape[axis]
    alike = [tuple(a for a, n in enumerate(kind.shape) if n == size) for kind in results]
    return [axes if len(axes) == 1 and not size.is_constant else () for axes in alike]


# --- what it was made of ---------------------------------------------------------------------------------------------
def trace_source(node: Apply, axis: int, body: Body) -> list[tuple[int, int]]:
    """The wires, each with an axis, whose places became those along an axis of the only result, one by one."""
    wires = [operand for operand in node.inputs if isinstance(operand, int)]
    if len(node.outputs) != 1 or (len(wires) > 1 and not node.op.elementwise) or len(wires) != len(node.inputs) or node.op.factors:
        return []
    result = body.types[node.outputs[0]]
    if node.op.elementwise:
        alike = [wire for wire in wires if body.types[wire].shape == result.shape and body.types[wire].dtype != "bool"]
        return [(wire, axis) for wire in alike] if len(alike) == len(wires) else []
    kind = body.types[wires[0]]
    for at in (a for a, size in enumerate(kind.shape) if size == result.shape[axis]):
        found = treatment(node.op, (kind,), (0, at), (), body.facts)
        if found.how in (EACH, MIXES, NEAR) and found.axes == ((axis,),):
            return [(wires[0], at)]
    return []
