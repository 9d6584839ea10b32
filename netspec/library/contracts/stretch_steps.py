"""Ops on a stretch of a sequence whose past is known: what a cache for decoding is made of.

Most ops make position i of their result of position i of their inputs, and run on a stretch as they are. Those that look back have a
step here: it gets what they remember of the positions before, and gives what is to be remembered behind the stretch. Either way the result
is that of `apply` on the whole sequence, at the stretch's positions. `stepless` says for which ops nothing like that is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netspec.lazy import jnp, lax
from netspec.library.base import Array, Callable, Flow, Scope, within
from netspec.library.functions.order import Cumsum
from netspec.library.functions.pool import AvgPool, LpPool, MaxPool, MinPool
from netspec.library.layers.attention import Attention
from netspec.library.layers.attention_weights import attend, rules_of
from netspec.library.layers.conv import Conv
from netspec.library.layers.conv_depthwise import DepthwiseConv, SeparableConv
from netspec.library.layers.positions import LearnedPositions, ShiftRight, SinusoidalPositions
from netspec.library.layers.self_attention import SelfAttention
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
        """Some positions before the stretch and then the stretch itself; and as many before the next one."""
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
        return self.op.apply(within(self.scope, *types, **named), *inputs, **optional)


def _as_long(kind: Any, x: Any) -> Any:
    """A proved type with an array's own sizes; a number stays one."""
    return kind.with_shape(jnp.shape(x)) if isinstance(kind, TensorType) else kind


def step(use: Use) -> tuple[Any, Past]:
    """The results at the stretch, and what the op remembers behind it."""
    own = STEPS.get(type(use.op))
    return (use.alone(), None) if own is None else own(use)


def explain_stepless(op: Callable, flows: tuple[Flow, ...]) -> str:
    """Why an op has no step, or ""."""
    if isinstance(op, WITHOUT) or (type(op) not in STEPS and not type(op).__module__.startswith("netspec.")):
        return f"`{op.op_name()}` has no step of its own"
    if isinstance(op, SelfAttention) and flows[0].reach is None:
        return f"`{op.op_name()}` of what is known beforehand"
    return ""


# --- ops that look back ----------------------------------------------------------------------------------------------
def attention(use: Use) -> tuple[Any, Past]:
    """Keys and values are remembered, under a causal window as many as it sees; queries see those so far."""
    if not use.moves(1, -3) and not use.moves(2, -3):
        return use.alone(), None
    memory = _Memory(use)
    key, value = (memory.all(name, *use.input(place), -3) for place, name in ((1, "key"), (2, "value")))
    return _attend_all(use, memory, use.here(0), key, value), memory.kept


def self_attention(use: Use) -> tuple[Any, Past]:
    """As `attention`, of the linear maps of the stretch."""
    if not use.moves(0, -2):
        return use.alone(), None
    memory, (x, flow) = _Memory(use), use.input(0)
    query, key, value = use.op.mapped(use.scope, x)
    along = Flow((key.ndim - 3,), flow.reach)
    key, value = memory.all("key", key, along, -3), memory.all("value", value, along, -3)
    return use.op.out(use.scope, _attend_all(use, memory, query, key, value)), memory.kept


class _Memory:
    """What of an attention's inputs is remembered from stretch to stretch, by name."""

    def __init__(self, use: Use) -> None:
        self.use, self.kept = use, {}
        self.before = _count_before(use)
        """So many positions before the stretch are remembered; None: all."""

    def all(self, name: str, x: Any, flow: Flow, axis: int) -> Any:
        """The input at all positions that may be seen, of which it has one along the axis unless it stays the same."""
        axis %= x.ndim
        if flow.reach is None or axis not in flow.axes:
            return x
        past = (self.use.past or {}).get(name)
        if self.before is None:
            self.kept[name] = self.use.stretch.so_far(past, x, axis)
            return self.kept[name]
        if past is None:
            past = jnp.zeros((*x.shape[:axis], self.before, *x.shape[axis + 1 :]), x.dtype)
        both, self.kept[name] = self.use.stretch.behind(past, x, axis)
        return both

    def ahead(self, keys: int) -> Array:
        """By how many places each key stands behind each query of the stretch; those that are not there stand behind every query."""
        stretch = self.use.stretch
        queries = jnp.arange(stretch.size)[:, None] + stretch.start
        places = jnp.arange(keys)[None, :] + (0 if self.before is None else stretch.start - self.before)
        return jnp.where(places < 0, 1, places - queries)


