"""Which of its two lowerings a `repeat` gets."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from netspec.ir import Repeat
from netspec.lower.layout import Region
from netspec.lower.loops import Lowering, scanned, unrolled

Choice = Callable[[Repeat, Region], Lowering]

SCAN_FROM = 4
"""Iterations from which a repeat with parameters is scanned.

A scan traces and compiles one iteration: 24 transformer layers compile in 3 s instead of 23 s and step a tenth faster, since the optimizer
sees few large leaves; with a handful of iterations there is little to save. A body without parameters compiles quickly anyway, and unrolled
it can be fused across iterations.
"""


def automatic(node: Repeat, region: Region) -> Lowering:
    """Scan where compile time would grow with depth."""
    return scanned if node.count >= SCAN_FROM and region.params else unrolled


def always_scan(node: Repeat, region: Region) -> Lowering:
    return scanned


def always_unroll(node: Repeat, region: Region) -> Lowering:
    return unrolled


CHOICES: Mapping[str | None, Choice] = {None: automatic, "scan": always_scan, "unroll": always_unroll}
"""By the argument `repeat` of `compile`."""
