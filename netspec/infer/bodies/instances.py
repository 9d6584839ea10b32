"""Elaborates uses of blocks: their inputs are held against the declared types, and each body is elaborated once per (arguments, input
types).
"""

from __future__ import annotations

from collections.abc import Mapping

from netspec.diagnostics.base import Diagnostic, Repair
from netspec.diagnostics.calls.arguments import Recursion
from netspec.diagnostics.calls.inputs import InputMismatch, MissingInput, NotATensor, TooManyInputs
from netspec.diagnostics.names.bindings import OnlyInPhase
from netspec.diagnostics.shapes.expansion import DEEP, ExpansionTooLarge
from netspec.diagnostics.shapes.proofs import NotStatic
from netspec.infer import types
from netspec.infer.bodies import statements, variables
from netspec.infer.bodies.variables import make_state_ports
from netspec.infer.calls.arguments import bind_params, list_dim_conditions
from netspec.infer.calls.call_rule import Bound, Call
from netspec.infer.calls.varying import find_varying, key_of_passes, list_rows
from netspec.infer.frame import Frame, World, places_of
from netspec.infer.instance import PASS, Instance, emit_instance
from netspec.infer.values import UNKNOWN, BlockValue, Given, Tensor, Unknown, Value, describe, key_of, to_plain
from netspec.ir import Body, Node, Port, Repeat, fold
from netspec.ir.paths import count
from netspec.limits import LIMITS
from netspec.proofs.instances import find_clashes
from netspec.record import replace
from netspec.resolve.cycles import find_cycle, list_reachable
from netspec.resolve.graph import Definition
from netspec.shape import Dim, Facts, TensorType
from netspec.source import Span
from netspec.syntax import tree


def use_block(frame: Frame, use: Call, value: BlockValue, bound: Bound) -> Value:
    """Emit the call of a block's instance."""
    definition, world = value.definition, frame.world
    if definition.name in world.stack:
        cycle = (*world.stack[world.stack.index(definition.name) :], definition.name)
        return world.report(Recursion(at=use.span, cycle=cycle))
    if len(world.stack) > LIMITS.block_depth:
        return world.report(describe_depth(world, definition, use.span))
    if definition.is_cell:
        from netspec.diagnostics.calls.recurrences import CellOutsideTime  # only specs with this problem need it

        return world.report(CellOutsideTime(at=use.span, cell=definition.name))
    tensors = [g.value for _, g in spread(definition, bound.tensors)]
    made = make_instance(frame, use, value, bound.tensors)
    if made is None:
        return UNKNOWN
    tensors += [value.args[name].value for name in made.varying]
    return emit_instance(frame, made, tensors, use.segment(frame), use.callee is not use.value, use.span)


def describe_depth(world: World, definition: Definition, at: Span) -> Diagnostic:
    """Blocks that use one another beyond the limit: in a circle, where their text has one, else in a row that is too long."""
    world.elaborated.update(id(d) for d in list_reachable(world.graph, definition))  # this one problem stands for all behind it
    cycle = find_cycle(world.graph, definition)
    if cycle:
        return Recursion(at=at, cycle=cycle)
    return ExpansionTooLarge(at=at, what="this", count=len(world.stack), limit=LIMITS.block_depth, things=DEEP)


def make_instance(frame: Frame, use: Call, value: BlockValue, given: list[Given], varies: bool = True) -> Instance | None:
    """The instance of a block for these arguments and input types; None after a problem with them."""
    definition, world = value.definition, frame.world
    varying = find_varying(frame, value.args) if varies else {}
    args = bind_passes(frame, use, value, varying) if varying else bind_values(frame, use, value, value.args)
    pairs = spread(definition, given)
    tensors, counts = [g.value for _, g in pairs], tuple(i.name for i, _ in pairs)
    strange = next(((i.name, g) for i, g in pairs if not isinstance(g.value, Tensor | Unknown)), None)
    if strange is not None:
        name, other = strange
        frame.report(NotATensor(at=other.span, what=describe(other.value), wanted=f"the input `{name}` of `{value.name}`"))
    if args is None or not all(isinstance(t, Tensor) for t in tensors):
        return None
    loops: list[object] = []
    numbers = {name: key_of_passes(frame.passes[tensor.wire], loops) for name, tensor in varying.items()}
    keys = {n: numbers.get(n) or key_of(v) for n, v in args.items()}
    key = (id(definition), tuple(sorted(keys.items())), tuple(t.type for t in tensors), counts, id(frame.facts))
    if key not in world.instances:
        with world.entering(definition.name, use.span):
            written = {name: frame.find_origin(argument.span) for name, argument in value.args.items()}
            world.instances[key] = (elaborate_block(frame, use, definition, args, pairs, written, varying), frame.facts)
    made: Instance = world.instances[key][0]
    frame.take(made.assumed)
    return made


