"""Functions that make a tensor of a given shape: numbers in a row, one number everywhere, random numbers. FLOPs: 0.

f32 is what the program computes in: bf16 under mixed precision.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from netspec.diagnostics.shapes.operands import LiteralDoesNotFit
from netspec.lazy import jnp
from netspec.library.base import Array, Dtype, Example, Flow, Function, Passage, Scope, Size
from netspec.library.base.field_bounds import Field
from netspec.library.functions.broadcasting import need_value
from netspec.library.shape_rules.requirements import need_at_least
from netspec.library.shape_rules.sizes import require_positive, unwrap_size
from netspec.limits import LIMITS
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import RANGES

SIZES = LIMITS.axis_size
"""As large as a size may be."""
Dims = Annotated[tuple[Size, ...], Field(strict=False)]


class Iota(Function):
    """0, 1, …, size - 1 as a vector: -> i32[size]."""

    size: Size
    """Number of elements."""
    dtype: Dtype = "i32"
    """Element type."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(size=5)), Example(cls(size=3, dtype="f32")))

    def shape(self, facts: Facts) -> TensorType:
        made = TensorType(self.dtype, (require_positive(facts, self.op_name(), "size", self.size),))
        if isinstance(self.size, int) or self.size.is_constant:
            need_value(self.op_name(), unwrap_size(self.size) - 1, made, blame="size", made=True)
        elif (held := RANGES.get(self.dtype, (0, SIZES))[1] + 1) < SIZES:
            problem = LiteralDoesNotFit(self.op_name(), held, made, True, blame="size")
            need_at_least(facts, self.op_name(), held, self.size, f"so that {self.dtype} holds every number", problem)
        return made

    def holds(self) -> Dim | int | None:
        return self.size - 1

    def apply(self, scope: Scope) -> Array:
        return jnp.arange(self.size, dtype=scope.lowered(self.dtype))

    def flow(self, passage: Passage) -> Flow:
        return passage.made()


class _Made(Function):
    """A tensor of the shape `dims`."""

    dims: Dims
    """The shape: `[B, 64]`; `[]` makes a scalar."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(dims=(4, 3))), Example(cls(dims=())))

    def shape(self, facts: Facts) -> TensorType:
        return TensorType("f32", [require_positive(facts, self.op_name(), "dims", size) for size in self.dims])


class _Constant(_Made):
    """One number everywhere."""

    dims: Dims
    """The shape: `[B, 64]`; `[]` makes a scalar."""
    dtype: Dtype = "f32"
    """Element type."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (*super().examples(), Example(cls(dims=(2, 1), dtype="i32")))

    def shape(self, facts: Facts) -> TensorType:
        return super().shape(facts).with_dtype(self.dtype)

    def flow(self, passage: Passage) -> Flow:
        return passage.made()


class Zeros(_Constant):
    """Zeros: -> [dims]. Where an initializer is wanted, `zeros` is the initializer of that name."""

    def apply(self, scope: Scope) -> Array:
        return jnp.zeros(self.dims, scope.lowered(self.dtype))


class Ones(_Constant):
    """Ones: -> [dims]. Where an initializer is wanted, `ones` is the initializer of that name."""

    def apply(self, scope: Scope) -> Array:
        return jnp.ones(self.dims, scope.lowered(self.dtype))


class Full(_Made):
    """One number everywhere: `full([B, 4], 0.5)` -> [dims]."""

    dims: Dims
    """The shape: `[B, 64]`; `[]` makes a scalar."""
    value: int | float | bool
    """The number."""
    dtype: Dtype = "f32"
    """Element type."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(dims=(4, 3), value=0.5)), Example(cls(dims=(2,), value=True, dtype="bool")))

    def shape(self, facts: Facts) -> TensorType:
        made = super().shape(facts).with_dtype(self.dtype)
        need_value(self.op_name(), self.value, made, blame="value", made=True)
        return made

    def apply(self, scope: Scope) -> Array:
        return jnp.full(self.dims, self.value, scope.lowered(self.dtype))

    def flow(self, passage: Passage) -> Flow:
        return passage.made()


class RandomNormal(_Made):
    """Draws from a normal distribution of mean 0 and standard deviation 1: -> f32[dims]. Each example has draws of its own.

    New ones at every step of training; in evaluation and serving they are the same at every step.
    """

    random: ClassVar[bool] = True

    def apply(self, scope: Scope) -> Array:
        return scope.normal(_numbers(self.dims)).astype(scope.lowered("f32"))


class RandomUniform(_Made):
    """Draws that are equally likely everywhere in [low, high): -> f32[dims]. Each example has draws of its own.

    New ones at every step of training; in evaluation and serving they are the same at every step.
    """

    random: ClassVar[bool] = True

    dims: Dims
    """The shape: `[B, 64]`; `[]` makes a scalar."""
    low: float = 0.0
    """The smallest value."""
    high: float = 1.0
    """The end of the values, itself not drawn."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(dims=(4, 3))), Example(cls(dims=(2,), low=-1.0, high=3.0)))

    def apply(self, scope: Scope) -> Array:
        return (scope.uniform(_numbers(self.dims)) * (self.high - self.low) + self.low).astype(scope.lowered("f32"))


class RandomBernoulli(Function):
    """True with probability p: `random_bernoulli(0.1, [B, T])` -> bool[dims]. Each example has draws of its own.

    New ones at every step of training; in evaluation and serving they are the same at every step.
    """

    random: ClassVar[bool] = True

    p: Annotated[float, Field(ge=0, le=1)]
    """The probability of true."""
    dims: Dims
    """The shape: `[B, 64]`; `[]` makes a scalar."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(p=0.3, dims=(4, 3))), Example(cls(p=0.9, dims=())))

    def shape(self, facts: Facts) -> TensorType:
        return TensorType("bool", [require_positive(facts, self.op_name(), "dims", size) for size in self.dims])

    def apply(self, scope: Scope) -> Array:
        return scope.bernoulli(self.p, _numbers(self.dims))


class RandomPermutation(Function):
    """0, 1, …, size - 1 in a random order: -> i32[size]. `x[random_permutation(B)]` are the rows of a batch in another order.

    A new one at every step of training; in evaluation and serving it is the same at every step. Every row is picked once; some stay in
    their place, as chance has it, and none does in `roll(x, 1, axis=0)`.
    """

    random: ClassVar[bool] = True
    source = "Fisher and Yates, Statistical Tables for Biological, Agricultural and Medical Research, 1938"

    size: Size
    """Number of elements."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(size=5)), Example(cls(size=1)))

    def shape(self, facts: Facts) -> TensorType:
        return TensorType("i32", (require_positive(facts, self.op_name(), "size", self.size),))

    def holds(self) -> Dim | int | None:
        return self.size - 1

    def apply(self, scope: Scope) -> Array:
        return jnp.argsort(scope.uniform(_numbers((self.size,)))).astype(jnp.int32)


def _numbers(dims: tuple[int | Dim, ...]) -> tuple[int, ...]:
    """The shape of a running program."""
    return tuple(map(unwrap_size, dims))
