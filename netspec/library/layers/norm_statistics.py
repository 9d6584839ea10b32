"""Holds what normalisations share. Statistics are taken in at least f32, from values that were centred first, so that they stay accurate
when the mean is large beside the spread; a variance is never negative."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from netspec.lazy import lax
from netspec.library.base import Array, In, Initializer, Layer, Scope, Weight
from netspec.library.base.field_bounds import Field
from netspec.library.layers.attention_weights import require_shape
from netspec.library.shape_rules.axis_arguments import Axes
from netspec.library.shape_rules.sizes import parameter
from netspec.shape import Dim, Facts, TensorType

Epsilon = Annotated[float, Field(ge=0, le=1)]
Momentum = Annotated[float, Field(ge=0, le=1)]
MASK = In(
    "mask",
    "true where an element counts in the statistics: the shape of x or of its first axes, where axes of 1 stretch",
    "bool",
    rank=1,
    optional=True,
)


class Normalization(Layer):
    """What the normalisations share: an optional mask, and the scale and bias. Each class declares the arguments in its own order."""

    mistaken = dict.fromkeys(("epsilon", "momentum", "groups"), "how many features there are is known: leave the number out")

    if TYPE_CHECKING:
        epsilon: float
        scale: bool
        scale_init: Initializer
    centres: ClassVar[bool] = True
    """The mean is subtracted."""

    undecayed: ClassVar[tuple[str, ...]] = ("scale", "bias")

    @property
    def _biased(self) -> bool:
        return getattr(self, "bias", False)

    def features(self, rank: int) -> tuple[int, ...]:
        """The axes of x, counted from 0, that scale and bias stand along."""
        return (rank - 1,)

    def shape(self, facts: Facts, x: TensorType, **mask: TensorType) -> TensorType:
        require_element_mask(facts, self.op_name(), x, mask)
        return x

    def params(self, x: TensorType, **mask: TensorType) -> dict[str, Weight]:
        shape = tuple(x.shape[axis] for axis in self.features(x.rank))
        scale = {"scale": parameter("scale", shape, self.scale_init)} if self.scale else {}
        return scale | ({"bias": parameter("bias", shape, vars(self)["bias_init"])} if self._biased else {})

    def affine(self, scope: Scope, centred: Array, variance: Array, dtype: object) -> Array:
        """centred / sqrt(variance + epsilon) · scale + bias, in the dtype given."""
        axes, factor = self.features(centred.ndim), lax.rsqrt(variance + self.epsilon)
        if self.scale:
            factor = factor * stretch_weight(scope.param("scale"), centred, axes)
        y = centred * factor
        return (y + stretch_weight(scope.param("bias"), y, axes) if self._biased else y).astype(dtype)

    def flops(self, x: TensorType, **mask: TensorType) -> Dim:
        """Per element 5 (mean, subtract, square, sum, multiply), or 3 without a mean, and 1 each for scale and bias."""
        return x.size * ((5 if self.centres else 3) + int(self.scale) + int(self._biased))


# --- axes and masks --------------------------------------------------------------------------------------------------
def places(axis: Axes, rank: int) -> tuple[int, ...]:
    """Axes that are there, counted from 0, in order."""
    return tuple(sorted(a % rank for a in ((axis,) if isinstance(axis, int) else axis)))


def other_axes(axes: tuple[int, ...], rank: int) -> tuple[int, ...]:
    """The axes of a tensor of this rank that are not among `axes`."""
    return tuple(axis for axis in range(rank) if axis not in axes)


def stretch_weight(weight: Array, like: Array, axes: tuple[int, ...]) -> Array:
    """A parameter of these axes in the dtype of `like`, with axes of size 1 so that it stretches over it."""
    return weight.astype(like.dtype).reshape([size if axis in axes else 1 for axis, size in enumerate(like.shape)])


def require_element_mask(facts: Facts, op: str, x: TensorType, given: dict[str, TensorType]) -> None:
    """The mask stretches over x or its first axes. Raises `Mistake` otherwise."""
    for name, kind in given.items():
        require_shape(facts, op, name, kind, tuple(x.shape[:rank] for rank in range(1, x.rank + 1)), stretches=True)


def stretch_mask(x: Array, mask: Array | None) -> Array | None:
    """A mask of x's first axes, with axes of size 1 behind."""
    return None if mask is None else mask.reshape(mask.shape + (1,) * (x.ndim - mask.ndim))


# --- statistics ------------------------------------------------------------------------------------------------------
