"""Uses of blocks: inputs held against their types, the body elaborated once per (arguments, input types)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.calls.arguments import Recursion
from netspec.diagnostics.calls.inputs import InputMismatch, TooManyInputs
from netspec.diagnostics.calls.recurrences import CellOutsideTime
from netspec.diagnostics.names.bindings import OnlyInPhase
from netspec.diagnostics.shapes.expansion import ExpansionTooLarge
from netspec.infer import recurrent, statements, types, variables
from netspec.infer.arguments import arguments, where_of_dims
from netspec.infer.frame import Assumption, Frame, World, places
from netspec.infer.values import (
    UNKNOWN,
    BlockValue,
    Composed,
    Given,
    OpValue,
    Several,
    Tensor,
    Unknown,
    Value,
    plain,
)
from netspec.ir import Affine, Body, Port, Segment
from netspec.ir import Call as CallNode
from netspec.limits import LIMITS
from netspec.paths import count
from netspec.proofs.instances import find_clashes
from netspec.record import record, replace
from netspec.resolve.graph import Definition
from netspec.shape import Dim, Facts, TensorType
from netspec.source import Span
from netspec.syntax import tree

if TYPE_CHECKING:
    from netspec.infer.binding import Bound, Call


@record
class Instance:
    """A body and its results: tensors' types, or unknown where an output has a problem."""

    body: Body | None
    results: tuple[TensorType | Unknown, ...]
    names: tuple[str | None, ...]
    assumed: tuple[Assumption, ...] = ()
    """What its body assumes of its caller's sizes."""


def use_block(frame: Frame, use: Call, value: BlockValue, bound: Bound) -> Value:
    """Emit the call of a block's instance."""
    definition, world = value.definition, frame.world
    if definition.name in world.stack:
        cycle = (*world.stack[world.stack.index(definition.name) :], definition.name)
        world.report(Recursion(at=use.span, cycle=cycle))
        return UNKNOWN
    if definition.is_cell:
        world.report(CellOutsideTime(at=use.span, cell=definition.name))
        return UNKNOWN
    tensors = [g.value for g in bound.tensors]
    made = instance(frame, use, value, bound.tensors)
    return UNKNOWN if made is None else emit(frame, use, made, tensors)


def instance(frame: Frame, use: Call, value: BlockValue, given: list[Given]) -> Instance | None:
    """The instance of a block for these arguments and input types; None after a problem with them."""
    definition, world = value.definition, frame.world
    args = arguments(world, definition, value.args, use.span, frame.facts)
    tensors = [g.value for g in given]
    if args is None or not all(isinstance(t, Tensor) for t in tensors):
        return None
    key = (id(definition), tuple(sorted((n, key_of(v)) for n, v in args.items())), tuple(t.type for t in tensors), id(frame.facts))
    if key not in world.instances:
        with world.entering(definition.name, use.span):
            world.instances[key] = (elaborate(frame, use, definition, args, given), frame.facts)
    made: Instance = world.instances[key][0]
    frame.take(made.assumed)
    return made


FIRST = Affine(0)
"""The number of an unlabelled use that is the only one."""


def cell_body(frame: Frame, use: Call, value: BlockValue, step: Given) -> Body | None:
    """The body of a block with `state` for one step of a sequence."""
    if len(value.definition.inputs) != 1:
        takes = tuple(i.name for i in value.definition.inputs)
        frame.world.report(TooManyInputs(at=use.span, op=value.name, takes=takes, given=1))
        return None
    made = instance(frame, use, value, [step])
    body = made.body if made is not None else None
    partial = next((port for port in body.outputs if port.phase), None) if body is not None else None
    if partial is not None:
        frame.world.report(OnlyInPhase(at=partial.span, name=partial.name, phase=str(partial.phase)))
    return body if partial is None else None


def emit(frame: Frame, use: Call, instance: Instance, tensors: list[Tensor]) -> Value:
    return emitted(frame, instance, tensors, use.segment(frame), use.callee is not use.value, use.span)


