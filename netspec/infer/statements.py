"""Statements of a body, in order: bindings, loops, conditions that must hold, outputs."""

from __future__ import annotations

from netspec.deadline import note_progress
from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.calls.arguments import MissingArgument
from netspec.diagnostics.calls.inputs import MissingInput, NotATensor, WrongCount
from netspec.diagnostics.shapes.expansion import SizeTooComplex
from netspec.diagnostics.shapes.proofs import NotStatic, TypeMismatch
from netspec.infer import expressions, loops, recurrent, requires, types, variables
from netspec.infer.binding import signature_of
from netspec.infer.frame import Frame, places
from netspec.infer.values import (
    UNKNOWN,
    BlockValue,
    Composed,
    OpValue,
    Several,
    SharedChain,
    SharedInstance,
    Tensor,
    Unknown,
    Value,
    describe,
)
from netspec.ir import Aux
from netspec.record import replace
from netspec.resolve.bodies import output_name
from netspec.shape import DimTooComplex
from netspec.source import Span
from netspec.syntax import tree

Output = tuple[str | None, Value, Span, str | None]
"""Name, value and place of an output, and the phase that it exists in (None: all)."""


def run(frame: Frame, body: tuple[tree.Statement, ...]) -> None:
    """Elaborate statements; a problem in one does not stop the next."""
    for statement in body:
        try:
            note_progress("proving this", statement.span)
            step(frame, statement)
        except Mistake as mistake:
            problem = mistake.diagnostic
            frame.world.report(problem if problem.at.source.path != "<none>" else replace(problem, at=statement.span))
        except DimTooComplex:
            frame.world.report(SizeTooComplex(at=statement.span))


def step(frame: Frame, node: tree.Statement) -> None:
    match node:
        case tree.Binding():
            bind(frame, node)
        case tree.Output():
            output(frame, node)
        case tree.For():
            loops.unroll(frame, node)
        case tree.Repeat():
            loops.repeat(frame, node)
        case tree.Require():
            requires.require(frame, node)
        case tree.Assume():
            requires.assume(frame, node)
        case tree.DimBound():
            requires.bound(frame, node)
        case tree.Shared():
            shared(frame, node)
        case tree.Weight() | tree.Buffer():
            variables.declare(frame, node)
        case tree.Aux():
            exported(frame, node)
        case tree.State():
            recurrent.declare(frame, node)
        case tree.When():
            variables.when(frame, node)
        case tree.Hole():
            for name in node.names:
                frame.env[name] = UNKNOWN
        case tree.Param() | tree.Input():
            pass


def exported(frame: Frame, node: tree.Aux) -> None:
    """`aux balance = …`: a value for `train`, under its name."""
    value = expressions.evaluate(frame, node.value)
    segment = frame.label(node.name, node.name_span)
    if isinstance(value, Tensor):
        frame.emit(Aux(value.wire, segment, node.span))
    elif not isinstance(value, Unknown):
        raise Mistake(NotATensor(at=node.value.span, what=describe(value), wanted=f"the exported value `{node.name}`"))


def bind(frame: Frame, node: tree.Binding) -> None:
    """`x = e`, `a, b = e`, `x: f32[…] = e`."""
    value = expressions.evaluate(frame, node.value)
    values = unpack(frame, node, value)
    for target, part in zip(node.targets, values, strict=True):
        part = declared(frame, target.type, part, node.value.span)
        if target.name == "_":
            continue
        frame.env[target.name] = part
        if isinstance(part, Tensor):
            frame.wire_names.setdefault(part.wire, target.name)


def unpack(frame: Frame, node: tree.Binding, value: Value) -> list[Value]:
    count = len(node.targets)
    if count == 1:
        if isinstance(value, Several):
            raise Mistake(WrongCount(at=node.value.span, names=1, values=len(value.values), results=own_names(value)))
        return [value]
    if isinstance(value, Unknown):
        return [UNKNOWN] * count
    parts = [v for _, v in value.values] if isinstance(value, Several) else list(value) if isinstance(value, tuple) else [value]
    if len(parts) != count:
        for target in node.targets:
            frame.env[target.name] = UNKNOWN
        found = describe(value) if len(parts) == 1 else ""
        results = own_names(value) if isinstance(value, Several) else ()
        raise Mistake(WrongCount(at=node.value.span, names=count, values=len(parts), found=found, results=results))
    return parts


