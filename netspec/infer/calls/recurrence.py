"""Elaborates layers over time: one cell, several layers on top of each other, and two directions.

What is more than one recurrence becomes a body of its own, called under the layer's segment, so that its parts have paths below it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from netspec.diagnostics.base import Edit, Repair
from netspec.diagnostics.calls.inputs import TooManyInputs
from netspec.diagnostics.calls.recurrences import BadInitialState, CellOutsideTime, NotACell
from netspec.diagnostics.shapes.attention import UnfitShape
from netspec.infer.calls import op_uses
from netspec.infer.calls.call_rule import Bound, Call
from netspec.infer.calls.construction import construct_use
from netspec.infer.frame import Frame, places_of
from netspec.infer.instance import FIRST, STATE
from netspec.infer.types import have_same_type
from netspec.infer.values import UNKNOWN, BlockValue, Given, OpValue, Record, Several, Tensor, Unknown, Value, describe
from netspec.ir import Affine, Apply, Body, Literal, Node, Port, Recur, Segment, State
from netspec.ir import Call as CallNode
from netspec.library.base import Callable
from netspec.library.layers.cells import WAYS, BothWays, Cell, OneWay, Recurrence
from netspec.limits import LIMITS
from netspec.record import record, replace
from netspec.shape import Dim, TensorType
from netspec.source import Span


@record
class Job:
    """One recurrence to elaborate: a layer over a sequence, under a segment of the path."""

    call: Call
    op: Recurrence
    sequences: tuple[Tensor, ...]
    """One for each input of the cell. Where layers stand on each other, each gets the first from the one below it."""
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


def use_recurrence(frame: Frame, call: Call, value: OpValue, bound: Bound) -> Value:
    """Run a layer over axis 1 of a sequence: its outputs, and a record of its last states (one per direction) where they are asked for."""
    op = construct_use(frame, value)
    if not isinstance(op, Recurrence):
        return UNKNOWN
    given = bound.args.get("initial") or call.value.args.get("initial") or Given(None)
    fit = op_uses.inputs_fit(frame, call, op, bound) and sequences_fit(frame, call, op, bound) and lengths_fit(frame, call, bound)
    if not fit or not runs_cells(frame, call, op):
        return UNKNOWN
    starts = collect_first_states(frame, call, given)
    if starts is None:
        return UNKNOWN
    lengths = bound.optional["lengths"].value if "lengths" in bound.optional else None
    job = Job(call, op, tuple(g.value for g in bound.tensors), lengths, call.segment(frame), starts, given.span)
    made = run_job(frame, job)
    if made is None or not all_begin(frame, job, made):
        return UNKNOWN
    return give_results(op, made)


def sequences_fit(frame: Frame, call: Call, op: Recurrence, bound: Bound) -> bool:
    """Several sequences have as many examples and steps."""
    first = bound.tensors[0].value.type
    for place, given in enumerate(bound.tensors):
        kind = given.value.type
        wanted = kind.with_shape((*first.shape[:2], *kind.shape[2:]))
        if not have_same_type(frame, kind, wanted):
            chain = places_of(frame, [bound.tensors[0].value, given.value])
            cell = getattr(op, "cell", None)
            names = [port.name for port in cell.definition.inputs] if isinstance(cell, BlockValue) else []
            name = names[place] if place < len(names) else "x"
            ways = equate(kind.shape[:2], wanted.shape[:2], given.span)
            frame.report(UnfitShape(at=given.span, op=call.name, input=name, found=kind, accepted=(wanted.shape,), chain=chain, ways=ways))
            return False
    return True


def equate(found: Sequence[Dim], wanted: Sequence[Dim], at: Span) -> tuple[Repair, ...]:
    """One symbol for two sizes that are to be equal."""
    pairs = [(str(a), str(b)) for a, b in zip(found, wanted, strict=True) if a != b]
    if len(pairs) != 1 or not all(name.isidentifier() for name in pairs[0]) or at.source.pointers is not None:
        return ()
    (other, one) = pairs[0]
    edits = []
    for line in re.finditer(r"^[ \t]*input\b[^\n#]*?\[([^\]\n]*)\]", at.source.text, re.MULTILINE):
        for name in re.finditer(rf"\b{re.escape(other)}\b", line[1]):
            edits.append(Edit(Span(at.source, line.start(1) + name.start(), line.start(1) + name.end()), one))
    return (Repair(tuple(edits), f"`{one}` for both sizes: `{one}` in the place of `{other}`"),) if edits else ()


def lengths_fit(frame: Frame, call: Call, bound: Bound) -> bool:
    """The lengths are one for each sequence."""
    given = bound.optional.get("lengths")
    if given is None:
        return True
    sequence, lengths = bound.tensors[0].value.type, given.value.type
    wanted = lengths.with_shape(sequence.shape[:1])
    fine = have_same_type(frame, lengths, wanted)
    if not fine:
        chain = places_of(frame, [bound.tensors[0].value, given.value])
        frame.report(UnfitShape(at=given.span, op=call.name, input="lengths", found=lengths, accepted=(wanted.shape,), chain=chain))
    return fine


def refuse_cell(frame: Frame, call: Call, value: OpValue, bound: Bound) -> Value:
    """A cell takes one step; a layer runs it over the steps of a sequence."""
    if isinstance(construct_use(frame, value), Cell):
        frame.report(CellOutsideTime(at=call.span, cell=call.name))
    return UNKNOWN


def give_results(op: Recurrence, made: Made) -> Value:
    """The sequences, and the records of last states where they are asked for."""
    values: list[tuple[str | None, Value]] = [(None, tensor) for tensor in made.outputs]
    if op.return_state and isinstance(op, BothWays):
        values += [(None, Record(dict(states_below(made.finals, way)))) for way in WAYS]
    elif op.return_state:
        values.append((None, Record(made.finals)))
    return values[0][1] if len(values) == 1 else Several(tuple(values))


def states_below(finals: Mapping[str, Tensor], way: str) -> Iterator[tuple[str, Tensor]]:
    """The states of one direction, by their names in it."""
    for name, tensor in finals.items():
        head, _, rest = name.partition(".")
        if head == way:
            yield rest, tensor


def runs_cells(frame: Frame, call: Call, op: Recurrence) -> bool:
    """`bidirectional` runs cells, or layers that go one way and leave the states to it."""
    if not isinstance(op, BothWays):
        return True
    for given in op.given():
        odd = None if isinstance(given, Cell | BlockValue) else explain_refusal(given)
        if odd is not None:
            frame.report(NotACell(at=call.span, op=call.name, found=odd))
            return False
    forwards = op.given()[0]
    if isinstance(forwards, OneWay) and forwards.reverse:
        frame.report(NotACell(at=call.span, op=call.name, found="a layer forwards that itself goes backwards"))
        return False
    return True


def explain_refusal(given: Any) -> str | None:
    """What a value is that `bidirectional` cannot run; None for a layer that it can."""
    if not isinstance(given, OneWay):
        return describe(given)
    taken = [name for name, set_ in (("return_state", given.return_state), ("initial", given.initial is not None)) if set_]
    return f"a layer with its own `{taken[0]}`, which goes to `bidirectional`" if taken else None


# --- first states --------------------------------------------------------------------------------------------------------


def collect_first_states(frame: Frame, call: Call, given: Given) -> dict[str, Tensor] | None:
    """The tensors of `initial` by name, those of a direction as `forward.h`; None after a problem."""
    found: dict[str, Tensor] = {}
    pending: list[tuple[str, Any]] = [("", given.value)] if given.value is not None else []
    while pending:
        name, value = pending.pop()
        if isinstance(value, Tensor) and name:
            found[name] = value
        elif isinstance(value, Record | Mapping):
            fields = value.fields if isinstance(value, Record) else value
            pending += [(f"{name}.{field}" if name else str(field), inner) for field, inner in fields.items()]
        else:
            if not isinstance(value, Unknown):
                wanted = f"`{name}` as a tensor" if name else "a carry, or a dict of first states"
                frame.report(BadInitialState(at=given.span, op=call.name, wanted=wanted, found=describe(value)))
            return None
    return found


def all_begin(frame: Frame, job: Job, made: Made) -> bool:
    """Every first state that is given has a state to begin."""
    odd = [name for name in job.starts if name not in made.finals]
    if odd:
        shown = ", ".join(f"`{name}`: {tensor.type}" for name, tensor in made.finals.items())
        found = ", ".join(f"`{name}`" for name in odd)
        frame.report(BadInitialState(at=job.at, op=job.call.name, wanted=shown, found=found))
    return not odd


# --- one, several, two directions ----------------------------------------------------------------------------------------


def run_job(frame: Frame, job: Job) -> Made | None:
    """The recurrences of a job; None after a reported problem."""
    if job.op.layers > 1:
        return nest(frame, job, stack_layers)
    if isinstance(job.op, BothWays):
        return nest(frame, job, run_both_ways)
    assert isinstance(job.op, OneWay)
    return run_over_time(frame, job, job.op)


def nest(frame: Frame, job: Job, elaborated: Any) -> Made | None:
    """A job in a body of its own, called under the job's segment."""
    inner = Frame(frame.world, job.op.op_name(), frame.facts)
    sequences = {f"x{'' if k == 0 else f'_{k}'}": tensor for k, tensor in enumerate(job.sequences)}
    outer = {**sequences, **({"lengths": job.lengths} if job.lengths is not None else {}), **job.starts}
    ports = {name: inner.wire(tensor.type, job.call.span) for name, tensor in outer.items()}
    starts = {name: ports[name] for name in job.starts}
    within = tuple(ports[name] for name in sequences)
    made = elaborated(inner, replace(job, sequences=within, lengths=ports.get("lengths"), starts=starts))
    if made is None:
        return None
    frame.take(inner.assumed)
    ends = {f"y{k}": tensor for k, tensor in enumerate(made.outputs)} | dict(made.finals)
    body = Body(inner.name, make_ports(ports), make_ports(ends), tuple(inner.nodes), inner.types, facts=inner.facts, span=job.call.span)
    wires = {name: frame.wire(tensor.type, job.call.span) for name, tensor in ends.items()}
    taken, given = (tuple(tensor.wire for tensor in group.values()) for group in (outer, wires))
    frame.emit(CallNode(body, taken, given, job.segment, span=job.call.span))
    return Made(tuple(wires[f"y{k}"] for k in range(len(made.outputs))), {name: wires[name] for name in made.finals})


