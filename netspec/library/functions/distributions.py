"""Functions of the distributions that a softmax makes of logits: how undecided they are, and draws from them."""

from __future__ import annotations

from typing import Any, ClassVar

from netspec.kernels.array_forms import widen
from netspec.lazy import jnp
from netspec.library.base import Array, Example, Flow, Function, In, Passage, Scope
from netspec.library.functions.activation import _Shares
from netspec.library.shape_rules.axis_arguments import drop_axes
from netspec.library.shape_rules.sizes import axis_of
from netspec.shape import Facts, TensorType


class Entropy(_Shares):
    """-Σ p · log p of the softmax p of logits along one axis: 0 where one class is certain, log n where all n are alike.

    [..., n, ...] -> the shape without the axis. Where `mask` is false a class does not count; where none counts the entropy is 0. Computed
    in at least f32, from the logits, so that classes without probability do no harm. FLOPs: 7 per element.
    """

    zeroes = False
    of_one = ("0", "sigmoid")
    inputs = (In("logits", "any tensor with that axis", rank=1, wants="logits"), _Shares.inputs[1])
    masks: ClassVar[dict[str, int]] = {"logits": -1}

    def shape(self, facts: Facts, logits: TensorType, **optional: TensorType) -> TensorType:
        x = super().shape(facts, logits, **optional)
        return x.with_shape(drop_axes(x, (axis_of(self.op_name(), self.axis, x),), False))

    def apply(self, scope: Scope, logits: Array, *, mask: Array | None = None) -> Array:
        wide = widen(logits)
        rest, powers, total, there = self._parts(wide, jnp.ones((), bool) if mask is None else mask)
        scores = jnp.where(there & (powers > 0), rest, 0)
        return (jnp.log(total) - jnp.sum(powers * scores, self.axis, keepdims=True) / total).squeeze(self.axis).astype(logits.dtype)

    def flops(self, x: TensorType, **optional: TensorType) -> Any:
        return x.size * 7


class RandomCategorical(Function):
    """Draws a class of each distribution that the softmax of logits is: `random_categorical(logits)`, [..., n] -> i32[...].

    Each example has draws of its own, new ones at every step of training; in evaluation and serving they are the same at every step. No
    gradient passes. Logits of -inf are never drawn; for a temperature divide the logits by it. FLOPs: 5 per element.
    """

    filler = "-1e9"
    random: ClassVar[bool] = True
    inputs = (In("logits", "any tensor with an axis of classes", rank=1, wants="logits"),)
    source = "Gumbel, Statistical Theory of Extreme Values, 1954"

    axis: int = -1
    """The axis of the classes, counted from 0, or from the end with -1, -2, …"""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(), ("f32[4, 7]",)), Example(cls(axis=1), ("f32[3, 5, 2]",)), Example(cls(), ("f32[6]",)))

    def shape(self, facts: Facts, logits: TensorType) -> TensorType:
        return TensorType("i32", drop_axes(logits, (axis_of(self.op_name(), self.axis, logits),), False))

    def apply(self, scope: Scope, logits: Array) -> Array:
        uniform = jnp.maximum(scope.uniform(logits.shape), jnp.finfo(jnp.float32).tiny)
        return jnp.argmax(widen(logits) - jnp.log(-jnp.log(uniform)), self.axis).astype(jnp.int32)

    def flops(self, logits: TensorType) -> Any:
        return logits.size * 5

    def mixes_examples(self, training: bool, *inputs: TensorType, **optional: TensorType) -> bool:
        return self.axis % inputs[0].rank == 0

    def flow(self, passage: Passage) -> Flow | tuple[Flow, ...]:
        return passage.unknown()
