"""Reductions: functions that make one element of all elements along some axes. Sums are taken in at least f32."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from netspec.lazy import jax, jnp
from netspec.library.base import Array, Example, Flow, Function, In, Passage, Scope
from netspec.library.base.field_bounds import Field
from netspec.library.shape_rules.axis_arguments import Axes, axes_of, drop_axes
from netspec.shape import Dim, Facts, TensorType


def sum_dtype(x: TensorType) -> str:
    """The element type of a sum: floats keep theirs, whole numbers and bool have 32 bits."""
    return x.dtype if x.is_float else "u32" if x.dtype in ("u8", "u32") else "i32"


def widen_floats(x: Array) -> Array:
    """Floats as f32 at least, whole numbers and bool as they are."""
    return x.astype(jnp.promote_types(x.dtype, jnp.float32)) if jnp.issubdtype(x.dtype, jnp.floating) else x


class _Reduction(Function):
    """A function of all elements along the axes, which go away, or stay with size 1 under `keepdims`."""

    inputs = (In("x", "any tensor of numbers", dtype="number"),)
    reduces: ClassVar[bool] = True
    cost: ClassVar[int] = 1
    """FLOPs per input element."""

    axis: Axes | None = None
    """The axis, or a list of axes, counted from 0, or from the end with -1, -2, …; all when absent."""
    keepdims: bool = False
    """Leave the axes with size 1."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        kind = {"bool": "bool", "float": "f32"}.get(cls.inputs[0].dtype, "f32")
        return (
            Example(cls(axis=-1), (f"{kind}[4, 3, 7]",)),
            Example(cls(axis=(0, 2), keepdims=True), (f"{kind}[4, 3, 2]",)),
            Example(cls(), (f"{kind}[5, 2]",)),
        )

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        return TensorType(self.result(x), drop_axes(x, axes_of(self.op_name(), self.axis, x), self.keepdims))

    def result(self, x: TensorType) -> str:
        """The result's element type."""
        return x.dtype

    def apply(self, scope: Scope, x: Array) -> Array:
        axes = axes_of(self.op_name(), self.axis, scope.types[0])
        return self.over(scope, x, axes)

    def over(self, scope: Scope, x: Array, axes: tuple[int, ...]) -> Array:
        """The reduction itself over `axes` of x, which stay with size 1 where `keepdims` is set."""
        raise TypeError(f"{self.op_name()} has no meaning")

    def flops(self, x: TensorType) -> Dim:
        return x.size * self.cost

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(*axes_of(self.op_name(), self.axis, passage.types[0]))


class Sum(_Reduction):
    """The sum along axes; true counts 1. Without `axis` over all elements. Computed in at least f32.

    [...] -> the shape without the axes; floats keep their element type, bool and whole numbers have 32 bits. FLOPs: 1 per element.
    """

    filler = "0"
    inputs = (In("x", "any tensor", dtype="any"),)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (*super().examples(), Example(cls(axis=0), ("bool[4, 3]",)), Example(cls(), ("i8[4]",)))

    def result(self, x: TensorType) -> str:
        return sum_dtype(x)

    def over(self, scope: Scope, x: Array, axes: tuple[int, ...]) -> Array:
        if jnp.issubdtype(x.dtype, jnp.floating):
            return jnp.sum(widen_floats(x), axes, keepdims=self.keepdims).astype(x.dtype)
        unsigned = jnp.issubdtype(x.dtype, jnp.unsignedinteger)
        return jnp.sum(x, axes, dtype=jnp.uint32 if unsigned else jnp.int32, keepdims=self.keepdims)


class Mean(_Reduction):
    """The mean along axes; true counts 1. Without `axis` over all elements. Computed in at least f32.

    [...] -> the shape without the axes; floats keep their element type, others become f32. FLOPs: 1 per element. In `train`, `mean(x)`
    without an axis is the metric of that name: the mean over the examples of a whole batch or evaluation, each with its weight.
    """

    gives: ClassVar[str] = "same"
    filler = ""
    inputs = (In("x", "any tensor", dtype="any"),)

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (*super().examples(), Example(cls(axis=0), ("bool[4, 3]",)), Example(cls(), ("i32[4]",)))

    def result(self, x: TensorType) -> str:
        return x.dtype if x.is_float else "f32"

    def over(self, scope: Scope, x: Array, axes: tuple[int, ...]) -> Array:
        if jnp.issubdtype(x.dtype, jnp.floating):
            return jnp.mean(widen_floats(x), axes, keepdims=self.keepdims).astype(x.dtype)
        full = jnp.promote_types(scope.lowered("f32"), jnp.float32)
        return jnp.mean(x.astype(full), axes, keepdims=self.keepdims).astype(scope.lowered("f32"))


class Prod(_Reduction):
    """The product along axes. Without `axis` over all elements. Computed in at least f32.

    [...] -> the shape without the axes; floats keep their element type, whole numbers have 32 bits. FLOPs: 1 per element.
    """

    filler = "1"

    def result(self, x: TensorType) -> str:
        return sum_dtype(x)

    def over(self, scope: Scope, x: Array, axes: tuple[int, ...]) -> Array:
        if jnp.issubdtype(x.dtype, jnp.floating):
            return jnp.prod(widen_floats(x), axes, keepdims=self.keepdims).astype(x.dtype)
        unsigned = jnp.issubdtype(x.dtype, jnp.unsignedinteger)
        return jnp.prod(x, axes, dtype=jnp.uint32 if unsigned else jnp.int32, keepdims=self.keepdims)


