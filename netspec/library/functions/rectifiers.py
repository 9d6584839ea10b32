"""Further activation functions. FLOPs count one for each arithmetic operation, comparison, exponential, logarithm and tanh."""

from __future__ import annotations

from typing import Annotated, ClassVar

from netspec.lazy import jax, jnp
from netspec.library.base import Array, Example, Function, In, Scope
from netspec.library.base.field_bounds import Field
from netspec.shape import Dim, TensorType


class _Activation(Function):
    """A function of each element by itself, named as in jax.nn; `cost` is its FLOPs per element."""

    inputs = (In("x", "any tensor"),)
    elementwise: ClassVar[bool] = True
    function: ClassVar[str]
    cost: ClassVar[int] = 1

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[4, 7]",)), Example(cls(), ("f32[3, 1, 5]",)))

    def apply(self, scope: Scope, x: Array) -> Array:
        return getattr(jax.nn, self.function)(x)

    def flops(self, x: TensorType) -> Dim:
        return x.size * self.cost


class Softplus(_Activation):
    """log(1 + exp(x)), without overflow. Any shape -> the same. FLOPs: 3 per element.

    PyTorch's is x itself beyond 20, which f32 cannot tell from it; its `beta` is `softplus(beta * x) / beta`.
    """

    function, cost = "softplus", 3
    source = "Dugas et al., Incorporating Second-Order Functional Knowledge for Better Option Pricing, 2000"


class LogSigmoid(_Activation):
    """log(sigmoid(x)) = -softplus(-x), without overflow. Any shape -> the same. FLOPs: 5 per element."""

    function, cost = "log_sigmoid", 5
    gives = "log_probabilities"


class SoftSign(_Activation):
    """x / (1 + |x|). Any shape -> the same. FLOPs: 3 per element."""

    function, cost = "soft_sign", 3


class Selu(_Activation):
    """scale · x where x > 0, else scale · alpha · (exp(x) - 1), with scale 1.0507… and alpha 1.6732…

    Normal inputs keep mean 0 and variance 1. Any shape -> the same. FLOPs: 5 per element.
    """

    function, cost = "selu", 5
    source = "Klambauer et al., Self-Normalizing Neural Networks, 2017"


class Relu6(_Activation):
    """min(max(x, 0), 6), with gradient 0 at both ends. Any shape -> the same. FLOPs: 2 per element."""

    function, cost = "relu6", 2
    source = "Krizhevsky, Convolutional Deep Belief Networks on CIFAR-10, 2010"


class HardTanh(_Activation):
    """x between -1 and 1, and those outside. Any shape -> the same. FLOPs: 2 per element."""

    function, cost = "hard_tanh", 2


class HardSigmoid(_Activation):
    """min(max(slope · x + 1/2, 0), 1). Any shape -> the same. FLOPs: 4 per element.

    With the slope 1/6, relu6(x + 3) / 6, as in PyTorch and JAX. Keras 2 and ONNX have `hard_sigmoid(slope=0.2)`.
    """

    later_arguments: ClassVar[tuple[str, ...]] = ("slope",)

    function, cost = "hard_sigmoid", 4

    slope: float = 1 / 6
    """How steeply it rises in the middle."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (*super().examples(), Example(cls(slope=0.2), ("f32[4, 7]",)))

    def apply(self, scope: Scope, x: Array) -> Array:
        return jax.nn.hard_sigmoid(x if self.slope == 1 / 6 else 6 * self.slope * x)


class HardSilu(_Activation):
    """x · relu6(x + 3) / 6, also called hard_swish. Any shape -> the same. FLOPs: 5 per element."""

    aliases: ClassVar[tuple[str, ...]] = ("hard_swish",)
    function, cost = "hard_silu", 5
    source = "Howard et al., Searching for MobileNetV3, 2019"


class Mish(_Activation):
    """x · tanh(softplus(x)). Any shape -> the same. FLOPs: 5 per element."""

    function, cost = "mish", 5
    source = "Misra, Mish: A Self Regularized Non-Monotonic Activation Function, 2019"


class Celu(_Activation):
    """x where x > 0, else alpha · (exp(x / alpha) - 1). Any shape -> the same. FLOPs: 5 per element."""

    cost: ClassVar[int] = 5
    source = "Barron, Continuously Differentiable Exponential Linear Units, 2017"

    alpha: float = 1.0
    """Minus the limit at minus infinity."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[4, 7]",)), Example(cls(alpha=0.5), ("f32[3, 1, 5]",)))

    def apply(self, scope: Scope, x: Array) -> Array:
        return jax.nn.celu(x, jnp.asarray(self.alpha, x.dtype))


class Squareplus(_Activation):
    """(x + sqrt(x² + b)) / 2: like softplus, without exponentials. Any shape -> the same. FLOPs: 5 per element."""

    cost: ClassVar[int] = 5
    source = "Barron, Squareplus: A Softplus-Like Algebraic Rectifier, 2021"

    b: Annotated[float, Field(gt=0)] = 4.0
    """How wide the bend around 0 is; near 0 it is relu."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[4, 7]",)), Example(cls(b=0.5), ("f32[3, 1, 5]",)))

    def apply(self, scope: Scope, x: Array) -> Array:
        return jax.nn.squareplus(x, jnp.asarray(self.b, x.dtype))


class SparsePlus(_Activation):
    """0 up to -1, x from 1 on, and (x + 1)² / 4 between. Any shape -> the same. FLOPs: 5 per element."""

    function, cost = "sparse_plus", 5
    source = "jax.nn.sparse_plus"


class SparseSigmoid(_Activation):
    """(x + 1) / 2 between 0 and 1, and those outside: the slope of sparse_plus. Any shape -> the same. FLOPs: 4 per element."""

    function, cost = "sparse_sigmoid", 4
    source = "jax.nn.sparse_sigmoid"
