"""An op's inputs held against what it declares, and its result types by its shape rule."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.calls.inputs import WrongDtype, WrongRank
from netspec.diagnostics.shapes.expansion import FreeParameter, SizeOutOfRange, SizeTooComplex
from netspec.diagnostics.shapes.operands import with_operands
from netspec.infer.frame import Frame, places_of
from netspec.infer.types import find_broken_limit
from netspec.infer.uses import Bound, Call
from netspec.infer.values import Given, Mean, Tensor
from netspec.ir import Literal, Operand
from netspec.library.base import Callable, Layer, Op
from netspec.proofs.id_ceilings import need_rows
from netspec.record import replace
from netspec.shape import Dim, DimTooComplex, TensorType
from netspec.source import Span

DTYPE_WORDS = {"float": "float", "int": "whole", "bool": "bool", "number": "float or whole"}


def prove_types(frame: Frame, use: Call, op: Callable, bound: Bound) -> tuple[TensorType, ...] | None:
    """The result types by the op's shape rule; None after a reported problem."""
    if not inputs_fit(frame, use, op, bound):
        return None
    inputs, optional = collect_types(bound)
    try:
        result = op.shape(frame.facts, *inputs, **optional)
        need_rows(frame.facts, frame.nodes, op, inputs, name_wires(op, bound))
    except Mistake as mistake:
        frame.report(place_problem(frame, use, op, bound, mistake.diagnostic))
        return None
    except DimTooComplex:
        frame.report(SizeTooComplex(at=use.span))
        return None
    types = result if isinstance(result, tuple) else (result,)
    return types if all(size_fits(frame, use, t) for t in types) else None


def name_wires(op: Callable, bound: Bound) -> dict[str, int]:
    """The tensors that the op's inputs are given."""
    given = {declared.name: tensor for declared, tensor in zip(op.inputs, bound.tensors, strict=False)} | bound.optional
    return {name: tensor.value.wire for name, tensor in given.items() if isinstance(tensor.value, Tensor)}


def collect_types(bound: Bound) -> tuple[list, dict]:
    """Types for a shape rule; a literal stands for itself."""
    inputs = [g.value.type if isinstance(g.value, Tensor | Mean) else g.value for g in bound.tensors]
    return inputs, {n: g.value.type for n, g in bound.optional.items()}


def size_fits(frame: Frame, use: Call, found: TensorType) -> bool:
    broken = find_broken_limit(found)
    if broken is not None:
        what, value, limit = broken
        frame.report(SizeOutOfRange(at=use.span, what=f"{what} of `{use.name}`'s result {found}", value=value, limit=limit))
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
        chain = places_of(frame, [given.value])
        within = given.span.start >= use.span.start and given.span.end <= use.span.end
        at = given.span if within else use.span  # an argument, or before `->`
        if not dtype_fits(declared.dtype, type_):
            wanted = DTYPE_WORDS[declared.dtype]
            frame.report(WrongDtype(at=at, op=use.name, input=declared.name, wanted=wanted, found=str(type_), chain=chain))
            return False
        meaning = declared.doc.rstrip(".")
        frame.report(
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


def place_problem(frame: Frame, use: Call, op: Op, bound: Bound, problem: Diagnostic) -> Diagnostic:
    """A shape rule's problem, laid at the argument or the op it blames, with the shapes that led to it."""
    chain = places_of(frame, [g.value for g in (*bound.tensors, *bound.optional.values())])
    args = {**use.value.args, **bound.args}
    span: Span = use.span
    if problem.blame in args:
        span = args[problem.blame].span
    elif problem.blame in bound.optional:
        span = bound.optional[problem.blame].span
    named = with_operands(problem, tuple(g.span.text for g in bound.tensors))
    return replace(named, at=span, chain=problem.chain or chain)


def shapes_are_fixed(frame: Frame, use: Call, op: Callable, bound: Bound) -> bool:
    """No parameter's shape depends on a free dim of the model."""
    if not isinstance(op, Layer):
        return True
    inputs, optional = collect_types(bound)
    for name, weight in {**op.params(*inputs, **optional), **op.buffers(*inputs, **optional)}.items():
        free = sorted({s for d in weight.shape if isinstance(d, Dim) for s in frame.facts.normal(d).symbols()})
        if free:
            shape = "[" + ", ".join(map(str, weight.shape)) + "]"
            problem = FreeParameter(at=use.span, op=use.name, parameter=name, shape=shape, symbols=tuple(free))
            frame.report(replace(problem, chain=places_of(frame, [g.value for g in bound.tensors])))
            return False
    return True


def to_operands(given: list[Given]) -> tuple[Operand, ...]:
    return tuple(g.value.wire if isinstance(g.value, Tensor | Mean) else Literal(g.value) for g in given)