Pairs = list[tuple[tree.Input, Given]]


def spread(definition: Definition, given: list[Given]) -> Pairs:
    """Each tensor with the input that it is for: of a list several."""
    pairs: Pairs = []
    for declared, one in zip(definition.inputs, given, strict=True):
        items = one.value if declared.name in definition.lists and isinstance(one.value, tuple) else (one.value,)
        pairs += [(declared, Given(item, one.span)) for item in items]
    return pairs


def bind_values(frame: Frame, use: Call, value: BlockValue, given: Mapping[str, Given]) -> dict[str, Value] | None:
    """All params of a block with their values; None after a problem."""
    made_at = use.span if use.callee is use.value else use.value.span  # a shared instance has its arguments where it is declared
    return bind_params(frame.world, value.definition, given, made_at, frame.facts, value.call)


def bind_passes(frame: Frame, use: Call, value: BlockValue, varying: Mapping[str, Tensor]) -> dict[str, Value] | None:
    """The same where some differ from pass to pass of a `repeat`: those of the first pass; every pass is checked."""
    bound = [bind_values(frame, use, value, row) for row in list_rows(frame, value.args, varying)]
    return None if any(args is None for args in bound) else bound[0]


def elaborate_cell(frame: Frame, use: Call, value: BlockValue, steps: list[Given]) -> Body | None:
    """The body of a block with `state` for one step of its sequences."""
    takes = tuple(i.name for i in value.definition.inputs)
    if len(takes) != len(steps):
        frame.report(describe_count(use, value.name, takes, len(steps)))
        return None
    made = make_instance(frame, use, value, steps, varies=False)
    body = made.body if made is not None else None
    partial = next((port for port in body.outputs if port.phase), None) if body is not None else None
    if partial is not None:
        frame.report(OnlyInPhase(at=partial.span, name=partial.name, phase=str(partial.phase)))
    return body if partial is None else None


def describe_count(use: Call, cell: str, takes: tuple[str, ...], given: int) -> Diagnostic:
    """A cell that gets more sequences than it has inputs, or fewer."""
    if given > len(takes):
        return TooManyInputs(at=use.span, op=cell, takes=takes, given=given)
    return MissingInput(at=use.span, op=cell, names=takes[given:], all=takes, runs=use.name)


def elaborate_block(
    outer: Frame,
    use: Call,
    definition: Definition,
    args: dict[str, Value],
    given: Pairs,
    written: dict[str, Span],
    varying: Mapping[str, Tensor],
) -> Instance:
    """A new body for these arguments and input types; `written`: where the arguments are. Those that differ from pass to pass of a `repeat`
    are further inputs."""
    world = outer.world
    world.elaborated.add(id(definition))
    frame = Frame(world, definition.name, outer.facts)
    frame.env.update(args)
    frame.written.update(written)
    if not bind_inputs(frame, outer, use, definition, given):
        return Instance(None, tuple(UNKNOWN for _ in definition.outputs), tuple(None for _ in definition.outputs))
    ports = tuple(port for i in definition.inputs for port in list_ports(i, frame.env[i.name]))
    numbers = tuple(make_port(frame, outer, name, tensor) for name, tensor in varying.items())
    statements.run(frame, (*list_dim_conditions(definition), *definition.node.body.statements))
    made = finish_body(frame, definition, (*ports, *numbers), args)
    return replace(made, varying=tuple(varying))


def list_ports(declared: tree.Input, value: Value) -> list[Port]:
    """The ports of an input: of a list one for each of its tensors."""
    if isinstance(value, Tensor):
        return [Port(declared.name, value.wire, declared.span)]
    return [Port(f"{declared.name}.{place}", tensor.wire, declared.span) for place, tensor in enumerate(value)]


def make_port(frame: Frame, outer: Frame, name: str, tensor: Tensor) -> Port:
    """A param as an input, whose numbers in each pass are known."""
    inner = frame.named_wire(name, tensor.type, outer.origins[tensor.wire])
    frame.env[name], frame.passes[inner.wire] = inner, outer.passes[tensor.wire]
    return Port(PASS + name, inner.wire)


