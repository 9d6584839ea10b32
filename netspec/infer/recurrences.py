"""Layers over time: one cell, several layers on top of each other, two directions.

What is more than one recurrence becomes a body of its own, called under the layer's segment, so that its parts have paths below it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.calls.recurrences import BadInitialState, NotACell
from netspec.infer import apply
from netspec.infer.frame import Frame
from netspec.infer.recurrent import Job, Made, over_time
from netspec.infer.values import UNKNOWN, BlockValue, Given, Record, Several, Tensor, Unknown, Value, describe
from netspec.ir import Affine, Apply, Body, Literal, Port, Segment
from netspec.ir import Call as CallNode
from netspec.library.base import Callable
from netspec.library.layers.cells import Cell, OneWay, Recurrence
from netspec.library.layers.dropout import Dropout
from netspec.library.layers.recurrent import Bidirectional
from netspec.record import replace

if TYPE_CHECKING:
    from netspec.infer.binding import Bound
    from netspec.infer.binding import Call as Use

WAYS = ("forward", "backward")


def use(frame: Frame, call: Use, op: Recurrence, bound: Bound) -> Value:
    """Run a layer over axis 1 of a sequence: its outputs, and a record of its last states (one per direction) where they are asked for."""
    given = bound.args.get("initial") or call.value.args.get("initial") or Given(None)
    if not apply.inputs_fit(frame, call, op, bound) or not runs_cells(frame, call, op):
        return UNKNOWN
    starts = first_states(frame, call, given)
    if starts is None:
        return UNKNOWN
    lengths = bound.optional["lengths"].value if "lengths" in bound.optional else None
    job = Job(call, op, bound.tensors[0].value, lengths, call.segment(frame), starts, given.span)
    made = run(frame, job)
    if made is None or not all_begun(frame, job, made):
        return UNKNOWN
    return results(op, made)


def results(op: Recurrence, made: Made) -> Value:
    values: list[tuple[str | None, Value]] = [(None, tensor) for tensor in made.outputs]
    if op.return_state and isinstance(op, Bidirectional):
        values += [(None, Record(dict(below(made.finals, way)))) for way in WAYS]
    elif op.return_state:
        values.append((None, Record(made.finals)))
    return values[0][1] if len(values) == 1 else Several(tuple(values))


def below(finals: Mapping[str, Tensor], way: str) -> Iterator[tuple[str, Tensor]]:
    """The states of one direction, by their names in it."""
    for name, tensor in finals.items():
        head, _, rest = name.partition(".")
        if head == way:
            yield rest, tensor


def runs_cells(frame: Frame, call: Use, op: Recurrence) -> bool:
    """`bidirectional` runs cells, or layers that go one way and leave the states to it."""
    if not isinstance(op, Bidirectional):
        return True
    for given in (op.cell, op.backward):
        odd = None if given is None or isinstance(given, Cell | BlockValue) else why_not(given)
        if odd is not None:
            frame.world.report(NotACell(at=call.span, op=call.name, found=odd))
            return False
    if isinstance(op.cell, OneWay) and op.cell.reverse:
        frame.world.report(NotACell(at=call.span, op=call.name, found="a layer forwards that itself goes backwards"))
        return False
    return True


def why_not(given: Any) -> str | None:
    """What a value is that `bidirectional` cannot run; None for a layer that it can."""
    if not isinstance(given, OneWay):
        return describe(given)
    taken = [name for name, set_ in (("return_state", given.return_state), ("initial", given.initial is not None)) if set_]
    return f"a layer with its own `{taken[0]}`, which goes to `bidirectional`" if taken else None


# --- first states --------------------------------------------------------------------------------------------------------


def first_states(frame: Frame, call: Use, given: Given) -> dict[str, Tensor] | None:
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
                frame.world.report(BadInitialState(at=given.span, op=call.name, wanted=wanted, found=describe(value)))
            return None
    return found


def all_begun(frame: Frame, job: Job, made: Made) -> bool:
    """Every first state that is given has a state to begin."""
    odd = [name for name in job.starts if name not in made.finals]
    if odd:
        shown = ", ".join(f"`{name}`: {tensor.type}" for name, tensor in made.finals.items())
        found = ", ".join(f"`{name}`" for name in odd)
        frame.world.report(BadInitialState(at=job.at, op=job.call.name, wanted=shown, found=found))
    return not odd


# --- one, several, two directions ----------------------------------------------------------------------------------------


def run(frame: Frame, job: Job) -> Made | None:
    """The recurrences of a job; None after a reported problem."""
    if job.op.layers > 1:
        return nested(frame, job, stacked)
    if isinstance(job.op, Bidirectional):
        return nested(frame, job, both)
    assert isinstance(job.op, OneWay)
    return over_time(frame, job, job.op)


def nested(frame: Frame, job: Job, elaborated: Any) -> Made | None:
    """A job in a body of its own, called under the job's segment."""
    inner = Frame(frame.world, job.op.op_name(), frame.facts)
    outer = {"x": job.sequence, **({"lengths": job.lengths} if job.lengths is not None else {}), **job.starts}
    ports = {name: inner.wire(tensor.type, job.call.span) for name, tensor in outer.items()}
    starts = {name: ports[name] for name in job.starts}
    made = elaborated(inner, replace(job, sequence=ports["x"], lengths=ports.get("lengths"), starts=starts))
    if made is None:
        return None
    frame.take(inner.assumed)
    ends = {f"y{k}": tensor for k, tensor in enumerate(made.outputs)} | dict(made.finals)
    body = Body(inner.name, ports_of(ports), ports_of(ends), tuple(inner.nodes), inner.types, facts=inner.facts, span=job.call.span)
    wires = {name: frame.wire(tensor.type, job.call.span) for name, tensor in ends.items()}
    taken, given = (tuple(tensor.wire for tensor in group.values()) for group in (outer, wires))
    frame.emit(CallNode(body, taken, given, job.segment, span=job.call.span))
    return Made(tuple(wires[f"y{k}"] for k in range(len(made.outputs))), {name: wires[name] for name in made.finals})


