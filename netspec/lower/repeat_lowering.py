"""Which of its two lowerings a `repeat` gets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from netspec.lazy import jax
from netspec.library.base import Array
from netspec.lower.loops import Loop, Lowering, scan_loop, unroll_loop

Choice = Callable[[Loop, list[Array]], Lowering]

SCAN_FROM = 4
"""Iterations from which a repeat with parameters is scanned.

A scan traces and compiles one iteration: 24 transformer layers compile in 3 s instead of 23 s and step a tenth faster, since the optimizer
sees few large leaves; with a handful of iterations there is little to save. A body without parameters compiles quickly anyway, and unrolled
it can be fused across iterations.
"""
SLOW_IN_LOOPS: Mapping[str, frozenset[str]] = {"cpu": frozenset({"conv_general_dilated"})}
"""By backend, JAX primitives that a loop slows down. On a CPU the gradients of a convolution ran 30 to 70 times slower inside a scan (five
3x3 convolutions of 32 channels, 16x16, batch 32, forward and backward: 1,080 ms scanned, 15 ms unrolled; forward alone 14 ms and 13 ms).
"""


def choose_lowering(loop: Loop, starts: list[Array]) -> Lowering:
    """Scan where compile time would grow with depth and the loop costs nothing."""
    if loop.node.count < SCAN_FROM or not loop.region.params:
        return unroll_loop
    slow = SLOW_IN_LOOPS.get(jax.default_backend(), frozenset())
    return unroll_loop if slow and not slow.isdisjoint(_primitives(_iteration(loop, starts))) else scan_loop


def always_scan(loop: Loop, starts: list[Array]) -> Lowering:
    return scan_loop


def always_unroll(loop: Loop, starts: list[Array]) -> Lowering:
    return unroll_loop


CHOICES: Mapping[str | None, Choice] = {None: choose_lowering, "scan": always_scan, "unroll": always_unroll}
"""By the argument `repeat` of `compile`."""


def _iteration(loop: Loop, starts: list[Array]) -> Any:
    """The jaxpr of one iteration."""
    first = [{key: x[0] for key, x in stacks.items()} for stacks in (loop.params(), loop.buffers())]
    return jax.make_jaxpr(lambda carried, params, buffers: loop.iterate(0, carried, params, buffers))(starts, *first).jaxpr


def _primitives(jaxpr: Any) -> Iterator[str]:
    """Names of the primitives of a jaxpr and of those inside it."""
    for equation in jaxpr.eqns:
        yield equation.primitive.name
        for inner in jax.tree.leaves(list(equation.params.values()), is_leaf=_is_jaxpr):
            if _is_jaxpr(inner):
                yield from _primitives(getattr(inner, "jaxpr", inner))


def _is_jaxpr(value: Any) -> bool:
    return hasattr(value, "eqns")
