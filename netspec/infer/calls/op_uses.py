"""Elaborates uses of library ops: it makes the op, holds its inputs against what it declares, asks its shape rule and emits its node."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.calls.inputs import NotATensor, WrongDtype, WrongRank
from netspec.diagnostics.shapes.expansion import FreeParameter, SizeOutOfRange, SizeTooComplex
from netspec.diagnostics.shapes.operands import with_operands
from netspec.infer.calls import certainty
from netspec.infer.calls.construction import construct_use
from netspec.infer.calls.varying import construct_varying, find_varying
from netspec.infer.frame import Frame, places_of
from netspec.infer.types import find_broken_limit, pair_with_ports
from netspec.infer.values import UNKNOWN, Given, Mean, OpValue, Parameters, Several, Tensor, Value, describe
from netspec.ir import Apply, Literal, Operand
from netspec.library.base import Callable, Layer, Op
from netspec.library.shelf import index
from netspec.proofs.id_ceilings import need_rows
from netspec.record import replace
from netspec.shape import Dim, DimTooComplex, TensorType
from netspec.source import Span

if TYPE_CHECKING:
    from netspec.diagnostics.running.plugins import PluginFault
    from netspec.infer.calls.call_rule import Bound, Call


def use_op(frame: Frame, use: Call, value: OpValue, bound: Bound) -> Value:
    """Emit the node of an op and return its result. What goes wrong in the code of a plugin is laid at its use."""
    try:
        return emit_use(frame, use, value, bound)
    except Exception as error:
        fault = find_fault(error)
        if fault is None:
            raise
        return frame.report(replace(fault, at=use.span))


def emit_use(frame: Frame, use: Call, value: OpValue, bound: Bound) -> Value:
    """Emit one node, or what is built for the op where that is more."""
    built = index.load(value.entry).built  # type: ignore[attr-defined]
    if built and frame.world.doubtful is not None:
        construct_use(frame, value)  # what it is made of is proved at a use
        return UNKNOWN
    if built:
        strange = next((g for g in (*bound.tensors, *bound.optional.values()) if isinstance(g.value, Mean | Parameters)), None)
        if strange is not None:
            return frame.report(NotATensor(at=strange.span, what=describe(strange.value), wanted=f"an input of `{use.name}`"))
        return frame.world.elaborate.builders[built](frame, use, value, bound)
    varying = find_varying(frame, value.args)
    op = construct_varying(frame, value, varying) if varying else construct_use(frame, value)
    if not isinstance(op, Callable):
        return UNKNOWN
    if any(isinstance(g.value, Mean | Parameters) for g in (*bound.tensors, *bound.optional.values())):
        measured = frame.use_measured(use, op, bound)
        if measured is not None:
            return measured
    if bound.optional and type(op).lifts is not Callable.lifts:
        lift_inputs(frame, op, bound)
    results = prove_types(frame, use, op, bound)
    if results is not None and type(op).foreign is not Callable.foreign:
        warn_of_habit(frame, use, op, bound)
    if results is None or not meanings_fit(frame, use, op, bound) or not shapes_are_fixed(frame, use, op, bound):
        return UNKNOWN
    outputs = [frame.wire(t, use.span) for t in results]
    optional = tuple((n, g.value.wire) for n, g in bound.optional.items())
    segment = use.segment(frame)
    shared = use.callee is not use.value
    numbers = tuple((name, tensor.wire) for name, tensor in varying.items())
    inputs = to_operands(bound.tensors)
    node = Apply(op, inputs, tuple(o.wire for o in outputs), segment, optional, shared, use.span, varying=numbers)
    frame.emit(node)
    if op.exports:
        from netspec.infer.calls.exports import export_values  # few ops do

        export_values(frame, node)
    return outputs[0] if len(outputs) == 1 else Several(tuple((None, o) for o in outputs))


def lift_inputs(frame: Frame, op: Callable, bound: Bound) -> None:
    """Give optional inputs the shape that the op takes, where it knows how."""
    inputs, optional = collect_types(bound)
    for name, lift in op.lifts(frame.facts, *inputs, **optional).items():
        given = bound.optional[name]
        lifted = frame.wire(lift.shape(frame.facts, given.value.type), given.span)  # type: ignore[arg-type]
        frame.emit(Apply(lift, (given.value.wire,), (lifted.wire,), frame.count(lift.op_name()), span=given.span))
        bound.optional[name] = Given(lifted, given.span)


def warn_of_habit(frame: Frame, use: Call, op: Callable, bound: Bound) -> None:
    """Report a call whose positional arguments were meant as another library has them."""
    positional = [arg.value.span for arg in use.args if arg.name is None]
    given = tuple(name for name, arg in use.value.args.items() if arg.span in positional) or tuple(
        name for name, arg in bound.args.items() if arg.span in positional
    )
    meant = op.foreign(given, *collect_types(bound)[0])
    if meant:
        from netspec.diagnostics.calls.habits import ForeignOrder  # few specs have this problem

        spans = [bound.args[name].span for name in given if name in bound.args]
        at = spans[0].to(spans[-1]) if spans else use.span
        frame.report(ForeignOrder(at=at, op=use.name, given=at.text, meant=meant, takes=given, input=str(bound.tensors[0].value.type)))


def find_fault(error: Exception) -> PluginFault | None:
    """The plugin that failed, where plugins are in use at all."""
    plugins = sys.modules.get("netspec.library.shelf.plugins")
    return plugins.find_blamed(error) if plugins else None


def prove_types(frame: Frame, use: Call, op: Callable, bound: Bound) -> tuple[TensorType, ...] | None:
    """The result types by the op's shape rule; None after a reported problem."""
    if not inputs_fit(frame, use, op, bound):
        return None
    inputs, optional = collect_types(bound)
    try:
        result = op.shape(frame.facts, *inputs, **optional)
        need_rows(frame.facts, frame.nodes, op, inputs, name_wires(op, bound))
    except Mistake as mistake:
        if frame.world.doubtful is None or certainty.fails_at_every_size(op, inputs, optional):
            return report_problem(frame, use, op, bound, mistake.diagnostic)
        return None
    except DimTooComplex:
        frame.report(SizeTooComplex(at=use.span))
        return None
    types = result if isinstance(result, tuple) else (result,)
    return types if all(size_fits(frame, use, t) for t in types) else None