def make_ports(tensors: Mapping[str, Tensor]) -> tuple[Port, ...]:
    return tuple(Port(name, tensor.wire) for name, tensor in tensors.items())


def stack_layers(frame: Frame, job: Job) -> Made | None:
    """Layers on top of each other, each over the first output of the one below, and over all sequences but the first."""
    outputs: tuple[Tensor, ...] = job.sequences[:1]
    finals: dict[str, Tensor] = {}
    for layer in range(job.op.layers):
        names = job.names.replace("{}", f"{{}}_{layer}")
        segment = Segment("layer", (Affine(layer),), counted=True)
        below = pass_between(frame, outputs[0], job.op) if layer else outputs[0]
        sequences = (below, *job.sequences[1:])
        made = run_job(frame, replace(job, op=job.op.replaced(layers=1), sequences=sequences, segment=segment, names=names))
        if made is None:
            return None
        outputs = made.outputs
        finals |= made.finals
    return Made(outputs, finals)


def pass_between(frame: Frame, x: Tensor, op: Recurrence) -> Tensor:
    """What a layer sees of the one below it."""
    between = op.between()
    return x if between is None else apply_known(frame, between, (x.wire,), x)


def apply_known(frame: Frame, op: Callable, inputs: tuple[int | Literal, ...], like: Tensor) -> Tensor:
    """An op whose result has a type that is known."""
    result = frame.wire(like.type, frame.origins[like.wire])
    frame.emit(Apply(op, inputs, (result.wire,), frame.count(op.op_name()), span=frame.origins[like.wire]))
    return result