def finish_body(frame: Frame, definition: Definition, ports: tuple[Port, ...], args: dict[str, Value]) -> Instance:
    """The instance: no body when an output is unknown."""
    named = {out[0]: out for out in reversed(statements.outputs_of(frame))}
    outputs = [out for out in statements.outputs_of(frame) if named[out[0]] is out]  # of a name that stands twice the first
    results = tuple(v.type if isinstance(v, Tensor) else UNKNOWN for _, v, *_ in outputs)
    names = tuple(n for n, *_ in outputs)
    if not outputs or any(isinstance(r, Unknown) for r in results):
        return Instance(None, results or (UNKNOWN,), names or (None,))
    variables.bind_written(frame)
    state_ports = make_state_ports(frame)
    if state_ports is None:
        return Instance(None, tuple(UNKNOWN for _ in results), names)
    before, after = state_ports
    states = tuple(s for s, _, _ in frame.states)
    ends = tuple(Port(name or "output", value.wire, span, phase) for name, value, span, phase in outputs)
    span = definition.node.span
    made = (frame.types, args, frame.wire_names, frame.facts, span, states)
    body = Body(definition.name, (*ports, *before), (*ends, *after), tuple(frame.nodes), *made)
    frame.world.report_all(find_clashes(body, frame.origins))
    return Instance(body, results, names, tuple(frame.assumed))


def bind_inputs(frame: Frame, outer: Frame, use: Call, definition: Definition, given: Pairs) -> bool:
    """Bind the dims' symbols to the caller's sizes, then hold every declared dim against the tensor that came."""
    pairs = [(declared, (one.value, one.span)) for declared, one in given]
    frame.env.update(dict.fromkeys(definition.lists, ()))
    for declared, (tensor, _) in pairs:
        bind_symbols(frame, declared, tensor.type)
    for declared, (tensor, at) in pairs:
        why = explain_mismatch(frame, declared, tensor.type)
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
                sizes=describe_sizes(frame, declared),
            )
            with_trail = outer.world.trail.pop()
            outer.report(explain_input(outer, frame, use, declared, tensor, at, replace(problem, chain=places_of(outer, [tensor]))))
            outer.world.trail.append(with_trail)
            return False
        wire = frame.named_wire(declared.name, tensor.type, declared.name_span)
        frame.env[declared.name] = (*frame.env[declared.name], wire) if declared.name in definition.lists else wire
    return True


def explain_input(
    outer: Frame, inner: Frame, use: Call, declared: tree.Input, tensor: Tensor, at: Span, problem: InputMismatch
) -> Diagnostic:
    """The problem with what might make the tensor fit, or the block."""
    from netspec.infer.repairs.proposals import with_claim  # only specs with a problem need it

    dims = declared.type.dims
    if any(isinstance(d, tree.Dots) for d in dims):
        return problem
    sizes = tuple(inner.env.get(d.text) if isinstance(d, tree.Name) else None for d in dims)
    shape = tensor.type.shape if len(dims) == tensor.type.rank else (Dim.of(1),) * len(dims)
    known = (
        types.evaluate_dims(inner, dims)
        if all(isinstance(v, int | Dim) or not isinstance(d, tree.Name) for v, d in zip(sizes, dims, strict=True))
        else None
    )
    swapped = replace(problem, ways=swap_inputs(use))
    return with_claim(outer, use.span, Given(tensor, at), known or shape, tuple(d.span.text for d in dims), swapped)


def swap_inputs(use: Call) -> tuple[Repair, ...]:
    """Two inputs before the arrow the other way round."""
    from netspec.infer.calls.input_repairs import swap_names  # only specs with a problem need it

    spans = [given.span for _, given in use.inputs]
    edits = swap_names(spans[0], (1, 0)) if len(spans) == 2 and spans[0] == spans[1] else ()
    return (Repair(edits, f"they stand the other way round: `{edits[0].text} -> {use.name}`"),) if edits else ()


def describe_sizes(frame: Frame, declared: tree.Input) -> str:
    """`D is 8`: what the symbols of an input stand for in this use."""
    names = dict.fromkeys(d.text for d in declared.type.dims if isinstance(d, tree.Name) and d.text[:1].isupper())
    return ", ".join(f"{n} is {frame.env[n]}" for n in names if n in frame.env and str(frame.env[n]) != n)


