"""Convolutions that treat every channel on its own."""

from __future__ import annotations

from netspec.kernels.matmul import matmul
from netspec.library.base import Array, Example, Initializer, Positive, Scope, Weight
from netspec.library.initializers.distributions import LecunNormal, Zeros
from netspec.library.layers.conv import _Featured, _Sliding
from netspec.library.shape_rules.sizes import parameter, require_positive
from netspec.shape import Dim, Facts, TensorType


class DepthwiseConv(_Sliding):
    """Convolution of every channel on its own: channel i gives the channels multiplier · i, …, multiplier · (i + 1) - 1 of the result.

    [batch, space…, in] -> [batch, space'…, in · multiplier]; the axes of space become what they do in `conv`. The same as `conv` with as
    many groups as channels. Parameters: `kernel` [kernel…, 1, in · multiplier] and `bias` [in · multiplier]. Keras has the kernel as
    [kernel…, in, multiplier], the same numbers in the same order; PyTorch's is a `Conv2d` with as many groups as channels, whose kernel is
    [in · multiplier, 1, kernel…]. FLOPs: 2 · taps per output element, and 1 more for the bias.
    """

    masking = "each"  # along the channels
    source = "Sifre, Rigid-Motion Scattering for Image Classification, 2014; Flax linen Conv with feature_group_count"

    multiplier: Positive = 1
    """How many channels of the result each channel gives."""
    kernel_init: Initializer = LecunNormal()
    """Initial value of the kernel; its fan-in is taps."""
    bias_init: Initializer = Zeros()
    """Initial value of the bias."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(kernel=3), ("f32[2, 5, 4, 3]",)),
            Example(cls(kernel=(3, 2), stride=2, multiplier=2, bias=False), ("f32[2, 6, 5, 3]",)),
            Example(cls(kernel=2, padding="CAUSAL", dilation=3, multiplier=3), ("f32[2, 6, 2]",)),
            Example(cls(kernel=2, padding="VALID", stride=(1, 2, 1)), ("f32[2, 3, 4, 2, 3]",)),
        )

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        return self.slid(facts, x, x.shape[-1] * self.multiplier)

    def params(self, x: TensorType) -> dict[str, Weight]:
        features = x.shape[-1] * self.multiplier
        weights = {"kernel": parameter("kernel", (*self.windows(x).size, 1, features), self.kernel_init)}
        return weights | ({"bias": parameter("bias", (features,), self.bias_init)} if self.bias else {})

    def apply(self, scope: Scope, x: Array) -> Array:
        return self.biased(scope, self.convolved(scope, x, scope.param("kernel"), x.shape[-1]))

    def flops(self, x: TensorType) -> Dim:
        return self.places(x) * x.shape[-1] * self.multiplier * (2 * self.windows(x).elements + int(self.bias))


class SeparableConv(_Sliding, _Featured):
    """Depthwise convolution, then a linear map of the channels: `depthwise_conv(kernel, bias=false) -> dense(features)` in one.

    [batch, space…, in] -> [batch, space'…, features]; the axes of space become what they do in `conv`. Parameters: `depthwise`
    [kernel…, 1, in · multiplier], `pointwise` [in · multiplier, features] and `bias` [features].
    FLOPs: 2 · taps · in · multiplier + 2 · in · multiplier · features for each place, and 1 per output element for the bias.
    """

    source = "Chollet, Xception: Deep Learning with Depthwise Separable Convolutions, 2017"

    multiplier: Positive = 1
    """How many channels each channel gives before they are mapped."""
    depthwise_init: Initializer = LecunNormal()
    """Initial value of the kernels that slide; their fan-in is taps."""
    pointwise_init: Initializer = LecunNormal()
    """Initial value of the map of the channels; its fan-in is in · multiplier."""
    bias_init: Initializer = Zeros()
    """Initial value of the bias."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(features=4, kernel=3), ("f32[2, 5, 4, 3]",)),
            Example(cls(features=2, kernel=(3, 2), stride=2, multiplier=2, bias=False), ("f32[2, 6, 5, 3]",)),
            Example(cls(features=3, kernel=3, padding="CAUSAL", dilation=2), ("f32[2, 7, 2]",)),
        )

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        return self.slid(facts, x, require_positive(facts, self.op_name(), "features", self.features))

    def params(self, x: TensorType) -> dict[str, Weight]:
        between = x.shape[-1] * self.multiplier
        weights = {
            "depthwise": parameter("depthwise", (*self.windows(x).size, 1, between), self.depthwise_init),
            "pointwise": parameter("pointwise", (between, self.features), self.pointwise_init),
        }
        return weights | ({"bias": parameter("bias", (self.features,), self.bias_init)} if self.bias else {})

    def apply(self, scope: Scope, x: Array) -> Array:
        apart = self.convolved(scope, x, scope.param("depthwise"), x.shape[-1])
        return self.biased(scope, matmul(scope.kernels, apart, scope.param("pointwise").astype(x.dtype)))

    def flops(self, x: TensorType) -> Dim:
        between = x.shape[-1] * self.multiplier
        features = Dim.of(self.features)
        return self.places(x) * (between * (2 * self.windows(x).elements) + between * features * 2 + features * int(self.bias))
