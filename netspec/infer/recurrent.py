"""Time: cells elaborated for one step, and run over a sequence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.calls.recurrences import BadInitialState, NotACell, StateNeverSet, StateOnlyConstant
from netspec.infer import apply, instances, types, variables
from netspec.infer.frame import Frame
from netspec.infer.loops import same_type
from netspec.infer.values import UNKNOWN, BlockValue, Given, Tensor, Unknown, describe
from netspec.ir import Apply, Body, Call, Node, Port, Recur, Segment, State
from netspec.library.layers.cells import Cell, OneWay, Recurrence
from netspec.limits import LIMITS
from netspec.record import record
from netspec.shape import TensorType
from netspec.source import Span
from netspec.syntax import tree

if TYPE_CHECKING:
    from netspec.infer.binding import Bound
    from netspec.infer.binding import Call as Use

STATE = "state."
"""Before the names of a cell's ports that are states."""


def declare(frame: Frame, node: tree.State) -> None:
    """`state h: f32[B, F] = zeros`: reading it gives the previous step's value."""
    frame.env[node.name] = UNKNOWN
    type_, init = types.type_of(frame, node.type), variables.initializer(frame, node)
    if type_ is None or init is None:
        return
    if not init.same:
        frame.world.report(StateOnlyConstant(at=node.init.span, name=node.name))
        return
    tensor = instances.named_wire(frame, node.name, type_, node.name_span)
    frame.env[node.name] = tensor
    frame.states.append((State(node.name, type_, init), tensor, node.name_span))


def state_ports(frame: Frame) -> tuple[list[Port], list[Port]] | None:
    """The input and output ports of a body's states; None when one never gets its next value."""
    before, after = [], []
    for state, tensor, span in frame.states:
        last = frame.env.get(state.name, UNKNOWN)
        if isinstance(last, Unknown):
            return None
        if not isinstance(last, Tensor) or last.wire == tensor.wire or not same_type(frame, state.type, last.type):
            if isinstance(last, Tensor) and last.wire != tensor.wire:
                problem = BadInitialState(at=span, op=state.name, wanted=str(state.type), found=f"{last.type} after a step")
                frame.world.report(problem)
            else:
                frame.world.report(StateNeverSet(at=span, name=state.name))
            return None
        before.append(Port(STATE + state.name, tensor.wire, span))
        after.append(Port(STATE + state.name, last.wire, span))
    return before, after


@record
class Job:
    """One recurrence to elaborate: a layer over a sequence, under a segment of the path."""

    call: Use
    op: Recurrence
    sequence: Tensor
    lengths: Tensor | None
    segment: Segment
    starts: Mapping[str, Tensor]
    """First states by their names in `initial`."""
    at: Span
    """Where the first states are written."""
    names: str = "{}"
    """What a state is called outside of the recurrence: `{}_0` in the lowest of several layers."""


@record
class Made:
    """What a recurrence gives: its sequences, and its last states by their names outside."""

    outputs: tuple[Tensor, ...]
    finals: Mapping[str, Tensor]


def over_time(frame: Frame, job: Job, op: OneWay) -> Made | None:
    """Run one cell over axis 1 of the sequence; None after a reported problem."""
    call, sequence = job.call, job.sequence
    frame.world.call(LIMITS.recurrence_values)
    step = frame.wire(sequence.type.with_shape((sequence.type.shape[0], *sequence.type.shape[2:])), call.span)
    running = op.running()
    with frame.region() as nodes:
        elaborated = block_step if isinstance(running, BlockValue) else cell_step
        made = elaborated(frame, call, running, step, job.segment)
    if made is None:
        return None
    states, inner, outputs, results = made
    starts = first_states(frame, job, states)
    if starts is None:
        return None
    wholes = [frame.wire(o.type.with_shape((*sequence.type.shape[:2], *o.type.shape[1:])), call.span) for o in outputs]
    finals = [frame.wire(s.type, call.span) for s in states]
    frame.emit(
        Recur(
            tuple(nodes),
            (sequence.wire,),
            (step.wire,),
            starts,
            tuple(s.init for s in states),
            tuple(t.wire for t in inner),
            tuple(t.wire for t in results),
            tuple(o.wire for o in outputs),
            tuple(w.wire for w in wholes),
            tuple(f.wire for f in finals),
            job.lengths.wire if job.lengths is not None else None,
            op.reverse,
            op.unroll,
            call.span,
        )
    )
    return Made(tuple(wholes), {job.names.format(s.name): f for s, f in zip(states, finals, strict=True)})


