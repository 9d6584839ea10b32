"""Linear recurrences: states that fade and are added to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.operands import UnequalDtypes
from netspec.kernels.linear_recurrence import linear_recurrence
from netspec.lazy import jnp, lax
from netspec.library.base import Array, Example, Flow, Function, In, Passage, Scope
from netspec.library.layers.attention_weights import require_shape
from netspec.library.shape_rules.sizes import axis_of
from netspec.shape import Dim, Facts, TensorType

if TYPE_CHECKING:
    from netspec.library.contracts.stretch_steps import Past, Use


class LinearRecurrence(Function):
    """A state that fades and is added to at every step: h_t = decay_t · h_(t-1) + x_t along an axis, element by element, for all t.

    x [batch, length, …] and decay, of the shape of x or of its last axes -> the shape of x: the states. It is the scan of state-space
    models such as Mamba, of gated linear attention, and a running mean that fades: `x -> linear_recurrence(decay=a)`. Computed in at least
    f32, on accelerators by pairs of steps in log(length) rounds. FLOPs: 2 per element.
    """

    inputs = (
        In("x", "what is added at each step, [batch, length, …]", rank=1),
        In("decay", "what the state before is multiplied by, of the shape of x or of its last axes; axes of 1 stretch"),
        In("initial", "the state before the first step, x without the axis; zeros when absent", optional=True),
        In("mask", "false where a step leaves the state as it is, [batch, length]: x's axes as far as the axis", "bool", 1, optional=True),
    )
    filler = "0"
    source = "Blelloch, Prefix Sums and Their Applications, 1990; Gu and Dao, Mamba, 2023; lax.associative_scan"

    axis: int = 1
    """The axis of the steps, counted from 0, or from the end with -1, -2, …"""
    reverse: bool = False
    """Begin at the end: h_t = decay_t · h_(t+1) + x_t."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        x = "f32[2, 5, 3]"
        return (
            Example(cls(), (x, x)),
            Example(cls(), (x, x), {"initial": "f32[2, 3]", "mask": "bool[2, 5]"}),
            Example(cls(axis=-2, reverse=True), ("f32[3, 2, 4, 1]", "f32[3, 1, 4, 1]"), {"initial": "f32[3, 1, 1]"}),
            Example(cls(), ("f32[2, 4, 3]", "f32[3]")),
            Example(cls(axis=0, reverse=True), ("f32[6, 2]", "f32[6, 2]"), {"mask": "bool[6]"}),
        )

    def shape(self, facts: Facts, x: TensorType, decay: TensorType, **optional: TensorType) -> TensorType:
        axis, op = axis_of(self.op_name(), self.axis, x), self.op_name()
        if decay.dtype != x.dtype:
            raise Mistake(UnequalDtypes(op, x, decay, blame="decay"))
        require_shape(facts, op, "decay", decay, tuple(x.shape[x.rank - rank :] for rank in range(x.rank + 1)), decay.rank == x.rank)
        accepted = {"initial": (*x.shape[:axis], *x.shape[axis + 1 :]), "mask": x.shape[: axis + 1]}
        for name, kind in optional.items():
            require_shape(facts, op, name, kind, (accepted[name],), stretches=True)
        if "initial" in optional and optional["initial"].dtype != x.dtype:
            raise Mistake(UnequalDtypes(op, x, optional["initial"], blame="initial"))
        return x

    def apply(self, scope: Scope, x: Array, decay: Array, *, initial: Array | None = None, mask: Array | None = None) -> Array:
        axis = self.axis % x.ndim
        first = None if initial is None else jnp.expand_dims(initial, axis)
        return self._run(scope, x, decay, first, mask, axis).astype(x.dtype)

    def _run(self, scope: Scope, x: Array, decay: Array, first: Array | None, mask: Array | None, axis: int) -> Array:
        """The states, in at least f32, behind one that has an axis of size 1."""
        wide = jnp.promote_types(x.dtype, jnp.float32)
        added = jnp.asarray(x, wide)
        decay = jnp.broadcast_to(decay.astype(wide).reshape((1,) * (x.ndim - decay.ndim) + decay.shape), x.shape)
        if mask is not None:
            counts = mask.reshape(mask.shape + (1,) * (x.ndim - mask.ndim))
            added, decay = jnp.where(counts, added, 0), jnp.where(counts, decay, 1)
        if first is not None:
            begin = (slice(None),) * axis + (slice(-1, None) if self.reverse else slice(1),)
            added = added.at[begin].add(decay[begin] * first.astype(wide))
        return linear_recurrence(scope.kernels, decay, added, axis=axis, reverse=self.reverse)

    def flops(self, x: TensorType, decay: TensorType, **optional: TensorType) -> Dim:
        return x.size * 2

    def mixes_examples(self, training: bool, *inputs: TensorType, **optional: TensorType) -> bool:
        return self.axis % inputs[0].rank == 0

    def flow(self, passage: Passage) -> Flow:
        """A state is made of what came before, which decoding allows; in reverse it is made of what is still to come."""
        if self.reverse:
            x, decay = passage.types
            axis = self.axis % x.rank
            passage.untouched(axis, why="it begins at the last position")
            if decay.rank >= x.rank - axis:
                passage.untouched(axis - x.rank, input=1, why="it begins at the last position")
        return passage.made()

    def step(self, use: Use) -> tuple[Any, Past]:
        """The state is remembered, in the width in which it is computed."""
        axis = self.axis % use.inputs[0].ndim
        behind = axis - use.inputs[0].ndim
        if not use.moves(0, axis) and not (use.inputs[1].ndim >= -behind and use.moves(1, behind)):
            return use.alone(), None
        x, decay, named = use.here(0), use.here(1), {name: use.here(name) for name in use.optional}
        wide = jnp.promote_types(x.dtype, jnp.float32)
        before = use.past
        if before is None:
            zeros = jnp.zeros((*x.shape[:axis], 1, *x.shape[axis + 1 :]), wide)
            before = zeros + jnp.expand_dims(named["initial"], axis).astype(wide) if "initial" in named else zeros
        both, past = use.stretch.behind(before, self._run(use.scope, x, decay, before, named.get("mask"), axis), axis)
        return lax.slice_in_dim(both, 1, None, axis=axis).astype(x.dtype), past
