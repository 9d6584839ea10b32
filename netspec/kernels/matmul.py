"""Computes products of tensors: of matrices, over any axes, and by an equation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netspec.kernels.family import Sample, family
from netspec.lazy import jnp, lax


@family(
    Sample("f32[4, 3]", "f32[3, 5]"),
    Sample("f32[2, 4, 3]", "f32[3, 5]"),
    Sample("f32[2, 4, 3]", "f32[2, 3, 1]"),
    Sample("f32[3]", "f32[3, 2]"),
)
def matmul(x: Any, y: Any) -> Any:
    """[…, n, k] and […, k, m] -> […, n, m], leading axes as those of an operator; a vector has no n or no m."""
    return jnp.matmul(x, y)


@family(
    Sample("f32[4, 3]", "f32[3, 5]", over=((1,), (0,))),
    Sample("f32[2, 4, 3]", "f32[4, 3, 5]", over=((1, 2), (0, 1))),
    Sample("f32[2, 4, 3]", "f32[7, 3]", over=((2,), (1,))),
    Sample("f32[2, 4, 3]", "f32[2, 3, 5]", over=((2,), (1,)), batch=((0,), (0,))),
)
def contract(x: Any, y: Any, *, over: tuple[Sequence[int], Sequence[int]], batch: tuple[Sequence[int], Sequence[int]] = ((), ())) -> Any:
    """The product summed over pairs of axes: [batch…, the rest of x, the rest of y]. `over` and `batch` name axes of x and of y."""
    return lax.dot_general(x, y, (over, batch))


@family(
    Sample("f32[2, 4, 3]", "f32[3, 5]", equation="...i,ij->...j"),
    Sample("f32[2, 3, 4, 5]", "f32[3, 5, 2]", equation="beqd,edh->beqh"),
    Sample("f32[4, 3]", "f32[3, 2]", "f32[4, 2]", equation="bi,ij,bj->b", optimize=((0, 1), (0, 1))),
)
def einsum(*tensors: Any, equation: str, optimize: Any = "auto") -> Any:
    """The products of tensors, summed over the letters that the result does not have; `optimize` is the order, as pairs of places."""
    return jnp.einsum(equation, *tensors, optimize=optimize)
