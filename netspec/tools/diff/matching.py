"""Finds which layer of a model is which layer of another: by labels and paths, then by what they hold, then by their neighbours."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

from netspec.record import record
from netspec.tools.diff.layers import Layer

LARGEST = 250_000
"""So many pairs of layers are weighed against each other at most; of longer stretches the ends that are alike are paired first."""


@record(eq=False)
class Matching:
    """Pairs of layers, by their numbers before."""

    pairs: dict[int, int]
    moved: frozenset[int]
    """Those of them that stand before or behind others that they stood behind or before."""
    absorbed: tuple[dict[int, int], dict[int, int]] = ({}, {})
    """Layers of an unrolled loop that is a `repeat` on the other side, by the number of the first of them, which has the partner: those
    before, and those now."""


def match_layers(before: Sequence[Layer], after: Sequence[Layer]) -> Matching:
    """Which layer became which. A layer has at most one partner; those of another kind are partners only where one stands in the place of
    the other."""
    work = _Work(before, after)
    work.fold_loops()
    work.pair_alike(lambda layer: (layer.place, layer.kind) if layer.labelled else None)
    work.pair_alike(lambda layer: (layer.signature, layer.inputs) if layer.weights or layer.buffers else None)
    backbone = work.backbone()
    for ours, theirs in work.stretches(backbone):
        work.align(ours, theirs)
    work.pair_alike(lambda layer: (layer.place, layer.kind))
    work.pair_alike(lambda layer: layer.signature if layer.weights or layer.buffers else None)
    work.pair_alike(lambda layer: (layer.kind, layer.label) if layer.label else None)
    kept = {b for b, _ in work.backbone()}
    return Matching(
        dict(sorted(work.pairs.items())), frozenset(b for b in work.pairs if b not in kept), (work.absorbed_before, work.absorbed_after)
    )


class _Work:
    """Pairs that grow."""

    def __init__(self, before: Sequence[Layer], after: Sequence[Layer]) -> None:
        self.before, self.after = before, after
        self.pairs: dict[int, int] = {}
        self.taken: set[int] = set()
        self.absorbed_before: dict[int, int] = {}
        self.absorbed_after: dict[int, int] = {}

    def fold_loops(self) -> None:
        """Pairs a layer in a `repeat` with those of a loop that is unrolled on the other side: they have the same paths."""
        for loops, others, absorbed in ((self.after, self.before, self.absorbed_before), (self.before, self.after, self.absorbed_after)):
            by_path = {layer.paths[0]: layer for layer in others if len(layer.paths) == 1}
            for loop in loops:
                found = [by_path[path] for path in loop.paths if path in by_path]
                if len(loop.paths) > 1 and len(found) > 1 and all(x.kind == loop.kind for x in found) and loop.paths[0] == found[0].path:
                    self.pair(*((found[0], loop) if loops is self.after else (loop, found[0])))
                    absorbed.update({x.number: found[0].number for x in found[1:]})

    def free(self) -> tuple[list[Layer], list[Layer]]:
        """The layers without a partner."""
        return (
            [b for b in self.before if b.number not in self.pairs and b.number not in self.absorbed_before],
            [a for a in self.after if a.number not in self.taken and a.number not in self.absorbed_after],
        )

    def pair(self, before: Layer, after: Layer) -> None:
        self.pairs[before.number] = after.number
        self.taken.add(after.number)

    def pair_alike(self, key: Callable[[Layer], Hashable | None]) -> None:
        """Pairs those without a partner that are alike, in order, where there are as many on both sides; those of one path first."""
        ours, theirs = (_group(layers, key) for layers in self.free())
        for name in ours:
            if len(ours[name]) == len(theirs.get(name, ())):
                for before, after in _by_path(ours[name], theirs[name]):
                    self.pair(before, after)

    def backbone(self) -> list[tuple[int, int]]:
        """The longest row of pairs that stand in the same order on both sides."""
        ordered = sorted(self.pairs.items())
        ends: list[int] = []
        rows: list[int] = []
        for _, after in ordered:
            place = bisect_left(ends, after)
            ends[place : place + 1] = [after]
            rows.append(place)
        found, wanted = [], len(ends) - 1
        for pair, row in zip(reversed(ordered), reversed(rows), strict=True):
            if row == wanted:
                found.append(pair)
                wanted -= 1
        return found[::-1]

    def stretches(self, backbone: Sequence[tuple[int, int]]) -> Iterator[tuple[list[Layer], list[Layer]]]:
        """The layers without a partner between each pair of the backbone and the next."""
        ours, theirs = self.free()
        for (b, a), (b_next, a_next) in zip([(-1, -1), *backbone], [*backbone, (len(self.before), len(self.after))], strict=True):
            yield [x for x in ours if b < x.number < b_next], [x for x in theirs if a < x.number < a_next]

    def align(self, ours: Sequence[Layer], theirs: Sequence[Layer]) -> None:
        """Pairs layers of two stretches in order so that the pairs are as alike as can be."""
        if len(ours) * len(theirs) > LARGEST:
            ours, theirs = self.pair_ends(ours, theirs)
        if not ours or not theirs or len(ours) * len(theirs) > LARGEST:
            return
        best = [[0.0] * (len(theirs) + 1) for _ in range(len(ours) + 1)]
        for i in range(len(ours) - 1, -1, -1):
            for j in range(len(theirs) - 1, -1, -1):
                best[i][j] = max(best[i + 1][j], best[i][j + 1], best[i + 1][j + 1] + likeness(ours[i], theirs[j]))
        i = j = 0
        while i < len(ours) and j < len(theirs):
            if best[i][j] == best[i + 1][j]:
                i += 1
            elif best[i][j] == best[i][j + 1]:
                j += 1
            else:
                self.pair(ours[i], theirs[j])
                i, j = i + 1, j + 1

    def pair_ends(self, ours: Sequence[Layer], theirs: Sequence[Layer]) -> tuple[Sequence[Layer], Sequence[Layer]]:
        """Pairs the layers with which both stretches begin and end alike; what is between them."""
        begin = _count_alike(ours, theirs)
        end = _count_alike(ours[begin:][::-1], theirs[begin:][::-1])
        stop, theirs_stop = len(ours) - end, len(theirs) - end
        for before, after in (*zip(ours[:begin], theirs, strict=False), *zip(ours[stop:], theirs[theirs_stop:], strict=True)):
            self.pair(before, after)
        return ours[begin:stop], theirs[begin:theirs_stop]


def _count_alike(ours: Sequence[Layer], theirs: Sequence[Layer]) -> int:
    """With how many layers that are alike both begin."""
    pairs = enumerate(zip(ours, theirs, strict=False))
    differ = (k for k, (b, a) in pairs if (b.signature, b.inputs, b.label) != (a.signature, a.inputs, a.label))
    return next(differ, min(len(ours), len(theirs)))


def likeness(before: Layer, after: Layer) -> float:
    """How much one layer is like another; 0 for what cannot stand for each other."""
    found = 3.0 * (bool(before.label) and before.label == after.label) + 0.5 * (before.place == after.place)
    if before.kind != after.kind:
        same_role = bool(before.weights) == bool(after.weights) and before.place[:-1] == after.place[:-1]
        return found + 0.4 if same_role and _ranks(before) == _ranks(after) else 0.0
    found += 2.0 + 1.0 * (before.given == after.given) + 1.0 * (before.signature == after.signature and bool(before.weights))
    return found + 1.0 * (before.place[:-1] == after.place[:-1]) + 0.5 * (before.outputs == after.outputs)


def _ranks(layer: Layer) -> tuple[int, ...]:
    """The ranks of what a layer takes and makes."""
    return (*(t.rank for t in layer.inputs), -1, *(t.rank for t in layer.outputs))


def _group(layers: Iterable[Layer], key: Callable[[Layer], Hashable | None]) -> dict[Hashable, list[Layer]]:
    found: dict[Hashable, list[Layer]] = {}
    for layer in layers:
        if (name := key(layer)) is not None:
            found.setdefault(name, []).append(layer)
    return found


def _by_path(ours: Sequence[Layer], theirs: Sequence[Layer]) -> Iterator[tuple[Layer, Layer]]:
    """As many layers on both sides: those of one place together, the others in order."""
    waiting = _group(theirs, lambda layer: layer.place)
    left = []
    for before in ours:
        if waiting.get(before.place):
            yield before, waiting[before.place].pop(0)  # type: ignore[misc]
        else:
            left.append(before)
    rest = sorted((layer for layers in waiting.values() for layer in layers), key=lambda layer: layer.number)
    yield from zip(left, rest, strict=True)
