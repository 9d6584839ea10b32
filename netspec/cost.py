"""Counts exactly what a model costs, as numbers or polynomials of the free dims: parameters, floating-point operations, bytes of
activations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from math import prod

from netspec.ir import Apply, Body, Call, Node, Recur, Repeat, Segment, Variable, When, descend
from netspec.ir.paths import weights_of
from netspec.record import record, replace
from netspec.shape import Dim, TensorType


@record
class Row:
    """One op of a model: where it stands, what it makes, what it costs in one forward pass (all iterations of a repeat together)."""

    path: str
    op: str
    types: tuple[TensorType, ...]
    params: int
    flops: Dim | int
    bytes: Dim | int
    phase: str = ""
    """The phase in which alone it runs, `train` or `serve`; "" where it runs in an evaluation too, whose costs are told."""

    @property
    def shape(self) -> str:
        """What it makes, as text: `f32[B, 10]`."""
        return ", ".join(map(str, self.types))

    def at(self, dim: Callable[[Dim], Dim]) -> Row:
        """The row with every dim rewritten: simplified, or with sizes for its symbols."""
        types = tuple(t.with_shape(map(dim, t.shape)) for t in self.types)
        return replace(self, types=types, flops=reduce_dim(dim(Dim.of(self.flops))), bytes=reduce_dim(dim(Dim.of(self.bytes))))


@lru_cache(maxsize=64)
def cost(body: Body) -> tuple[int, Dim | int, Dim | int]:
    """Trainable parameters, FLOPs and activation bytes of one forward pass in eval."""
    return sum_rows(rows(body))


def sum_rows(found: Sequence[Row]) -> tuple[int, Dim | int, Dim | int]:
    """The columns' sums: parameters, FLOPs, bytes."""
    return sum(r.params for r in found), total(r.flops for r in found), total(r.bytes for r in found)


def table(body: Body) -> tuple[list[Row], Row]:
    """The rows of a model and their sum."""
    found = rows(body)
    return found, Row("total", "", (), *sum_rows(found))


def group(found: Sequence[Row], depth: int) -> list[Row]:
    """Rows that stand under the same first segments of a path become one: the sum of their costs, and what the last of them makes."""
    groups: dict[str, list[Row]] = {}
    for row in found:
        groups.setdefault("/".join(row.path.split("/")[:depth]), []).append(row)
    return [rows[0] if len(rows) == 1 and rows[0].path == path else _sum_group(path, rows) for path, rows in groups.items()]


def _sum_group(path: str, rows: Sequence[Row]) -> Row:
    """One row for several."""
    phases = {row.phase for row in rows}
    return Row(path, "", rows[-1].types, *sum_rows(rows), phase=phases.pop() if len(phases) == 1 else "")


def total(parts: Iterator[Dim | int] | map) -> Dim | int:
    """The sum, as a number where it is one."""
    result: Dim | int = 0
    for part in parts:
        result = Dim.of(part) + result
    return result.value if isinstance(result, Dim) and result.is_constant else result


def rows(body: Body) -> list[Row]:
    """A row for each op in order; shared parameters count at their first use."""
    return list(_rows(body))


@lru_cache(maxsize=16)
def _rows(body: Body) -> tuple[Row, ...]:
    ledger = Ledger()
    found = (ledger.row(node, owner, spot) for node, owner, spot in descend(body, Spot(), descend_spot))
    return tuple(row for row in found if row is not None)


