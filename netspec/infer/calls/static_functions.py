"""Evaluates calls of a file's functions of static values."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from netspec.diagnostics.base import Place
from netspec.diagnostics.calls.arguments import BadArgument, MissingArgument, TooManyArguments
from netspec.diagnostics.calls.loops import TensorInFunction
from netspec.diagnostics.text.characters import TooLarge
from netspec.infer import expressions
from netspec.infer.calls.arguments import OP_TYPES, Misfit, check_param_type, fit, guess_repair
from netspec.infer.frame import Frame, World
from netspec.infer.values import FLOWING, UNKNOWN, Given, Kinds, Record, Unknown, Value, describe
from netspec.ir import Node
from netspec.limits import LIMITS
from netspec.resolve.graph import Function
from netspec.shape import Facts
from netspec.source import Span
from netspec.syntax import tree


class StaticFrame(Frame):
    """The names of a function's params: what it computes is known before anything runs, so it has no nodes."""

    refused = False
    """A tensor was computed, which one problem says."""

    def emit(self, node: Node) -> None:
        """Refuses what would be computed by the program."""
        if not self.refused:
            self.report(TensorInFunction(at=node.span, name=self.name))
        self.refused = True


def call_function(frame: Frame, node: tree.Call, function: Function, want: Kinds) -> Value:
    """The value of `f(3, by=4)`; problems inside are reported with the call that led there."""
    frame.world.elaborated.add(id(function))
    given = take_arguments(frame, node, function)
    inner = StaticFrame(frame.world, function.name, frame.facts)
    if given is None or not bind(inner, node, function, given):
        return UNKNOWN
    with entering(frame.world, function.name, node.span):
        value = evaluate_value(inner, node, function, want)
    return UNKNOWN if inner.refused else value


def evaluate_value(inner: Frame, node: tree.Call, function: Function, want: Kinds) -> Value:
    """What the function is worth with its params bound."""
    deep = TooLarge(at=node.span, what="functions that call one another", limit=LIMITS.function_depth)
    if inner.world.functions > LIMITS.function_depth:
        return inner.report(deep)
    try:
        return expressions.make_item(expressions.evaluate(inner, function.node.value, want))
    except RecursionError:
        if inner.world.functions > 1:  # the outermost call has the room to say so
            raise
    return inner.report(deep)


@contextmanager
def entering(world: World, name: str, span: Span) -> Iterator[None]:
    """While a function is evaluated: its call is on the trail of the problems found inside."""
    world.call()
    world.functions += 1
    world.trail.append(Place(span, f"in this call of `{name}`"))
    try:
        yield
    finally:
        world.trail.pop()
        world.functions -= 1


def take_arguments(frame: Frame, node: tree.Call, function: Function) -> dict[str, Given] | None:
    """The arguments by the names of their params; None after a reported problem. Names that do not exist are reported by `resolve`."""
    types, given = {p.name: p.type for p in function.params}, {}
    names, signature = list(types), ", ".join(types)
    for place, arg in enumerate(node.args):
        name = arg.name or (names[place] if place < len(names) else None)
        if name is None or name in given:
            frame.report(TooManyArguments(at=arg.span, op=function.name, signature=signature, twice=name or ""))
            return None
        if name not in types:
            return None
        value = expressions.evaluate(frame, arg.value, OP_TYPES.get(types[name].name, ()))
        given[name] = Given(expressions.make_item(value), arg.value.span)
    missing = tuple(p.name for p in function.params if p.name not in given and p.default is None and not p.type.optional)
    if missing:
        frame.report(MissingArgument(at=node.span, op=function.name, names=missing, signature=signature))
    return None if missing or any(isinstance(g.value, Unknown) for g in given.values()) else given


def bind(inner: StaticFrame, node: tree.Call, function: Function, given: dict[str, Given]) -> bool:
    """Every param has a value of its type; False after a reported problem, which blames the argument."""
    for param in function.params:
        source = given[param.name] if param.name in given else evaluate_default(inner, param)
        if holds_tensor(source.value) and not inner.refused:
            inner.report(TensorInFunction(at=source.span, name=function.name, argument=param.name))
            return False
        value = fit(inner, param.type, source.value)
        if isinstance(value, Misfit):
            inner.report(describe_misfit(function, param, source, value))
        if isinstance(value, Misfit | Unknown):
            return False
        inner.env[param.name] = value
    return True


def describe_misfit(function: Function, param: tree.FunctionParam, source: Given, found: Misfit) -> BadArgument:
    """The problem of an argument that is not of its param's type."""
    return BadArgument(
        at=source.span,
        op=function.name,
        name=param.name,
        value=describe(source.value),
        expected=found.expected,
        part=found.part,
        repair=guess_repair(found, source.value),
        advice=found.advice,
    )


def evaluate_default(inner: Frame, param: tree.FunctionParam) -> Given:
    """A param's default, which may speak of the params before it; `none` where it has none."""
    if param.default is None:
        return Given(None, param.span)
    return Given(expressions.evaluate(inner, param.default, OP_TYPES.get(param.type.name, ())), param.default.span)


def holds_tensor(value: Value) -> bool:
    """A tensor, or a list or record with one in it."""
    inside = value if isinstance(value, tuple) else value.values() if isinstance(value, dict) else ()
    return isinstance(value, (*FLOWING, Record)) or any(map(holds_tensor, inside))


def check_functions(world: World) -> None:
    """The types and defaults of all functions, called or not."""
    for function in world.graph.functions:
        inner = StaticFrame(world, function.name, Facts())
        for param in function.params:
            fine = check_param_type(inner, param.type)
            plain = param.default is not None and not refers_to_params(function, param.default)
            source = evaluate_default(inner, param) if plain and fine else Given(UNKNOWN)
            value = fit(inner, param.type, source.value)
            if isinstance(value, Misfit):
                inner.report(describe_misfit(function, param, source, value))


def refers_to_params(function: Function, node: tree.Expr) -> bool:
    """Whether a default depends on other arguments, so that only a call gives it a value."""
    from netspec.syntax.tree_walk import descendants

    names = {p.name for p in function.params}
    return any(isinstance(n, tree.Name) and n.parts[0] in names for n in descendants(node))
