"""Decides which of its two lowerings a `repeat` gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from netspec.ir import Apply, Node, Repeat, fold
from netspec.kernels.shelf import load_families
from netspec.lazy import jax
from netspec.library.base import Array
from netspec.lower.loops import Loop, Lowering, scan_loop, unroll_loop

Choice = Callable[[Loop, list[Array]], Lowering]

SCAN_FROM = 4
"""Iterations from which a repeat with parameters is scanned.

A scan traces and compiles one iteration: 24 transformer layers compile in 3 s instead of 23 s and step a tenth faster, since the optimizer
sees few large leaves; with a handful of iterations there is little to save.
"""
UNROLLED_OPS = 64
"""Ops, over all iterations, up to which a repeat without parameters is unrolled.

A few compile quickly and can be fused across iterations; of more, the time to compile would grow with the count. One that draws random
numbers counts as a repeat with parameters: 40 draws compile in 4 s.
"""
SLOWED_OPS = 1_000
"""Ops, over all iterations, from which a repeat is scanned though a kernel in it is slower in a loop.

On a CPU a convolution runs slower in a loop than outside, but 1,000 steps of a sampler with a small network did not compile in ten minutes
when they were written out, and do so in seconds in a loop.
"""


def choose_lowering(loop: Loop, starts: list[Array]) -> Lowering:
    """Scan where compile time would grow with depth and the loop costs nothing."""
    if loop.node.count < SCAN_FROM or not (loop.region.params or _is_long(loop)):
        return unroll_loop
    return unroll_loop if _count_all_ops(loop) < SLOWED_OPS and _is_slowed(loop, starts) else scan_loop


def always_scan(loop: Loop, starts: list[Array]) -> Lowering:
    return scan_loop


def always_unroll(loop: Loop, starts: list[Array]) -> Lowering:
    return unroll_loop


CHOICES: Mapping[str | None, Choice] = {None: choose_lowering, "scan": always_scan, "unroll": always_unroll}
"""By the argument `repeat` of `compile`."""


def _is_long(loop: Loop) -> bool:
    """The iterations have many ops together, or draw random numbers."""
    inner = replace(loop.body, nodes=loop.node.nodes)
    draws = fold(inner, lambda node, below: any(below) or (isinstance(node, Apply) and node.op.random), any)
    return draws or _count_all_ops(loop) > UNROLLED_OPS


def _count_all_ops(loop: Loop) -> int:
    """The ops of all iterations."""
    return loop.node.count * fold(replace(loop.body, nodes=loop.node.nodes), _count_ops, sum)


def _count_ops(node: Node, below: list[int]) -> int:
    """A node and what is below it, every iteration of a repeat counted."""
    return (node.count if isinstance(node, Repeat) else 1) * max(1, sum(below))


def _is_slowed(loop: Loop, starts: list[Array]) -> bool:
    """One of the kernels that run in an iteration is slower in a loop on this backend."""
    frame, backend = loop.frame, jax.default_backend()
    possible = (*(family.reference for family in load_families().values()), *frame.run.kernels.variants())
    if not any(backend in variant.slow_in_loops for variant in possible):
        return False
    aside = frame.run.kernels.aside()
    probe = replace(loop, frame=replace(frame, run=replace(frame.run, kernels=aside)))
    first = [{key: x[0] for key, x in stacks.items()} for stacks in (probe.params(), probe.buffers())]
    jax.eval_shape(lambda carried, params, buffers: probe.iterate(0, carried, params, buffers)[0], starts, *first)
    return any(backend in chosen.variant.slow_in_loops for chosen in aside.log)
