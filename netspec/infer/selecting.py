"""What `train` says of its model by patterns over paths: parameters, `params("**/kernel")`, and exported values, `aux("**/balance")`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.calls.arguments import BadArgument
from netspec.diagnostics.calls.inputs import NotATensor
from netspec.diagnostics.training.exported_values import AuxTypesDiffer, NoSuchAux
from netspec.infer.frame import Frame
from netspec.infer.objective import ObjectiveFrame
from netspec.infer.values import UNKNOWN, Parameters, Value, describe
from netspec.ir import Penalty
from netspec.library.base import Callable
from netspec.library.base.path_patterns import matches, select
from netspec.paths import auxiliaries, parameters
from netspec.record import replace
from netspec.shape import TensorType
from netspec.syntax import tree

if TYPE_CHECKING:
    from netspec.infer.binding import Bound, Call


def selected(frame: Frame, name: str, node: tree.Call, values: list[Value]) -> Value:
    """`params(pattern)` or `aux(pattern)`."""
    if len(values) != 1 or not isinstance(values[0], str) or node.args[0].name is not None:
        found = describe(values[0]) if values else "nothing"
        at = node.args[0].value.span if node.args else node.span
        raise Mistake(BadArgument(at=at, op=name, name="pattern", value=found, expected='a pattern over paths such as `"**/kernel"`'))
    if not isinstance(frame, ObjectiveFrame):
        raise Mistake(NotATensor(at=node.span, what=f"`{name}(…)`", wanted="a value outside of losses and metrics"))
    found = parameters_of if name == "params" else aux_of
    return found(frame, node.args[0], values[0])


def parameters_of(frame: ObjectiveFrame, arg: tree.Arg, pattern: str) -> Value:
    try:
        known = parameters(frame.model)
        frame.world.spend(tuple(known))
        chosen = select(pattern, known)
    except Mistake as mistake:
        raise Mistake(replace(mistake.diagnostic, at=arg.value.span)) from None
    return Parameters(pattern, tuple(path for path in known if path in chosen))


def penalty(frame: ObjectiveFrame, use: Call, op: Callable, bound: Bound) -> Value:
    """A number of parameters, as an input of the objective: `l2` says itself that it takes them."""
    first = next(g for g in bound.tensors if isinstance(g.value, Parameters))
    if not getattr(op, "of_parameters", False) or not all(isinstance(g.value, Parameters) for g in bound.tensors):
        frame.world.report(NotATensor(at=first.span, what=describe(first.value), wanted=f"an input of `{use.name}`"))
        return UNKNOWN
    patterns, paths = [g.value.pattern for g in bound.tensors], [path for g in bound.tensors for path in g.value.paths]
    name = f"params.{use.name}({', '.join(patterns)})"
    known = parameters(frame.model)
    types = [TensorType(known[path].dtype, known[path].shape) for path in paths]
    frame.penalties[name] = Penalty(op, tuple(dict.fromkeys(paths)))
    result = op.shape(frame.facts, *types)
    assert isinstance(result, TensorType)
    return frame.port_named(name) or frame.port(name, result, use.span)


def aux_of(frame: ObjectiveFrame, arg: tree.Arg, pattern: str) -> Value:
    """The sum of the exported values whose paths match."""
    known = auxiliaries(frame.model)
    frame.world.spend(tuple(known))
    found = {path: type_ for path, type_ in known.items() if matches(pattern, path)}
    if not found:
        raise Mistake(NoSuchAux(at=arg.value.span, pattern=pattern, paths=tuple(known)))
    types = {str(t): path for path, t in found.items()}
    if len(types) > 1:
        raise Mistake(AuxTypesDiffer(at=arg.value.span, pattern=pattern, types=tuple((path, t) for t, path in types.items())))
    name, type_ = f"aux.{pattern}", next(iter(found.values())).substitute(frame.sizes)
    frame.auxiliaries[name] = tuple(found)
    return frame.port_named(name) or frame.port(name, type_, arg.span)
