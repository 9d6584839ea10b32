"""Elaborates what nothing uses, so that nothing of a file passes unseen: blocks without a call and models whose params have no value, on
free sizes and unknown values; then the statements and branches that nothing has run.

What may be right for some use stays silent: here only what is wrong of every use is a problem.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.calls.arguments import BadArgument
from netspec.infer import expressions
from netspec.infer.bodies import statements, variables
from netspec.infer.bodies.instances import bind_free_input, bind_free_symbols
from netspec.infer.calls.arguments import Misfit, evaluate_default, fit, list_dim_conditions, where_holds
from netspec.infer.calls.certainty import OF_VALUES, depends_on_a_size
from netspec.infer.calls.static_functions import StaticFrame
from netspec.infer.frame import Frame, World
from netspec.infer.values import UNKNOWN, Value, describe
from netspec.resolve.graph import Definition, Function
from netspec.shape import Facts
from netspec.syntax import tree
from netspec.syntax.tree_walk import descendants


def check_unused(world: World) -> None:
    """Everything of the file that nothing has elaborated yet."""
    own = [d for d in world.graph.definitions.values() if d.node.span.source is world.graph.source]
    for definition in own:
        if id(definition) not in world.elaborated and not world.stopped:
            check_alone(world, definition)
    for definition in own:
        if not world.stopped:
            check_never_run(world, definition)
    functions = [f for f in world.graph.functions if f.node.span.source is world.graph.source]
    uncalled = [function for function in functions if id(function) not in world.elaborated]
    for function in functions:
        if not world.stopped:
            check_function(world, function)
    if uncalled:
        from netspec.infer.bodies.function_trials import find_wrong_kind  # few files have any

        world.report_all(problem for f in uncalled if not world.stopped and (problem := find_wrong_kind(world, f)) is not None)


def check_alone(world: World, definition: Definition) -> None:
    """A block or model by itself: its inputs have the sizes that they name, its params their defaults, or values that nobody knows."""
    world.elaborated.add(id(definition))
    frame = Frame(world, definition.name, Facts())
    frame.of_model = definition.is_model
    with world.instance(definition.name), forgiving(world, depends_on_a_size if not definition.is_model else None):
        bind_open_params(frame, definition)
        where_holds(frame, definition, {}, definition.node.name_span)
        bind_free_symbols(frame, definition)
        for declared in definition.inputs:
            if declared.name in definition.lists:
                frame.env[declared.name] = UNKNOWN
            else:
                bind_open_input(frame, declared)
        statements.run(frame, (*list_dim_conditions(definition), *definition.node.body.statements))
        if frame.states:
            variables.make_state_ports(frame)


def check_function(world: World, function: Function) -> None:
    """A function that nothing calls, and the branches of one that no call takes, with arguments that nobody knows."""
    frame = StaticFrame(world, function.name, Facts())
    frame.env.update({param.name: open_value(param.type) for param in function.params})
    called = id(function) in world.elaborated
    known, world.globals = world.globals, {}
    try:
        with forgiving(world, speaks_of_values):
            for part in () if called else (function.node.value,):
                expressions.evaluate(frame, part)
            for branch in list_untaken(world, function.node.value):
                expressions.evaluate(frame, branch)
    finally:
        world.globals = known


def open_value(declared: tree.ParamType) -> Value:
    """What is known of a value by its type alone: the fields of a record."""
    fields = {field.name: open_value(field.type) for field in declared.fields}
    return UNKNOWN if declared.optional else fields or UNKNOWN


@contextmanager
def forgiving(world: World, doubtful) -> Iterator[None]:
    """Inside, problems that may be none in another use are not reported."""
    before, world.doubtful = world.doubtful, doubtful
    try:
        yield
    finally:
        world.doubtful = before


def bind_open_params(frame: Frame, definition: Definition) -> None:
    """Each param has its default; one without is unknown."""
    for param in definition.params:
        open_ = param.default is None and not param.type.optional
        frame.env[param.name] = open_value(param.type) if open_ else read_default(frame, definition, param)


def read_default(frame: Frame, definition: Definition, param: tree.Param) -> Value:
    """A param's default as a value of its type; one that is not of the type is reported."""
    source = evaluate_default(frame, param)
    value = fit(frame, param.type, source.value)
    if not isinstance(value, Misfit):
        return value
    found = describe(source.value)
    problem = BadArgument(at=source.span, op=definition.name, name=param.name, value=found, expected=value.expected, part=value.part)
    return frame.report(problem)


def bind_open_input(frame: Frame, declared: tree.Input) -> None:
    """An input of the type that is written; where its axes are not known, nothing is known of it."""
    if any(isinstance(d, tree.Dots) for d in declared.type.dims):
        frame.env[declared.name] = UNKNOWN
    else:
        bind_free_input(frame, declared)


# --- what nothing runs -----------------------------------------------------------------------------------------------


def check_never_run(world: World, definition: Definition) -> None:
    """Statements in loops without a pass, and branches that no use takes: each call is looked at by itself."""
    frame = Frame(world, definition.name, Facts())
    known, world.globals = world.globals, {}
    try:
        with world.instance(definition.name), forgiving(world, speaks_of_values):
            while unrun := list_unrun(world, definition.node.body):  # what runs may hold further loops without a pass
                for statement in unrun:
                    statements.run(frame, (statement,))
                    frame.env.clear()
            for branch in list_untaken(world, definition.node.body):
                expressions.evaluate(frame, branch)
    finally:
        world.globals = known


def speaks_of_values(problem: Diagnostic) -> bool:
    """The problem may be none with the values that would be there if this were run."""
    return isinstance(problem, OF_VALUES) or depends_on_a_size(problem)


def list_unrun(world: World, body: tree.Body) -> list[tree.Statement]:
    """The outermost statements that nothing has run."""
    found: list[tree.Statement] = []
    for statement in body.statements:
        if id(statement) not in world.ran:
            found.append(statement)
        elif isinstance(statement, tree.For | tree.Repeat | tree.When):
            found += list_unrun(world, statement.body)
    return found


def list_untaken(world: World, body: tree.Body | tree.Expr) -> list[tree.Expr]:
    """The branches of every `if` that nothing has taken, and what comprehensions without a pass would make."""
    found: list[tree.Expr] = []
    for node in descendants(body):
        if isinstance(node, tree.If):
            found += (node.then, node.otherwise)
        elif isinstance(node, tree.Comprehension):
            found.append(node.value)
    return [node for node in found if id(node) not in world.ran]