def emitted(frame: Frame, instance: Instance, tensors: list[Tensor], segment: Segment, shared: bool, span: Span) -> Value:
    """The results of calling an instance."""
    results: list[Value] = [UNKNOWN if isinstance(t, Unknown) else frame.wire(t, span) for t in instance.results]
    if instance.body is not None:
        count_nodes(frame, span, instance.body)
        for port, result in zip(instance.body.outputs, results, strict=True):
            if port.phase is not None:
                frame.phases[result.wire] = port.phase
        outputs = tuple(r.wire for r in results)
        frame.emit(CallNode(instance.body, tuple(t.wire for t in tensors), outputs, segment, shared, span))
    if len(results) == 1:
        return results[0]
    return Several(tuple(zip(instance.names, results, strict=True)))


def count_nodes(frame: Frame, span: Span, body: Body) -> None:
    """Every use of an instance counts, though it is elaborated once."""
    frame.world.nodes += len(body.nodes)
    frame.world.connect(body.nodes)
    if frame.world.nodes > LIMITS.nodes:
        raise Mistake(ExpansionTooLarge(at=span, what="this file", count=frame.world.nodes, limit=LIMITS.nodes))


def key_of(value: Any) -> Any:
    """A hashable stand-in for an argument's value: what it says, not where it stands."""
    if isinstance(value, OpValue | BlockValue):
        return (value.name, tuple(sorted((n, key_of(g.value)) for n, g in value.args.items())))
    if isinstance(value, Composed):
        return tuple(key_of(p) for p in value.parts)
    if isinstance(value, tuple):
        return tuple(key_of(v) for v in value)
    return (type(value).__name__, str(value))


def elaborate(outer: Frame, use: Call, definition: Definition, args: dict[str, Value], given: list[Given]) -> Instance:
    """A new body for these arguments and input types."""
    world = outer.world
    frame = Frame(world, definition.name, outer.facts)
    frame.env.update(args)
    actual = [(each.value, each.span) for each in given]
    if not bind_inputs(frame, outer, use, definition, actual):
        return Instance(None, tuple(UNKNOWN for _ in definition.outputs), tuple(None for _ in definition.outputs))
    ports = tuple(Port(i.name, frame.env[i.name].wire, i.span) for i in definition.inputs)
    statements.run(frame, (*where_of_dims(definition), *definition.node.body.statements))
    return finish(frame, definition, ports, args)


def finish(frame: Frame, definition: Definition, ports: tuple[Port, ...], args: dict[str, Value]) -> Instance:
    """The instance: no body when an output is unknown."""
    outputs = statements.outputs_of(frame)
    results = tuple(v.type if isinstance(v, Tensor) else UNKNOWN for _, v, *_ in outputs)
    names = tuple(n for n, *_ in outputs)
    if not outputs or any(isinstance(r, Unknown) for r in results):
        return Instance(None, results or (UNKNOWN,), names or (None,))
    variables.written(frame)
    ports_of_states = recurrent.state_ports(frame)
    if ports_of_states is None:
        return Instance(None, tuple(UNKNOWN for _ in results), names)
    before, after = ports_of_states
    states = tuple(s for s, _, _ in frame.states)
    ends = tuple(Port(name or "output", value.wire, span, phase) for name, value, span, phase in outputs)
    span = definition.node.span
    made = (frame.types, args, frame.wire_names, frame.facts, span, states)
    body = Body(definition.name, (*ports, *before), (*ends, *after), tuple(frame.nodes), *made)
    frame.world.report_all(find_clashes(body, frame.origins))
    return Instance(body, results, names, tuple(frame.assumed))


def bind_inputs(frame: Frame, outer: Frame, use: Call, definition: Definition, actual: list[tuple[Tensor, Span]]) -> bool:
    """Bind the dims' symbols to the caller's sizes, then hold every declared dim against the tensor that came."""
    pairs = list(zip(definition.inputs, actual, strict=True))
    for declared, (tensor, _) in pairs:
        bind_symbols(frame, declared, tensor.type)
    for declared, (tensor, _) in pairs:
        why = mismatch(frame, declared, tensor.type)
        if why:
            wanted = declared.type.span.text
            problem = InputMismatch(
                at=use.span,
                op=definition.name,
                input=declared.name,
                wanted=wanted,
                found=str(tensor.type),
                why=why,
                declared=declared.type.span,
                sizes=sizes_of(frame, declared),
            )
            with_trail = outer.world.trail.pop()
            outer.world.report(replace(problem, chain=places(outer, [tensor])))
            outer.world.trail.append(with_trail)
            return False
        frame.env[declared.name] = named_wire(frame, declared.name, tensor.type, declared.name_span)
    return True


