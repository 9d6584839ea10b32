"""Knows the numbers that differ from pass to pass of a `repeat`: its index, and what static arithmetic makes of it.

Each is a scalar tensor of the running program, whose values are known besides: so it can be an argument that a running program may have as
an array (`drop_path(0.1 * i)`), checked for every pass.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.infer import arithmetic
from netspec.infer.frame import Frame, Grid, Passes
from netspec.infer.shelf import make_cast
from netspec.infer.values import Tensor, Value, is_number
from netspec.ir import Apply
from netspec.limits import LIMITS
from netspec.shape import TensorType
from netspec.source import Span

OF_FLOATS = ("/", "**")


def known(frame: Frame, value: Value) -> Passes | None:
    """The numbers that a scalar has in the passes of a repeat."""
    return frame.passes.get(value.wire) if isinstance(value, Tensor) else None


def widen(frame: Frame, op: str, sides: tuple[Value, ...], span: Span) -> tuple[Value, ...]:
    """Whole numbers of passes as floats, where they meet floats: they are numbers of the text."""
    if not any(known(frame, side) for side in sides):
        return sides
    kinds = [side.type.dtype for side in sides if isinstance(side, Tensor) and side.type.is_float]
    if not kinds and op not in OF_FLOATS and not any(isinstance(side, float) for side in sides):
        return sides
    dtype = kinds[0] if kinds else "f32"
    return tuple(to_float(frame, side, dtype, span) if known(frame, side) and side.type.is_int else side for side in sides)


def to_float(frame: Frame, number: Tensor, dtype: str, span: Span) -> Tensor:
    """A whole number of each pass as a float."""
    made = frame.wire(TensorType(dtype, ()), span)
    frame.emit(Apply(make_cast(dtype), (number.wire,), (made.wire,), frame.count("cast"), span=span))
    frame.passes[made.wire] = frame.passes[number.wire]
    return made


def note(frame: Frame, op: str, sides: tuple[Value, ...], result: Value) -> Value:
    """The result of an operator, whose numbers are known where those of all sides are."""
    found = [known(frame, side) for side in sides]
    fine = all(each is not None or is_number(side) for each, side in zip(found, sides, strict=True))
    if not isinstance(result, Tensor) or not fine or not (found := align(frame, found)):
        return result
    one = next(each for each in found if each is not None)
    columns = [each.values if each else (side,) * len(one.values) for each, side in zip(found, sides, strict=True)]
    try:
        frame.passes[result.wire] = Passes(one.loop, tuple(compute(frame, op, row) for row in zip(*columns, strict=True)))
    except Mistake:
        pass  # a pass for which it has no number: what is said of the tensor stands
    return result


def compute(frame: Frame, op: str, row: tuple[Any, ...]) -> Any:
    """An operator on the numbers of one pass."""
    return arithmetic.negate(row[0]) if len(row) == 1 else arithmetic.combine(op, row[0], row[1], frame.facts)


def align(frame: Frame, found: Sequence[Passes | None]) -> list[Passes | None]:
    """The numbers of several scalars along the passes of all their repeats; nothing where there are none, or too many to be counted."""
    sizes: dict[int, tuple[object, int]] = {}
    for each in found:
        sizes |= {id(loop): (loop, count) for loop, count in list_loops(each)}
    if len({id(each.loop) for each in found if each is not None}) <= 1:
        return list(found) if sizes else []
    counts = [count for _, count in sizes.values()]
    if math.prod(counts) > LIMITS.range_items:
        return []
    key = tuple(sorted(sizes))
    grid = frame.grids.setdefault(key, Grid(tuple(sizes[loop][0] for loop in key), tuple(sizes[loop][1] for loop in key)))
    return [None if each is None else spread(each, grid) for each in found]


def list_loops(numbers: Passes | None) -> list[tuple[object, int]]:
    """The repeats whose indices are in a number, with their counts."""
    if numbers is None:
        return []
    loop = numbers.loop
    return list(zip(loop.loops, loop.counts, strict=True)) if isinstance(loop, Grid) else [(loop, len(numbers.values))]


def spread(numbers: Passes, grid: Grid) -> Passes:
    """The same numbers along the passes of a grid, whose repeats are theirs and others."""
    own = [(id(loop), count) for loop, count in list_loops(numbers)]
    values = []
    for places in product(*map(range, grid.counts)):
        at = {id(loop): place for loop, place in zip(grid.loops, places, strict=True)}
        index = 0
        for loop, count in own:
            index = index * count + at[loop]
        values.append(numbers.values[index])
    return Passes(grid, tuple(values))