Step = tuple[tuple[State, ...], list[Tensor], list[Tensor], list[Tensor]]
"""A cell's states, their wires before the step, its outputs, and the states' wires after it."""


def block_step(frame: Frame, call: Use, running: Any, step: Tensor, segment: Segment) -> Step | None:
    """One step of a block with `state`: the layer's segment, then the block's own."""
    if not running.definition.is_cell:
        frame.world.report(NotACell(at=call.span, op=call.name, found=describe(running)))
        return None
    body = instances.cell_body(frame, call, running, Given(step, call.span))
    if body is None:
        return None
    inside = Segment(running.name, (instances.FIRST,), counted=True)
    inner = [frame.wire(s.type, call.span) for s in body.states]
    outputs = [frame.wire(t, call.span) for n, t in body.output_types().items() if not n.startswith(STATE)]
    results = [frame.wire(s.type, call.span) for s in body.states]
    wires = [step, *inner, *outputs, *results]
    whole = around(call.name, body, inside, [w.type for w in wires])
    frame.emit(Call(whole, wires_of([step, *inner]), wires_of([*outputs, *results]), segment))
    return body.states, inner, outputs, results


def around(name: str, body: Body, segment: Segment, kinds: list[TensorType]) -> Body:
    """A body that only calls another one, so that both have a step of the path."""
    ends = len(body.inputs)
    inputs = tuple(Port(p.name, k) for k, p in enumerate(body.inputs))
    outputs = tuple(Port(p.name, ends + k) for k, p in enumerate(body.outputs))
    node: Node = Call(body, tuple(range(ends)), tuple(range(ends, len(kinds))), segment)
    return Body(name, inputs, outputs, (node,), dict(enumerate(kinds)), facts=body.facts)


def cell_step(frame: Frame, call: Use, running: Any, step: Tensor, segment: Segment) -> Step | None:
    """One step of a cell of the shelf."""
    if not isinstance(running, Cell):
        frame.world.report(NotACell(at=call.span, op=call.name, found=describe(running)))
        return None
    states = tuple(State(name, type_, init) for name, (type_, init) in running.states(step.type).items())
    inner = [frame.wire(s.type, call.span) for s in states]
    given = apply_bound(step, {s.name: t for s, t in zip(states, inner, strict=True)}, call)
    found = apply.types_of(frame, call, running, given)
    if found is None or not apply.parameters_fixed(frame, call, running, given):
        return None
    wires = [frame.wire(t, call.span) for t in found]
    optional = tuple((s.name, t.wire) for s, t in zip(states, inner, strict=True))
    frame.emit(Apply(running, (step.wire,), wires_of(wires), segment, optional, span=call.span))
    return states, inner, wires[:1], wires[1:]


def apply_bound(step: Tensor, states: Mapping[str, Tensor], call: Use) -> Bound:
    from netspec.infer.binding import Bound

    return Bound(tensors=[Given(step, call.span)], optional={n: Given(t, call.span) for n, t in states.items()})


def wires_of(tensors: list[Tensor]) -> tuple[int, ...]:
    return tuple(t.wire for t in tensors)


def first_states(frame: Frame, job: Job, states: tuple[State, ...]) -> tuple[int | None, ...] | None:
    """The wires that the states begin with; None for the states that begin as declared. None in all after a problem."""
    for state in states:
        name = job.names.format(state.name)
        given = job.starts.get(name)
        if given is not None and not same_type(frame, state.type, given.type):
            wanted = f"`{name}`: {state.type}"
            frame.world.report(BadInitialState(at=job.at, op=job.call.name, wanted=wanted, found=describe(given)))
            return None
    found = (job.starts.get(job.names.format(state.name)) for state in states)
    return tuple(None if tensor is None else tensor.wire for tensor in found)
