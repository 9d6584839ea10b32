"""`x[…]`: elements and slices along the axes of a tensor, with bounds known when the program is compiled. FLOPs: 0."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.indices import BadStep, IndexOutsideAxis, SliceOutsideAxis, TooManyIndices
from netspec.library.base import Array, Example, Flow, In, Operator, Passage, Scope
from netspec.library.base.field_bounds import BeforeValidator, Field, InstanceOf
from netspec.library.shape_rules.requirements import need_at_least
from netspec.record import record
from netspec.shape import Dim, Facts, TensorType, Verdict
from netspec.shape.dims import ZERO


@record
class Cut:
    """`start:stop:step`; an absent bound is the axis's end. Negative numbers count from the end of the axis."""

    start: int | Dim | None = None
    stop: int | Dim | None = None
    step: int = 1


def _read_cut(item: Any) -> Any:
    """A slice given as Python's own or as [start, stop, step]."""
    if isinstance(item, slice):
        item = (item.start, item.stop, item.step)
    if not isinstance(item, tuple | list):
        return item
    start, stop, step = item
    if not isinstance(step, int | None):
        raise ValueError("the step of a slice is a number known when the program is compiled")
    return Cut(start, stop, 1 if step is None else step)


Item = Annotated[int | Dim | InstanceOf[Cut] | Literal["..."] | None, BeforeValidator(_read_cut)]