def ports_of(tensors: Mapping[str, Tensor]) -> tuple[Port, ...]:
    return tuple(Port(name, tensor.wire) for name, tensor in tensors.items())


def stacked(frame: Frame, job: Job) -> Made | None:
    """Layers on top of each other, each over the first output of the one below."""
    outputs: tuple[Tensor, ...] = (job.sequence,)
    finals: dict[str, Tensor] = {}
    for layer in range(job.op.layers):
        names = job.names.replace("{}", f"{{}}_{layer}")
        segment = Segment("layer", (Affine(layer),), counted=True)
        below = dropped(frame, outputs[0], job.op.dropout) if layer else outputs[0]
        made = run(frame, replace(job, op=job.op.replaced(layers=1), sequence=below, segment=segment, names=names))
        if made is None:
            return None
        outputs = made.outputs
        finals |= made.finals
    return Made(outputs, finals)


def dropped(frame: Frame, x: Tensor, rate: float) -> Tensor:
    """What a layer sees of the one below it."""
    return applied(frame, Dropout(rate=rate), (x.wire,), x) if rate else x


def applied(frame: Frame, op: Callable, inputs: tuple[int | Literal, ...], like: Tensor) -> Tensor:
    """An op whose result has a type that is known."""
    result = frame.wire(like.type, frame.origins[like.wire])
    frame.emit(Apply(op, inputs, (result.wire,), frame.count(op.op_name()), span=frame.origins[like.wire]))
    return result


def both(frame: Frame, job: Job) -> Made | None:
    """Two directions over one sequence, and their outputs put together."""
    op: Any = job.op
    found: list[Made] = []
    for way, layer in zip(WAYS, op.ways(), strict=True):
        segment, names = Segment(way), f"{way}.{job.names}"
        made = run(frame, replace(job, op=layer, segment=segment, names=names))
        if made is None:
            return None
        found.append(made)
    pairs = zip(found[0].outputs, found[1].outputs, strict=False)
    outputs = [merged(frame, job, op, pair) for pair in pairs]
    if any(tensor is None for tensor in outputs):
        return None
    return Made(tuple(tensor for tensor in outputs if tensor is not None), {**found[0].finals, **found[1].finals})


def merged(frame: Frame, job: Job, op: Bidirectional, pair: tuple[Tensor, Tensor]) -> Tensor | None:
    """Two sequences as one, by the shape rule of the op that does it."""
    from netspec.infer.binding import Bound

    merging = op.merging()
    types = apply.types_of(frame, job.call, merging, Bound(tensors=[Given(tensor, job.call.span) for tensor in pair]))
    if types is None:
        return None
    whole = frame.wire(types[0], job.call.span)
    frame.emit(Apply(merging, tuple(t.wire for t in pair), (whole.wire,), frame.count(merging.op_name()), span=job.call.span))
    half = op.halving()
    return whole if half is None else applied(frame, half, (whole.wire, Literal(0.5)), whole)
