"""Penalties: one number for any number of tensors, usually parameters, which a loss adds so that they stay small."""

from __future__ import annotations

from typing import ClassVar

from netspec.lazy import jnp
from netspec.library.base import Array, Example, Function, In, Scope
from netspec.library.functions.reductions import widen_floats
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import elements


class _Penalty(Function):
    """A sum over all elements of all tensors."""

    inputs = (In("tensors", 'the tensors, or `params("**/kernel")` in `train`', dtype="float"),)
    variadic: ClassVar[bool] = True
    of_parameters: ClassVar[bool] = True
    """In `train` it takes parameters. It must not matter how they are stored: in any order, several in one tensor."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[4, 3]", "f32[2]")), Example(cls(), ("bf16[5]",)))

    def shape(self, facts: Facts, *tensors: TensorType) -> TensorType:
        return TensorType("f64" if any(t.dtype == "f64" for t in tensors) else "f32", ())

    def apply(self, scope: Scope, *tensors: Array) -> Array:
        parts = [self.part(widen_floats(x)) for x in tensors]
        return sum(parts[1:], parts[0])

    def part(self, x: Array) -> Array:
        """What one tensor adds."""
        raise TypeError(f"{self.op_name()} has no meaning")

    def flops(self, *tensors: TensorType) -> Dim | int:
        """2 per element."""
        return sum((elements(t.shape) * 2 for t in tensors), Dim.of(0))


class L1(_Penalty):
    """The sum of absolute values over all elements of all tensors: `loss = … + 1e-5 * l1(params("**/kernel"))`.

    [...], [...], … -> []. In f32 at least. FLOPs: 2 per element.
    """

    def part(self, x: Array) -> Array:
        return jnp.sum(jnp.abs(x))


class L2(_Penalty):
    """Half the sum of squares over all elements of all tensors: `loss = … + 1e-4 * l2(params("**/kernel"))`.

    [...], [...], … -> []. In f32 at least; its gradient is the tensor itself, so under `sgd` the factor in front of it is the weight decay.
    FLOPs: 2 per element.
    """

    def part(self, x: Array) -> Array:
        return 0.5 * jnp.sum(jnp.square(x))
