"""The activation with a learned slope."""

from __future__ import annotations

from netspec.lazy import jnp
from netspec.library.base import Array, Example, Flow, In, Initializer, Layer, Passage, Scope, Weight
from netspec.library.initializers.distributions import Constant
from netspec.library.shape_rules.sizes import parameter, stretch_last
from netspec.shape import Dim, TensorType


class Prelu(Layer):
    """x where x >= 0, else slope · x, the slope being learned. Parameter `slope`: one number, or one for each feature (last axis).

    [..., features] -> the same. Flax and PyTorch learn one slope by default, PyTorch from 0.25; Keras one for each element unless
    `shared_axes` says otherwise. FLOPs: 2 per element.
    """

    inputs = (In("x", "any leading axes, then the features", rank=1),)
    masking = "each"
    source = "He et al., Delving Deep into Rectifiers, 2015; Flax linen PReLU"

    per_feature: bool = False
    """One slope for each feature rather than one for all."""
    slope_init: Initializer = Constant(value=0.01)
    """Initial value of the slope."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 7]",)),
            Example(cls(per_feature=True), ("f32[3, 2, 5]",)),
            Example(cls(per_feature=True, slope_init=Constant(value=0.25)), ("f32[6]",)),
        )

    def params(self, x: TensorType) -> dict[str, Weight]:
        return {"slope": parameter("slope", x.shape[-1:] if self.per_feature else (), self.slope_init)}

    def apply(self, scope: Scope, x: Array) -> Array:
        return jnp.where(x >= 0, x, stretch_last(scope.param("slope"), x) * x)

    def flops(self, x: TensorType) -> Dim:
        return x.size * 2

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(-1) if self.per_feature else passage.made()
