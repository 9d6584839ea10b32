"""Computes once, for all positions, what of a model is known before anything is generated, and keeps it for the stretches.

Kept values stand in trees by the wires and nodes of each part: those of examples, [B, …], and those that all examples have in common.
Inside a loop the iterations lead, behind the examples.
"""

from __future__ import annotations

from typing import Any

from netspec.ir import Call, Literal, Node, Repeat, When
from netspec.lazy import jax, jnp, lax
from netspec.lower.interpreter import array, execute, use_of, value
from netspec.lower.node_scope import Frame
from netspec.lower.precision import cast
from netspec.lower.stretch_plan import ALWAYS, STEP, WHOLE, Part

Wires = dict[int, Any]
Kept = tuple[dict[str, Any], dict[str, Any]]
"""Of the examples, and in common."""


def precompute(part: Part, frame: Frame, wires: Wires) -> Kept:
    """Runs what is known; its values are added to the wires."""
    rows: dict[str, Any] = {}
    common: dict[str, Any] = {}
    for place, (node, kind) in enumerate(zip(part.nodes, part.kinds, strict=True)):
        if kind in (WHOLE, ALWAYS):
            execute((node,), part.body, frame, wires)
        elif kind == STEP and place in part.children:
            rows[f"n{place}"], common[f"n{place}"] = _INSIDE[type(node)](part, part.children[place], node, frame, wires)
    return _collect_kept(part, wires, rows, common)


def _collect_kept(part: Part, wires: Wires, rows: dict[str, Any], common: dict[str, Any]) -> Kept:
    """What the stretches will read of the wires: along positions, or as a whole."""
    for wire, axis in part.keep.items():
        x = jnp.asarray(wires[wire])
        if axis is None:
            common[f"w{wire}"] = x
        else:
            rows[f"w{wire}"] = jnp.moveaxis(x, axis, 0)
    return rows, common


def _call(part: Part, child: Part, node: Call, frame: Frame, wires: Wires) -> Kept:
    """Computes what is known inside a block."""
    ports = zip(node.body.inputs, node.inputs, strict=True)
    inside: Wires = {port.wire: wires[wire] for port, wire in ports if part.known(wire) and isinstance(port.wire, int)}
    kept = precompute(child, frame.inside(node.segment, use_of(node, part.body)), inside)
    for wire, port in zip(node.outputs, node.body.outputs, strict=True):
        if part.known(wire):
            wires[wire] = array(port.wire, inside)
    return kept


def _when(part: Part, child: Part, node: When, frame: Frame, wires: Wires) -> Kept:
    """Computes what is known inside the region of this phase."""
    inside = dict(wires)
    kept = precompute(child, frame, inside)
    chosen = node.inside if node.phase == frame.run.phase else node.otherwise
    pairs = [(wire, operand) for wire, operand in zip(node.outputs, chosen, strict=True) if operand is not None and part.known(wire)]
    wires.update({wire: value(operand, inside) for wire, operand in pairs})
    return kept


def _repeat(part: Part, child: Part, node: Repeat, frame: Frame, wires: Wires) -> Kept:
    """Computes what is known inside a loop, kept for each iteration."""
    known = [place for place, wire in enumerate(node.outputs) if part.known(wire)]
    starts = [_start(part, node, place, frame, wires) for place in known]

    def iteration(carried: list[Any], slices: Any) -> Any:
        index, own = enter_iteration(node, frame, slices)
        inside = {**wires, **{node.inner[place]: x for place, x in zip(known, carried, strict=True)}}
        if node.index is not None:
            inside[node.index] = index
        kept = precompute(child, own, inside)
        after = [cast(value(node.results[place], inside), old.dtype) for place, old in zip(known, carried, strict=True)]
        return after, kept

    ends, (rows, common) = lax.scan(iteration, starts, stacks(node, frame))
    wires.update({node.outputs[place]: x for place, x in zip(known, ends, strict=True)})
    return jax.tree.map(lambda x: jnp.moveaxis(x, 1, 0), rows), common


def _start(part: Part, node: Repeat, place: int, frame: Frame, wires: Wires) -> Any:
    """What a carried wire is before the first iteration."""
    operand, kind = node.carried[place], part.body.types[node.inner[place]]
    if isinstance(operand, Literal):
        return jnp.asarray(operand.value, frame.run.precision.lowered(kind.dtype))
    return lax.convert_element_type(wires[operand], jnp.asarray(wires[operand]).dtype)


def stacks(node: Repeat, frame: Frame) -> Any:
    """What a loop's iterations have each for themselves: their number, parameters and buffers."""
    region = frame.run.layout.region(frame.prefix, node)
    params = {key: frame.params[key] for key in region.params}
    return jnp.arange(node.count, dtype=jnp.int32), params, {key: frame.buffer(key) for key in region.buffers}


def enter_iteration(node: Node, frame: Frame, slices: Any) -> tuple[Any, Frame]:
    """The number and the frame of an iteration."""
    index, params, buffers = slices
    return index, frame.iteration(node.count, index, params, buffers)  # type: ignore[union-attr]


_INSIDE: dict[type, Any] = {Call: _call, When: _when, Repeat: _repeat}
