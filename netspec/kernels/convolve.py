"""Computes convolutions, whose kernels slide over space and are the same at every place or one of its own at each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netspec.kernels.family import Sample, family
from netspec.lazy import lax

Padding = str | Sequence[tuple[int, int]]
LINE, IMAGE = ("NWC", "WIO", "NWC"), ("NHWC", "HWIO", "NHWC")
SLOW_IN_LOOPS = ("cpu",)
"""On a CPU the gradients of a convolution ran 30 to 70 times slower inside a scan (five 3x3 convolutions of 32 channels, 16x16, batch 32,
forward and backward: 1,080 ms scanned, 15 ms unrolled; forward alone 14 ms and 13 ms)."""


@family(
    Sample("f32[2, 6, 6, 3]", "f32[3, 3, 3, 4]", stride=(1, 1), padding="SAME", axes=IMAGE),
    Sample("f32[1, 7, 5, 2]", "f32[3, 2, 2, 3]", stride=(2, 3), padding="VALID", axes=IMAGE),
    Sample("f32[3, 9, 4]", "f32[2, 2, 6]", stride=(1,), padding=((1, 2),), axes=LINE, dilation=(2,), groups=2),
    Sample("f32[2, 4, 4, 3]", "f32[3, 3, 3, 2]", stride=(1, 1), padding=((1, 2), (2, 1)), axes=IMAGE, spread=(2, 2)),
    Sample("f32[2, 4, 4, 3]", "f32[1, 1, 3, 5]", stride=(1, 1), padding="VALID", axes=IMAGE),
    slow_in_loops=SLOW_IN_LOOPS,
)
def convolve(
    x: Any,
    kernel: Any,
    *,
    stride: Sequence[int],
    padding: Padding,
    axes: tuple[str, str, str],
    dilation: Sequence[int] | None = None,
    spread: Sequence[int] | None = None,
    groups: int = 1,
) -> Any:
    """[batch, space…, in] and [taps…, in / groups, out] -> [batch, space'…, out], in the types of the arguments.

    `axes` name those of x, kernel and result. Between the taps of the kernel lie dilation - 1 places, between the elements of x spread - 1
    zeros (a transposed convolution).
    """
    return lax.conv_general_dilated(
        x, kernel, stride, padding, lhs_dilation=spread, rhs_dilation=dilation, dimension_numbers=axes, feature_group_count=groups
    )


@family(
    Sample("f32[2, 5, 4, 2]", "f32[3, 3, 12, 3]", stride=(1, 1), padding="VALID", size=(3, 2), axes=IMAGE),
    Sample("f32[3, 5, 2]", "f32[5, 4, 2]", stride=(1,), padding=((2, 0),), size=(2,), axes=LINE, dilation=(2,)),
    slow_in_loops=SLOW_IN_LOOPS,
)
def convolve_locally(
    x: Any,
    kernel: Any,
    *,
    stride: Sequence[int],
    padding: Padding,
    size: Sequence[int],
    axes: tuple[str, str, str],
    dilation: Sequence[int] | None = None,
) -> Any:
    """[batch, space…, in] and [space'…, in · taps, out] -> [batch, space'…, out]: a convolution with a kernel of its own at each place, of
    `size` taps, the channels of x slowest."""
    return lax.conv_general_dilated_local(x, kernel, stride, padding, size, rhs_dilation=dilation, dimension_numbers=axes)
