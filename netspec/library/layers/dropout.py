"""Layers that disturb in training and do nothing in eval: dropout in its forms, dropped paths, noise.

What an example gets depends on the seed, the step, the layer's path and the example's index in the whole batch, not on how the batch is
split. PyTorch's `Dropout2d` and Keras's `SpatialDropout2D` are `spatial_dropout`; `DropPath` of timm is `drop_path`.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.sizes import AxisOutOfRange
from netspec.lazy import jnp
from netspec.library.base import Array, Example, In, Layer, Scope
from netspec.library.base.field_bounds import Field
from netspec.library.shape_rules.axis_arguments import Axes
from netspec.shape import Facts, TensorType

Chance = Annotated[float, Field(ge=0, le=1)]


class _Dropping(Layer):
    """Sets elements to 0 in training, by a mask that some axes share."""

    inputs = (In("x", "the batch first", rank=1),)
    elementwise: ClassVar[bool] = True
    random: ClassVar[bool] = True
    gives: ClassVar[str] = "same"
    by_pass: ClassVar[tuple[str, ...]] = ("rate",)

    rate: Chance
    """Probability of being dropped; at 1 everything is, and the gradient is 0."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(rate=0.5), ("f32[4, 7, 3]",)),
            Example(cls(rate=0), ("f32[3, 1, 5]",)),
            Example(cls(rate=1), ("f32[2, 3]",)),
        )

    def drops(self) -> bool:
        return self.rate > 0

    def _mask(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The mask's shape, with 1 for the axes that share it."""
        raise TypeError(f"{self.op_name()} has no mask")

    def apply(self, scope: Scope, x: Array) -> Array:
        if not scope.training:
            return x
        if not isinstance(self.rate, int | float):
            keep = jnp.where(self.rate < 1, 1 - self.rate, 1).astype(x.dtype)
            return jnp.where(scope.bernoulli(1 - self.rate, self._mask(x.shape)), x / keep, jnp.zeros((), x.dtype))
        if self.rate == 0:
            return x
        if self.rate == 1:
            return jnp.zeros_like(x)
        keep = 1 - self.rate
        return jnp.where(scope.bernoulli(keep, self._mask(x.shape)), x / keep, jnp.zeros((), x.dtype))


class Dropout(_Dropping):
    """In training sets each element to 0 with probability `rate` and divides the others by 1 - rate; in eval the identity.

    Any shape -> the same. Along `broadcast_axes` elements are dropped together: with axis 1 of [batch, time, features], a feature at all
    times or at none. An example's mask depends on the seed, the step, the layer's path and the example's index in the whole batch,
    not on how the batch is split. FLOPs: 0, since it is off in eval.
    """

    inputs = (In("x", "any tensor"),)
    source = "Srivastava et al., Dropout, 2014; Flax linen Dropout"

    rate: Chance
    """Probability that an element is dropped; at 1 everything is, and the gradient is 0."""
    broadcast_axes: Axes = ()
    """The axes along which elements share their fate, counted from 0, or from the end with -1, -2, …"""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            *super().examples(),
            Example(cls(rate=0.3, broadcast_axes=-1), ("f32[4, 7, 3]",)),
            Example(cls(rate=0.6, broadcast_axes=(1, 2)), ("f32[4, 3, 2, 5]",)),
        )

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        for axis in self._axes():
            if not -x.rank <= axis < x.rank:
                raise Mistake(AxisOutOfRange(self.op_name(), axis, x, blame="broadcast_axes"))
        return x

    def _axes(self) -> tuple[int, ...]:
        return (self.broadcast_axes,) if isinstance(self.broadcast_axes, int) else self.broadcast_axes

    def _mask(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        shared = {axis % len(shape) for axis in self._axes()}
        return tuple(1 if axis in shared else n for axis, n in enumerate(shape))


class SpatialDropout(_Dropping):
    """In training sets whole channels of an example to 0 with probability `rate` and divides the others by 1 - rate; in eval the identity.

    [batch, …, channels] -> the same. Neighbouring pixels say nearly the same, so that dropping single ones hides little. What PyTorch has
    as `Dropout1d`, `Dropout2d` and `Dropout3d`. FLOPs: 0, since it is off in eval.
    """

    inputs = (In("x", "[batch, …, channels]", rank=2),)
    source = "Tompson et al., Efficient Object Localization Using Convolutional Networks, 2015"

    def _mask(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (shape[0], *(1,) * (len(shape) - 2), shape[-1])


class DropPath(_Dropping):
    """In training sets whole examples to 0 with probability `rate` and divides the others by 1 - rate; in eval the identity.

    [batch, …] -> the same. At the end of a residual branch, `x + (x -> … -> drop_path(0.1))`, it leaves the branch out: stochastic depth.
    FLOPs: 0, since it is off in eval.
    """

    source = "Huang et al., Deep Networks with Stochastic Depth, 2016"

    def _mask(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return (shape[0], *(1,) * (len(shape) - 1))


class GaussianNoise(Layer):
    """In training adds to each element a draw from a normal distribution of mean 0; in eval the identity.

    Any shape -> the same. FLOPs: 0, since it is off in eval.
    """

    inputs = (In("x", "any tensor"),)
    elementwise: ClassVar[bool] = True
    random: ClassVar[bool] = True
    by_pass: ClassVar[tuple[str, ...]] = ("stddev",)
    source = "Bishop, Training with Noise is Equivalent to Tikhonov Regularization, 1995"

    stddev: Annotated[float, Field(ge=0)]
    """Standard deviation of the noise."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(stddev=0.5), ("f32[4, 7]",)), Example(cls(stddev=0), ("f32[3, 1, 5]",)))

    def apply(self, scope: Scope, x: Array) -> Array:
        if not scope.training or (isinstance(self.stddev, int | float) and self.stddev == 0):
            return x
        return x + (self.stddev * scope.normal(x.shape)).astype(x.dtype)
