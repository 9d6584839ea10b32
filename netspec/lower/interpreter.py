"""Interprets a body under a JAX trace, with one method call per op."""

from __future__ import annotations

from collections.abc import Callable as Compute
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

from netspec.ir import Apply, Aux, Body, Call, Literal, Measurement, Node, Operand, Recur, Repeat, Variable, When, walk
from netspec.kernels.array_forms import append_axes
from netspec.lazy import jax, jnp
from netspec.library.base import Array, Callable, Measure, widen_wholes
from netspec.library.base.trainables import FACTOR
from netspec.library.shape_rules.size_binding import bind_sizes
from netspec.lower.loops import Loop
from netspec.lower.node_scope import Frame, NodeScope
from netspec.lower.precision import cast
from netspec.lower.recurrence import Time, run_over_time
from netspec.lower.segment_names import join, template
from netspec.shape import TensorType

Wires = dict[int, Any]


def evaluate(body: Body, frame: Frame, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """The outputs of a body by name. New values of buffers are left in `frame.updates`."""
    wires = run(body, frame, inputs)
    return {port.name: array(port.wire, wires) for port in body.outputs if port.phase in (None, frame.run.phase)}


def run(body: Body, frame: Frame, inputs: Mapping[str, Array]) -> Wires:
    """The values of all wires of a body that stand outside its regions."""
    wires: Wires = {port.wire: inputs[port.name] for port in body.inputs if isinstance(port.wire, int)}
    execute(body.nodes, body, frame, wires)
    return wires


def execute(nodes: tuple[Node, ...], body: Body, frame: Frame, wires: Wires) -> None:
    """Run nodes in order; their outputs are added to `wires`. Then buffers that they declare and write get their next value."""
    for node in nodes:
        _MEANING[type(node)](node, body, frame, wires)
    if frame.run.phase == "train":
        _write_buffers(nodes, frame, wires)


def value(operand: Operand, wires: Wires) -> Any:
    """An operand's array, or the number of a literal (weakly typed)."""
    return operand.value if isinstance(operand, Literal) else wires[operand]


def array(operand: Operand, wires: Wires) -> Array:
    """An operand as an array."""
    return jnp.asarray(value(operand, wires))


@lru_cache(maxsize=1024)
def _uses(body: Body) -> dict[int, int]:
    """id of a node -> how many nodes before it share its segment: more than 0 only for shared instances."""
    seen: dict[Any, int] = {}
    uses = {}
    for node, _ in walk(body):
        if isinstance(node, Apply | Call) and node.shared:
            uses[id(node)] = seen.get(node.segment, 0)
            seen[node.segment] = uses[id(node)] + 1
    return uses


def use_of(node: Apply | Call, body: Body) -> int:
    """How many nodes before it use the same instance."""
    return _uses(body)[id(node)] if node.shared else 0


def operand_types(node: Apply | Measurement, body: Body, frame: Frame) -> tuple[tuple[Any, ...], dict[str, TensorType]]:
    """The types of what a node's `apply` takes, as `Scope` has them: in order, and optional ones by name."""
    sized, weighs = frame.run.sized, isinstance(node.op, Measure) and node.op.mask_weighs
    is_factor = isinstance(node.op, Measure) and node.op.takes_weight
    types = tuple(operand.value if isinstance(operand, Literal) else sized(body.types[operand]) for operand in node.inputs)
    return types, {
        name: sized(body.types[wire])
        for name, wire in node.optional
        if not (weighs and name == "mask") and not (name == FACTOR and is_factor)
    }


def op_arrays(node: Apply | Measurement, wires: Wires) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What a node's `apply` takes, in order and by name: whole numbers that count something are i32."""
    return widen_wholes(node.op, [value(operand, wires) for operand in node.inputs], {name: wires[wire] for name, wire in node.optional})


def _apply(node: Apply, body: Body, frame: Frame, wires: Wires) -> None:
    """Runs an op in a scope of its own."""
    scope = NodeScope(frame, node.segment, use_of(node, body), *operand_types(node, body, frame))
    inputs, optional = op_arrays(node, wires)
    op = bind_sizes(node.op, frame.run.sizes)
    if node.varying:
        op = op.replaced(**{name: wires[wire] for name, wire in node.varying})
    if isinstance(op, Measure):
        results = measure_values(op, scope, inputs, optional)
    else:
        results = apply_op(node, body, scope, op, partial(frame.run.compute, op, node.span, scope, inputs, optional))
    _bind(node.outputs, results if isinstance(results, tuple) else (results,), wires)


def apply_op(node: Apply, body: Body, scope: NodeScope, op: Callable, compute: Compute[[], Any]) -> Any:
    """What an op makes of its inputs. One that is frozen works as in eval; where only some iterations of a `repeat` are, it does both."""
    types, named = body.op_inputs(node) if scope.training and type(op).buffers is not Callable.buffers else ([], {})
    frozen = scope.frozen(op.buffers(*types, **named)) if types else False
    if frozen is False:
        return compute()
    moving = None if frozen is True else compute()
    scope.training = False
    still = compute()
    return still if moving is None else jax.tree.map(lambda a, b: jnp.where(frozen, a, b), still, moving)


def measure_values(op: Measure, scope: NodeScope, inputs: Sequence[Any], optional: dict[str, Array]) -> Array:
    """The values of a loss or metric that is an argument of another function, times its mask and weights: 0 where they are 0."""
    mask = optional.pop("mask", None) if op.mask_weighs else None
    given = optional.pop(FACTOR, None) if op.takes_weight else None
    inputs = [jnp.asarray(x) for x in inputs]
    values = jnp.asarray(op.apply(scope, *inputs, **optional))
    for factor in (mask, op.weights(*inputs, **optional), given):
        if factor is not None:
            weight = append_axes(factor.astype(values.dtype), values)
            values = jnp.where(weight == 0, 0, values * weight)
    return values


def _bind(outputs: tuple[int, ...], results: Any, wires: Wires) -> None:
    """Gives results to their wires."""
    wires.update(zip(outputs, results, strict=True))


def _call(node: Call, body: Body, frame: Frame, wires: Wires) -> None:
    """Runs a block's body with what flows into it."""
    ports = zip(node.body.inputs, node.inputs, strict=True)
    inner = frame.inside(node.segment, use_of(node, body))
    results = evaluate(node.body, inner, {port.name: value(wire, wires) for port, wire in ports})
    wires.update({wire: results[port.name] for wire, port in zip(node.outputs, node.body.outputs, strict=True) if port.name in results})


def _variable(node: Variable, body: Body, frame: Frame, wires: Wires) -> None:
    """Reads a parameter or buffer."""
    key = join(frame.prefix, template(node.segment, frame.counts))
    if node.buffer and not node.kept:  # keeps its width: a counter in bf16 would stop at 256
        wires[node.output] = frame.buffer(key)
    else:
        wires[node.output] = cast(frame.param(key), frame.run.precision.lowered(node.weight.dtype))


def _aux(node: Aux, body: Body, frame: Frame, wires: Wires) -> None:
    """A value per example counts while its sequence has not ended."""
    type_, x = body.types[node.input], wires[node.input]
    if frame.alive is not None and type_.rank and type_.shape[0] == frame.run.layout.body.batch:
        x = jnp.where(append_axes(frame.alive, x), x, 0)
    key = join(frame.prefix, template(node.segment, frame.counts))
    frame.export(key, cast(x, frame.run.precision.stored(type_.dtype)))


def _repeat(node: Repeat, body: Body, frame: Frame, wires: Wires) -> None:
    """Runs a loop in the way that was chosen for it."""
    region = frame.run.layout.region(frame.prefix, node)
    loop = Loop(node, body, frame, wires, region, execute)
    starts = [_start(operand, wire, body, frame, wires) for operand, wire in zip(node.carried, node.inner, strict=True)]
    lowering = frame.run.choose(loop, starts)
    _bind(node.outputs, lowering(loop, starts), wires)


def _start(operand: Operand, wire: int, body: Body, frame: Frame, wires: Wires) -> Array:
    """A carried value before the first iteration, in the type that it keeps."""
    if isinstance(operand, Literal):
        return jnp.asarray(operand.value, frame.run.precision.lowered(body.types[wire].dtype))
    return wires[operand]


def _recur(node: Recur, body: Body, frame: Frame, wires: Wires) -> None:
    """Runs a cell over time."""
    outputs, finals = run_over_time(Time(node, body, frame, wires, frame.run.layout.region(frame.prefix, node), execute))
    _bind((*node.outputs, *node.finals), (*outputs, *finals), wires)


def _when(node: When, body: Body, frame: Frame, wires: Wires) -> None:
    """Runs a region in its phase; in others its wires have what they had before."""
    active = node.phase == frame.run.phase
    inside = dict(wires)
    if active:
        execute(node.nodes, body, frame, inside)
    chosen = node.inside if active else node.otherwise
    known = [(wire, operand) for wire, operand in zip(node.outputs, chosen, strict=True) if operand is not None]
    wires.update({wire: value(operand, inside) for wire, operand in known})


def _write_buffers(nodes: tuple[Node, ...], frame: Frame, wires: Wires) -> None:
    """Notes what buffers will hold at the next step."""
    for node in nodes:
        if isinstance(node, Variable) and node.buffer and node.written is not None:
            key = join(frame.prefix, template(node.segment, frame.counts))
            frame.write(key, cast(wires[node.written], frame.buffers[key].dtype))


_MEANING: dict[type, Any] = {Apply: _apply, Call: _call, Variable: _variable, Aux: _aux, Repeat: _repeat, When: _when, Recur: _recur}