def _count_before(use: Use) -> int | None:
    """How far back a causal window sees, where all that goes with the keys comes position by position; None where it needs all."""
    op = use.op
    if op.window is None or not op.causal or op.window > use.stretch.length:
        return None
    batch = jnp.ndim(use.inputs[0]) - (3 if isinstance(op, Attention) else 2)
    needed = [(place, -3) for place in (1, 2)] if isinstance(op, Attention) else [(0, -2)]
    needed += [(name, -1) for name in use.optional]
    by_position = all(use.input(place)[1].reach is not None and use.moves(place, axis) for place, axis in needed)
    of_keys_alone = all(name != "score_bias" and jnp.ndim(x) == batch + 1 for name, x in use.optional.items())
    return op.window - 1 if by_position and of_keys_alone else None


def _attend_all(use: Use, memory: _Memory, query: Array, key: Array, value: Array) -> Array:
    """The stretch's queries against all keys that they may see."""
    optional = {name: _gather_scores(use, memory, name, query.ndim - 3) for name in use.optional if name in ("mask", "score_bias")}
    if "segments" in use.optional:
        others = "key_segments" if "key_segments" in use.optional else "segments"
        optional["segments"], optional["key_segments"] = use.here("segments"), memory.all(others, *use.input(others), -1)
    return attend(use.scope, rules_of(use.op), query, key, value, optional, memory.ahead(key.shape[-3]))


def _gather_scores(use: Use, memory: _Memory, name: str, batch: int) -> Array:
    """A mask or bias with the stretch's queries and all keys."""
    x, flow = use.input(name)
    x = memory.all(name, x, flow, -1)
    has_queries = x.ndim > batch + 1 or name == "score_bias"
    return cut_stretch(use.stretch, x, (x.ndim - 2,)) if flow.reach is None and has_queries and use.moves(name, -2) else x


def cumsum(use: Use) -> tuple[Any, Past]:
    """The sum so far is remembered, in the width in which it is summed."""
    op, x = use.op, use.inputs[0]
    if not use.moves(0, op.axis):
        return use.alone(), None
    axis = op.axis % x.ndim
    floating = jnp.issubdtype(x.dtype, jnp.floating)
    sums = use.on(x.astype(jnp.promote_types(x.dtype, jnp.float32)) if floating else x)
    before = jnp.zeros_like(sums, shape=(*x.shape[:axis], 1, *x.shape[axis + 1 :])) if use.past is None else use.past
    both, past = use.stretch.behind(before, sums + before, axis)
    made = lax.slice_in_dim(both, 1, None, axis=axis)
    return (made.astype(x.dtype) if floating else made), past


def shift_right(use: Use) -> tuple[Any, Past]:
    """The element before is remembered, and its segment."""
    if not use.moves(0, -1):
        return use.alone(), None
    x = use.here(0)
    first = jnp.full((*x.shape[:-1], 1), use.op.start, x.dtype)
    before = {"x": first, "segments": first} if use.past is None else use.past
    both, past = use.stretch.behind(before["x"], x, -1)
    if "segments" not in use.optional:
        return both[..., :-1], {"x": past, "segments": before["segments"]}
    own = use.here("segments")
    segments, last = use.stretch.behind(before["segments"].astype(own.dtype), own, -1)
    begins = segments[..., 1:] != segments[..., :-1]
    return jnp.where(begins, jnp.asarray(use.op.start, x.dtype), both[..., :-1]), {"x": past, "segments": last}


def positions(use: Use) -> tuple[Any, Past]:
    """The stretch's places, where no others are given."""
    if "position" in use.optional or not use.moves(0, -2):
        return use.alone(), None
    return use.on(use.inputs[0], position=jnp.arange(use.stretch.size) + use.stretch.start), None


def convolution(use: Use) -> tuple[Any, Past]:
    """As many elements are remembered as a window spans before its last: zeros at first, as there is padding in front."""
    x = use.inputs[0]
    spans = {axis: span - 1 for axis, span in enumerate(use.op.windows(use.scope.types[0]).spans, 1)}
    axis = next((axis for axis in use.flows[0].axes if spans.get(axis)), None)
    if axis is None:
        return use.alone(), None
    before = jnp.zeros((*x.shape[:axis], spans[axis], *x.shape[axis + 1 :]), x.dtype) if use.past is None else use.past
    both, past = use.stretch.behind(before, x, axis)
    return lax.slice_in_dim(use.on(both), spans[axis], None, axis=axis), past


STEPS = {
    Attention: attention,
    SelfAttention: self_attention,
    Cumsum: cumsum,
    ShiftRight: shift_right,
    LearnedPositions: positions,
    SinusoidalPositions: positions,
    Conv: convolution,
    DepthwiseConv: convolution,
    SeparableConv: convolution,
}
WITHOUT = (MaxPool, MinPool, AvgPool, LpPool)
