"""Layers around another layer, whose kernels they normalise before it uses them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.calls.inputs import WrongDtype, WrongRank
from netspec.diagnostics.shapes.norms import NothingToNormalize
from netspec.kernels.array_forms import widen
from netspec.kernels.matmul import matmul
from netspec.lazy import jnp, lax
from netspec.library.base import Array, Example, Flow, In, Initializer, Layer, Op, Passage, Positive, Scope, Wanted, Weight
from netspec.library.initializers.distributions import Normal, Ones
from netspec.library.layers.cells import Cell, Recurrence
from netspec.library.layers.conv import Conv
from netspec.library.layers.dense import Dense
from netspec.library.layers.norm_statistics import Epsilon, other_axes, places, stretch_weight
from netspec.library.shape_rules.axis_arguments import Axes, axes_of
from netspec.library.shape_rules.sizes import count, parameter
from netspec.shape import Dim, Facts, TensorType

X = In("x", "what the layer takes", "any")
KERNEL = "kernel"


class _Around(Layer):
    """Delegates to the layer; subclasses say what the kernels become."""

    inputs = (X,)

    layer: Annotated[Any, Wanted("layer")]
    """The layer, such as `dense(64)`: it takes one tensor, and its parameters named `kernel` are normalised."""

    def shape(self, facts: Facts, x: TensorType) -> TensorType | tuple[TensorType, ...]:
        wanted = self._input()
        _require(self.layer.op_name(), wanted, x)
        result = self.layer.shape(facts, x)
        kernels = self._kernels(x)
        if not kernels:
            raise self._nothing(self.layer.op_name())
        for weight in kernels.values():
            self.fits(TensorType("f32", weight.shape))
        return result

    def _input(self) -> In:
        """The one tensor that the layer takes."""
        if not isinstance(self.layer, Layer):
            raise self._nothing(self.layer.op_name() if isinstance(self.layer, Op) else getattr(self.layer, "name", str(self.layer)))
        required = [i for i in self.layer.inputs if not i.optional]
        if isinstance(self.layer, Cell | Recurrence | _Around) or len(required) != 1:
            raise self._nothing(self.layer.op_name())
        return required[0]

    def _nothing(self, layer: str) -> Mistake:
        """The mistake of a layer inside that has no kernel."""
        return Mistake(NothingToNormalize(self.op_name(), layer, blame="layer"))

    def fits(self, kernel: TensorType) -> None:
        """Raises `Mistake` for a kernel that cannot be normalised."""

    def _kernels(self, x: TensorType) -> dict[str, Weight]:
        """The kernels of the layer inside, by name."""
        return {name: weight for name, weight in self.layer.params(x).items() if _is_kernel(name)}

    def params(self, x: TensorType) -> dict[str, Weight]:
        return self.layer.params(x)

    def buffers(self, x: TensorType) -> dict[str, Weight]:
        return self.layer.buffers(x)

    def normalized(self, scope: Scope, name: str, kernel: Array) -> Array:
        """The kernel, in at least f32, as the layer sees it."""
        raise TypeError(f"{self.op_name()} normalises nothing")

    def apply(self, scope: Scope, x: Array) -> Array | tuple[Array, ...]:
        return self.layer.apply(_Inside(scope, self), x)

    def ceilings(self, *inputs: TensorType) -> dict[str, Dim | int]:
        return self.layer.ceilings(*inputs)

    def floors(self, *inputs: TensorType) -> dict[str, Dim | int | None]:
        return self.layer.floors(*inputs)

    def widens(self, tensor: In) -> bool:
        return self.layer.widens(self._input())

    def flow(self, passage: Passage) -> Flow | tuple[Flow, ...]:
        return self.layer.flow(passage)


class WeightNorm(_Around):
    """The layer with each column of its kernel divided by its length, times a learned scale: direction and length are learned apart.

    Shapes are the layer's: x -> what the layer makes of it.
    kernel · scale / sqrt(sum(kernel²) + epsilon), the sum over all axes but `axis`, in at least f32. Parameters: the layer's, and for each
    `kernel` a `kernel_scale` with the shape of the axes. At first columns have the length 1; PyTorch's keep the length that they were
    drawn with (its `g`), and are the first axis of its weights.
    FLOPs: the layer's, and per element of the kernel 3 (square, sum, multiply), and 1 for the scale.
    """

    source = "Salimans and Kingma, Weight Normalization, 2016; Flax linen WeightNorm"

    epsilon: Epsilon = 1e-12
    """Added to the sum of squares."""
    scale: bool = True
    """Multiply by a learned scale."""
    scale_init: Initializer = Ones()
    """Initial value of the scales."""
    axis: Axes = -1
    """The axis of the kernel along which every place has a length of its own, or several."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(layer=Dense(features=4)), ("f32[3, 5]",)),
            Example(cls(layer=Conv(features=3, kernel=2), epsilon=1e-3), ("f32[2, 4, 4, 2]",)),
            Example(cls(layer=Dense(features=2, bias=False), scale=False), ("f32[3, 5]",)),
            Example(cls(layer=Conv(features=3, kernel=2), axis=(0, -1)), ("f32[2, 6, 2]",)),
        )

    def fits(self, kernel: TensorType) -> None:
        axes_of(self.op_name(), self.axis, kernel)

    def params(self, x: TensorType) -> dict[str, Weight]:
        return self.layer.params(x) | (self._scales(x) if self.scale else {})

    def _scales(self, x: TensorType) -> dict[str, Weight]:
        """One scale for each kernel, with the shape of the axes along which lengths are learned."""
        shapes = {f"{name}_scale": [w.shape[a] for a in places(self.axis, len(w.shape))] for name, w in self._kernels(x).items()}
        return {name: parameter("scale", tuple(shape), self.scale_init) for name, shape in shapes.items()}

    def normalized(self, scope: Scope, name: str, kernel: Array) -> Array:
        axes = places(self.axis, kernel.ndim)
        factor = lax.rsqrt(jnp.sum(lax.square(kernel), other_axes(axes, kernel.ndim), keepdims=True) + self.epsilon)
        return kernel * (factor * stretch_weight(scope.param(f"{name}_scale"), kernel, axes) if self.scale else factor)

    def flops(self, x: TensorType) -> Dim | int:
        return self.layer.flops(x) + _elements(self._kernels(x)) * (3 + int(self.scale))


