"""Reads axes as functions take them: one number, a list, or none for all."""

from __future__ import annotations

from typing import Annotated

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.axes import RepeatedAxis
from netspec.library.base.field_bounds import Field
from netspec.library.shape_rules.sizes import axis_of
from netspec.shape import Dim, TensorType

Axes = int | Annotated[tuple[int, ...], Field(strict=False)]
"""One axis or several, counted from 0, or from the end with -1, -2, …"""


def axes_of(op: str, axis: Axes | None, x: TensorType) -> tuple[int, ...]:
    """The axes counted from 0, in order; all for None. Raises `Mistake` for one that is not there or is named twice."""
    if axis is None:
        return tuple(range(x.rank))
    given = (axis,) if isinstance(axis, int) else axis
    found = [axis_of(op, a, x) for a in given]
    twice = next((a for a in found if found.count(a) > 1), None)
    if twice is not None:
        raise Mistake(RepeatedAxis(op, tuple(given), twice, x, blame="axis"))
    return tuple(sorted(found))


def drop_axes(x: TensorType, axes: tuple[int, ...], keepdims: bool) -> tuple[Dim, ...]:
    """The shape after axes are reduced to nothing, or to size 1."""
    if keepdims:
        return tuple(Dim.of(1) if axis in axes else size for axis, size in enumerate(x.shape))
    return tuple(size for axis, size in enumerate(x.shape) if axis not in axes)
