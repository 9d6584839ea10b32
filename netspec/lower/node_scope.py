"""Holds what a running body knows: `Run` is the same for a whole trace, `Frame` for one body, and `NodeScope` is what one op may ask."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.weights import KeyNeeded
from netspec.ir import Segment
from netspec.kernels.array_forms import append_axes
from netspec.kernels.choice import Chooser, Kernels
from netspec.kernels.random_bits import random_bits
from netspec.kernels.random_mask import random_mask
from netspec.lazy import jnp
from netspec.library.base import Array
from netspec.lower.frozen_buffers import Frozen
from netspec.lower.layout import Layout
from netspec.lower.precision import Precision
from netspec.lower.random_draws import draw_key
from netspec.lower.segment_names import join, template
from netspec.shape import TensorType


class KeyMissing(Exception):
    """An op draws random numbers in a pass that has no key for them; whoever runs the op says which one."""


@dataclass(frozen=True)
class Run:
    """One trace: phase, types, where leaves are, how repeats are lowered, and the source of random numbers."""

    phase: str
    precision: Precision
    layout: Layout
    choose: Callable[..., Any]
    """A loop and its carried values -> the function that lowers it."""
    key: Any
    """Random key of the step; None where whoever calls has to give one."""
    kernels: Chooser = field(default_factory=Chooser)
    """Which variants of kernels run."""
    weight: Array | None = None
    """f32[B], or None when every example counts."""
    sizes: Mapping[str, Any] = field(default_factory=dict)
    """What the symbols of the body's types are on these inputs: numbers, or a dimension of JAX's own where any size is traced."""
    watch: Any = None
    """`around(op, at, compute, inputs, optional)`, which every op is computed by where the source of a number that is none is sought."""
    examples: Array | None = None
    """u32[B]: each example's index in the global batch; None where nothing counts examples."""
    frozen: Frozen = field(default_factory=dict)
    """Buffers that stay as they are."""

    def compute(self, op: Any, at: Any, scope: NodeScope, inputs: Any, optional: Mapping[str, Any]) -> Any:
        """What an op makes of its inputs."""

        def apply(*inputs: Any, **optional: Any) -> Any:
            return op.apply(scope, *inputs, **optional)

        try:
            return apply(*inputs, **optional) if self.watch is None else self.watch.around(op, at, apply, inputs, optional)
        except KeyMissing:
            raise Mistake(KeyNeeded(at=at, op=op.op_name())) from None

    def sized(self, kind: Any) -> Any:
        """A type with the sizes that are known on these inputs; a number stays one."""
        known = {symbol: size for symbol, size in self.sizes.items() if isinstance(size, int)}
        return kind.substitute(known) if isinstance(kind, TensorType) else kind


@dataclass(frozen=True)
class Frame:
    """One body in a trace. Arrays are by stored key, stacked leaves as slices inside their repeat."""

    run: Run
    params: Mapping[str, Array] = field(default_factory=dict)
    buffers: Mapping[str, Array] = field(default_factory=dict)
    updates: dict[str, Array] = field(default_factory=dict)
    """Buffers that got a new value, of several uses their mean; filled while the body runs."""
    uses: dict[str, int] = field(default_factory=dict)
    """How many uses of a shared instance that is the mean of."""
    prefix: str = ""
    """Stored path of the body."""
    site: str = ""
    """The same, telling apart several uses of a shared instance: what random numbers are drawn by."""
    counts: tuple[int, ...] = ()
    """Lengths of the repeats around, within this body."""
    loops: tuple[Any, ...] = ()
    """Indices of all repeats around, and of time steps, outermost first."""
    stacks: tuple[Any, ...] = ()
    """The same of repeats only."""
    exports: dict[str, Array] | None = None
    """Values of `aux` by stored key, iterations of repeats leading; filled while the body runs. None where nobody asks for them."""
    alive: Array | None = None
    """bool[B]: which sequences have not ended at this time step, where a recurrence has lengths."""

    def kernels(self, path: str = "") -> Kernels:
        """What a node at a path asks for kernels; without one, the body itself."""
        return self.run.kernels.at(path or self.prefix, differentiated=self.run.phase == "train")

    def inside(self, segment: Segment, use: int) -> Frame:
        """The frame of a block that stands at the segment."""
        name = template(segment, self.counts)
        return replace(self, prefix=join(self.prefix, name), site=join(self.site, _number_use(name, use)), counts=())

    def iteration(self, count: int, index: Any, params: Mapping[str, Array], buffers: Mapping[str, Array]) -> Frame:
        """The frame of one iteration: slices stand in place of their stacks, and updates are collected anew."""
        own = {**self.params, **params}
        known = {**self.buffers, **buffers}
        inner = None if self.exports is None else {}
        more = {"counts": (*self.counts, count), "loops": (*self.loops, index), "stacks": (*self.stacks, index)}
        return replace(self, params=own, buffers=known, updates={}, uses={}, exports=inner, **more)

    def export(self, key: str, value: Array) -> None:
        """Note a value of `aux`; several of one key, as the uses of a shared instance make them, are added up."""
        if self.exports is not None:
            self.exports[key] = self.exports[key] + value if key in self.exports else value

    def param(self, key: str) -> Array:
        """A parameter; that of an average is a buffer."""
        return self.params[key] if key in self.params else self.buffers[key]

    def buffer(self, key: str) -> Array:
        """What a buffer had when the step began, for every use in it."""
        return self.buffers[key]

    def write(self, key: str, value: Array, uses: int = 1) -> None:
        """Note what a buffer is to have in the next step: of several uses of a shared instance the mean, of whole numbers what the last of
        them leaves. `value` is already that of so many `uses`. A frozen one stays."""
        frozen, old = self.frozen(key), self.buffers[key]
        if frozen is True:
            return
        value = value.astype(old.dtype)
        if frozen is not False:
            value = jnp.where(append_axes(frozen, value), old, value)
        count = self.uses.get(key, 0) + uses
        self.updates[key] = move_mean(self.updates[key], value, uses / count) if key in self.updates else value
        self.uses[key] = count

    def frozen(self, key: str) -> Any:
        """Whether a buffer stays as it is, a truth value; an array where that differs within the repeats around or inside of it."""
        flags = self.run.frozen.get(key)
        if flags is None or flags.all():
            return flags is not None
        return jnp.asarray(flags)[self.stacks[: flags.ndim]]

    def is_frozen_op(self, path: str, names: Iterable[str]) -> Any:
        """The same of an op with these buffers: that all of them stay."""
        found = [self.frozen(f"{path}/{name}") for name in names] if self.run.frozen else []
        if not found or any(flag is False for flag in found):
            return False
        mixed = [flag for flag in found if flag is not True]
        return functools.reduce(jnp.logical_and, mixed) if mixed else True


