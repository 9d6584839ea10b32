"""Transposed convolutions, which make maps larger."""

from __future__ import annotations

from netspec.diagnostics.windows import WindowTooLarge
from netspec.lazy import lax
from netspec.library.base import Array, Example, Flow, In, Initializer, Layer, Passage, Scope, Size, Weight
from netspec.library.initializers import LecunNormal, Zeros
from netspec.library.layers.conv import AXES
from netspec.library.proofs import need_at_least
from netspec.library.sizes import along_last, count, parameter, positive
from netspec.library.windows import Padding, Pairs, Sizes, Windows, windows
from netspec.shape import Dim, Facts, TensorType


class ConvTranspose(Layer):
    """Transposed convolution over 1, 2 or 3 axes of space: between its elements the input gets stride - 1 zeros, then it is convolved.

    [batch, space…, in] -> [batch, space'…, features]. An axis of size n becomes stride · n with `padding="SAME"`,
    stride · n + max(kernel - stride, 0) with `"VALID"`. Numbers as padding are the zeros around the widened input: then it becomes
    stride · (n - 1) + 1 + padding - kernel + 1. Parameters: `kernel` [kernel…, in, features] and `bias` [features].
    FLOPs: 2 · taps · features per input element, and 1 per output element for the bias.
    """

    inputs = (In("x", "[batch, space…, channels]", rank=3),)
    source = "Flax linen ConvTranspose"

    features: Size
    """Number of output channels."""
    kernel: Sizes
    """Size of the kernel: one number for all axes of space, or a list."""
    stride: Sizes = 1
    """How many times larger the map becomes: one number for all axes of space, or a list."""
    padding: Padding = "SAME"
    """`"SAME"`, `"VALID"`, a number for both sides of every axis, or a list with a number or a pair [low, high] per axis."""
    bias: bool = True
    """Add a bias."""
    kernel_init: Initializer = LecunNormal()
    """Initial value of the kernel; its fan-in is taps · in."""
    bias_init: Initializer = Zeros()
    """Initial value of the bias."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(features=4, kernel=2, stride=2), ("f32[2, 3, 4, 3]",)),
            Example(cls(features=3, kernel=(3, 2), stride=(2, 3), padding="VALID", bias=False), ("f32[3, 4, 2, 2]",)),
            Example(cls(features=5, kernel=4, stride=3, padding=((1, 2),)), ("f32[3, 4, 1]",)),
            Example(cls(features=2, kernel=3), ("f32[2, 3, 2, 2, 3]",)),
        )

    def _windows(self, x: TensorType) -> Windows:
        return windows(self.op_name(), "kernel", x, self.kernel, self.stride, self.padding)

    def _pads(self, w: Windows) -> Pairs:
        """Zeros before and after the widened input."""
        if self.padding == "SAME":
            return tuple(same(k, s) for k, s in zip(w.size, w.stride, strict=True))
        if self.padding == "VALID":
            return tuple((k - 1, max(k, s) - 1) for k, s in zip(w.size, w.stride, strict=True))
        return w.padding  # type: ignore[return-value]

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        features, w = positive(facts, self.op_name(), "features", self.features), self._windows(x)
        space = self._space(x)
        for axis, size in enumerate(space, 1):
            widened = (x.shape[axis] - 1) * w.stride[axis - 1] + 1
            pads, window = sum(self._pads(w)[axis - 1]), w.size[axis - 1]
            problem = WindowTooLarge(self.op_name(), "kernel", axis, widened, window, pads, x, blame="kernel")
            need_at_least(facts, self.op_name(), size, 1, "so that the window fits", problem)
        return x.with_shape((x.shape[0], *space, features))

    def _space(self, x: TensorType) -> tuple[Dim, ...]:
        w = self._windows(x)
        rows = zip(x.shape[1:-1], w.size, w.stride, self._pads(w), strict=True)
        return tuple((n - 1) * s + (2 + low + high - k) for n, k, s, (low, high) in rows)

    def params(self, x: TensorType) -> dict[str, Weight]:
        weights = {"kernel": parameter("kernel", (*self._windows(x).size, x.shape[-1], self.features), self.kernel_init)}
        return weights | ({"bias": parameter("bias", (self.features,), self.bias_init)} if self.bias else {})

    def apply(self, scope: Scope, x: Array) -> Array:
        w = self._windows(TensorType("f32", x.shape))
        weights, ones = scope.param("kernel").astype(x.dtype), (1,) * len(w.size)
        y = lax.conv_general_dilated(x, weights, ones, self._pads(w), lhs_dilation=w.stride, dimension_numbers=AXES[len(w.size)])
        return y + along_last(scope.param("bias"), y) if self.bias else y

    def flops(self, x: TensorType) -> Dim:
        outputs = x.shape[0] * count(self._space(x)) * self.features
        return x.size * (2 * self._windows(x).elements) * self.features + outputs * int(self.bias)

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(*range(1, passage.types[0].rank))


def same(kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and after, so that the result is stride times as large."""
    total = kernel + stride - 2
    before = kernel - 1 if stride > kernel - 1 else -(-total // 2)
    return before, total - before
