"""Runs a model on a stretch of its sequence, one example at a time: what is known and remembered goes in, and comes out anew."""

from __future__ import annotations

from typing import Any

from netspec.ir import Apply, Call, Recur, Repeat, When
from netspec.kernels.recur import recur
from netspec.lazy import jnp, lax
from netspec.library.base import Array
from netspec.library.contracts.sequence_axis import STILL
from netspec.library.contracts.stretch_steps import Stretch, Use, cut_stretch
from netspec.library.shape_rules.size_binding import bind_sizes
from netspec.lower.interpreter import execute, op_arrays, operand_types, use_of
from netspec.lower.node_scope import Frame, NodeScope
from netspec.lower.precision import cast
from netspec.lower.precomputation import Kept, Wires, enter_iteration, stacks
from netspec.lower.recurrence import Time
from netspec.lower.stretch_plan import ALWAYS, STEP, Part, is_reached

Past = Any
"""What the nodes of a part remember, by their places; None before the first stretch."""


def advance(part: Part, frame: Frame, wires: Wires, kept: Kept, past: Past, stretch: Stretch) -> dict[str, Past]:
    """Runs the part on the stretch; its values are added to the wires. What is remembered behind it."""
    rows, common = kept
    for wire, axis in part.keep.items():
        wires[wire] = common[f"w{wire}"] if axis is None else jnp.expand_dims(rows[f"w{wire}"], axis)
    after: dict[str, Past] = {}
    for place, (node, kind) in enumerate(zip(part.nodes, part.kinds, strict=True)):
        key = f"n{place}"
        if kind == ALWAYS:
            execute((node,), part.body, frame, wires)
        elif kind == STEP:
            inside = (rows.get(key), common.get(key))
            after[key] = _MEANING[type(node)](part, place, node, frame, wires, inside, None if past is None else past[key], stretch)
    return after


def _apply(part: Part, place: int, node: Apply, frame: Frame, wires: Wires, kept: Any, past: Past, stretch: Stretch) -> Past:
    """Runs an op by its step."""
    flows = tuple(part.flows[operand] if isinstance(operand, int) else STILL for operand in node.inputs)
    inputs, optional = op_arrays(node, wires)
    named = {name: part.flows[wire] for name, wire in node.optional}
    scope = NodeScope(frame, node.segment, use_of(node, part.body), *operand_types(node, part.body, frame))
    op = bind_sizes(node.op, frame.run.sizes)
    results, past = op.step(Use(op, scope, stretch, inputs, flows, optional, named, past))
    wires.update(zip(node.outputs, results if isinstance(results, tuple) else (results,), strict=True))
    return past


def _call(part: Part, place: int, node: Call, frame: Frame, wires: Wires, kept: Kept, past: Past, stretch: Stretch) -> Past:
    """Runs a block on the stretch."""
    ports = zip(node.body.inputs, node.inputs, strict=True)
    inside = {port.wire: wires[wire] for port, wire in ports if isinstance(port.wire, int) and wire in wires}
    after = advance(part.children[place], frame.inside(node.segment, use_of(node, part.body)), inside, kept, past, stretch)
    for wire, port in zip(node.outputs, node.body.outputs, strict=True):
        if is_reached(part.flows.get(wire)):
            wires[wire] = inside[port.wire]  # type: ignore[index]
    return after


def _when(part: Part, place: int, node: When, frame: Frame, wires: Wires, kept: Kept, past: Past, stretch: Stretch) -> Past:
    """Runs the region of this phase on the stretch."""
    inside = dict(wires)
    after = advance(part.children[place], frame, inside, kept, past, stretch)
    chosen = node.inside if node.phase == frame.run.phase else node.otherwise
    moving = [
        (wire, own) for wire, own in zip(node.outputs, chosen, strict=True) if isinstance(own, int) and is_reached(part.flows.get(wire))
    ]
    wires.update({wire: inside[own] for wire, own in moving})
    return after


def _repeat(part: Part, place: int, node: Repeat, frame: Frame, wires: Wires, kept: Kept, past: Past, stretch: Stretch) -> Past:
    """Runs a loop on the stretch, with what each iteration remembers."""
    child = part.children[place]
    moving = [k for k, wire in enumerate(node.outputs) if is_reached(part.flows.get(wire))]

    def iteration(carried: list[Array], slices: Any) -> Any:
        stacked, own_kept, own_past = slices
        _, own = enter_iteration(node, frame, stacked)
        inside = {**wires, **{node.inner[k]: x for k, x in zip(moving, carried, strict=True)}}
        after = advance(child, own, inside, own_kept, own_past, stretch)
        ends = [_cut_wire(child, node.results[k], node.inner[k], inside, stretch) for k in moving]
        return [cast(x, old.dtype) for x, old in zip(ends, carried, strict=True)], after

    starts = [_cut_wire(part, node.carried[k], node.outputs[k], wires, stretch) for k in moving]
    starts = [lax.convert_element_type(x, jnp.asarray(x).dtype) for x in starts]
    ends, after = lax.scan(iteration, starts, (stacks(node, frame), kept, past))
    wires.update({node.outputs[k]: x for k, x in zip(moving, ends, strict=True)})
    return after


def _cut_wire(part: Part, wire: Any, like: int, wires: Wires, stretch: Stretch) -> Array:
    """A wire on the stretch, which may be known for all positions."""
    return cut_stretch(stretch, wires[wire], part.flows[like].axes) if part.known(wire) else wires[wire]


def _recur(part: Part, place: int, node: Recur, frame: Frame, wires: Wires, kept: Any, past: Past, stretch: Stretch) -> Past:
    """Positions are time: the states behind the last kept position are remembered."""
    region = frame.run.layout.region(frame.prefix, node)
    run = Time(node, part.body, frame, wires, region, execute)
    shared = {key: frame.buffer(key) for key in region.common}
    sequences = [jnp.moveaxis(_cut_wire(part, wire, wire, wires, stretch), 1, 0) for wire in node.sequences]
    first = run.starts() if past is None else past

    def one(carry: Any, now: Any) -> Any:
        (states, kept), (count, parts) = carry, now
        states, _, made, _ = run.step(states, shared, stretch.start + count, parts)
        return (states, [jnp.where(count < stretch.kept, new, old) for new, old in zip(states, kept, strict=True)]), made

    places = jnp.arange(stretch.size, dtype=jnp.int32)
    (_, last), made = recur(frame.kernels(run.place), (first, first), (places, sequences), step=one)
    wires.update({wire: jnp.moveaxis(x, 0, 1) for wire, x in zip(node.outputs, made, strict=True)})
    return last


_MEANING: dict[type, Any] = {Apply: _apply, Call: _call, When: _when, Repeat: _repeat, Recur: _recur}