def move_mean(mean: Array, value: Array, share: Any) -> Array:
    """The mean with one more value, which is this share of all; of whole numbers and truth values the last."""
    return mean + ((value - mean) * share).astype(mean.dtype) if jnp.issubdtype(mean.dtype, jnp.floating) else value


def _number_use(name: str, use: int) -> str:
    """The name of one of several uses of a shared instance, so that each draws on its own."""
    return f"{name}#{use}" if use else name


class NodeScope:
    """The `Scope` of one op. Draws are numbered, so that an op may draw more than once."""

    __slots__ = ("_frame", "_prefix", "_site", "_draws", "training", "weight", "types", "named")

    def __init__(self, frame: Frame, segment: Segment, use: int, types: tuple[Any, ...], named: Mapping[str, TensorType]) -> None:
        name = template(segment, frame.counts)
        self._frame, self._prefix, self._site, self._draws = frame, join(frame.prefix, name), join(frame.site, _number_use(name, use)), 0
        self.training = frame.run.phase == "train"
        """False too for an op whose buffers are frozen."""
        self.weight = frame.run.weight
        self.types, self.named = types, named

    def frozen(self, names: Iterable[str]) -> Any:
        """Whether an op with these buffers is frozen, in training: see `Frame.is_frozen_op`."""
        return self.training and self._frame.is_frozen_op(self._prefix, names)

    @property
    def kernels(self) -> Kernels:
        return self._frame.kernels(self._prefix)

    def param(self, name: str) -> Array:
        return self._frame.param(f"{self._prefix}/{name}")

    def buffer(self, name: str) -> Array:
        return self._frame.buffer(f"{self._prefix}/{name}")

    def update(self, name: str, value: Array) -> None:
        if not self.training:
            raise ValueError(f"{self._prefix} updates its buffer {name} outside training")
        self._frame.write(f"{self._prefix}/{name}", value)

    def uniform(self, shape: tuple[int, ...]) -> Array:
        return self._draw("uniform", shape)

    def normal(self, shape: tuple[int, ...]) -> Array:
        return self._draw("normal", shape)

    def bernoulli(self, probability: float, shape: tuple[int, ...]) -> Array:
        return random_mask(self.kernels, self._next_key(), self._frame.run.examples, shape=shape, probability=probability)

    def lowered(self, dtype: str) -> Any:
        return self._frame.run.precision.lowered(dtype)

    def stored(self, dtype: str) -> Any:
        return self._frame.run.precision.stored(dtype)

    def _draw(self, kind: Literal["uniform", "normal"], shape: tuple[int, ...]) -> Array:
        return random_bits(self.kernels, self._next_key(), self._frame.run.examples, shape=shape, kind=kind)

    def _next_key(self) -> Any:
        """The key of one draw: by the op's place, the number of the draw, and the loops around it."""
        run, self._draws = self._frame.run, self._draws + 1
        if run.key is None:
            raise KeyMissing
        return draw_key(run.key, f"{self._site}:{self._draws}", self._frame.loops)