def bind_symbols(frame: Frame, declared: tree.Input, found: TensorType) -> None:
    """A symbol binds at its first plain occurrence."""
    pattern = tuple(None if isinstance(d, tree.Dots) else d for d in declared.type.dims)
    aligned = types.align(pattern, found.shape)  # type: ignore[arg-type]
    for _, node, dim in aligned or ():
        if isinstance(node, tree.Name) and node.text[:1].isupper() and node.text not in frame.env:
            frame.env[node.text] = to_plain(dim)


def explain_mismatch(frame: Frame, declared: tree.Input, found: TensorType) -> str | None:
    """Why a tensor does not fit a declared input, or None."""
    dtype, pattern = types.read_dtype(frame, declared.type), None
    if dtype is not None and dtype != found.dtype:
        return f"elements are {found.dtype}, not {dtype}"
    aligned_ranks = None not in [None if isinstance(d, tree.Dots) else d for d in declared.type.dims]
    if aligned_ranks and len(declared.type.dims) != found.rank:
        return f"{found.rank} axes, not {len(declared.type.dims)}"
    pattern = types.evaluate_dims(frame, declared.type.dims)
    return types.explain_shape(frame, pattern, found.shape) if pattern is not None else None


def find_model(world: World, definition: Definition, given: dict[str, Given], at: Span) -> Body | None:
    """A model with its arguments: its dims' symbols stay free."""
    args = bind_params(world, definition, given, at, Facts())
    if args is None:
        return None
    key = ("model", id(definition), tuple(sorted((n, key_of(v)) for n, v in args.items())))
    if key not in world.instances:
        world.instances[key] = elaborate_model(world, definition, args)
    return world.instances[key]


def elaborate_model(world: World, definition: Definition, args: dict[str, Value]) -> Body | None:
    """The body of a model on sizes that are free; None after a problem."""
    frame = Frame(world, definition.name, Facts())
    frame.of_model = True
    frame.env.update(args)
    world.elaborated.add(id(definition))
    with world.instance(definition.name):
        bind_free_symbols(frame, definition)
        for declared in (i for i in definition.inputs if i.name in definition.lists):
            how = "a model is given its arrays by name: declare one input for each"
            problem = NotStatic(at=declared.type.span, what="an input of a model", found="a list", wanted="one tensor here", how=how)
            frame.report(problem)
            frame.env[declared.name] = UNKNOWN
        single = [i for i in definition.inputs if i.name not in definition.lists]
        ports = [port for port in (bind_free_input(frame, i) for i in single) if port is not None]
        statements.run(frame, (*list_dim_conditions(definition), *definition.node.body.statements))
        if len(ports) < len(definition.inputs):
            return None
        body = finish_body(frame, definition, tuple(ports), args).body
        return body if body is None or fits_memory(world, definition, body) else None


def fits_memory(world: World, definition: Definition, body: Body) -> bool:
    """Written out, with every pass of its repeats, the model stays within what names can be given to."""
    uses, repeats = count(body), fold(body, count_repeats, lambda depths: max(depths, default=0))
    for found, limit, things in ((uses, LIMITS.uses, "nodes"), (repeats, LIMITS.repeats, "repeats inside one another")):
        if found > limit:
            at, what = definition.node.name_span, f"`{definition.name}`"
            world.report(ExpansionTooLarge(at=at, what=what, count=found, limit=limit, things=things))
            return False
    return True


def count_repeats(node: Node, below: list[int]) -> int:
    """How many repeats stand inside one another here: each is an axis of the weights in it."""
    return max(below, default=0) + isinstance(node, Repeat)


def bind_free_symbols(frame: Frame, definition: Definition) -> None:
    """Each dim that an input names is a symbol of the model."""
    for declared in definition.inputs:
        for node in declared.type.dims:
            if isinstance(node, tree.Name) and node.text[:1].isupper() and node.text not in frame.env:
                frame.env[node.text] = Dim.symbol(node.text)
                frame.facts = frame.facts.origin(node.text, node.span, f"input {declared.name}")
    for name, _ in definition.unread_symbols:
        frame.env.setdefault(name, UNKNOWN)


def bind_free_input(frame: Frame, declared: tree.Input) -> Port | None:
    """Bind an input's name to a tensor of its declared type; None after a problem with the type."""
    found = types.read_type(frame, declared.type)
    if found is None:
        frame.env[declared.name] = UNKNOWN
        return None
    frame.env[declared.name] = tensor = frame.named_wire(declared.name, found, declared.name_span)
    return Port(declared.name, tensor.wire, declared.span)