def run_both_ways(frame: Frame, job: Job) -> Made | None:
    """Two directions over one sequence, and their outputs put together."""
    op: Any = job.op
    found: list[Made] = []
    for way, layer in zip(WAYS, op.ways(), strict=True):
        segment, names = Segment(way), f"{way}.{job.names}"
        made = run_job(frame, replace(job, op=layer, segment=segment, names=names))
        if made is None:
            return None
        found.append(made)
    pairs = zip(found[0].outputs, found[1].outputs, strict=False)
    outputs = [merge_ways(frame, job, op, pair) for pair in pairs]
    if any(tensor is None for tensor in outputs):
        return None
    return Made(tuple(tensor for tensor in outputs if tensor is not None), {**found[0].finals, **found[1].finals})


def merge_ways(frame: Frame, job: Job, op: BothWays, pair: tuple[Tensor, Tensor]) -> Tensor | None:
    """Two sequences as one, by the shape rule of the op that does it."""
    merging = op.merging()
    types = op_uses.prove_types(frame, job.call, merging, Bound(tensors=[Given(tensor, job.call.span) for tensor in pair]))
    if types is None:
        return None
    whole = frame.wire(types[0], job.call.span)
    frame.emit(Apply(merging, tuple(t.wire for t in pair), (whole.wire,), frame.count(merging.op_name()), span=job.call.span))
    half = op.halving()
    return whole if half is None else apply_known(frame, half, (whole.wire, Literal(0.5)), whole)


