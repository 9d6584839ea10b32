"""Convolutions with a kernel of its own at every place."""

from __future__ import annotations

from netspec.kernels.convolve import convolve_locally
from netspec.library.base import Array, Example, Flow, Initializer, Passage, Scope, Weight
from netspec.library.initializers.distributions import LecunNormal, Zeros
from netspec.library.layers.conv import AXES, _Featured, _Sliding
from netspec.library.shape_rules.sizes import offset, parameter, require_positive
from netspec.record import replace
from netspec.shape import Dim, Facts, TensorType


class ConvLocal(_Sliding, _Featured):
    """Like `conv`, but every place has a kernel and a bias of its own: y[p, o] = Σ x[stride · p + dilation · q, i] · kernel[p, (i, q), o].

    [batch, space…, in] -> [batch, space'…, features]; the axes of space become what they do in `conv`, and their sizes must be known, as
    there are parameters for each place: `kernel` [space'…, in · taps, features], the taps of one channel side by side, and `bias`
    [space'…, features]. Flax divides the kernel's initial variance by the number of places too, so that a layer starts with hardly any
    output; here it does not. FLOPs: 2 · taps · in per output element, those on padding included, and 1 more for the bias.
    """

    masking = "near"
    source = "Flax linen ConvLocal"

    kernel_init: Initializer = LecunNormal()
    """Initial value of the kernels; their fan-in is taps · in."""
    bias_init: Initializer = Zeros()
    """Initial value of the bias."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(features=2, kernel=3), ("f32[2, 4, 5, 3]",)),
            Example(cls(features=3, kernel=(3, 2), stride=2, padding="VALID", bias=False), ("f32[2, 5, 4, 2]",)),
            Example(cls(features=2, kernel=2, padding="CAUSAL", dilation=2), ("f32[3, 5, 2]",)),
            Example(cls(features=2, kernel=3, padding="CIRCULAR"), ("f32[2, 4, 3]",)),
        )

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        return self.slid(facts, x, require_positive(facts, self.op_name(), "features", self.features))

    def params(self, x: TensorType) -> dict[str, Weight]:
        w = self.windows(x)
        space, rows = w.sizes(x.shape[1:-1]), x.shape[-1] * w.elements
        kernel = parameter("kernel", (*space, rows, self.features), self.kernel_init)
        columns = Dim.of(self.features)
        if rows.is_constant and columns.is_constant:
            kernel = replace(kernel, fan=(rows.value, columns.value))
        return {"kernel": kernel} | ({"bias": offset("bias", (*space, self.features), self.bias_init)} if self.bias else {})

    def apply(self, scope: Scope, x: Array) -> Array:
        w = self.windows(scope.types[0])
        x, padding = w.bordered(x)
        weights, axes = scope.param("kernel").astype(x.dtype), AXES[len(w.size)]
        y = convolve_locally(scope.kernels, x, weights, stride=w.stride, padding=padding, size=w.size, axes=axes, dilation=w.dilation)
        return self.biased(scope, y)

    def flops(self, x: TensorType) -> Dim:
        return self.places(x) * self.features * (x.shape[-1] * (2 * self.windows(x).elements) + int(self.bias))

    def adds_bias(self, *inputs: TensorType, **optional: TensorType) -> int | None:
        return inputs[0].rank - 1 if self.bias else None

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(*range(1, passage.types[0].rank))
