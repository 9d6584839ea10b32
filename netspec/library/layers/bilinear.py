"""Maps of two tensors at once."""

from __future__ import annotations

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.attention import UnfitShape
from netspec.diagnostics.shapes.operands import UnequalDtypes
from netspec.kernels.matmul import matmul
from netspec.library.base import Array, Example, Flow, In, Initializer, Layer, Passage, Scope, Size, Weight
from netspec.library.initializers.distributions import LecunNormal, Zeros
from netspec.library.shape_rules.requirements import need_equal
from netspec.library.shape_rules.sizes import kernel, parameter, require_positive, stretch_last
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import elements


class Bilinear(Layer):
    """Bilinear map of the last axes of two tensors: z[k] = Σ x[i] · y[j] · kernel[i, j, k] + bias[k].

    [..., in] and [..., other] -> [..., features]; the leading axes of both are the same. Parameters: `kernel` [in, other, features] and
    `bias` [features]; initializers see the kernel as a matrix with in · other rows. PyTorch's kernel is [features, in, other].
    FLOPs: in · other products, and 2 · in · other per output element, 1 more for the bias.
    """

    inputs = (In("x", "any leading axes, then the features", rank=1), In("y", "the same leading axes, then features of its own", rank=1))
    source = "PyTorch nn.Bilinear"

    features: Size
    """Size of the last axis of the output."""
    bias: bool = True
    """Add a bias."""
    kernel_init: Initializer = LecunNormal()
    """Initial value of the kernel; its fan-in is in · other."""
    bias_init: Initializer = Zeros()
    """Initial value of the bias."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(features=4), ("f32[3, 5]", "f32[3, 2]")),
            Example(cls(features=2, bias=False), ("f32[2, 3, 4]", "f32[2, 3, 6]")),
            Example(cls(features=3), ("f32[4]", "f32[1]")),
        )

    def shape(self, facts: Facts, x: TensorType, y: TensorType) -> TensorType:
        features = require_positive(facts, self.op_name(), "features", self.features)
        if x.dtype != y.dtype:
            raise Mistake(UnequalDtypes(self.op_name(), x, y, blame="y"))
        problem = UnfitShape(self.op_name(), "y", y, ((*x.shape[:-1], y.shape[-1]),), blame="y")
        if x.rank != y.rank:
            raise Mistake(problem)
        for mine, other in zip(x.shape[:-1], y.shape[:-1], strict=True):
            need_equal(facts, self.op_name(), mine, other, "so that both have the same leading axes", problem)
        return x.with_shape((*x.shape[:-1], features))

    def params(self, x: TensorType, y: TensorType) -> dict[str, Weight]:
        weights = {"kernel": kernel("kernel", (x.shape[-1], y.shape[-1]), (self.features,), self.kernel_init)}
        return weights | ({"bias": parameter("bias", (self.features,), self.bias_init)} if self.bias else {})

    def apply(self, scope: Scope, x: Array, y: Array) -> Array:
        weights = scope.param("kernel").astype(x.dtype)
        products = (x[..., :, None] * y[..., None, :]).reshape(*x.shape[:-1], -1)
        z = matmul(scope.kernels, products, weights.reshape(-1, weights.shape[-1]))
        return z + stretch_last(scope.param("bias"), z) if self.bias else z

    def flops(self, x: TensorType, y: TensorType) -> Dim:
        products, features = x.shape[-1] * y.shape[-1], Dim.of(self.features)
        return elements(x.shape[:-1]) * (products + products * features * 2 + features * int(self.bias))

    def flow(self, passage: Passage) -> Flow:
        passage.untouched(-1, input=1)
        return passage.keeps(-1)
