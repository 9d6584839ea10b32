"""The elaborator: instantiates blocks at their calls, evaluates static expressions, proves shapes, and returns `Typed`."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.calls.arguments import BadArgument
from netspec.infer import expressions, instances
from netspec.infer.arguments import Bad, fit
from netspec.infer.expects import expect
from netspec.infer.frame import Frame, World
from netspec.infer.training import train, trained_model
from netspec.infer.values import UNKNOWN, Unknown, describe
from netspec.ir import ServePlan, Typed
from netspec.proofs.masks import find_dropped_masks
from netspec.resolve.graph import Definition, Graph
from netspec.shape import Facts

__all__ = ["infer"]


def infer(graph: Graph) -> tuple[Typed, list[Diagnostic]]:
    """Prove a file. Problems are returned, never raised."""
    world = World(graph)
    file_params(world)
    models = {}
    for name, definition in graph.definitions.items():
        if definition.is_model and needs_nothing(definition):
            body = instances.model_body(world, definition, {}, definition.node.name_span)
            if body is not None:
                models[name] = body
    plans = [plan for plan in (train(world, node) for node in graph.trains) if plan is not None]
    serves = served(world, graph) if graph.serves else ()
    for node in graph.expects:
        expect(world, node)
    if not any(problem.severity == "error" for problem in world.problems):
        world.report_all(find_dropped_masks(models.values(), plans))
    return Typed(models, tuple(plans), graph.source.path, serves), world.problems


def served(world: World, graph: Graph) -> tuple[ServePlan, ...]:
    """Everything that the file generates."""
    from netspec.infer.serve import serve  # few specs do

    bodies = [trained_model(Frame(world, "train", Facts()), node) for node in graph.trains]
    trained = [body for body in dict.fromkeys(bodies) if body is not None]
    return tuple(plan for node in graph.serves for plan in serve(world, node, trained))


def needs_nothing(definition: Definition) -> bool:
    return all(p.default is not None or p.type.optional for p in definition.params)


def file_params(world: World) -> None:
    """The file's params, in order."""
    frame = Frame(world, "file", Facts())
    for param in world.graph.all_params:
        value = UNKNOWN if param.default is None else fit(frame, param.type, expressions.evaluate(frame, param.default))
        world.globals[id(param)] = value if not isinstance(value, Bad) else UNKNOWN
        if isinstance(value, Bad) and not isinstance(value, Unknown):
            found = describe(expressions.evaluate(frame, param.default)) if param.default else "nothing"
            world.report(BadArgument(at=param.span, op="the file", name=param.name, value=found, expected=value.expected))