class Slice(Operator):
    """Basic indexing, one item per axis: an index drops its axis, `start:stop:step` keeps part of it, `None` makes a new axis of size 1,
    and `...` stands for all axes that no other item names; axes after the last item are kept whole.

    Indices and bounds count from 0, or from the end when they are negative numbers. They are proved to lie inside the axis: nothing is
    cut to fit, and a slice takes at least one element. A negative step goes backwards: `5:1:-1` takes elements 5, 4, 3 and 2, an absent
    start is the last element, an absent stop leaves none out.
    Any shape -> an axis for each slice and each new axis. FLOPs: 0.
    """

    inputs = (In("x", "any tensor", dtype="any"),)
    symbol: ClassVar[str] = "[]"
    keeps_values = True

    items: Annotated[tuple[Item, ...], Field(strict=False)]
    """One item per axis: a whole number, `start:stop:step`, `none` for a new axis, `...`."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(items=(Cut(), 1, Cut(1, -1))), ("f32[4, 3, 7]",)),
            Example(cls(items=("...", None, -1)), ("f32[2, 3, 5]",)),
            Example(cls(items=(Cut(None, None, -1), Cut(1, None, 3))), ("f32[4, 8, 3]",)),
            Example(cls(items=(Cut(), Cut(5, 1, -1), Cut(-2, None, -2))), ("f32[3, 8, 5]",)),
        )

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        sizes = (size for size, item in self._axes(facts, x) if not isinstance(item, int | Dim))
        return x.with_shape(sizes)

    def mixes_examples(self, training: bool, *inputs: TensorType, **optional: TensorType) -> bool:
        return bool(self.items) and self.items[0] != "..." and self.items[0] != Cut()  # the first axis is not left as it is

    def left_out(self, axis: int, *inputs: TensorType) -> int | None:
        items = [item for item in self._expanded(inputs[0]) if item is not None]
        cut = items[axis]
        if not all(isinstance(item, Cut) and item.step == 1 for item in items[: axis + 1]) or None in self.items:
            return None
        start = ZERO if not isinstance(cut, Cut) or cut.start is None else Dim.of(cut.start)
        return start.value if start.is_constant and start.value >= 0 else None

    def counts_from_end(self, axis: int, *inputs: TensorType) -> bool:
        item = [item for item in self._expanded(inputs[0]) if item is not None][axis]
        begin = item.start if isinstance(item, Cut) else item
        if begin is None or (isinstance(item, Cut) and item.step < 0):
            return isinstance(item, Cut) and item.step < 0
        start, size = Dim.of(begin), inputs[0].shape[axis]
        if not start.is_constant:
            return not start.symbols().isdisjoint(size.symbols())
        return start.value < 0 or (not isinstance(item, Cut) and size.is_constant and size.value > 1 and start == size - 1)

    def _axes(self, facts: Facts, x: TensorType) -> list[tuple[Dim, int | Dim | Cut | None]]:
        """The size that each item leaves, with the item; every bound is proved."""
        found, axis = [], 0
        for item in self._expanded(x):
            if item is None:
                found.append((Dim.of(1), None))
                continue
            found.append((_count_taken(facts, item, axis, x.shape[axis]), item))
            axis += 1
        return found

    def _expanded(self, x: TensorType) -> list[Any]:
        """The items with `...`, written or not, replaced by whole axes."""
        named = sum(item is not None and item != "..." for item in self.items)
        dots = [place for place, item in enumerate(self.items) if item == "..."]
        if named > x.rank or len(dots) > 1:
            raise Mistake(TooManyIndices(named, len(dots), x, blame="items"))
        place = dots[0] if dots else len(self.items)
        return [*self.items[:place], *[Cut()] * (x.rank - named), *self.items[place + len(dots) :]]

    def apply(self, scope: Scope, x: Array) -> Array:
        return x[tuple(_to_python_index(item) for item in self.items)]

    def flow(self, passage: Passage) -> Flow:
        """Along the positions some may be left out at the ends; those left out in front would make the result look ahead."""
        reach = passage.reach
        for axis, item in enumerate(item for item in self._expanded(passage.types[0]) if item is not None):
            start = item.start if isinstance(item, Cut) else item
            if isinstance(start, Dim) and passage.counts(start):
                passage.refuse("it begins at a place that depends on the number of positions")
            if axis in passage.flows[0].axes:
                reach = _move_reach(passage, item, start, reach)
        return passage.made(reach)


def _count_taken(facts: Facts, item: int | Dim | Cut, axis: int, size: Dim) -> Dim:
    """Number of elements that an index (1) or a slice takes of an axis."""
    if isinstance(item, Cut):
        return _length(facts, item, axis, size)
    problem = IndexOutsideAxis(Dim.of(item), axis, size, blame="items")
    place = _place(facts, Dim.of(item), size, problem)
    need_at_least(facts, "[]", place, 0, "so that the index lies inside the axis", problem)
    need_at_least(facts, "[]", size - 1, place, "so that the index lies inside the axis", problem)
    return Dim.of(1)


def _length(facts: Facts, cut: Cut, axis: int, size: Dim) -> Dim:
    """How many elements a slice takes of an axis. It raises `Mistake` where the slice is not proved to lie inside it."""
    if cut.step == 0:
        raise Mistake(BadStep(cut.step, blame="items"))
    if cut.step < 0:
        return _length_backwards(facts, cut, axis, size)
    start, stop = (ZERO if cut.start is None else Dim.of(cut.start)), (size if cut.stop is None else Dim.of(cut.stop))
    problem = SliceOutsideAxis(start, stop, axis, size, False, blame="items")
    first, last = _place(facts, start, size, problem), _place(facts, stop, size, problem)
    need_at_least(facts, "[]", first, 0, "so that the slice lies inside the axis", problem)
    need_at_least(facts, "[]", size, last, "so that the slice lies inside the axis", problem)
    nothing = SliceOutsideAxis(start, stop, axis, size, True, blame="items")
    need_at_least(facts, "[]", last, first + 1, "so that the slice takes an element", nothing)
    return (last - first).ceildiv(cut.step)


def _length_backwards(facts: Facts, cut: Cut, axis: int, size: Dim) -> Dim:
    """The same for a slice that goes backwards, from its start down to the element behind its stop."""
    start, stop = (size - 1 if cut.start is None else Dim.of(cut.start)), (None if cut.stop is None else Dim.of(cut.stop))
    bounds = ("" if cut.start is None else start, "" if stop is None else stop)
    problem = SliceOutsideAxis(*bounds, axis, size, False, cut.step, blame="items")
    first = _place(facts, start, size, problem)
    last = Dim.of(-1) if stop is None else _place(facts, stop, size, problem)
    need_at_least(facts, "[]", size - 1, first, "so that the slice begins inside the axis", problem)
    need_at_least(facts, "[]", last, -1 if stop is None else 0, "so that the slice lies inside the axis", problem)
    nothing = SliceOutsideAxis(*bounds, axis, size, True, cut.step, blame="items")
    need_at_least(facts, "[]", first, last + 1, "so that the slice takes an element", nothing)
    return (first - last).ceildiv(-cut.step)


def _place(facts: Facts, bound: Dim, size: Dim, problem: Any) -> Dim:
    """A bound counted from 0: what is always negative counts from the end, anything else has to be at least 0."""
    if facts.at_least(-bound, 1) is Verdict.PROVED:
        return size + bound
    need_at_least(facts, "[]", bound, 0, "so that it is clear from which end it counts", problem)
    return bound


def _to_python_index(item: Any) -> Any:
    """The item as Python's indexing takes it."""
    if isinstance(item, Cut):
        return slice(_number(item.start), _number(item.stop), item.step)
    return ... if item == "..." else _number(item)


def _number(value: int | Dim | None) -> int | None:
    """The number of a bound that is known when `apply` runs, or None where the slice is open."""
    return value.value if isinstance(value, Dim) else value


def _move_reach(passage: Passage, item: int | Dim | Cut, start: int | Dim | None, reach: int | None) -> int | None:
    """How far the result reaches when this is taken of an axis of positions."""
    first = 0 if start is None else start.value if isinstance(start, Dim) and start.is_constant else start
    if isinstance(item, Cut) and item.step != 1:
        passage.refuse("it does not take every position in order")
    if isinstance(first, int) and first < 0:
        passage.refuse("it counts positions from the last one")
    if reach is None:
        return None
    if not isinstance(item, Cut):
        passage.refuse("it takes one position out of the sequence")
    return reach + first if isinstance(first, int) else passage.refuse(f"it begins at {first}, which is no fixed number")
