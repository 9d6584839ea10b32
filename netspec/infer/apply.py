"""Uses of library ops: the op is made, its inputs checked, its shape rule asked, its node emitted."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.calls.inputs import WrongDtype, WrongRank
from netspec.diagnostics.calls.recurrences import CellOutsideTime
from netspec.diagnostics.shapes.expansion import FreeParameter, SizeOutOfRange, SizeTooComplex
from netspec.diagnostics.shapes.operands import with_operands
from netspec.infer.frame import Frame, places
from netspec.infer.make import kinds_wanted, make
from netspec.infer.types import beyond_limits
from netspec.infer.values import UNKNOWN, Given, Mean, OpValue, Parameters, Record, Several, Tensor, Unknown, Value, is_number
from netspec.ir import Apply, Literal, Operand
from netspec.library.base import Callable, Layer, Measure, Op
from netspec.library.layers.cells import Cell, Recurrence
from netspec.library.shelf import index
from netspec.limits import LIMITS
from netspec.proofs.id_ceilings import need_rows
from netspec.record import replace
from netspec.shape import Dim, DimTooComplex, TensorType
from netspec.source import Span

if TYPE_CHECKING:
    from netspec.diagnostics.running.plugins import PluginFault
    from netspec.infer.binding import Bound, Call

DTYPE_WORDS = {"float": "float", "int": "whole", "bool": "bool", "number": "float or whole"}
__all__ = ["kinds_wanted", "measure", "types_of", "use_op"]


def use_op(frame: Frame, use: Call, value: OpValue, bound: Bound) -> Value:
    """Emit the node of an op and return its result. What goes wrong in the code of a plugin is laid at its use."""
    try:
        return emitted(frame, use, value, bound)
    except Exception as error:
        fault = fault_of(error)
        if fault is None:
            raise
        frame.world.report(replace(fault, at=use.span))
        return UNKNOWN


def emitted(frame: Frame, use: Call, value: OpValue, bound: Bound) -> Value:
    if getattr(index.load(value.entry), "parts", ()):
        from netspec.infer import rounds  # with its ops, which few specs need

        return rounds.use(frame, use, value, bound)
    op = make(frame, replace(value, args={n: g for n, g in value.args.items() if not holds_tensors(g.value)}))
    if not isinstance(op, Callable):
        return UNKNOWN
    if isinstance(op, Recurrence):
        from netspec.infer import recurrences  # with its ops, which few specs need

        return recurrences.use(frame, use, op, bound)
    if isinstance(op, Cell):
        frame.world.report(CellOutsideTime(at=use.span, cell=use.name))
        return UNKNOWN
    if any(isinstance(g.value, Parameters) for g in bound.tensors):
        return of_parameters(frame, use, op, bound)
    if any(isinstance(g.value, Mean) for g in (*bound.tensors, *bound.optional.values())):
        if value.entry.kind == "operator" or on_numbers(op, bound):
            return on_means(frame, use, op, bound)
        if not values_given(frame, use, bound):
            return UNKNOWN
    results = types_of(frame, use, op, bound)
    if results is None or not parameters_fixed(frame, use, op, bound):
        return UNKNOWN
    outputs = [frame.wire(t, use.span) for t in results]
    optional = tuple((n, g.value.wire) for n, g in bound.optional.items())
    segment = use.segment(frame)
    shared = use.callee is not use.value
    node = Apply(op, operands(bound.tensors), tuple(o.wire for o in outputs), segment, optional, shared, use.span)
    frame.emit(node)
    if op.exports:
        from netspec.infer.exporting import export  # few ops do

        export(frame, node)
    return outputs[0] if len(outputs) == 1 else Several(tuple((None, o) for o in outputs))


def fault_of(error: Exception) -> PluginFault | None:
    """The plugin that failed, where plugins are in use at all."""
    plugins = sys.modules.get("netspec.library.shelf.plugins")
    return plugins.blamed(error) if plugins else None


def holds_tensors(value: Value) -> bool:
    """An argument that is made of tensors (a recurrence's first states), which an op cannot keep."""
    if isinstance(value, dict):
        return any(isinstance(v, Tensor | Unknown) or holds_tensors(v) for v in value.values())
    return isinstance(value, Record)


def operands(given: list[Given]) -> tuple[Operand, ...]:
    return tuple(g.value.wire if isinstance(g.value, Tensor | Mean) else Literal(g.value) for g in given)


def types_of(frame: Frame, use: Call, op: Callable, bound: Bound) -> tuple[TensorType, ...] | None:
    """The result types by the op's shape rule; None after a reported problem."""
    if not inputs_fit(frame, use, op, bound):
        return None
    inputs, optional = input_types(bound)
    try:
        result = op.shape(frame.facts, *inputs, **optional)
        need_rows(frame.facts, frame.nodes, op, inputs, wires_by_name(op, bound))
    except Mistake as mistake:
        frame.world.report(placed(frame, use, op, bound, mistake.diagnostic))
        return None
    except DimTooComplex:
        frame.world.report(SizeTooComplex(at=use.span))
        return None
    types = result if isinstance(result, tuple) else (result,)
    return types if all(size_fits(frame, use, t) for t in types) else None


def wires_by_name(op: Callable, bound: Bound) -> dict[str, int]:
    """The tensors that the op's inputs are given."""
    given = {declared.name: tensor for declared, tensor in zip(op.inputs, bound.tensors, strict=False)} | bound.optional
    return {name: tensor.value.wire for name, tensor in given.items() if isinstance(tensor.value, Tensor)}


def input_types(bound: Bound) -> tuple[list, dict]:
    """Types for a shape rule; a literal stands for itself."""
    inputs = [g.value.type if isinstance(g.value, Tensor | Mean) else g.value for g in bound.tensors]
    return inputs, {n: g.value.type for n, g in bound.optional.items()}


def size_fits(frame: Frame, use: Call, found: TensorType) -> bool:
    broken = beyond_limits(found)
    if broken is not None:
        what, value, limit = broken
        frame.world.report(SizeOutOfRange(at=use.span, what=f"{what} of `{use.name}`'s result {found}", value=value, limit=limit))
    return broken is None


def inputs_fit(frame: Frame, use: Call, op: Callable, bound: Bound) -> bool:
    """Element types and least ranks, as the op declares them."""
    named = {i.name: i for i in op.inputs}
    required = [i for i in op.inputs if not i.optional]
    pairs = [(required[0], g) for g in bound.tensors] if op.variadic and required else list(zip(required, bound.tensors, strict=False))
    pairs += [(named[n], g) for n, g in bound.optional.items() if n in named]
    for declared, given in pairs:
        if not isinstance(given.value, Tensor | Mean):
            continue
        type_: TensorType = given.value.type
        if dtype_fits(declared.dtype, type_) and type_.rank >= declared.rank:
            continue
        chain = places(frame, [given.value])
        within = given.span.start >= use.span.start and given.span.end <= use.span.end
        at = given.span if within else use.span  # an argument, or before `->`
        if not dtype_fits(declared.dtype, type_):
            wanted = DTYPE_WORDS[declared.dtype]
            frame.world.report(WrongDtype(at=at, op=use.name, input=declared.name, wanted=wanted, found=str(type_), chain=chain))
            return False
        meaning = declared.doc.rstrip(".")
        frame.world.report(
            WrongRank(at=at, op=use.name, input=declared.name, wanted=declared.rank, found=str(type_), meaning=meaning, chain=chain)
        )
        return False
    return True


def dtype_fits(wanted: str, found: TensorType) -> bool:
    match wanted:
        case "float":
            return found.is_float
        case "int":
            return found.is_int
        case "bool":
            return found.dtype == "bool"
        case "number":
            return found.is_float or found.is_int
    return True


def placed(frame: Frame, use: Call, op: Op, bound: Bound, problem: Diagnostic) -> Diagnostic:
    """A shape rule's problem, laid at the argument or the op it blames, with the shapes that led to it."""
    chain = places(frame, [g.value for g in (*bound.tensors, *bound.optional.values())])
    args = {**use.value.args, **bound.args}
    span: Span = use.span
    if problem.blame in args:
        span = args[problem.blame].span
    elif problem.blame in bound.optional:
        span = bound.optional[problem.blame].span
    named = with_operands(problem, tuple(g.span.text for g in bound.tensors))
    return replace(named, at=span, chain=problem.chain or chain)


def parameters_fixed(frame: Frame, use: Call, op: Callable, bound: Bound) -> bool:
    """No parameter's shape depends on a free dim of the model."""
    if not isinstance(op, Layer):
        return True
    inputs, optional = input_types(bound)
    for name, weight in {**op.params(*inputs, **optional), **op.buffers(*inputs, **optional)}.items():
        free = sorted({s for d in weight.shape if isinstance(d, Dim) for s in frame.facts.normal(d).symbols()})
        if free:
            shape = "[" + ", ".join(map(str, weight.shape)) + "]"
            problem = FreeParameter(at=use.span, op=use.name, parameter=name, shape=shape, symbols=tuple(free))
            frame.world.report(replace(problem, chain=places(frame, [g.value for g in bound.tensors])))
            return False
    return True


def measure(frame: Frame, use: Call, value: OpValue, bound: Bound) -> Value:
    """A loss or metric: only `train` has a place for it."""
    from netspec.infer.objective import ObjectiveFrame, add_measure, not_here

    if not isinstance(frame, ObjectiveFrame):
        return not_here(frame, use, value)
    frame.world.call(LIMITS.measure_values)
    if any(isinstance(g.value, Parameters) for g in bound.tensors):
        return of_parameters(frame, use, Callable(), bound)
    op = make(frame, value)
    if isinstance(op, Unknown) or not isinstance(op, Measure):
        return UNKNOWN
    return add_measure(frame, use, op, bound)


def fill_numbers(frame: Frame, value: OpValue, bound: Bound) -> None:
    """Numbers behind the first input of a loss or metric become tensors of its shape; class labels (declared `number`) do not."""
    from netspec.infer.objective import ObjectiveFrame, number_filled

    if isinstance(frame, ObjectiveFrame) and any(is_number(g.value) for g in bound.tensors) and isinstance(bound.tensors[0].value, Tensor):
        declared = [i for i in index.load(value.entry).inputs if not i.optional]
        pairs = zip(declared, bound.tensors, strict=False)
        like = bound.tensors[0].value.type
        bound.tensors = [number_filled(frame, g, like) if is_number(g.value) and i.dtype != "number" else g for i, g in pairs]


def on_numbers(op: Callable, bound: Bound) -> bool:
    """A function that works element by element, on finished means alone: `exp(xent)`."""
    return op.elementwise and not any(isinstance(g.value, Tensor) for g in bound.tensors)


def on_means(frame: Frame, use: Call, op: Callable, bound: Bound) -> Value:
    """Arithmetic on finished means happens after the sums: in the objective's `finish` body."""
    from netspec.infer.objective import ObjectiveFrame, apply_to_means

    return apply_to_means(frame, use, op, bound) if isinstance(frame, ObjectiveFrame) else UNKNOWN


def values_given(frame: Frame, use: Call, bound: Bound) -> bool:
    """A loss that is an argument of another function stands for its values."""
    from netspec.infer.objective import ObjectiveFrame, given_values

    return isinstance(frame, ObjectiveFrame) and given_values(frame, use, bound)


def of_parameters(frame: Frame, use: Call, op: Callable, bound: Bound) -> Value:
    """A function of parameters: `l2(params("**/kernel"))`."""
    from netspec.infer.objective import ObjectiveFrame
    from netspec.infer.selecting import penalty

    return penalty(frame, use, op, bound) if isinstance(frame, ObjectiveFrame) else UNKNOWN
