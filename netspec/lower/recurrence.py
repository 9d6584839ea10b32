"""Runs a cell over time as one traced step under `lax.scan`. Time stacks no parameters; buffers are handed from step to step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from netspec.ir import Apply, Body, Call, Recur
from netspec.kernels.array_forms import append_axes
from netspec.kernels.recur import recur
from netspec.lazy import jnp
from netspec.library.base import Array, widen_whole
from netspec.lower.layout import Region
from netspec.lower.node_scope import Frame
from netspec.lower.precision import cast
from netspec.lower.segment_names import join, template

Arrays = dict[str, Array]


@dataclass(frozen=True)
class Time:
    """A recurrence about to run: its node, the body and frame it stands in, and the wires known so far."""

    node: Recur
    body: Body
    frame: Frame
    wires: Mapping[int, Any]
    region: Region
    execute: Callable[..., None]

    @property
    def place(self) -> str:
        """The path under which its kernels are noted: that of its cell, the first of its nodes that has one, or its body's."""
        cell = next((node.segment for node in self.node.nodes if isinstance(node, Apply | Call)), None)
        return join(self.frame.prefix, template(cell, self.frame.counts)) if cell else self.frame.prefix

    @property
    def lengths(self) -> Array | None:
        return None if self.node.lengths is None else widen_whole(self.wires[self.node.lengths])

    def starts(self) -> list[Array]:
        """The states before the first step."""
        return [self._start(*each) for each in zip(self.node.inner, self.node.starts, self.node.inits, strict=True)]

    def _start(self, inner: int, given: int | None, init: Any) -> Array:
        """A state before the first step: what is given, or its initial value."""
        type_ = self.body.types[inner]
        dtype = self.frame.run.precision.lowered(type_.dtype)
        if given is not None:
            return cast(self.wires[given], dtype)
        shape = tuple(d.evaluate(self.frame.run.sizes) for d in type_.shape)
        return jnp.full(shape, init.sample(None, (1,), (1, 1))[0], dtype)

    def step(self, states: list[Array], shared: Arrays, time: Any, parts: list[Array]) -> tuple[list[Array], Arrays, list[Array], Arrays]:
        """One step: new states, new buffers, outputs, exported values."""
        alive = None if self.lengths is None else time < self.lengths
        exports = None if self.frame.exports is None else {}
        known, loops = {**self.frame.buffers, **shared}, (*self.frame.loops, time)
        frame = replace(self.frame, buffers=known, updates={}, loops=loops, exports=exports, alive=alive)
        wires = {**self.wires, **dict(zip(self.node.steps, parts, strict=True)), **dict(zip(self.node.inner, states, strict=True))}
        self.execute(self.node.nodes, self.body, frame, wires)
        after = [cast(wires[w], old.dtype) for w, old in zip(self.node.results, states, strict=True)]
        if alive is not None:
            after = [jnp.where(append_axes(alive, new), new, old) for new, old in zip(after, states, strict=True)]
        buffers = {key: frame.updates.get(key, old) for key, old in shared.items()}
        return after, buffers, [wires[w] for w in self.node.made], frame.exports or {}


def run_over_time(run: Time) -> tuple[list[Array], list[Array]]:
    """The stacked outputs, [B, T, …], and the states after the last step."""
    node = run.node
    sequences = [flip_sequence(run.wires[w], run.lengths) if node.reverse else run.wires[w] for w in node.sequences]
    length = sequences[0].shape[1]
    shared = {key: run.frame.buffer(key) for key in run.region.common}

    def step(carry: tuple[list[Array], Arrays], now: tuple[Array, list[Array]]) -> Any:
        states, buffers, made, exports = run.step(carry[0], carry[1], now[0], now[1])
        return (states, buffers), (made, exports)

    steps = (jnp.arange(length, dtype=jnp.int32), [jnp.moveaxis(s, 1, 0) for s in sequences])
    start, unroll = (run.starts(), shared), min(node.unroll, length)
    (states, shared), (made, exports) = recur(run.frame.kernels(run.place), start, steps, step=step, unroll=unroll)
    if run.frame.run.phase == "train":
        run.frame.updates.update(shared)
    for key, values in exports.items():
        run.frame.export(key, jnp.sum(values, axis=0))
    outputs = [jnp.moveaxis(m, 0, 1) for m in made]
    return [flip_sequence(o, run.lengths) if node.reverse else o for o in outputs], states


def flip_sequence(x: Array, lengths: Array | None) -> Array:
    """A sequence backwards; within each example's length where lengths are given, the rest in place."""
    if lengths is None:
        return jnp.flip(x, 1)
    time = jnp.arange(x.shape[1])[None, :]
    last = jnp.minimum(lengths, x.shape[1])[:, None] - 1
    order = jnp.where(time <= last, last - time, time)
    return jnp.take_along_axis(x, append_axes(order, x), axis=1)