# --- one cell over time --------------------------------------------------------------------------------------------------


def run_over_time(frame: Frame, job: Job, op: OneWay) -> Made | None:
    """Run one cell over axis 1 of the sequences; None after a reported problem."""
    call, whole = job.call, job.sequences[0].type.shape[:2]
    frame.world.call(LIMITS.recurrence_values)
    steps = [frame.wire(s.type.with_shape((whole[0], *s.type.shape[2:])), call.span) for s in job.sequences]
    running = op.running()
    with frame.region() as nodes:
        elaborated = elaborate_block_step if isinstance(running, BlockValue) else elaborate_cell_step
        made = elaborated(frame, call, running, steps, job.segment)
    if made is None:
        return None
    states, inner, outputs, results = made
    starts = find_start_wires(frame, job, states)
    if starts is None:
        return None
    wholes = [frame.wire(o.type.with_shape((*whole, *o.type.shape[1:])), call.span) for o in outputs]
    finals = [frame.wire(s.type, call.span) for s in states]
    frame.emit(
        Recur(
            nodes=tuple(nodes),
            sequences=wires_of(job.sequences),
            steps=wires_of(steps),
            starts=starts,
            inits=tuple(s.init for s in states),
            inner=tuple(t.wire for t in inner),
            results=tuple(t.wire for t in results),
            made=tuple(o.wire for o in outputs),
            outputs=tuple(w.wire for w in wholes),
            finals=tuple(f.wire for f in finals),
            lengths=job.lengths.wire if job.lengths is not None else None,
            reverse=op.reverse,
            unroll=op.unroll,
            layer_name=call.name,
            span=call.span,
        )
    )
    return Made(tuple(wholes), {job.names.format(s.name): f for s, f in zip(states, finals, strict=True)})


Step = tuple[tuple[State, ...], list[Tensor], list[Tensor], list[Tensor]]
"""A cell's states, their wires before the step, its outputs, and the states' wires after it."""


