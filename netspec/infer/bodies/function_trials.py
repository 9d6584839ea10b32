"""Tries functions that nothing calls with values of the types that their params have: what goes wrong with all of them, at one place and
because of what the values are, goes wrong in every call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.calls.arguments import BadArgument
from netspec.diagnostics.shapes.proofs import BadOperands
from netspec.infer import expressions
from netspec.infer.calls.static_functions import StaticFrame
from netspec.infer.frame import World
from netspec.infer.values import UNKNOWN, Value
from netspec.resolve.graph import Function
from netspec.shape import Facts
from netspec.syntax import tree

SAMPLES: dict[str, Sequence[Value]] = {
    "int": (2, 1, 3, 8, 0, -1, 64),
    "float": (0.5, 2.0, 0.0, -1.5, 1e-3, 3.0, 10.0),
    "bool": (True, False),
    "str": ("a", "b", "", "relu", "same", "1", "x_0"),
}
"""Values of the plain types; of the others nothing is known."""
LENGTHS = (3, 1, 2)
"""Of the lists that are tried: whatever is done with the items, it is done."""
TRIALS = 7


def find_wrong_kind(world: World, function: Function) -> Diagnostic | None:
    """The problem that every trial comes to. Nothing is reported here."""
    first: Diagnostic | None = None
    for values in list_trials(function):
        problem = try_values(world, function, values)
        if problem is None or not depends_on_kinds(problem, function) or (first is not None and problem.at != first.at):
            return None
        first = first or problem
    return first


def list_trials(function: Function) -> Iterator[dict[str, Value]]:
    """Values for the params, different ones for params of one type."""
    for trial in range(TRIALS):
        yield {param.name: sample(param.type, trial + place) for place, param in enumerate(function.params)}


def sample(declared: tree.ParamType, number: int) -> Value:
    """A value of a type; one that may be left out is so in some trials."""
    if declared.optional and number % 3 == 2:
        return None
    if declared.fields:
        return {field.name: sample(field.type, number + place) for place, field in enumerate(declared.fields)}
    if declared.item is not None:
        return tuple(sample(declared.item, number + place) for place in range(LENGTHS[number % len(LENGTHS)]))
    known = SAMPLES.get(declared.name, (UNKNOWN,))
    return known[number % len(known)]


def try_values(world: World, function: Function, values: dict[str, Value]) -> Diagnostic | None:
    """The first problem of the function with these values for its params; those of the file are not known."""
    found: list[Diagnostic] = []

    def keep(problem: Diagnostic) -> bool:
        found.append(problem)
        return True

    frame = StaticFrame(world, function.name, Facts())
    frame.env.update(values)
    before, world.doubtful = world.doubtful, keep
    known, world.globals = world.globals, {}
    try:
        with world.instance(function.name):
            expressions.evaluate(frame, function.node.value)
    finally:
        world.doubtful, world.globals = before, known
    return found[0] if found else None


def depends_on_kinds(problem: Diagnostic, function: Function) -> bool:
    """Does the problem come of what kinds of values meet, and not of the values? Words may be names that only the right ones fit."""
    if isinstance(problem, BadOperands):
        return problem.right != "zero" and "empty" not in problem.left
    return isinstance(problem, BadArgument) and not any("str" in param.type.span.text for param in function.params)
