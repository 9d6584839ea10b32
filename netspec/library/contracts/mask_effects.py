"""Finds what an op does with elements that a mask leaves out, such as those that fill up a sequence, a graph or an image.

It *consumes* a mask where it has an input for one. It *propagates* a mask where, at each place along the axis, its result knows only
elements up to that place: padding stands behind, so what counted before still counts, and knows of nothing that does not. It *ignores* a
mask where it makes one element of many, and then those that fill up take part. All this is worked out from the op's inputs and its rule
for positions (`Callable.flow`); `Callable.masking` says it where that would come out wrong.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.base import Mistake
from netspec.library.base import Callable
from netspec.library.contracts.sequence_axis import Flow, Passage
from netspec.limits import LIMITS
from netspec.record import record
from netspec.shape import Dim, Facts, TensorType

if TYPE_CHECKING:
    from netspec.library.shape_rules.windows import Windows

MASKS = ("mask", "node_mask", "edge_mask", "lengths", "segments", "key_segments", "valid")
"""Names of inputs that say which elements count."""
EACH, NEAR, MOVES, MIXES = "each", "near", "moves", "mixes"
MARK = "·"
"""The symbol of an axis that is followed; no spec can write it."""
Axis = tuple[int, int]
"""A place among the required inputs, and an axis of that input counted from 0."""


@record
class Treatment:
    """What one use of an op does along an axis of an input."""

    how: str
    """EACH: every place by itself, or with those before it. NEAR: windows, which take in neighbours. MOVES: elements go elsewhere, or
    nothing is known. MIXES: one element is made of all."""
    together: tuple[Axis, ...]
    """The axis, and those of the other inputs that run along it."""
    axes: tuple[tuple[int, ...], ...] = ()
    """For each result the axes that it still has along it."""
    ahead: bool = False
    """Of windows: some place is made of elements behind its own."""


class _Blurred(Exception):
    """A window along the axis that is followed; its argument says whether it looks ahead."""


class _Moved(Exception):
    """An element comes from further on."""


class _Watched(Passage):
    """A passage along an axis that grows no further: windows, and what only moves, are told apart from what mixes."""

    def windowed(self, windows: Windows) -> Flow:
        """Windows that only ever see what counts, or what is filled, keep the two apart."""
        for place in (axis - 1 for axis in self.flows[0].axes if 0 <= axis - 1 < len(windows.size)):
            if not windows.stays(place):
                raise _Blurred(windows.looks_ahead(place))
        self.untouched(-1)
        return self.made()

    def made(self, reach: int | None | str = "same", result: int = 0) -> Flow:
        """The flow of a result; one that looks ahead has moved what is filled."""
        reach = self.reach if isinstance(reach, str) else reach
        if reach is not None and reach > 0:
            raise _Moved
        return Flow(self.along(self.results[result]), reach)


def mask_inputs(op: Callable | type[Callable]) -> tuple[str, ...]:
    """The inputs by which it learns what counts."""
    return tuple(port.name for port in op.inputs if port.name in MASKS)


def treatment(op: Callable, types: tuple[Any, ...], own: Axis, beside: Iterable[Axis], facts: Facts) -> Treatment:
    """What becomes of an axis of an input. Numbers of the spec stand for themselves among the types; `beside` are axes of other inputs
    that are known to be padded as well."""
    for together in itertools.islice(_companies(types, own, tuple(beside)), LIMITS.mask_trials):
        marked = tuple(_mark_axes(kind, [axis for place, axis in together if place == at]) for at, kind in enumerate(types))
        size = types[own[0]].shape[own[1]]
        bounded = facts.bound(MARK, lo=size.value if size.is_constant else facts.range(size)[0])
        try:
            results = op.shape(bounded, *marked)
        except Mistake:
            continue
        several = results if isinstance(results, tuple) else (results,)
        along = tuple(tuple(i for i, size in enumerate(kind.shape) if MARK in size.symbols()) for kind in several)
        how, ahead = (EACH, False) if op.elementwise else _probe_treatment(op, marked, together, several, bounded)
        return Treatment(how, together, along, ahead)
    return Treatment(MOVES, (own,))


def _companies(types: tuple[Any, ...], own: Axis, beside: tuple[Axis, ...]) -> Iterator[tuple[Axis, ...]]:
    """Which axes may run along this one: those that are known to, it alone, the same axis of all others, then any of its size."""
    size = types[own[0]].shape[own[1]]
    others = [at for at, kind in enumerate(types) if at != own[0] and isinstance(kind, TensorType)]
    alike = {at: [axis for axis, n in enumerate(types[at].shape) if n == size] for at in others}
    known = tuple((at, axis) for at, axis in beside if at in others and axis == own[1] and axis in alike[at])
    if known:
        yield (own, *known)
    yield (own,)
    if others and all(own[1] in alike[at] for at in others):
        yield (own, *((at, own[1]) for at in others))
    for count in range(1, min(len(others), 3) + 1):
        for chosen in itertools.combinations(others, count):
            yield from ((own, *zip(chosen, axes, strict=True)) for axes in itertools.product(*(alike[at] for at in chosen)))


def _mark_axes(kind: Any, axes: list[int]) -> Any:
    """A type whose axes along the mask have a size of their own, which can be found again in the results."""
    if not axes:
        return kind
    return kind.with_shape([Dim.symbol(MARK) if axis in axes else size for axis, size in enumerate(kind.shape)])


def _probe_treatment(
    op: Callable, types: tuple[Any, ...], together: tuple[Axis, ...], results: tuple[TensorType, ...], facts: Facts
) -> tuple[str, bool]:
    """What the op says when such axes flow through it, and whether windows look ahead."""
    axes = [tuple(axis for place, axis in together if place == at) for at in range(len(types))]
    flows = tuple(Flow(along, 0 if along else None) for along in axes)
    try:
        op.flow(_Watched(op, types, flows, {}, {}, results, frozenset((MARK,)), facts))
    except _Blurred as blurred:
        return NEAR, bool(blurred.args[0])
    except _Moved:
        return MOVES, False
    except Mistake:
        return op.masking or (MOVES if op.flops(*types) == 0 else MIXES), op.masking == NEAR
    return MIXES if op.masking == MIXES else EACH, False


def masked_axes(op: Callable, ranks: Mapping[int, int], mask: TensorType, axis: int) -> list[Axis]:
    """The inputs that an axis of a mask is about, and the axis of each; `ranks` are those of the required inputs by their places."""
    if not op.masks:
        return [(0, axis)] if axis < ranks.get(0, 0) else []
    places = {port.name: place for place, port in enumerate(op.inputs)}
    found = [(places[name], ranks[places[name]] + back) for name, back in op.masks.items() if places[name] in ranks]
    return found if axis == mask.rank - 1 else []