def elaborate_block_step(frame: Frame, call: Call, running: Any, steps: list[Tensor], segment: Segment) -> Step | None:
    """One step of a block with `state`: the layer's segment, then the block's own."""
    if not running.definition.is_cell:
        frame.report(NotACell(at=call.span, op=call.name, found=describe(running)))
        return None
    body = frame.world.elaborate.cell_body(frame, call, running, [Given(step, call.span) for step in steps])
    if body is None:
        return None
    inside = Segment(running.name, (FIRST,), counted=True)
    inner = [frame.wire(s.type, call.span) for s in body.states]
    outputs = [frame.wire(t, call.span) for n, t in body.output_types().items() if not n.startswith(STATE)]
    results = [frame.wire(s.type, call.span) for s in body.states]
    wires = [*steps, *inner, *outputs, *results]
    whole = wrap_body(call.name, body, inside, [w.type for w in wires])
    frame.emit(CallNode(whole, wires_of([*steps, *inner]), wires_of([*outputs, *results]), segment))
    return body.states, inner, outputs, results


def wrap_body(name: str, body: Body, segment: Segment, kinds: list[TensorType]) -> Body:
    """A body that only calls another one, so that both have a step of the path."""
    ends = len(body.inputs)
    inputs = tuple(Port(p.name, k) for k, p in enumerate(body.inputs))
    outputs = tuple(Port(p.name, ends + k) for k, p in enumerate(body.outputs))
    node: Node = CallNode(body, tuple(range(ends)), tuple(range(ends, len(kinds))), segment)
    return Body(name, inputs, outputs, (node,), dict(enumerate(kinds)), facts=body.facts)


def elaborate_cell_step(frame: Frame, call: Call, running: Any, steps: list[Tensor], segment: Segment) -> Step | None:
    """One step of a cell of the shelf."""
    if not isinstance(running, Cell):
        frame.report(NotACell(at=call.span, op=call.name, found=describe(running)))
        return None
    if len(steps) > 1:
        frame.report(TooManyInputs(at=call.span, op=running.op_name(), takes=("x",), given=len(steps)))
        return None
    step = steps[0]
    states = tuple(State(name, type_, init) for name, (type_, init) in running.states(step.type).items())
    inner = [frame.wire(s.type, call.span) for s in states]
    given = bind_step(step, {s.name: t for s, t in zip(states, inner, strict=True)}, call)
    found = op_uses.prove_types(frame, call, running, given)
    if found is None or not op_uses.shapes_are_fixed(frame, call, running, given):
        return None
    wires = [frame.wire(t, call.span) for t in found]
    optional = tuple((s.name, t.wire) for s, t in zip(states, inner, strict=True))
    frame.emit(Apply(running, (step.wire,), wires_of(wires), segment, optional, span=call.span))
    return states, inner, wires[:1], wires[1:]


def bind_step(step: Tensor, states: Mapping[str, Tensor], call: Call) -> Bound:
    return Bound(tensors=[Given(step, call.span)], optional={n: Given(t, call.span) for n, t in states.items()})


def wires_of(tensors: Sequence[Tensor]) -> tuple[int, ...]:
    return tuple(t.wire for t in tensors)


def find_start_wires(frame: Frame, job: Job, states: tuple[State, ...]) -> tuple[int | None, ...] | None:
    """The wires that the states begin with; None for the states that begin as declared. None in all after a problem."""
    for state in states:
        name = job.names.format(state.name)
        given = job.starts.get(name)
        if given is not None and not have_same_type(frame, state.type, given.type):
            wanted = f"`{name}`: {state.type}"
            frame.report(BadInitialState(at=job.at, op=job.call.name, wanted=wanted, found=describe(given)))
            return None
    found = (job.starts.get(job.names.format(state.name)) for state in states)
    return tuple(None if tensor is None else tensor.wire for tensor in found)
