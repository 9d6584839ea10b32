"""Joins the rooms: it says which room elaborates what, as the `Elaborator` of every `World`, and holds `infer`, which proves a file.

What few specs have is imported when the first asks for it.
"""

from __future__ import annotations

from typing import Any

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.calls.arguments import BadArgument
from netspec.diagnostics.calls.conditions import WhereFailed
from netspec.diagnostics.names.bindings import CircularParams, ParamWithoutValue
from netspec.diagnostics.shapes.expansion import ExpectFailed
from netspec.diagnostics.shapes.proofs import TypeMismatch
from netspec.infer import expressions
from netspec.infer.bodies import instances, statements, variables
from netspec.infer.bodies.unused import check_unused
from netspec.infer.calls import chains, forms
from netspec.infer.calls.arguments import Misfit, fit
from netspec.infer.calls.call_rule import Bound, Call
from netspec.infer.frame import Elaborator, Frame, World
from netspec.infer.sections.claims import check_claims
from netspec.infer.values import UNKNOWN, BlockValue, Kinds, OpValue, Unknown, Value, describe, describe_short
from netspec.ir import ServePlan, TrainPlan, Typed
from netspec.library.base import Callable
from netspec.proofs.blind_kernels import find_blind_kernels
from netspec.proofs.dead_parameters import find_dead_parameters
from netspec.proofs.idle_biases import find_idle_biases
from netspec.proofs.image_layouts import find_odd_images
from netspec.proofs.late_dropout import find_late_dropout
from netspec.proofs.lone_values import find_lone_values
from netspec.proofs.masks import find_dropped_masks
from netspec.proofs.picked_rows import find_picked_rows
from netspec.proofs.sequence_training import find_sequence_mistakes
from netspec.proofs.spare_rows import find_spare_rows
from netspec.proofs.wide_sums import find_wide_sums
from netspec.record import replace
from netspec.recursion import room_for_depth
from netspec.resolve.cycles import order_params
from netspec.resolve.graph import Definition, Graph
from netspec.resolve.redundant_shapes import find_redundant_shapes
from netspec.shape import Facts
from netspec.source import Span
from netspec.syntax import tree

# --- what few specs have ---------------------------------------------------------------------------------------------


def use_recurrence(frame: Frame, use: Call, value: OpValue, bound: Bound) -> Value:
    """A layer that runs cells over time."""
    from netspec.infer.calls import recurrence

    return recurrence.use_recurrence(frame, use, value, bound)


def refuse_cell(frame: Frame, use: Call, value: OpValue, bound: Bound) -> Value:
    """A cell where no layer runs it over time."""
    from netspec.infer.calls import recurrence

    return recurrence.refuse_cell(frame, use, value, bound)


def use_parts(frame: Frame, use: Call, value: OpValue, bound: Bound) -> Value:
    """A layer that is made of layers which the spec gives it."""
    from netspec.infer.calls import message_passing

    return message_passing.use_parts(frame, use, value, bound)


def read_formula(frame: Frame, block: BlockValue) -> Callable | None:
    """A block where a function is wanted."""
    from netspec.infer.calls import formulas

    return formulas.read_formula(frame, block)


def evaluate_index(frame: Frame, node: tree.Index) -> Value:
    """`x[1, 2:4]`."""
    from netspec.infer.calls import slices

    return slices.evaluate_index(frame, node)


def evaluate_comprehension(frame: Frame, node: tree.Comprehension, want: Kinds) -> Value:
    """`[f(x) for x in xs]`."""
    from netspec.infer.calls import loop_items

    return loop_items.evaluate_comprehension(frame, node, want)


def elaborate_region(frame: Frame, node: tree.For | tree.Repeat | tree.When) -> None:
    """A statement that holds others."""
    from netspec.infer.bodies import loops, phases

    match node:
        case tree.For():
            loops.unroll(frame, node)
        case tree.Repeat():
            loops.repeat(frame, node)
        case tree.When():
            phases.elaborate_when(frame, node)


