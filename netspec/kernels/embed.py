"""Looks up the rows of a table by their numbers."""

from __future__ import annotations

from typing import Any

from netspec.kernels.family import Sample, family
from netspec.lazy import jnp


@family(Sample("f32[10, 4]", "i32[3, 5]"), Sample("f32[7, 3]", "u8[]"), Sample("f32[6, 2]", "i32[8]"))
def embed(table: Any, ids: Any) -> Any:
    """[rows, features] and whole numbers [...] -> [..., features] in the type of the table, in which the gradients of a row add up.

    Negative numbers count from the end; one outside the table gives NaN.
    """
    return jnp.take(table, ids, axis=0)