@record
class Spot:
    """Where the walk stands: the path so far, the repeats around, and how often things run."""

    prefix: str = ""
    loops: tuple[int, ...] = ()
    """Counts of all repeats around, outermost first."""
    own: tuple[int, ...] = ()
    """Which of them stand in the present body."""
    axes: frozenset[int] = frozenset()
    """Which of them make new parameters: the path depends on their iteration."""
    work: Dim | int = 1
    """How often the place runs in one forward pass in eval."""
    sequences: tuple[TensorType, ...] = ()
    """In a layer that is one cell: the types of the sequences that it makes."""
    phase: str = ""
    """The phase other than evaluation in which the place runs."""

    @property
    def copies(self) -> int:
        """How many copies of a weight there are: one for each pass of the loops along which it is stacked."""
        return prod(self.loops[a] for a in self.axes)

    def counts(self) -> tuple[int, ...]:
        """The counts of the loops of this body, outermost first."""
        return tuple(self.loops[d] for d in self.own)

    def step(self, segment: Segment) -> Spot:
        """One segment further, in a body of its own."""
        moving = {self.own[d] for n in segment.numbers for d, stride in enumerate(n.strides) if stride and d < len(self.own)}
        prefix = f"{self.prefix}{segment_text(segment, self.counts())}/"
        return Spot(prefix, self.loops, (), self.axes | moving, self.work, phase=self.phase)

    def repeated(self, count: int) -> Spot:
        """The spot inside a loop: everything there runs so many times."""
        own = (*self.own, len(self.loops))
        return Spot(self.prefix, (*self.loops, count), own, self.axes, reduce_dim(Dim.of(self.work) * count), phase=self.phase)

    def times(self, factor: Dim | int) -> Spot:
        """The spot of what runs so many times, without weights of its own for each."""
        return replace(self, work=reduce_dim(Dim.of(self.work) * factor))


def descend_spot(node: Node, body: Body, spot: Spot) -> Spot:
    """What holds in a region, or in the body that is called."""
    match node:
        case Repeat():
            return spot.repeated(node.count)
        case When():
            return spot if node.phase == "eval" else replace(spot.times(0), phase=node.phase)
        case Recur():
            return replace(spot.times(body.types[node.sequences[0]].shape[1]), sequences=sequences_of_cell(node, body))
        case Call():
            return spot.step(node.segment)
    return spot


class Ledger:
    """Writes rows, and remembers shared parameters."""

    def __init__(self) -> None:
        self.counted: set[str] = set()

    def row(self, node: Node, body: Body, spot: Spot) -> Row | None:
        match node:
            case Apply():
                return self.apply(body, node, spot)
            case Variable() if not node.borrowed:
                here = spot.step(node.segment)
                params = 0 if node.buffer else self.fresh(here, "", size_of(node.weight.shape))
                return Row(here.prefix[:-1], "buffer" if node.buffer else "weight", (body.types[node.output],), params, 0, 0, here.phase)
        return None

    def fresh(self, spot: Spot, name: str, size: int) -> int:
        """The parameters of a place that was not counted before."""
        if spot.prefix + name in self.counted:
            return 0
        self.counted.add(spot.prefix + name)
        return size * spot.copies

    def apply(self, body: Body, node: Apply, spot: Spot) -> Row:
        here, (inputs, optional) = spot.step(node.segment), body.op_inputs(node)
        params = sum(self.fresh(here, n, size_of(w.shape)) for n, w in weights_of(body, node).items())
        outputs = [body.types[o] for o in node.outputs]
        flops = Dim.of(node.op.flops(*inputs, **optional)) * here.work
        size = Dim.of(total(o.bytes for o in outputs)) * here.work
        types = spot.sequences or tuple(outputs)
        return Row(here.prefix[:-1], node.op.op_name(), types, params, reduce_dim(flops), reduce_dim(size), here.phase)


def sequences_of_cell(node: Recur, body: Body) -> tuple[TensorType, ...]:
    """What a layer that is one cell gives, such as `lstm`: the sequences, not the cell's results at a step. () for any other recurrence."""
    alone = len(node.nodes) == 1 and isinstance(node.nodes[0], Apply)
    return tuple(body.types[wire] for wire in node.outputs) if alone else ()


def reduce_dim(value: Dim) -> Dim | int:
    """A constant dim as a number."""
    return value.value if value.is_constant else value


def size_of(shape: tuple[Dim | int, ...]) -> int:
    """The number of elements of a shape without symbols."""
    return prod(dim if isinstance(dim, int) else dim.value for dim in shape)


def segment_text(segment: Segment, counts: tuple[int, ...]) -> str:
    """A segment; in a repeat with the range of its numbers, `layer_0..5`, and how far they are apart."""
    parts = [segment.base]
    for number in segment.numbers:
        last = number.at(tuple(n - 1 for n in counts))
        steps = [stride for stride, count in zip(number.strides, counts, strict=False) if stride and count > 1]
        apart = f" step {steps[0]}" if len(steps) == 1 and steps[0] > 1 else ""
        parts.append(str(number.constant) if last == number.constant else f"{number.constant}..{last}{apart}")
    return "_".join(parts)
