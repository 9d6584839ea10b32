"""Pooling over the axes of space of [batch, space…, channels] tensors. The stride is the window unless it is given."""

from __future__ import annotations

import itertools
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.windows import OnlyPadding
from netspec.lazy import jnp, lax, np
from netspec.library.base import Array, Example, Flow, Function, In, Passage, Scope
from netspec.library.windows import Padding, Sizes, Windows, space_of, windows
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import elements

_SLICES = 9
"""Windows up to this many elements are reduced slice by slice."""


class _Pool(Function):
    """Windows of one size slide over the space of each channel."""

    inputs = (In("x", "[batch, space…, channels]", rank=3),)

    window: Sizes
    """Size of the window: one number for all axes of space, or a list."""
    stride: Sizes | None = None
    """Step between windows; the window's size when absent."""
    padding: Padding = "VALID"
    """`"SAME"`, `"VALID"`, a number for both sides of every axis, or a list with a number or a pair [low, high] per axis."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(window=2), ("f32[2, 6, 4, 3]",)),
            Example(cls(window=2), ("f32[1, 5, 7, 2]",)),
            Example(cls(window=(3, 2), stride=(2, 1), padding="SAME"), ("f32[2, 7, 4, 1]",)),
            Example(cls(window=3, stride=2, padding=((1, 2),)), ("f32[2, 8, 3]",)),
            Example(cls(window=2, stride=1, padding=1), ("f32[1, 2, 3, 2, 2]",)),
        )

    def _windows(self, x: TensorType) -> Windows:
        stride = self.window if self.stride is None else self.stride
        return windows(self.op_name(), "window", x, self.window, stride, self.padding)

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        return x.with_shape((x.shape[0], *self._windows(x).outputs(facts, x), x.shape[-1]))

    def _outputs(self, x: TensorType) -> Dim:
        return x.shape[0] * elements(self._windows(x).sizes(x.shape[1:-1])) * x.shape[-1]

    def flow(self, passage: Passage) -> Flow:
        return passage.windowed(self._windows(passage.types[0]))


class MaxPool(_Pool):
    """The largest element of each window; padding never wins. Where several are largest, the first one gets the gradient.

    [batch, space…, channels] -> [batch, space'…, channels]: an axis of size n becomes floor((n + padding - window) / stride) + 1, or
    ceil(n / stride) with `padding="SAME"`. FLOPs: window elements - 1 per output element.
    """

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        w = self._windows(x)
        for window, sides in zip(w.size, () if w.padding == "SAME" else w.padding, strict=False):
            if max(sides) >= window:
                raise Mistake(OnlyPadding(self.op_name(), window, max(sides), blame="padding"))
        return super().shape(facts, x)

    def apply(self, scope: Scope, x: Array) -> Array:
        w = self._windows(TensorType("f32", x.shape))
        if _tiles(w, x.shape) and w.elements <= _SLICES:
            return _largest_of_slices(x, w.size)
        low = -jnp.inf if jnp.issubdtype(x.dtype, jnp.floating) else jnp.iinfo(x.dtype).min
        return _slide(x, w, low, lax.max)

    def flops(self, x: TensorType) -> Dim:
        return self._outputs(x) * (self._windows(x).elements - 1)


class AvgPool(_Pool):
    """The sum of each window divided by the number of its elements, padding counted as zeros. Summed in at least f32.

    [batch, space…, channels] -> [batch, space'…, channels]: an axis of size n becomes floor((n + padding - window) / stride) + 1, or
    ceil(n / stride) with `padding="SAME"`. FLOPs: window elements per output element.
    """

    def apply(self, scope: Scope, x: Array) -> Array:
        w = self._windows(TensorType("f32", x.shape))
        wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
        return (_slide(wide, w, 0.0, lax.add) / w.elements).astype(x.dtype)

    def flops(self, x: TensorType) -> Dim:
        return self._outputs(x) * self._windows(x).elements


class GlobalAvgPool(Function):
    """The mean over all axes of space, taken in at least f32.

    [batch, space…, channels] -> [batch, channels]. FLOPs: 1 per input element.
    """

    inputs = (In("x", "[batch, space…, channels]", rank=3),)
    source = "Lin et al., Network In Network, 2013"

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[2, 5, 3, 4]",)), Example(cls(), ("f32[3, 1, 2]",)))

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        space_of(self.op_name(), x.rank, x)
        return x.with_shape((x.shape[0], x.shape[-1]))

    def apply(self, scope: Scope, x: Array) -> Array:
        wide = jnp.promote_types(x.dtype, jnp.float32)
        return jnp.mean(x, tuple(range(1, x.ndim - 1)), dtype=wide).astype(x.dtype)

    def flops(self, x: TensorType) -> Dim:
        return x.size

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(*range(1, passage.types[0].rank - 1))


def _slide(x: Array, w: Windows, start: float, reduce: Any) -> Array:
    """The start value stays a NumPy constant: JAX finds the gradient only where it sees that the start is the reduction's identity."""
    padding = "SAME" if w.padding == "SAME" else ((0, 0), *w.padding, (0, 0))
    return lax.reduce_window(x, np.asarray(start, x.dtype), reduce, (1, *w.size, 1), (1, *w.stride, 1), padding)


def _tiles(w: Windows, shape: tuple[int, ...]) -> bool:
    """Windows lie side by side and cover the space exactly."""
    unpadded = w.padding == "SAME" or not any(map(max, w.padding))
    return unpadded and w.size == w.stride and not any(n % k for n, k in zip(shape[1:-1], w.size, strict=True))


def _largest_of_slices(x: Array, size: tuple[int, ...]) -> Array:
    """Each slice holds one element of every window. On CPUs this is several times faster than `reduce_window`, which gives the same."""
    best = None
    for offset in itertools.product(*map(range, size)):
        part = x[(slice(None), *(slice(o, None, k) for o, k in zip(offset, size, strict=True)))]
        best = part if best is None else jnp.where((best >= part) | jnp.isnan(best), best, part)
    return best
