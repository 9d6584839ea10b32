"""Defines how ops run on a stretch of a sequence whose past is known, which a cache for decoding is made of.

Most ops make position i of their result of position i of their inputs, and run on a stretch as they are. Those that look back have a
`step` of their own: it gets what they remember of the positions before, and gives what is to be remembered behind the stretch. Either way
the result is that of `apply` on the whole sequence, at the stretch's positions. `explain_stepless` says of which ops nothing is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netspec.lazy import jnp, lax
from netspec.library.base import Array, Flow, Scope, hand_on
from netspec.record import record
from netspec.shape import TensorType

Past = Any
"""What an op remembers: a tree of arrays; None before the first stretch."""
Optional = Mapping[str, Any]


@record(eq=False)
class Stretch:
    """`size` positions from place `start` on. `kept` of them become the past of the next stretch; those behind may still change."""

    start: Array
    kept: Array
    size: int
    length: int
    """Positions that the sequence may come to have."""

    def so_far(self, past: Array | None, x: Array, axis: int) -> Array:
        """All positions, [.., length, ..]: those of the past, then those of the stretch; behind them stands anything."""
        if past is None:
            past = jnp.zeros((*x.shape[:axis], self.length, *x.shape[axis + 1 :]), x.dtype)
        return lax.dynamic_update_slice_in_dim(past, x, self.start, axis)

    def behind(self, before: Array, x: Array, axis: int) -> tuple[Array, Array]:
        """Some positions before the stretch and then the stretch itself; and as many before the next one: what an op remembers that looks
        back so far."""
        both = jnp.concatenate([before, x], axis)
        return both, lax.dynamic_slice_in_dim(both, self.kept, before.shape[axis], axis)


def cut_stretch(stretch: Stretch, x: Any, axes: tuple[int, ...]) -> Any:
    """Of a whole tensor the stretch's part along axes of positions."""
    for axis in axes:
        x = lax.dynamic_slice_in_dim(x, stretch.start, stretch.size, axis)
    return x


@record(eq=False)
class Use:
    """One use of an op on a stretch. Inputs whose flow has a `reach` are given as the stretch has them, the others whole."""

    op: Any
    scope: Scope
    stretch: Stretch
    inputs: tuple[Any, ...]
    flows: tuple[Flow, ...]
    optional: Optional
    named: Mapping[str, Flow]
    past: Past
    """What the op has remembered behind the stretch before."""

    def here(self, place: int | str) -> Any:
        """An input at the positions of the stretch."""
        x, flow = self.input(place)
        return x if flow.reach is not None else cut_stretch(self.stretch, x, flow.axes)

    def input(self, place: int | str) -> tuple[Any, Flow]:
        """An input by place or name, with its flow."""
        return (self.optional[place], self.named[place]) if isinstance(place, str) else (self.inputs[place], self.flows[place])

    def moves(self, place: int | str, axis: int) -> bool:
        """Positions run along this axis of an input, counted from 0 or the end."""
        x, flow = self.input(place)
        return axis % jnp.ndim(x) in flow.axes

    def alone(self) -> Any:
        """What `apply` makes of the stretch, for an op that does not look back."""
        return self.on(*map(self.here, range(len(self.inputs))), **{name: self.here(name) for name in self.optional})

    def on(self, *inputs: Any, **optional: Any) -> Any:
        """What `apply` makes of some arrays in the place of the inputs."""
        types = [_as_long(kind, x) for kind, x in zip(self.scope.types, inputs, strict=True)]
        named = {name: _as_long(kind, optional[name]) for name, kind in self.scope.named.items() if name in optional}
        return self.op.apply(hand_on(self.scope, *types, **named), *inputs, **optional)


def _as_long(kind: Any, x: Any) -> Any:
    """A proved type with an array's own sizes; a number stays one."""
    return kind.with_shape(jnp.shape(x)) if isinstance(kind, TensorType) else kind
