"""Selects what `train` names of its model by patterns over paths: parameters, `params("**/kernel")`, and exported values,
`aux("**/balance")`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.calls.inputs import NotATensor
from netspec.diagnostics.training.exported_values import AuxTypesDiffer, NoSuchAux
from netspec.infer.calls.call_rule import Bound, Call
from netspec.infer.values import Parameters, Value, describe
from netspec.ir import Penalty
from netspec.ir.paths import auxiliaries, parameters
from netspec.library.base import Callable, path_patterns
from netspec.shape import TensorType
from netspec.syntax import tree

if TYPE_CHECKING:
    from netspec.infer.sections.objective import ObjectiveFrame


def select(frame: ObjectiveFrame, name: str, arg: tree.Arg, pattern: str) -> Value:
    """`params(pattern)` or `aux(pattern)`."""
    return (select_parameters if name == "params" else select_auxiliary)(frame, arg, pattern)


def select_parameters(frame: ObjectiveFrame, arg: tree.Arg, pattern: str) -> Value:
    """`params("**/kernel")`."""
    try:
        known = parameters(frame.model)
        frame.world.spend(tuple(known))
        chosen = path_patterns.select(pattern, known)
    except Mistake as mistake:
        return frame.world.report_mistake(mistake, arg.value.span)
    return Parameters(pattern, tuple(path for path in known if path in chosen))


def add_penalty(frame: ObjectiveFrame, use: Call, op: Callable, bound: Bound) -> Value:
    """A number of parameters, as an input of the objective: `l2` says itself that it takes them."""
    first = next(g for g in bound.tensors if isinstance(g.value, Parameters))
    if not getattr(op, "of_parameters", False) or not all(isinstance(g.value, Parameters) for g in bound.tensors):
        return frame.report(NotATensor(at=first.span, what=describe(first.value), wanted=f"an input of `{use.name}`"))
    written, paths = [g.value.pattern for g in bound.tensors], [path for g in bound.tensors for path in g.value.paths]
    name = f"params.{use.name}({', '.join(written)})"
    known = parameters(frame.model)
    types = [TensorType(known[path].dtype, known[path].shape) for path in paths]
    frame.penalties[name] = Penalty(op, tuple(dict.fromkeys(paths)))
    result = op.shape(frame.facts, *types)
    assert isinstance(result, TensorType)
    return frame.port_named(name) or frame.port(name, result, use.span)


def select_auxiliary(frame: ObjectiveFrame, arg: tree.Arg, pattern: str) -> Value:
    """The sum of the exported values whose paths match."""
    known = auxiliaries(frame.model)
    frame.world.spend(tuple(known))
    found = {path: type_ for path, type_ in known.items() if path_patterns.matches(pattern, path)}
    if not found:
        return frame.report(NoSuchAux(at=arg.value.span, pattern=pattern, paths=tuple(known)))
    types = {str(t): path for path, t in found.items()}
    if len(types) > 1:
        return frame.report(AuxTypesDiffer(at=arg.value.span, pattern=pattern, types=tuple((path, t) for t, path in types.items())))
    name, type_ = f"aux.{pattern}", next(iter(found.values())).substitute(frame.sizes)
    frame.auxiliaries[name] = tuple(found)
    return frame.port_named(name) or frame.port(name, type_, arg.span)
