"""Puts rows together by the segment they belong to: edges by their nodes, nodes by their graph."""

from __future__ import annotations

from typing import Any, Literal

from netspec.kernels.family import Sample, family
from netspec.lazy import jax


@family(
    Sample("f32[7, 3]", "i32[7]", segments=6),
    Sample("f32[8]", "i32[8]", segments=3),
    Sample("f32[6, 2]", "i32[6]", segments=5, combine="max"),
    Sample("f32[6, 2]", "i32[6]", segments=5, combine="min"),
    Sample("i32[6]", "i32[6]", segments=5),
)
def segment(x: Any, ids: Any, *, segments: int, combine: Literal["sum", "max", "min"] = "sum") -> Any:
    """[rows, …] and whole numbers [rows] -> [segments, …]. A row whose segment is not there is dropped.

    A segment without rows is 0 as a sum, and as `max` and `min` what the smallest and the largest number of the type are.
    """
    return getattr(jax.ops, f"segment_{combine}")(x, ids, num_segments=segments)
