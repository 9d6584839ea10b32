"""Walks over a model to find its parameters and buffers, which is what `Layout.of` does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain, product

from netspec.ir import Apply, Aux, Average, Body, Call, Node, Recur, Repeat, Segment, Variable, list_groups
from netspec.ir.paths import buffers_of, kept_of, weights_of
from netspec.library.base import Weight
from netspec.lower.layout import BUFFERS, EXPORTS, PARAMS, Exported, Followed, Layout, Region, Stored
from netspec.lower.segment_names import depends, join, template
from netspec.source import Span


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
    source: Place | None = None
    """Below an average the place of what it follows, of what it begins as, and how slowly it does."""
    origin: Place | None = None
    decay: float = 0.0

    def step(self, segment: Segment, average: Average | None = None) -> Place:
        """The place one segment further down, in a body of its own."""
        below = self._step(segment)
        if average is not None:
            begins = self.step(average.begins)
            return replace(below, source=self.step(average.of), origin=begins.origin or begins, decay=average.decay)
        if self.source is None or self.origin is None:
            return below
        return replace(below, source=self.source.step(segment), origin=self.origin.step(segment), decay=self.decay)

    def _step(self, segment: Segment) -> Place:
        counts = tuple(self.loops[d] for d in self.depths)
        axes = self.axes | {d for k, d in enumerate(self.depths) if depends(segment, k)}
        return Place(join(self.prefix, template(segment, counts)), (*self.steps, (segment, self.depths)), self.loops, (), axes)

    def inside(self, node: Node) -> Place:
        """The place of the nodes below a node."""
        if isinstance(node, Repeat):
            return self.repeated(node.count)
        return self.step(node.segment, node.average) if isinstance(node, Call) else self

    def repeated(self, count: int) -> Place:
        """The same body inside one more repeat."""
        source, origin = (None if place is None else place.repeated(count) for place in (self.source, self.origin))
        return replace(self, loops=(*self.loops, count), depths=(*self.depths, len(self.loops)), source=source, origin=origin)

    def paths(self) -> list[str]:
        """The logical paths of the slices, in row-major order of the stack axes."""
        return self._paths_along(self.axes)

    def _paths_along(self, axes: frozenset[int]) -> list[str]:
        return [self._path(index) for index in product(*(range(n) if d in axes else (0,) for d, n in enumerate(self.loops)))]

    def follow(self, name: str) -> Followed | None:
        """What a parameter of that name here is the moving average of."""
        if self.source is None or self.origin is None:
            return None
        axes = tuple(k for k, d in enumerate(sorted(self.axes)) if d in self.source.axes)
        origins = tuple(join(path, name) if name else path for path in self.origin._paths_along(self.axes))
        return Followed(join(self.source.prefix, name) if name else self.source.prefix, self.decay, axes, origins)

    def begin(self, segment: Segment, of: Place) -> tuple[str, ...]:
        """The paths as which the slices of what stands at the place `of` begin: what has this segment in the same body."""
        there = self.step(segment)
        return tuple((there.origin or there)._paths_along(of.axes))

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
            inside = place.inside(node)
            below = (self.visit(inner, owner, inside) for inner, owner in list_groups(node, body))
            found = [*self._own(node, body, place), *chain.from_iterable(below)]
            if isinstance(node, Repeat):
                self.regions[place.prefix, id(node)] = _of_repeat(found, len(place.loops))
            elif isinstance(node, Recur):  # time stacks nothing: its buffers are handed from step to step
                self.regions[place.prefix, id(node)] = Region((), (), _keys(found, BUFFERS))
            yield from found

    def _own(self, node: Node, body: Body, place: Place) -> Iterator[Found]:
        match node:
            case Apply():
                here, kept = place.step(node.segment, node.average), kept_of(body, node)
                for what, weights in ((PARAMS, weights_of(body, node)), (BUFFERS, buffers_of(body, node))):
                    for name, weight in weights.items():
                        yield self._register(what, here, name, weight, node.span, name in kept)
            case Variable() if not node.borrowed:
                begins = () if node.begins is None else place.begin(node.begins, place.step(node.segment))
                what = BUFFERS if node.buffer else PARAMS
                yield self._register(what, place.step(node.segment), "", node.weight, node.span, node.kept, begins)
            case Aux():
                yield self._export(place.step(node.segment))

    def _export(self, place: Place) -> Found:
        """Registers what `aux` exports here."""
        exported = Exported(place.prefix, place.counts(), tuple(place.paths()))
        self.exports.setdefault(place.prefix, exported)
        return place.prefix, EXPORTS, place.axes

    def _register(self, what: str, place: Place, name: str, weight: Weight, at: Span, kept: bool, begins: tuple[str, ...] = ()) -> Found:
        """Registers a leaf, once for all uses of a shared instance."""
        key = join(place.prefix, name) if name else place.prefix
        paths = tuple(join(path, name) if name else path for path in place.paths())
        stored = Stored(key, weight, place.counts(), paths, place.follow(name) if kept else None, begins, at)
        known = (self.buffers if what == BUFFERS else self.params).setdefault(key, stored)
        if known.shape != stored.shape:
            raise ValueError(f"{key} has two shapes, {known.shape} and {stored.shape}")
        return key, what, place.axes


def _of_repeat(found: list[Found], depth: int) -> Region:
    """What the iterations of the repeat at that depth have each for themselves, and the buffers that they have in common."""
    stacked = [each for each in found if depth in each[2]]
    common = _keys([each for each in found if depth not in each[2]], BUFFERS)
    return Region(_keys(stacked, PARAMS), _keys(stacked, BUFFERS), common, _keys(stacked, EXPORTS))


def _keys(found: list[Found], wanted: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key for key, what, _ in found if what == wanted))


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