class Max(_Reduction):
    """The largest element along axes, over all elements without `axis`. Equal largest ones share the gradient.

    [...] -> the shape without the axes. FLOPs: 1 per element.
    """

    gives: ClassVar[str] = "same"
    filler = "-1e9"

    def over(self, scope: Scope, x: Array, axes: tuple[int, ...]) -> Array:
        return jnp.max(x, axes, keepdims=self.keepdims)


class Min(_Reduction):
    """The smallest element along axes, over all elements without `axis`. Equal smallest ones share the gradient.

    [...] -> the shape without the axes. FLOPs: 1 per element.
    """

    gives: ClassVar[str] = "same"
    filler = "1e9"

    def over(self, scope: Scope, x: Array, axes: tuple[int, ...]) -> Array:
        return jnp.min(x, axes, keepdims=self.keepdims)


class _Spread(_Reduction):
    """A measure of how far elements lie from their mean."""

    inputs = (In("x", "any tensor"),)
    filler = ""
    cost: ClassVar[int] = 4

    ddof: Annotated[int, Field(ge=0)] = 0
    """Subtracted from the number of elements in the divisor: 1 gives the unbiased variance."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (*super().examples(), Example(cls(axis=1, ddof=1), ("f32[2, 3]",)))


class Var(_Spread):
    """The variance along axes, mean((x - mean(x))²), over all elements without `axis`. Computed in at least f32.

    [...] -> the shape without the axes. FLOPs: 4 per element.
    """

    def over(self, scope: Scope, x: Array, axes: tuple[int, ...]) -> Array:
        return jnp.var(widen_floats(x), axes, ddof=self.ddof, keepdims=self.keepdims).astype(x.dtype)


class Std(_Spread):
    """The standard deviation along axes, sqrt(var(x)), over all elements without `axis`. Computed in at least f32.

    [...] -> the shape without the axes. Its slope is infinite where all elements are equal. FLOPs: 4 per element.
    """

    def over(self, scope: Scope, x: Array, axes: tuple[int, ...]) -> Array:
        return jnp.std(widen_floats(x), axes, ddof=self.ddof, keepdims=self.keepdims).astype(x.dtype)


class Logsumexp(_Reduction):
    """log Σ exp(x) along axes without overflow, over all elements without `axis`. Computed in at least f32.

    [...] -> the shape without the axes. FLOPs: 4 per element.
    """

    filler = "-1e9"
    inputs = (In("x", "any tensor"),)
    cost: ClassVar[int] = 4

    def over(self, scope: Scope, x: Array, axes: tuple[int, ...]) -> Array:
        return jax.nn.logsumexp(widen_floats(x), axes, keepdims=self.keepdims).astype(x.dtype)


class Norm(_Reduction):
    """The length of vectors: sqrt(Σ x²), Σ |x| or max |x| along axes, over all elements without `axis`. Computed in at least f32.

    [...] -> the shape without the axes. The gradient at a vector of zeros is 0. FLOPs: 2 per element.
    """

    filler = "0"
    inputs = (In("x", "any tensor"),)
    cost: ClassVar[int] = 2

    order: Literal["l1", "l2", "max"] = "l2"
    """`"l2"`: the Euclidean length; `"l1"`: the sum of absolute values; `"max"`: the largest absolute value."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (*super().examples(), Example(cls(axis=1, order="l1"), ("f32[2, 3]",)), Example(cls(axis=0, order="max"), ("f32[2, 3]",)))

    def over(self, scope: Scope, x: Array, axes: tuple[int, ...]) -> Array:
        full = widen_floats(x)
        if self.order == "max":
            return jnp.max(jnp.abs(full), axes, keepdims=self.keepdims).astype(x.dtype)
        if self.order == "l1":
            return jnp.sum(jnp.abs(full), axes, keepdims=self.keepdims).astype(x.dtype)
        squares = jnp.sum(jnp.square(full), axes, keepdims=self.keepdims)
        zero = squares == 0
        return jnp.where(zero, 0, jnp.sqrt(jnp.where(zero, 1, squares))).astype(x.dtype)


class _Truth(_Reduction):
    """A question about all elements along axes."""

    inputs = (In("x", "a tensor of true and false", dtype="bool"),)


class All(_Truth):
    """Are all elements along the axes true? Over all elements without `axis`. bool[...] -> bool of the shape without the axes.

    FLOPs: 1 per element.
    """

    filler = "true"

    def over(self, scope: Scope, x: Array, axes: tuple[int, ...]) -> Array:
        return jnp.all(x, axes, keepdims=self.keepdims)


class Any(_Truth):
    """Is any element along the axes true? Over all elements without `axis`. bool[...] -> bool of the shape without the axes.

    FLOPs: 1 per element.
    """

    filler = "false"

    def over(self, scope: Scope, x: Array, axes: tuple[int, ...]) -> Array:
        return jnp.any(x, axes, keepdims=self.keepdims)


REDUCTIONS: dict[str, type[_Reduction]] = {
    "sum": Sum,
    "mean": Mean,
    "max": Max,
    "min": Min,
    "prod": Prod,
    "logsumexp": Logsumexp,
    "any": Any,
    "all": All,
}
"""Reductions by the name that `reduce` takes."""