def own_names(value: Several) -> tuple[str, ...]:
    """The names of several values, if all have one: a block's outputs."""
    names = [name for name, _ in value.values]
    return tuple(n for n in names if n) if all(names) else ()


def declared(frame: Frame, ref: tree.TensorRef | None, value: Value, at: Span) -> Value:
    """The value, held against the type that is written for it."""
    if ref is None or isinstance(value, Unknown):
        return value
    if not isinstance(value, Tensor):
        raise Mistake(TypeMismatch(at=at, wanted=ref.span.text, found=describe(value)))
    dtype, pattern = types.dtype_of(frame, ref), types.dims_of(frame, ref.dims)
    if dtype is None or pattern is None:
        return value
    why = f"elements are {value.type.dtype}" if dtype != value.type.dtype else types.shape_problem(frame, pattern, value.type.shape)
    if why:
        problem = TypeMismatch(
            at=ref.span, wanted=ref.span.text, found=str(value.type), why=why, repair=str(value.type), chain=places(frame, [value])
        )
        frame.world.report(problem)
    return value


def output(frame: Frame, node: tree.Output) -> None:
    value = expressions.evaluate(frame, node.value)
    name = output_name(node)
    results: list[Output] = frame.env.setdefault(OUTPUTS, [])
    if isinstance(value, Tensor | Unknown):
        value = declared(frame, node.type, value, node.value.span)
    else:
        frame.world.report(no_output(node, name, value))
        value = UNKNOWN
    results.append((name, value, node.span, phase_of(frame, value)))
    if node.name is not None:
        frame.env[node.name] = value
        if isinstance(value, Tensor):
            frame.wire_names.setdefault(value.wire, node.name)


def phase_of(frame: Frame, value: Value) -> str | None:
    """The only phase that a value exists in, where it stands in all of them."""
    phase = frame.phases.get(value.wire) if isinstance(value, Tensor) else None
    return None if phase in frame.phase else phase


def no_output(node: tree.Output, name: str | None, value: Value) -> Diagnostic:
    """Why a value cannot be an output."""
    if isinstance(value, Several):
        return WrongCount(at=node.value.span, names=1, values=len(value.values), place="`output`", results=own_names(value))
    if isinstance(value, BlockValue) or (isinstance(value, OpValue) and value.entry.kind in expressions.CALLABLE):
        required = signature_of(value).required
        if isinstance(value, OpValue) and not required:
            return MissingArgument(at=node.value.span, op=value.name, names=tuple(a.name for a in value.entry.signature if a.required))
        return MissingInput(at=node.value.span, op=value.name, names=required, all=required)
    return NotATensor(at=node.value.span, what=describe(value), wanted=f"the output `{name}`" if name else "an output")


OUTPUTS = " outputs"
"""Key of the collected outputs in a frame's names; no name of a spec begins with a space."""


def outputs_of(frame: Frame) -> list[Output]:
    return frame.env.get(OUTPUTS, [])


def shared(frame: Frame, node: tree.Shared) -> None:
    """One instance under its name; every use is the same."""
    value = expressions.evaluate(frame, node.value, expressions.CALLABLE)
    if isinstance(value, OpValue | BlockValue):
        frame.env[node.name] = SharedInstance(value, frame.label(node.name, node.name_span))
        return
    if isinstance(value, Composed):
        frame.env[node.name] = SharedChain(node.name, value, frame.label(node.name, node.name_span))
        return
    frame.env[node.name] = UNKNOWN
    if not isinstance(value, Unknown):
        raise Mistake(
            NotStatic(at=node.value.span, what="a shared instance", found=describe(value), wanted="a layer or block without its inputs")
        )
