"""Gated activations: one half of an axis opens and closes the other. FLOPs count one for each operation, comparison and exponential.

In each the second half is the gate, as in jax.nn.glu and PyTorch's GLU; code that has the gate in the first half (LLaMA's fused kernels)
needs the halves of the kernel before it swapped. Both halves come from one layer in front: `x -> dense(2 * hidden) -> swiglu`.
"""

from __future__ import annotations

from typing import ClassVar

from netspec.diagnostics.shapes.parts import UnequalSplit
from netspec.lazy import jax, jnp
from netspec.library.base import Array, Example, Flow, Function, In, Passage, Scope
from netspec.library.shape_rules.requirements import need_multiple
from netspec.library.shape_rules.sizes import axis_of
from netspec.shape import Dim, Facts, TensorType


class _Gated(Function):
    """The first half of an axis times a function of the second; `cost` is the function's FLOPs per element."""

    inputs = (In("x", "any tensor with an axis of even size", rank=1),)
    cost: ClassVar[int]

    axis: int = -1
    """The axis, counted from 0, or from the end with -1, -2, …"""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[4, 6]",)), Example(cls(axis=1), ("f32[3, 2, 5]",)), Example(cls(axis=-2), ("f32[3, 4, 1]",)))

    def shape(self, facts: Facts, x: TensorType) -> TensorType:
        axis = axis_of(self.op_name(), self.axis, x)
        problem = UnequalSplit(self.op_name(), x.shape[axis], 2, axis, blame="x")
        need_multiple(facts, self.op_name(), x.shape[axis], 2, "so that both halves are alike", problem)
        return x.with_shape([n // 2 if place == axis else n for place, n in enumerate(x.shape)])

    def opened(self, gate: Array) -> Array:
        raise TypeError(f"{self.op_name()} has no gate")

    def apply(self, scope: Scope, x: Array) -> Array:
        value, gate = jnp.split(x, 2, self.axis)
        return value * self.opened(gate)

    def flops(self, x: TensorType) -> Dim:
        return x.size // 2 * (1 + self.cost)

    def flow(self, passage: Passage) -> Flow:
        return passage.keeps(self.axis)


class Glu(_Gated):
    """The first half of an axis times the sigmoid of the second: [..., 2 n] -> [..., n]. FLOPs: 5 per output element."""

    cost: ClassVar[int] = 4
    source = "Dauphin et al., Language Modeling with Gated Convolutional Networks, 2017; jax.nn.glu"

    def opened(self, gate: Array) -> Array:
        return jax.nn.sigmoid(gate)


class Swiglu(_Gated):
    """The first half of an axis times the SiLU of the second: [..., 2 n] -> [..., n]. FLOPs: 6 per output element."""

    cost: ClassVar[int] = 5
    source = "Shazeer, GLU Variants Improve Transformer, 2020"

    def opened(self, gate: Array) -> Array:
        return jax.nn.silu(gate)


class Geglu(_Gated):
    """The first half of an axis times the GELU of the second, in its tanh form: [..., 2 n] -> [..., n]. FLOPs: 10 per output element."""

    cost: ClassVar[int] = 9
    source = "Shazeer, GLU Variants Improve Transformer, 2020"

    def opened(self, gate: Array) -> Array:
        return jax.nn.gelu(gate)
