"""Runs a `repeat` in one of two ways, one traced iteration under `lax.scan` or every iteration traced. Values agree to rounding.

Both read the same stacked leaves, fold the same iteration index into random keys, and leave the same buffer updates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from netspec.ir import Body, Literal, Repeat
from netspec.lazy import jnp, lax
from netspec.library.base import Array
from netspec.lower.layout import Region
from netspec.lower.node_scope import Frame, move_mean
from netspec.lower.precision import cast

Arrays = dict[str, Array]


@dataclass(frozen=True)
class Loop:
    """A repeat about to run: its node, the body and frame it stands in, and the wires known so far."""

    node: Repeat
    body: Body
    frame: Frame
    wires: Mapping[int, Any]
    region: Region
    execute: Callable[..., None]

    def iterate(self, index: Any, carried: list[Array], params: Arrays, buffers: Arrays) -> tuple[list[Array], Frame]:
        """One iteration: the new carried values, in the types of the old, and its frame, with the buffers and exports that it has set."""
        node, frame = self.node, self.frame.iteration(self.node.count, index, params, buffers)
        wires = {**self.wires, **dict(zip(node.inner, carried, strict=True))}
        if node.index is not None:
            wires[node.index] = jnp.asarray(index, jnp.int32)
        self.execute(node.nodes, self.body, frame, wires)
        results = [jnp.asarray(o.value) if isinstance(o, Literal) else wires[o] for o in node.results]
        return [cast(x, old.dtype) for x, old in zip(results, carried, strict=True)], frame

    def params(self) -> Arrays:
        """The stacked parameters, iterations leading."""
        return {key: self.frame.params[key] for key in self.region.params}

    def buffers(self) -> Arrays:
        """The stacked buffers, iterations leading."""
        return {key: self.frame.buffer(key) for key in self.region.buffers}

    def export(self, stacked: Arrays) -> None:
        """Hand on what the iterations, leading, have exported: one value for each where the repeat changes the path, else their sum."""
        for key, values in stacked.items():
            self.frame.export(key, values if key in self.region.exports else jnp.sum(values, axis=0))


Lowering = Callable[[Loop, list[Array]], list[Array]]
"""The loop and the carried values before it -> the values after it."""


def scan_loop(loop: Loop, starts: list[Array]) -> list[Array]:
    """One iteration in the program, run by `lax.scan` over the stacked leaves."""
    common = {key: loop.frame.buffer(key) for key in loop.region.common}
    uses: dict[str, int] = {}

    def step(carry: tuple[list[Array], Arrays], slices: tuple[Array, Arrays, Arrays]) -> Any:
        carried, means = carry
        index, params, buffers = slices
        carried, frame = loop.iterate(index, carried, params, buffers)
        uses.update({key: frame.uses[key] for key in common if key in frame.updates})
        own = {key: frame.updates[key] for key in buffers if key in frame.updates}
        return (carried, {key: add_step(mean, frame.updates.get(key), index) for key, mean in means.items()}), (own, frame.exports or {})

    stacks = (jnp.arange(loop.node.count, dtype=jnp.int32), loop.params(), loop.buffers())
    (carried, means), (own, exports) = lax.scan(step, ([_strip_weak_type(x) for x in starts], common), stacks)
    for key, count in uses.items():
        loop.frame.write(key, means[key], count * loop.node.count)
    for key, value in own.items():
        loop.frame.write(key, value)
    loop.export(exports)
    return carried


def add_step(mean: Array, value: Array | None, index: Any) -> Array:
    """The mean of a buffer over the iterations so far, with that of the present one; before the first one it may be anything."""
    if value is None:
        return mean
    share = 1 / jnp.asarray(index + 1, jnp.promote_types(mean.dtype, jnp.float32))  # by an i32 it would be in f32
    return jnp.where(index == 0, value, move_mean(mean, value, share))


def _strip_weak_type(x: Array) -> Array:
    """The array without weak type, which a scan's carry cannot change on the way."""
    return lax.convert_element_type(x, jnp.asarray(x).dtype)


def unroll_loop(loop: Loop, starts: list[Array]) -> list[Array]:
    """Every iteration in the program, each with its slice of the stacked leaves."""
    count = loop.node.count
    params, buffers = _split(loop.params(), count), _split(loop.buffers(), count)
    carried, collected, exports = starts, [], []
    for index in range(count):
        carried, frame = loop.iterate(index, carried, params[index], buffers[index])
        for key in loop.region.common:
            if key in frame.updates:
                loop.frame.write(key, frame.updates[key], frame.uses[key])
        collected.append(frame.updates)
        exports.append(frame.exports or {})
    for key in loop.region.buffers:
        if key in collected[0]:
            loop.frame.write(key, jnp.stack([updates[key] for updates in collected]))
    loop.export({key: jnp.stack([each[key] for each in exports]) for key in exports[0]})
    return carried


def _split(stacks: Arrays, count: int) -> list[Arrays]:
    """One dict of slices for each iteration. A split, because its gradient is one concatenation and not a sum of padded slices."""
    parts = {key: lax.split(stack, (1,) * count, axis=0) for key, stack in stacks.items()}
    return [{key: lax.squeeze(part[index], (0,)) for key, part in parts.items()} for index in range(count)]