def elaborate_condition(frame: Frame, node: tree.Require | tree.Assume | tree.DimBound) -> None:
    """A statement that says what must hold."""
    from netspec.infer.bodies import requirements

    match node:
        case tree.Require():
            requirements.require(frame, node)
        case tree.Assume():
            requirements.assume(frame, node)
        case tree.DimBound():
            requirements.bound_dim(frame, node)


def skip(frame: Frame, node: Any) -> None:
    """Params and inputs are bound before the body begins."""


# --- the rooms, put together -----------------------------------------------------------------------------------------

ELABORATOR = Elaborator(
    call=forms.evaluate_call,
    chain=chains.evaluate_chain,
    operator=forms.apply_operator,
    index=evaluate_index,
    comprehension=evaluate_comprehension,
    late_name=forms.evaluate_late_name,
    builders={"cell": refuse_cell, "recurrence": use_recurrence, "parts": use_parts},
    use_block=instances.use_block,
    cell_body=instances.elaborate_cell,
    formula=read_formula,
    statements={
        tree.Assume: elaborate_condition,
        tree.Aux: statements.export_aux,
        tree.Binding: statements.bind_names,
        tree.Buffer: variables.declare_variable,
        tree.DimBound: elaborate_condition,
        tree.For: elaborate_region,
        tree.Hole: statements.forget_hole,
        tree.Input: skip,
        tree.Output: statements.declare_output,
        tree.Param: skip,
        tree.Repeat: elaborate_region,
        tree.Require: elaborate_condition,
        tree.Shared: statements.declare_shared,
        tree.State: variables.declare_state,
        tree.Weight: variables.declare_variable,
        tree.When: elaborate_region,
    },
)


def open_world(graph: Graph) -> World:
    """The world of a file, before anything of it is elaborated."""
    return World(graph, ELABORATOR)


# --- a file ----------------------------------------------------------------------------------------------------------


def infer(graph: Graph) -> tuple[Typed, list[Diagnostic]]:
    """Prove a file. Problems are returned, never raised."""
    with room_for_depth():
        return prove_file(open_world(graph), graph)


def prove_file(world: World, graph: Graph) -> tuple[Typed, list[Diagnostic]]:
    """The same in a world that knows nothing yet."""
    evaluate_file_params(world)
    if graph.functions:
        from netspec.infer.calls import static_functions

        static_functions.check_functions(world)
    models = {}
    for name, definition in graph.definitions.items():
        if definition.is_model and needs_nothing(definition):
            body = instances.find_model(world, definition, {}, definition.node.name_span)
            if body is not None:
                models[name] = body
            world.prove(definition.node.name_span, body is not None)
    plans = plan_trains(world, graph) if graph.trains else ()
    serves = plan_serves(world, graph) if graph.serves else ()
    for node in graph.expects:
        world.prove(node.name_span, hold_claims(world, node))
    check_unused(world)
    bodies = list({id(body): body for body in (*models.values(), *(plan.model for plan in plans))}.values())
    world.report_all(find_picked_rows(models.values(), plans))
    world.report_all(find_odd_images(bodies))
    world.report_all(find_lone_values(bodies, plans))
    if not any(problem.severity == "error" for problem in world.problems):
        world.report_all(find_dropped_masks(models.values(), plans))
        world.report_all(find_sequence_mistakes(plans))
        world.report_all(find_idle_biases(bodies))
        world.report_all(problem for problem in find_blind_kernels(bodies) if not is_told_within(world, problem.at))
        world.report_all(find_late_dropout(plans))
        world.report_all(find_dead_parameters(plans))
        world.report_all(find_spare_rows(plans))
        world.report_all(find_wide_sums(bodies))
        world.report_all(find_redundant_shapes(graph))
    return Typed(models, plans, graph.source.path, serves, tuple(world.unproved)), with_statements(world)


def is_told_within(world: World, place: Span) -> bool:
    """Another problem stands in a piece of the text already: of arguments in the wrong order, which may make any of its own."""
    return any(problem.at.source is place.source and place.start <= problem.at.start < place.end for problem in world.problems)