def sizes_of(frame: Frame, declared: tree.Input) -> str:
    """`D is 8`: what the symbols of an input stand for in this use."""
    names = dict.fromkeys(d.text for d in declared.type.dims if isinstance(d, tree.Name) and d.text[:1].isupper())
    return ", ".join(f"{n} is {frame.env[n]}" for n in names if n in frame.env and str(frame.env[n]) != n)


def named_wire(frame: Frame, name: str, type_: TensorType, span: Span) -> Tensor:
    tensor = frame.wire(type_, span)
    frame.wire_names[tensor.wire] = name
    return tensor


def bind_symbols(frame: Frame, declared: tree.Input, found: TensorType) -> None:
    """A symbol binds at its first plain occurrence."""
    pattern = tuple(None if isinstance(d, tree.Dots) else d for d in declared.type.dims)
    aligned = types.align(pattern, found.shape)  # type: ignore[arg-type]
    for _, node, dim in aligned or ():
        if isinstance(node, tree.Name) and node.text[:1].isupper() and node.text not in frame.env:
            frame.env[node.text] = plain(dim)


def mismatch(frame: Frame, declared: tree.Input, found: TensorType) -> str | None:
    """Why a tensor does not fit a declared input, or None."""
    dtype, pattern = types.dtype_of(frame, declared.type), None
    if dtype is not None and dtype != found.dtype:
        return f"elements are {found.dtype}, not {dtype}"
    aligned_ranks = None not in [None if isinstance(d, tree.Dots) else d for d in declared.type.dims]
    if aligned_ranks and len(declared.type.dims) != found.rank:
        return f"{found.rank} axes, not {len(declared.type.dims)}"
    pattern = types.dims_of(frame, declared.type.dims)
    return types.shape_problem(frame, pattern, found.shape) if pattern is not None else None


def model_body(world: World, definition: Definition, given: dict[str, Given], at: Span) -> Body | None:
    """A model with its arguments: its dims' symbols stay free."""
    args = arguments(world, definition, given, at, Facts())
    if args is None:
        return None
    key = ("model", id(definition), tuple(sorted((n, key_of(v)) for n, v in args.items())))
    if key not in world.instances:
        world.instances[key] = elaborate_model(world, definition, args)
    return world.instances[key]


def elaborate_model(world: World, definition: Definition, args: dict[str, Value]) -> Body | None:
    frame = Frame(world, definition.name, Facts())
    frame.env.update(args)
    world.stack.append(definition.name)
    try:
        free_symbols(frame, definition)
        ports = [port for port in (free_input(frame, i) for i in definition.inputs) if port is not None]
        statements.run(frame, (*where_of_dims(definition), *definition.node.body.statements))
        if len(ports) < len(definition.inputs):
            return None
        body = finish(frame, definition, tuple(ports), args).body
        return body if body is None or fits_memory(world, definition, body) else None
    finally:
        world.stack.pop()


def fits_memory(world: World, definition: Definition, body: Body) -> bool:
    """Written out, with every pass of its repeats, the model stays within what names can be given to."""
    uses = count(body)
    if uses > LIMITS.uses:
        world.report(ExpansionTooLarge(at=definition.node.name_span, what=f"`{definition.name}`", count=uses, limit=LIMITS.uses))
    return uses <= LIMITS.uses


def free_symbols(frame: Frame, definition: Definition) -> None:
    for declared in definition.inputs:
        for node in declared.type.dims:
            if isinstance(node, tree.Name) and node.text[:1].isupper() and node.text not in frame.env:
                frame.env[node.text] = Dim.symbol(node.text)
                frame.facts = frame.facts.origin(node.text, node.span, f"input {declared.name}")
    for name, _ in definition.unread_symbols:
        frame.env.setdefault(name, UNKNOWN)


def free_input(frame: Frame, declared: tree.Input) -> Port | None:
    try:
        found = types.type_of(frame, declared.type)
    except Mistake as mistake:
        frame.world.report(mistake.diagnostic)
        found = None
    if found is None:
        frame.env[declared.name] = UNKNOWN
        return None
    frame.env[declared.name] = tensor = named_wire(frame, declared.name, found, declared.name_span)
    return Port(declared.name, tensor.wire, declared.span)
