"""Images as sequences of patches."""

from __future__ import annotations

import math

from netspec.diagnostics.shapes.patches import UnevenBlocks
from netspec.kernels.matmul import matmul
from netspec.library.base import Array, Example, Flow, In, Initializer, Layer, Passage, Scope, Size, Weight
from netspec.library.functions.pixel_blocks import cut_blocks
from netspec.library.initializers.distributions import LecunNormal, Zeros
from netspec.library.shape_rules.requirements import need_multiple
from netspec.library.shape_rules.sizes import parameter, require_positive, stretch_last
from netspec.library.shape_rules.windows import Sizes, space_of, spread_sizes
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import elements


class PatchEmbed(Layer):
    """A learned vector for each patch of an image, row by row: a convolution whose stride is its kernel, with its places in one axis.

    [batch, space…, channels] -> [batch, patches, features]. The patch divides the space (`pad` or `resize` first otherwise). Positions
    and a class token are added by hand: `weight position: f32[196, 768] = normal(0.02)`, `concat`.
    Parameters: `kernel` [patch…, channels, features] and `bias` [features]. In PyTorch it is a `Conv2d` whose stride is its kernel, with
    [features, channels, patch…].
    FLOPs: 2 · pixels of a patch · channels per output element, and 1 more for the bias.
    """

    inputs = (In("x", "[batch, space…, channels]", rank=3),)
    masking = "near"
    source = "Dosovitskiy et al., An Image is Worth 16x16 Words, 2021"

    features: Size
    """Size of a patch's vector."""
    patch: Sizes
    """Size of a patch: one number for all axes of space, or a list."""
    bias: bool = True
    """Add a bias."""
    kernel_init: Initializer = LecunNormal()
    """Initial value of the kernel; its fan-in is pixels of a patch · channels."""
    bias_init: Initializer = Zeros()
    """Initial value of the bias."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(features=5, patch=2), ("f32[3, 6, 4, 2]",)),
            Example(cls(features=4, patch=(2, 3), bias=False), ("f32[2, 4, 3, 1]",)),
            Example(cls(features=3, patch=4), ("f32[3, 8, 2]",)),
            Example(cls(features=3, patch=(2, 3, 2)), ("f32[1, 2, 6, 4, 2]",)),
        )

    def _sizes(self, x: TensorType) -> tuple[int, ...]:
        return spread_sizes(self.op_name(), "patch", self.patch, space_of(self.op_name(), x.rank, x), x)

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        for axis, size in enumerate(self._sizes(x), 1):
            problem = UnevenBlocks(self.op_name(), "patch", axis, x.shape[axis], size, x, blame="patch")
            need_multiple(facts, self.op_name(), x.shape[axis], size, "so that the patches cover the image", problem)
        return x.with_shape((x.shape[0], self._patches(x), require_positive(facts, self.op_name(), "features", self.features)))

    def _patches(self, x: TensorType) -> Dim:
        """How many patches an image [B, space…, C] is cut into."""
        return elements([n // size for n, size in zip(x.shape[1:-1], self._sizes(x), strict=True)])

    def params(self, x: TensorType) -> dict[str, Weight]:
        weights = {"kernel": parameter("kernel", (*self._sizes(x), x.shape[-1], self.features), self.kernel_init)}
        return weights | ({"bias": parameter("bias", (self.features,), self.bias_init)} if self.bias else {})

    def apply(self, scope: Scope, x: Array) -> Array:
        kernel = scope.param("kernel").astype(x.dtype)
        pixels = cut_blocks(x, self._sizes(scope.types[0]), True)
        y = matmul(scope.kernels, pixels.reshape(x.shape[0], -1, pixels.shape[-1]), kernel.reshape(-1, kernel.shape[-1]))
        return y + stretch_last(scope.param("bias"), y) if self.bias else y

    def flops(self, x: TensorType) -> Dim:
        outputs = x.shape[0] * self._patches(x) * self.features
        return outputs * (2 * math.prod(self._sizes(x)) * x.shape[-1] + int(self.bias))

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(*range(1, passage.types[0].rank))
