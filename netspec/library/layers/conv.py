"""Convolutions."""

from __future__ import annotations

from netspec.diagnostics.shapes import UnevenGroups
from netspec.lazy import lax
from netspec.library.base import Array, Example, Flow, In, Initializer, Layer, Passage, Positive, Scope, Size, Weight
from netspec.library.initializers import LecunNormal, Zeros
from netspec.library.proofs import need_multiple
from netspec.library.sizes import along_last, parameter, positive
from netspec.library.windows import Padding, Sizes, Windows, windows
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import elements

AXES = {1: ("NWC", "WIO", "NWC"), 2: ("NHWC", "HWIO", "NHWC"), 3: ("NDHWC", "DHWIO", "NDHWC")}


class Conv(Layer):
    """Convolution over 1, 2 or 3 axes of space, as many as the input has: y[p, o] = Σ x[stride · p + q, i] · kernel[q, i, o] + bias[o].

    [batch, space…, in] -> [batch, space'…, features]. An axis of size n becomes ceil(n / stride) with `padding="SAME"`, otherwise
    floor((n + padding - kernel) / stride) + 1. With `groups`, the channels are cut into that many parts, and each part of the output sees
    only its part of the input; as many groups as channels is a depthwise convolution.
    Parameters: `kernel` [kernel…, in / groups, features] and `bias` [features].
    FLOPs: 2 · taps · in / groups per output element, those on padding included, and 1 more for the bias.
    """

    inputs = (In("x", "[batch, space…, channels]", rank=3),)
    source = "Flax linen Conv"

    features: Size
    """Number of output channels."""
    kernel: Sizes
    """Size of the kernel: one number for all axes of space, or a list."""
    stride: Sizes = 1
    """Step between windows: one number for all axes of space, or a list."""
    padding: Padding = "SAME"
    """`"SAME"`, `"VALID"`, a number for both sides of every axis, or a list with a number or a pair [low, high] per axis."""
    bias: bool = True
    """Add a bias."""
    groups: Positive = 1
    """Number of groups of channels; it divides the numbers of input channels and of features."""
    kernel_init: Initializer = LecunNormal()
    """Initial value of the kernel; its fan-in is taps · in / groups."""
    bias_init: Initializer = Zeros()
    """Initial value of the bias."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(features=4, kernel=3), ("f32[2, 6, 6, 3]",)),
            Example(cls(features=3, kernel=(3, 2), stride=(2, 3), bias=False), ("f32[1, 7, 5, 2]",)),
            Example(cls(features=5, kernel=4, stride=3, padding=((1, 2),)), ("f32[3, 9, 1]",)),
            Example(cls(features=2, kernel=2, padding="VALID"), ("f32[2, 3, 4, 2, 3]",)),
            Example(cls(features=6, kernel=1, stride=2, padding=(0, 1)), ("f32[2, 5, 4, 3]",)),
            Example(cls(features=6, kernel=3, stride=2, groups=3, bias=False), ("f32[2, 5, 4, 3]",)),
            Example(cls(features=4, kernel=2, groups=2), ("f32[2, 5, 6]",)),
        )

    def _windows(self, x: TensorType) -> Windows:
        return windows(self.op_name(), "kernel", x, self.kernel, self.stride, self.padding)

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        features = positive(facts, self.op_name(), "features", self.features)
        for channels, others in ((x.shape[-1], features), (features, x.shape[-1])):
            problem = UnevenGroups(self.op_name(), self.groups, channels, x, others, blame="groups")
            need_multiple(facts, self.op_name(), channels, self.groups, "so that the groups are equal", problem)
        return x.with_shape((x.shape[0], *self._windows(x).outputs(facts, x), features))

    def params(self, x: TensorType) -> dict[str, Weight]:
        weights = {"kernel": parameter("kernel", (*self._windows(x).size, x.shape[-1] // self.groups, self.features), self.kernel_init)}
        return weights | ({"bias": parameter("bias", (self.features,), self.bias_init)} if self.bias else {})

    def apply(self, scope: Scope, x: Array) -> Array:
        w = self._windows(TensorType("f32", x.shape))
        weights = scope.param("kernel").astype(x.dtype)
        axes, groups = AXES[len(w.size)], self.groups
        y = lax.conv_general_dilated(x, weights, w.stride, w.padding, dimension_numbers=axes, feature_group_count=groups)
        return y + along_last(scope.param("bias"), y) if self.bias else y

    def flops(self, x: TensorType) -> Dim:
        w = self._windows(x)
        outputs = x.shape[0] * elements(w.sizes(x.shape[1:-1])) * self.features
        return outputs * (2 * w.elements * (x.shape[-1] // self.groups) + int(self.bias))

    def flow(self, passage: Passage) -> Flow:
        return passage.windowed(self._windows(passage.types[0]))
