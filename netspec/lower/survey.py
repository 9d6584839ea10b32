"""The walk over a model that finds its parameters and buffers: what `Layout.of` does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from netspec.ir import Apply, Aux, Body, Call, Literal, Node, Operand, Recur, Repeat, Segment, Variable, When
from netspec.library.base import Weight
from netspec.lower.layout import BUFFERS, EXPORTS, PARAMS, Exported, Layout, Region, Stored
from netspec.lower.segment_names import depends, join, template


@dataclass(frozen=True)
class Place:
    """Where a body stands, and the repeats around it."""

    prefix: str = ""
    """Its stored path."""
    steps: tuple[tuple[Segment, tuple[int, ...]], ...] = ()
    """The segments to it, each with the depths of the repeats around in its own body."""
    loops: tuple[int, ...] = ()
    """Lengths of all repeats around, outermost first."""
    depths: tuple[int, ...] = ()
    """Which of them stand in this body."""
    axes: frozenset[int] = frozenset()
    """Which of them change its path, and so stack its parameters."""

    def step(self, segment: Segment) -> Place:
        """The place one segment further down, in a body of its own."""
        counts = tuple(self.loops[d] for d in self.depths)
        axes = self.axes | {d for k, d in enumerate(self.depths) if depends(segment, k)}
        return Place(join(self.prefix, template(segment, counts)), (*self.steps, (segment, self.depths)), self.loops, (), axes)

    def repeated(self, count: int) -> Place:
        """The same body inside one more repeat."""
        return replace(self, loops=(*self.loops, count), depths=(*self.depths, len(self.loops)))

    def paths(self) -> list[str]:
        """The logical paths of the slices, in row-major order of the stack axes."""
        return [self._path(index) for index in product(*(range(n) if d in self.axes else (0,) for d, n in enumerate(self.loops)))]

    def _path(self, index: tuple[int, ...]) -> str:
        """The logical path at one iteration of the loops."""
        return "/".join(segment.name(tuple(index[d] for d in depths)) for segment, depths in self.steps)

    def counts(self) -> tuple[int, ...]:
        """The counts of the loops along which leaves are stacked here."""
        return tuple(self.loops[d] for d in sorted(self.axes))


Found = tuple[str, str, frozenset[int]]
"""Of a leaf or an exported value: its key, what it is (PARAMS, BUFFERS, EXPORTS), its stack axes."""


@dataclass
class _Survey:
    """What the walk has found so far."""

    params: dict[str, Stored] = field(default_factory=dict)
    buffers: dict[str, Stored] = field(default_factory=dict)
    exports: dict[str, Exported] = field(default_factory=dict)
    regions: dict[tuple[str, int], Region] = field(default_factory=dict)

    def visit(self, nodes: tuple[Node, ...], body: Body, place: Place) -> Iterator[Found]:
        """Registers what the nodes have."""
        for node in nodes:
            if isinstance(node, Apply):
                yield from self._apply(node, body, place.step(node.segment))
            elif isinstance(node, Call):
                yield from self.visit(node.body.nodes, node.body, place.step(node.segment))
            elif isinstance(node, Variable):
                yield self._register(BUFFERS if node.buffer else PARAMS, place.step(node.segment), "", node.weight)
            elif isinstance(node, Aux):
                yield self._export(place.step(node.segment))
            elif isinstance(node, When):
                yield from self.visit(node.nodes, body, place)
            elif isinstance(node, Recur):
                yield from self._recur(node, body, place)
            else:
                yield from self._repeat(node, body, place)

    def _apply(self, node: Apply, body: Body, place: Place) -> Iterator[Found]:
        """Registers the parameters, buffers and exports of an op."""
        inputs = [_type(operand, body) for operand in node.inputs]
        named = {name: body.types[wire] for name, wire in node.optional}
        for name, weight in node.op.params(*inputs, **named).items():
            yield self._register(PARAMS, place, name, weight)
        for name, weight in node.op.buffers(*inputs, **named).items():
            yield self._register(BUFFERS, place, name, weight)

    def _repeat(self, node: Repeat, body: Body, place: Place) -> Iterator[Found]:
        """Visits a loop's region, and notes which leaves each iteration has for itself."""
        depth = len(place.loops)
        found = list(self.visit(node.nodes, body, place.repeated(node.count)))
        params, buffers, exports = ([k for k, w, axes in found if w == what and depth in axes] for what in (PARAMS, BUFFERS, EXPORTS))
        common = [key for key, what, axes in found if what == BUFFERS and depth not in axes]
        self.regions[place.prefix, id(node)] = Region(*(tuple(dict.fromkeys(keys)) for keys in (params, buffers, common, exports)))
        yield from found

    def _recur(self, node: Recur, body: Body, place: Place) -> Iterator[Found]:
        """Time stacks nothing: its buffers are handed from step to step."""
        found = list(self.visit(node.nodes, body, place))
        self.regions[place.prefix, id(node)] = Region((), (), tuple(dict.fromkeys(key for key, what, _ in found if what == BUFFERS)))
        yield from found

    def _export(self, place: Place) -> Found:
        """Registers what `aux` exports here."""
        exported = Exported(place.prefix, place.counts(), tuple(place.paths()))
        self.exports.setdefault(place.prefix, exported)
        return place.prefix, EXPORTS, place.axes

    def _register(self, what: str, place: Place, name: str, weight: Weight) -> Found:
        """Registers a leaf, once for all uses of a shared instance."""
        key = join(place.prefix, name) if name else place.prefix
        stored = Stored(key, weight, place.counts(), tuple(join(path, name) if name else path for path in place.paths()))
        known = (self.buffers if what == BUFFERS else self.params).setdefault(key, stored)
        if known.shape != stored.shape:
            raise ValueError(f"{key} has two shapes, {known.shape} and {stored.shape}")
        return key, what, place.axes


def _type(operand: Operand, body: Body) -> Any:
    """A wire's type, or a literal's number, as the methods of an op take them."""
    return operand.value if isinstance(operand, Literal) else body.types[operand]


def survey(body: Body) -> Layout:
    """Every parameter and buffer of a model, calls and repeats included. Raises ValueError when two leaves claim one path."""
    found = _Survey()
    for _ in found.visit(body.nodes, body, Place()):
        pass
    _require_distinct(found.params)
    _require_distinct(found.buffers)
    return Layout(body, found.params, found.buffers, found.regions, found.exports)


def _require_distinct(leaves: Mapping[str, Stored]) -> None:
    """Raises ValueError for a path that two leaves have."""
    paths = [path for stored in leaves.values() for path in stored.paths]
    if len(set(paths)) != len(paths):
        raise ValueError(f"one path for two parameters: {sorted({p for p in paths if paths.count(p) > 1})}")