class SpectralNorm(_Around):
    """The layer with its kernel divided by its largest singular value, so that it makes no difference between two inputs larger.

    Shapes are the layer's: x -> what the layer makes of it.
    The kernel counts as a matrix: the last axis is columns, all others are rows. The singular value comes from `steps` rounds of power
    iteration, in at least f32, which begin at a vector kept for each `kernel` in the buffer `kernel_u` [columns] and go on from there with
    every step of training; in eval they begin at what training left, and leave it. No gradient goes through the vectors.
    PyTorch's rows are the first axis of its weights, and its eval makes no rounds.
    FLOPs: the layer's, and per element of the kernel 4 · steps (two products), 2 (the value) and 1 (the division).
    """

    source = "Miyato et al., Spectral Normalization for Generative Adversarial Networks, 2018; Flax linen SpectralNorm"
    partial_slope = True  # the vectors count as constants

    steps: Positive = 1
    """Rounds of power iteration each time."""
    epsilon: Epsilon = 1e-12
    """Added to the sums of squares by which vectors are made as long as 1."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(layer=Dense(features=4)), ("f32[3, 5]",)),
            Example(cls(layer=Conv(features=3, kernel=2), steps=3, epsilon=1e-6), ("f32[2, 4, 4, 2]",)),
        )

    def buffers(self, x: TensorType) -> dict[str, Weight]:
        vectors = {f"{name}_u": parameter("u", weight.shape[-1:], Normal(stddev=1.0)) for name, weight in self._kernels(x).items()}
        return self.layer.buffers(x) | vectors

    def normalized(self, scope: Scope, name: str, kernel: Array) -> Array:
        matrix, u = kernel.reshape(-1, kernel.shape[-1]), scope.buffer(f"{name}_u")
        fixed, left, right = lax.stop_gradient(matrix), matrix[:, 0], lax.stop_gradient(u.astype(matrix.dtype))
        for _ in range(self.steps):
            left = self._unit(matmul(scope.kernels, fixed, right))
            right = self._unit(matmul(scope.kernels, left, fixed))
        if scope.training:
            scope.update(f"{name}_u", right.astype(u.dtype))
        largest = matmul(scope.kernels, matmul(scope.kernels, left, matrix), right)
        return kernel / jnp.where(largest == 0, 1, largest)

    def _unit(self, vector: Array) -> Array:
        """A vector divided by its length; its shape stays."""
        return vector * lax.rsqrt(jnp.sum(lax.square(vector)) + self.epsilon)

    def flops(self, x: TensorType) -> Dim | int:
        return self.layer.flops(x) + _elements(self._kernels(x)) * (4 * self.steps + 3)


class _Inside:
    """The scope as the layer sees it: its kernels normalised, each once."""

    def __init__(self, scope: Scope, around: _Around) -> None:
        self._scope, self._around = scope, around
        self._made: dict[str, Array] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scope, name)

    def param(self, name: str) -> Array:
        """A parameter of the layer inside: kernels come normalised, everything else as it is."""
        value = self._scope.param(name)
        if not _is_kernel(name):
            return value
        if name not in self._made:
            self._made[name] = self._around.normalized(self._scope, name, widen(value)).astype(value.dtype)
        return self._made[name]


def _is_kernel(name: str) -> bool:
    """Whether a parameter of the layer inside is one of its kernels, which are normalised; biases are not."""
    return name.rpartition("/")[2] == KERNEL


def _elements(weights: Mapping[str, Weight]) -> Dim:
    """How many numbers these parameters have together."""
    return sum((count(weight.shape) for weight in weights.values()), Dim.of(0))


def _require(op: str, wanted: In, x: TensorType) -> None:
    """What `infer` asks of a layer's own input."""
    if wanted.dtype == "float" and not x.is_float:
        raise Mistake(WrongDtype(op=op, input=wanted.name, wanted="float", found=str(x)))
    if x.rank < wanted.rank:
        raise Mistake(WrongRank(op=op, input=wanted.name, wanted=wanted.rank, found=str(x), meaning=wanted.doc.rstrip(".")))
