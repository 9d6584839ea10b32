"""Convolutions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netspec.diagnostics.shapes.sizes import UnevenGroups
from netspec.kernels.convolve import convolve
from netspec.lazy import jnp, lax
from netspec.library.base import Array, Example, Flow, In, Initializer, Layer, Passage, Positive, Scope, Size, Weight
from netspec.library.initializers.distributions import LecunNormal, Zeros
from netspec.library.shape_rules.requirements import need_multiple
from netspec.library.shape_rules.sizes import parameter, require_positive, stretch_last
from netspec.library.shape_rules.windows import Bordered, Sizes, Windows, windows
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import elements

if TYPE_CHECKING:
    from netspec.library.contracts.stretch_steps import Past, Use

AXES = {1: ("NWC", "WIO", "NWC"), 2: ("NHWC", "HWIO", "NHWC"), 3: ("NDHWC", "DHWIO", "NDHWC")}


class _Featured(Layer):
    """What has a number of output channels, its first argument."""

    features: Size
    """Number of output channels."""


def read_as_torch(features: object, kernel: object, stride: object, given: tuple[str, ...], x: TensorType) -> str:
    """The arguments of a convolution that was written as PyTorch's, (in channels, out channels, kernel), or "".

    It gives the channels that there are already as `features`, and a third number by position, which is the stride here; and as a kernel
    and its stride the two others would be odd: hardly any kernel is even but for twice its stride, larger than the image, or makes so few
    features of as few.
    """
    numbers = (features, kernel, stride)
    if given[:3] != ("features", "kernel", "stride") or not all(isinstance(n, int) for n in numbers) or x.shape[-1] != features:
        return ""
    into, out, size = numbers
    beyond = any(n.is_constant and n.value < out for n in x.shape[1:-1])  # type: ignore[operator]
    uneven = out % 2 == 0 and out >= 6 and out != 2 * size and (size % 2 == 1 or out >= 4 * size)  # type: ignore[operator]
    return f"{out}, {size}" if out > size and (beyond or uneven or into <= 3) else ""  # type: ignore[operator]


class _Sliding(Layer):
    """Kernels that slide over the axes of space of a [batch, space…, channels] tensor."""

    over_space = True
    inputs = (In("x", "[batch, space…, channels]", rank=3),)

    kernel: Sizes
    """Size of the kernel: one number for all axes of space, or a list."""
    stride: Sizes = 1
    """Step between windows: one number for all axes of space, or a list."""
    padding: Bordered = "SAME"
    """`"SAME"`, `"VALID"`, a number for both sides of every axis, or a list with a number or a pair [low, high] per axis: zeros.
    `"CIRCULAR"` goes on at the other end, `"REFLECT"` mirrors; `"CAUSAL"`, for one axis, puts all zeros in front, so that no element sees
    a later one."""
    bias: bool = True
    """Add a bias."""
    dilation: Sizes = 1
    """Distance between the elements that a kernel sees: one number for all axes of space, or a list."""

    def windows(self, x: TensorType) -> Windows:
        """The windows over an input. Raises `Mistake` when a list has the wrong length."""
        return windows(self.op_name(), "kernel", x, self.kernel, self.stride, self.padding, self.dilation)

    def slid(self, facts: Facts, x: TensorType, features: Dim) -> TensorType:
        """The type of the result. Raises `Mistake` when a window does not fit."""
        return x.with_shape((x.shape[0], *self.windows(x).outputs(facts, x), features))

    def convolved(self, scope: Scope, x: Array, weights: Array, groups: int = 1) -> Array:
        """x convolved with a kernel [kernel…, in / groups, out]."""
        w = self.windows(scope.types[0])
        x, padding = w.bordered(x)
        axes, weights = AXES[len(w.size)], weights.astype(x.dtype)
        return convolve(scope.kernels, x, weights, stride=w.stride, padding=padding, axes=axes, dilation=w.dilation, groups=groups)

    def biased(self, scope: Scope, y: Array) -> Array:
        """y with the bias, if there is one."""
        return y + stretch_last(scope.param("bias"), y) if self.bias else y

    def places(self, x: TensorType) -> Dim:
        """The number of places at which a kernel is applied."""
        return x.shape[0] * elements(self.windows(x).sizes(x.shape[1:-1]))

    def adds_bias(self, *inputs: TensorType, **optional: TensorType) -> int | None:
        return 1 if self.bias else None

    def taps(self, *inputs: TensorType) -> tuple[tuple[int, int], ...]:
        w = self.windows(inputs[0])
        return () if w.edge != "constant" else tuple((k, w.count_blind(axis, inputs[0].shape[axis + 1])) for axis, k in enumerate(w.size))

    def flow(self, passage: Passage) -> Flow:
        return passage.windowed(self.windows(passage.types[0]))

    def foreign(self, given: tuple[str, ...], *inputs: TensorType) -> str:
        return read_as_torch(getattr(self, "features", None), self.kernel, self.stride, given, inputs[0])

    def step(self, use: Use) -> tuple[Any, Past]:
        """As many elements are remembered as a window spans before its last: zeros at first, as there is padding in front."""
        x = use.inputs[0]
        spans = {axis: span - 1 for axis, span in enumerate(self.windows(use.scope.types[0]).spans, 1)}
        axis = next((axis for axis in use.flows[0].axes if spans.get(axis)), None)
        if axis is None:
            return use.alone(), None
        before = jnp.zeros((*x.shape[:axis], spans[axis], *x.shape[axis + 1 :]), x.dtype) if use.past is None else use.past
        both, past = use.stretch.behind(before, x, axis)
        return lax.slice_in_dim(use.on(both), spans[axis], None, axis=axis), past


class Conv(_Sliding, _Featured):
    """Convolution over 1, 2 or 3 axes of space, as many as the input has: y[p, o] = Σ x[stride · p + dilation · q, i] · kernel[q, i, o].

    [batch, space…, in] -> [batch, space'…, features]. An axis of size n becomes ceil(n / stride) with `padding="SAME"`, `"CIRCULAR"`,
    `"REFLECT"` and `"CAUSAL"`, otherwise floor((n + padding - span) / stride) + 1 with span = dilation · (kernel - 1) + 1. With `groups`,
    the channels are cut into that many parts, and each part of the output sees only its part of the input.
    Parameters: `kernel` [kernel…, in / groups, features] and `bias` [features]. PyTorch has them as [features, in / groups, kernel…], its
    `padding=n` is the number here, and with a stride its "same" does not exist; here `"SAME"` may put one zero more behind than in front.
    FLOPs: 2 · taps · in / groups per output element, those on padding included, and 1 more for the bias.
    """

    source = "Flax linen Conv"

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
            Example(cls(features=2, kernel=3, padding="CAUSAL", dilation=2), ("f32[2, 7, 3]",)),
            Example(cls(features=2, kernel=(3, 2), padding="CIRCULAR", dilation=(2, 1)), ("f32[2, 5, 4, 3]",)),
            Example(cls(features=2, kernel=(2, 3), stride=2, padding="REFLECT", dilation=(1, 2)), ("f32[2, 6, 5, 3]",)),
            Example(cls(features=2, kernel=3, stride=(1, 2), dilation=2), ("f32[2, 4, 6, 3]",)),
        )

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        features = require_positive(facts, self.op_name(), "features", self.features)
        need_equal_groups(facts, self.op_name(), self.groups, features, x)
        return self.slid(facts, x, features)

    def params(self, x: TensorType) -> dict[str, Weight]:
        weights = {"kernel": parameter("kernel", (*self.windows(x).size, x.shape[-1] // self.groups, self.features), self.kernel_init)}
        return weights | ({"bias": parameter("bias", (self.features,), self.bias_init)} if self.bias else {})

    def apply(self, scope: Scope, x: Array) -> Array:
        return self.biased(scope, self.convolved(scope, x, scope.param("kernel"), self.groups))

    def flops(self, x: TensorType) -> Dim:
        return self.places(x) * self.features * (2 * self.windows(x).elements * (x.shape[-1] // self.groups) + int(self.bias))


def need_equal_groups(facts: Facts, op: str, groups: int, features: Dim, x: TensorType) -> None:
    """Raises `Mistake` unless the number of groups is proved to divide the channels on both sides."""
    for channels, others in ((x.shape[-1], features), (features, x.shape[-1])):
        problem = UnevenGroups(op, groups, channels, x, others, blame="groups")
        need_multiple(facts, op, channels, groups, "so that the groups are equal", problem)
