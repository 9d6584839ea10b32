"""Elaborates the statements of a body in their order, and binds values, outputs, shared instances and exported values."""

from __future__ import annotations

from netspec.deadline import note_progress
from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.calls.arguments import MissingArgument
from netspec.diagnostics.calls.inputs import MissingInput, NotATensor, WrongCount
from netspec.diagnostics.shapes.proofs import NotStatic, TypeMismatch
from netspec.infer import expressions, types
from netspec.infer.calls.averages import describe_binding, is_average, make_average
from netspec.infer.calls.call_rule import signature_of
from netspec.infer.calls.construction import construct_use
from netspec.infer.frame import Frame, places_of
from netspec.infer.shelf import CALLABLE
from netspec.infer.values import (
    UNKNOWN,
    BlockValue,
    Composed,
    Given,
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
from netspec.resolve.bodies import output_name
from netspec.shape import DimTooComplex
from netspec.source import Span
from netspec.syntax import tree


def run(frame: Frame, body: tuple[tree.Statement, ...]) -> None:
    """Elaborate statements; a problem in one does not stop the next."""
    elaborate = frame.world.elaborate.statements
    with frame.world.deeper():
        for statement in body:
            try:
                note_progress("proving this", statement.span)
                frame.world.ran.add(id(statement))
                elaborate[type(statement)](frame, statement)
            except (Mistake, DimTooComplex) as mistake:
                frame.world.report_mistake(mistake, statement.span)


Output = tuple[str | None, Value, Span, str | None]
"""Name, value and place of an output, and the phase that it exists in (None: all)."""


def forget_hole(frame: Frame, node: tree.Hole) -> None:
    """Where text could not be read, the names that it would bind are unknown."""
    for name in node.names:
        frame.env[name] = UNKNOWN


def export_aux(frame: Frame, node: tree.Aux) -> None:
    """`aux balance = …`: a value for `train`, under its name."""
    value = expressions.evaluate(frame, node.value)
    segment = frame.label(node.name, node.name_span)
    if isinstance(value, Tensor):
        frame.emit(Aux(value.wire, segment, node.span))
    elif not isinstance(value, Unknown):
        frame.report(NotATensor(at=node.value.span, what=describe(value), wanted=f"the exported value `{node.name}`"))
        return


def bind_names(frame: Frame, node: tree.Binding) -> None:
    """`x = e`, `a, b = e`, `x: f32[…] = e`."""
    if len(node.targets) == 1 and is_average(frame, node.value):
        frame.env[node.targets[0].name] = frame.report(describe_binding(node))
        return
    value = expressions.evaluate(frame, node.value)
    for target, part in zip(node.targets, unpack(frame, node, value) or (), strict=False):
        part = hold_against_type(frame, target.type, part, node.value.span)
        if target.name == "_":
            continue
        frame.env[target.name] = part
        if isinstance(part, Tensor):
            frame.wire_names.setdefault(part.wire, target.name)


def unpack(frame: Frame, node: tree.Binding, value: Value) -> list[Value] | None:
    """The values of the names, one each; None after a reported problem."""
    count = len(node.targets)
    if count == 1:
        if isinstance(value, Several):
            frame.report(WrongCount(at=node.value.span, names=1, values=len(value.values), results=list_own_names(value)))
            return None
        return [value]
    if isinstance(value, Unknown):
        return [UNKNOWN] * count
    parts = [v for _, v in value.values] if isinstance(value, Several) else list(value) if isinstance(value, tuple) else [value]
    if len(parts) != count:
        for target in node.targets:
            frame.env[target.name] = UNKNOWN
        found = describe(value) if len(parts) == 1 else ""
        results = list_own_names(value) if isinstance(value, Several) else ()
        frame.report(WrongCount(at=node.value.span, names=count, values=len(parts), found=found, results=results))
        return None
    return parts


def list_own_names(value: Several) -> tuple[str, ...]:
    """The names of several values, if all have one: a block's outputs."""
    names = [name for name, _ in value.values]
    return tuple(n for n in names if n) if all(names) else ()


def hold_against_type(frame: Frame, ref: tree.TensorRef | None, value: Value, at: Span) -> Value:
    """The value, held against the type that is written for it."""
    if ref is None or isinstance(value, Unknown):
        return value
    if not isinstance(value, Tensor):
        return frame.report(TypeMismatch(at=at, wanted=ref.span.text, found=describe(value)))
    dtype, pattern = types.read_dtype(frame, ref), types.evaluate_dims(frame, ref.dims)
    if dtype is None or pattern is None:
        return value
    why = f"elements are {value.type.dtype}" if dtype != value.type.dtype else types.explain_shape(frame, pattern, value.type.shape)
    if why:
        problem = TypeMismatch(
            at=ref.span, wanted=ref.span.text, found=str(value.type), why=why, repair=str(value.type), chain=places_of(frame, [value])
        )
        from netspec.infer.repairs.proposals import with_claim  # only specs with a problem need it

        claimed = tuple(d.span.text for d in ref.dims)
        frame.report(with_claim(frame, at, Given(value, at), pattern, claimed, problem))
    return value


def declare_output(frame: Frame, node: tree.Output) -> None:
    """`output logits = e`: one of the body's results, and a name."""
    value = expressions.evaluate(frame, node.value)
    name = output_name(node)
    results: list[Output] = frame.env.setdefault(OUTPUTS, [])
    if isinstance(value, Tensor | Unknown):
        value = hold_against_type(frame, node.type, value, node.value.span)
    else:
        frame.report(explain_no_output(node, name, value))
        value = UNKNOWN
    if not frame.loops:  # else it is misplaced, which is reported
        results.append((name, value, node.span, phase_of(frame, value)))
    if node.name is not None:
        frame.env[node.name] = value
        if isinstance(value, Tensor):
            frame.wire_names.setdefault(value.wire, node.name)


def phase_of(frame: Frame, value: Value) -> str | None:
    """The only phase that a value exists in, where it stands in all of them."""
    phase = frame.phases.get(value.wire) if isinstance(value, Tensor) else None
    return None if phase in frame.phase else phase


def explain_no_output(node: tree.Output, name: str | None, value: Value) -> Diagnostic:
    """Why a value cannot be an output."""
    if isinstance(value, Several):
        return WrongCount(at=node.value.span, names=1, values=len(value.values), place="`output`", results=list_own_names(value))
    if isinstance(value, BlockValue) or (isinstance(value, OpValue) and value.entry.kind in CALLABLE):
        required = signature_of(value).required
        if isinstance(value, OpValue) and not required:
            return MissingArgument(at=node.value.span, op=value.name, names=tuple(a.name for a in value.entry.signature if a.required))
        return MissingInput(at=node.value.span, op=value.name, names=required, all=required)
    return NotATensor(at=node.value.span, what=describe(value), wanted=f"the output `{name}`" if name else "an output")


OUTPUTS = " outputs"
"""Key of the collected outputs in a frame's names; no name of a spec begins with a space."""


def outputs_of(frame: Frame) -> list[Output]:
    return frame.env.get(OUTPUTS, [])


def declare_shared(frame: Frame, node: tree.Shared) -> None:
    """One instance under its name; every use is the same."""
    if is_average(frame, node.value):
        frame.env[node.name] = make_average(frame, node.value, node.name, node.name_span)  # type: ignore[arg-type]
        return
    value = expressions.evaluate(frame, node.value, CALLABLE)
    if isinstance(value, OpValue | BlockValue):
        if isinstance(value, OpValue):
            construct_use(frame, value)  # its arguments can be wrong though nothing uses it
        frame.env[node.name] = SharedInstance(value, frame.label(node.name, node.name_span))
        return
    if isinstance(value, Composed):
        frame.env[node.name] = SharedChain(node.name, value, frame.label(node.name, node.name_span))
        return
    frame.env[node.name] = UNKNOWN
    if not isinstance(value, Unknown):
        frame.report(
            NotStatic(at=node.value.span, what="a shared instance", found=describe(value), wanted="a layer or block without its inputs")
        )
        return