def with_statements(world: World) -> list[Diagnostic]:
    """The problems, with what might be said of the sizes that they are about."""
    if not any(problem.statements_missing() for problem in world.problems):
        return world.problems
    from netspec.infer.repairs.missing_facts import propose_statements  # only specs with a problem need it

    return propose_statements(world, world.problems)


def hold_claims(world: World, node: tree.Expect) -> bool:
    """Whether the claims hold; beside errors of the models they may fail because of those, and are silent."""
    before = len(world.problems)
    wrong = any(problem.severity == "error" for problem in world.problems)
    held = check_claims(world, node)
    if wrong:
        world.problems[before:] = [p for p in world.problems[before:] if not isinstance(p, ExpectFailed | TypeMismatch)]
    return held


def plan_trains(world: World, graph: Graph) -> tuple[TrainPlan, ...]:
    """Everything that the file trains."""
    from netspec.infer.sections.training import plan_training

    plans = [(node, plan_training(world, node)) for node in graph.trains]
    for node, plan in plans:
        world.prove(node.name_span, plan is not None)
    return tuple(plan for _, plan in plans if plan is not None)


def plan_serves(world: World, graph: Graph) -> tuple[ServePlan, ...]:
    """Everything that the file generates."""
    from netspec.infer.sections.serving import plan_serving
    from netspec.infer.sections.training import find_trained_model

    bodies = [find_trained_model(Frame(world, "train", Facts()), node) for node in graph.trains]
    trained = [body for body in dict.fromkeys(bodies) if body is not None]
    plans = [(node, plan_serving(world, node, trained)) for node in graph.serves]
    for node, found in plans:
        lines = [item for item in node.body.items if isinstance(item, tree.Setting)]
        world.prove(node.name_span, {plan.feeds for plan in found} >= {item.key for item in lines})
    return tuple(plan for _, found in plans for plan in found)


def needs_nothing(definition: Definition) -> bool:
    return all(p.default is not None or p.type.optional for p in definition.params)


def evaluate_file_params(world: World) -> None:
    """The files' params, each after those that it refers to."""
    frame = Frame(world, "file", Facts())
    ordered, cycles = order_params(world.graph)
    for cycle in cycles:
        world.report(CircularParams(at=cycle[0].name_span, cycle=tuple(p.name for p in (*cycle, cycle[0]))))
    for param in ordered:
        if param.default is None and not param.type.optional:
            bounded, imported = param.where is not None, param.span.source is not world.graph.source
            kind = param.type.span.text
            world.report(ParamWithoutValue(at=param.name_span, name=param.name, type=kind, bounded=bounded, imported=imported))
        value = UNKNOWN if param.default is None else fit(frame, param.type, expressions.evaluate(frame, param.default))
        world.globals[id(param)] = value if not isinstance(value, Misfit) else UNKNOWN
        if isinstance(value, Misfit) and not isinstance(value, Unknown):
            found = describe(expressions.evaluate(frame, param.default)) if param.default else "nothing"
            problem = BadArgument(at=param.span, op="the file", name=param.name, value=found, expected=value.expected)
            world.report(replace(problem, part=value.part, advice=value.advice))
    for param in ordered:
        hold_condition(frame, param)


def hold_condition(frame: Frame, param: tree.Param) -> None:
    """The `where` of a param of the file, which all of them may stand in."""
    if param.where is None or param.default is None or isinstance(value := frame.world.globals[id(param)], Unknown):
        return
    if expressions.evaluate(frame, param.where) is False:
        condition, at = param.where.span, param.default.span
        from netspec.infer.calls.condition_repairs import propose_values  # only specs with a problem need it

        shown, ways = describe_short(value), propose_values(frame, param.where, {param.name: at})
        problem = WhereFailed(at=at, op="the file", name=param.name, value=shown, condition=condition.text, declared=condition)
        frame.report(replace(problem, ways=ways))
