"""Transposed convolutions, which make maps larger."""

from __future__ import annotations

from typing import ClassVar, Literal

from netspec.diagnostics.shapes.windows import WindowTooLarge
from netspec.kernels.convolve import convolve
from netspec.lazy import jnp
from netspec.library.base import Array, Example, Flow, In, Initializer, Layer, Passage, Positive, Scope, Size, Weight
from netspec.library.initializers.distributions import LecunNormal, Zeros
from netspec.library.layers.conv import AXES, need_equal_groups, read_as_torch
from netspec.library.shape_rules.requirements import need_at_least
from netspec.library.shape_rules.sizes import count, parameter, require_positive, stretch_last
from netspec.library.shape_rules.windows import Padding, Pairs, Sizes, Windows, windows
from netspec.record import replace
from netspec.shape import Dim, Facts, TensorType


class ConvTranspose(Layer):
    """Transposed convolution over 1, 2 or 3 axes of space: between its elements the input gets stride - 1 zeros, then it is convolved.

    [batch, space…, in] -> [batch, space'…, features]. With span = dilation · (kernel - 1) + 1, an axis of size n becomes stride · n with
    `padding="SAME"` and `"CIRCULAR"`, stride · n + max(span - stride, 0) with `"VALID"`. Numbers as padding are the zeros around the
    widened input: then it becomes stride · (n - 1) + 1 + padding - span + 1. Parameters: `kernel` [kernel…, in / groups, features]
    ([kernel…, features / groups, in] with `transpose_kernel`) and `bias` [features].
    FLOPs: 2 · taps · features / groups per input element, and 1 per output element for the bias.
    PyTorch keeps the kernel as [in, features / groups, kernel…] and applies it mirrored, as `transpose_kernel=true` does; its `padding=p`
    and `output_padding=q` are `padding=[[span - 1 - p, span - 1 - p + q]]` here.
    """

    later_arguments: ClassVar[tuple[str, ...]] = ("groups",)

    inputs = (In("x", "[batch, space…, channels]", rank=3),)
    masking = "near"
    over_space = True
    source = "Flax linen ConvTranspose"

    features: Size
    """Number of output channels."""
    kernel: Sizes
    """Size of the kernel: one number for all axes of space, or a list."""
    stride: Sizes = 1
    """How many times larger the map becomes: one number for all axes of space, or a list."""
    padding: Padding | Literal["CIRCULAR"] = "SAME"
    """`"SAME"`, `"VALID"`, a number for both sides of every axis, or a list with a number or a pair [low, high] per axis.
    `"CIRCULAR"`: what would reach over an end is added at the other one."""
    bias: bool = True
    """Add a bias."""
    kernel_init: Initializer = LecunNormal()
    """Initial value of the kernel; its fan-in is taps · in / groups."""
    bias_init: Initializer = Zeros()
    """Initial value of the bias."""
    dilation: Sizes = 1
    """Distance between the elements that one element of the input reaches: one number for all axes of space, or a list."""
    transpose_kernel: bool = False
    """The kernel is that of a `conv` from `features` to in channels, of which this is the transpose: it is applied mirrored."""
    groups: Positive = 1
    """Number of groups of channels; it divides the numbers of input channels and of features."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(features=4, kernel=2, stride=2), ("f32[2, 3, 4, 3]",)),
            Example(cls(features=3, kernel=(3, 2), stride=(2, 3), padding="VALID", bias=False), ("f32[3, 4, 2, 2]",)),
            Example(cls(features=5, kernel=4, stride=3, padding=((1, 2),)), ("f32[3, 4, 1]",)),
            Example(cls(features=2, kernel=3), ("f32[2, 3, 2, 2, 3]",)),
            Example(cls(features=2, kernel=(3, 2), stride=2, dilation=(2, 1), transpose_kernel=True), ("f32[2, 3, 2, 3]",)),
            Example(cls(features=2, kernel=4, stride=(2, 1), padding="CIRCULAR"), ("f32[2, 3, 2, 3]",)),
            Example(cls(features=2, kernel=2, stride=2, padding="VALID", dilation=2), ("f32[2, 3, 2]",)),
            Example(cls(features=6, kernel=3, stride=2, groups=2), ("f32[2, 3, 2, 4]",)),
            Example(cls(features=6, kernel=2, stride=2, groups=3, transpose_kernel=True, bias=False), ("f32[2, 4, 3]",)),
        )

    def _windows(self, x: TensorType) -> Windows:
        """The places of the kernel on x, [B, space…, C]: its sizes, strides, padding and dilation."""
        return windows(self.op_name(), "kernel", x, self.kernel, self.stride, self.padding, self.dilation)

    def _pads(self, w: Windows) -> Pairs:
        """Zeros before and after the widened input."""
        if self.padding == "SAME":
            return tuple(pad_same(k, s) for k, s in zip(w.spans, w.stride, strict=True))
        if isinstance(self.padding, str):
            return tuple((k - 1, max(k, s) - 1) for k, s in zip(w.spans, w.stride, strict=True))
        return w.padding  # type: ignore[return-value]

    def adds_bias(self, *inputs: TensorType, **optional: TensorType) -> int | None:
        return 1 if self.bias else None

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        features, w = require_positive(facts, self.op_name(), "features", self.features), self._windows(x)
        need_equal_groups(facts, self.op_name(), self.groups, features, x)
        space = self._space(x)
        for axis, size in enumerate(space, 1):
            widened = (x.shape[axis] - 1) * w.stride[axis - 1] + 1
            pads, window = sum(self._pads(w)[axis - 1]), w.spans[axis - 1]
            problem = WindowTooLarge(self.op_name(), "kernel", axis, widened, window, pads, x, blame="kernel")
            need_at_least(facts, self.op_name(), size, 1, "so that the window fits", problem)
        return x.with_shape((x.shape[0], *space, features))

    def _space(self, x: TensorType) -> tuple[Dim, ...]:
        """The sizes of the result's axes of space, for x of [B, space…, C]."""
        w = self._windows(x)
        if self.padding == "CIRCULAR":
            return tuple(n * s for n, s in zip(x.shape[1:-1], w.stride, strict=True))
        rows = zip(x.shape[1:-1], w.spans, w.stride, self._pads(w), strict=True)
        return tuple((n - 1) * s + (2 + low + high - k) for n, k, s, (low, high) in rows)

    def params(self, x: TensorType) -> dict[str, Weight]:
        w, into, out = self._windows(x), x.shape[-1], Dim.of(self.features)
        ends = (out // self.groups, into) if self.transpose_kernel else (into // self.groups, out)
        kernel = parameter("kernel", (*w.size, *ends), self.kernel_init)
        if into.is_constant and out.is_constant:
            kernel = replace(kernel, fan=(w.elements * into.value // self.groups, w.elements * out.value))
        return {"kernel": kernel} | ({"bias": parameter("bias", (self.features,), self.bias_init)} if self.bias else {})

    def apply(self, scope: Scope, x: Array) -> Array:
        w, weights = self._windows(scope.types[0]), scope.param("kernel").astype(x.dtype)
        if self.transpose_kernel:
            weights = turn_round(jnp.flip(weights, range(len(w.size))), self.groups)
        ones, axes, more = (1,) * len(w.size), AXES[len(w.size)], {"dilation": w.dilation, "spread": w.stride, "groups": self.groups}
        y = convolve(scope.kernels, x, weights, stride=ones, padding=self._pads(w), axes=axes, **more)
        if self.padding == "CIRCULAR":
            for axis, (n, s) in enumerate(zip(x.shape[1:-1], w.stride, strict=True), 1):
                y = wrap_around(y, axis, n * s, ahead=not self.transpose_kernel)
        return y + stretch_last(scope.param("bias"), y) if self.bias else y

    def flops(self, x: TensorType) -> Dim:
        outputs = x.shape[0] * count(self._space(x)) * self.features
        return x.size * (2 * self._windows(x).elements) * (Dim.of(self.features) // self.groups) + outputs * int(self.bias)

    def foreign(self, given: tuple[str, ...], *inputs: TensorType) -> str:
        return read_as_torch(self.features, self.kernel, self.stride, given, inputs[0])

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(*range(1, passage.types[0].rank))


def turn_round(weights: Array, groups: int) -> Array:
    """[kernel…, out / groups, in] -> [kernel…, in / groups, out]: within each group the two ends change places."""
    *taps, out, into = weights.shape
    parts = weights.reshape(*taps, out, groups, into // groups)
    return parts.swapaxes(-1, -3).reshape(*taps, into // groups, groups * out)


def pad_same(kernel: int, stride: int) -> tuple[int, int]:
    """Zeros before and after, so that the result is stride times as large."""
    total = kernel + stride - 2
    before = kernel - 1 if stride > kernel - 1 else -(-total // 2)
    return before, total - before


def wrap_around(y: Array, axis: int, period: int, ahead: bool) -> Array:
    """An axis wound up on a circle of `period` elements, what is too long lying half before its beginning; an odd one behind its end if
    `ahead`."""
    excess = y.shape[axis] - period
    low = -(excess // 2 if ahead else (excess + 1) // 2) % period
    turns = -(-(low + y.shape[axis]) // period)
    widths = [(0, 0)] * y.ndim
    widths[axis] = (low, turns * period - low - y.shape[axis])
    y = jnp.pad(y, widths)
    return y.reshape(*y.shape[:axis], turns, period, *y.shape[axis + 1 :]).sum(axis)