def report_problem(frame: Frame, use: Call, op: Callable, bound: Bound, problem: Diagnostic) -> tuple[TensorType, ...] | None:
    """Report what a shape rule refuses; where only a fact about sizes is missing, the types are those that it would give."""
    from netspec.infer.repairs.missing_facts import suppose  # only specs with a problem need it

    inputs, optional = collect_types(bound)
    placed = place_problem(frame, use, op, bound, problem)
    supposed = None
    if frame.world.doubtful is None and frame.world.may_suppose():
        with frame.world.timed():
            supposed = suppose(frame, placed, lambda: op.shape(frame.facts, *inputs, **optional))
    if supposed is None:
        frame.report(placed)
        return None
    problem, types = supposed
    frame.report(problem)
    return types if all(size_fits(frame, use, t) for t in types) else None


def name_wires(op: Callable, bound: Bound) -> dict[str, int]:
    """The tensors that the op's inputs are given."""
    given = dict(zip(op.name_inputs(len(bound.tensors)), bound.tensors, strict=False)) | bound.optional
    return {name: tensor.value.wire for name, tensor in given.items() if isinstance(tensor.value, Tensor)}


def collect_types(bound: Bound) -> tuple[list, dict]:
    """Types for a shape rule; a literal stands for itself."""
    inputs = [g.value.type if isinstance(g.value, Tensor | Mean) else g.value for g in bound.tensors]
    return inputs, {n: g.value.type for n, g in bound.optional.items()}


def size_fits(frame: Frame, use: Call, found: TensorType) -> bool:
    """The result is no larger than a program may have; a problem is reported."""
    return within_limits(frame, use, found, f"`{use.name}`'s result")


def within_limits(frame: Frame, use: Call, found: TensorType, whose: str) -> bool:
    """A tensor is no larger than a program may have; a problem is reported."""
    broken = find_broken_limit(found)
    if broken is not None:
        what, value, limit = broken
        frame.report(SizeOutOfRange(at=use.span, what=f"{what} of {whose} {found}", value=value, limit=limit))
    return broken is None


def meanings_fit(frame: Frame, use: Call, op: Callable, bound: Bound) -> bool:
    """Does every input mean what the op wants? False after a reported problem."""
    named = {i.name: i for i in op.inputs if i.wants}
    if not named:
        return True
    from netspec.proofs.meanings import find_misreading  # few ops ask

    pairs = [*zip(op.inputs, bound.tensors, strict=False), *((named[n], g) for n, g in bound.optional.items() if n in named)]
    readings = [(i, g.value.wire, g.span) for i, g in pairs if i.wants and isinstance(g.value, Tensor)]
    problem = find_misreading(use.name, readings, frame.made_so_far())
    if problem is not None:
        frame.report(problem)
    return problem is None


def inputs_fit(frame: Frame, use: Call, op: Callable, bound: Bound) -> bool:
    """Element types and least ranks, as the op declares them."""
    for declared, given in pair_with_ports(op, bound.tensors, bound.optional):
        if not isinstance(given.value, Tensor | Mean):
            continue
        type_: TensorType = given.value.type
        if declared.takes(type_) and type_.rank >= declared.rank:
            continue
        from netspec.infer.repairs.proposals import with_proposals  # only specs with a problem need it

        chain = places_of(frame, [given.value])
        within = given.span.start >= use.span.start and given.span.end <= use.span.end
        at = given.span if within else use.span  # an argument, or before `->`
        from netspec.infer.calls.input_repairs import find_swapped, propose_types  # only specs with a problem need it

        swapped = find_swapped(frame, use, op, bound)
        if swapped is not None:
            frame.report(swapped)
            return False
        if not declared.takes(type_):
            wanted = declared.elements
            ways = tuple(propose_types(frame, use, bound, declared, given))
            dtype = WrongDtype(at=at, op=use.name, input=declared.name, wanted=wanted, found=str(type_), chain=chain, ways=ways)
            frame.report(with_proposals(frame, use.span, op, [given], bound.args, dtype))
            return False
        meaning = declared.doc.rstrip(".")
        rank = WrongRank(at=at, op=use.name, input=declared.name, wanted=declared.rank, found=str(type_), meaning=meaning, chain=chain)
        frame.report(with_proposals(frame, use.span, op, [given], bound.args, rank))
        return False
    return True


def place_problem(frame: Frame, use: Call, op: Op, bound: Bound, problem: Diagnostic) -> Diagnostic:
    """A shape rule's problem, laid at the argument or the op it blames, with the shapes that led to it."""
    chain = places_of(frame, [g.value for g in (*bound.tensors, *bound.optional.values())])
    args = {**use.value.args, **bound.args}
    span: Span = use.span
    if problem.blame in args:
        span = args[problem.blame].span
    elif problem.blame in bound.optional:
        span = bound.optional[problem.blame].span
    from netspec.infer.repairs.proposals import with_proposals  # only specs with a problem need it

    named = with_operands(problem, tuple(g.span.text for g in bound.tensors))
    found = replace(named, at=span, chain=problem.chain or chain)
    proposed = with_proposals(frame, use.span, op if isinstance(op, Callable) else None, bound.tensors, args, found)
    if problem.blame not in args or not isinstance(op, Callable):
        return proposed
    from netspec.infer.calls.size_repairs import propose_arguments  # only specs with a problem need it

    nearest = propose_arguments(frame, op, args, problem.blame, *collect_types(bound))
    if not nearest or proposed.statements_missing():  # what is to be said of sizes comes before another number
        return proposed
    return replace(proposed, ways=tuple(dict.fromkeys((*proposed.repairs(), *nearest))))


def shapes_are_fixed(frame: Frame, use: Call, op: Callable, bound: Bound) -> bool:
    """No parameter's shape depends on a free dim of the model, or is larger than a program may have."""
    if not isinstance(op, Layer) or frame.world.doubtful is not None:
        return True
    inputs, optional = collect_types(bound)
    for name, weight in {**op.params(*inputs, **optional), **op.buffers(*inputs, **optional)}.items():
        free = sorted({s for d in weight.shape if isinstance(d, Dim) for s in frame.facts.normal(d).symbols()})
        if free:
            shape = "[" + ", ".join(map(str, weight.shape)) + "]"
            problem = FreeParameter(at=use.span, op=use.name, parameter=name, shape=shape, symbols=tuple(free))
            from netspec.infer.repairs.proposals import with_proposals  # only specs with a problem need it

            placed = replace(problem, chain=places_of(frame, [g.value for g in bound.tensors]))
            frame.report(with_proposals(frame, use.span, op, bound.tensors, bound.args, placed))
            return False
        if not within_limits(frame, use, TensorType(weight.dtype, weight.shape), f"`{use.name}`'s parameter `{name}`"):
            return False
    return True


def to_operands(given: list[Given]) -> tuple[Operand, ...]:
    return tuple(g.value.wire if isinstance(g.value, Tensor | Mean) else Literal(g.value) for g in given)
