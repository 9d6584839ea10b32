"""`serve`: which input of a model is generated from which output, and the proof that it can be."""

from __future__ import annotations

from typing import Any

from netspec.diagnostics.suggestions.nearest import nearest
from netspec.diagnostics.training.decoders import LimitTooLong, TokenOutside
from netspec.diagnostics.training.serving import DecodedOutput, FedInput, NotADecoder, NotCausal, UnfedOutput
from netspec.infer import expressions
from netspec.infer.arguments import model_arguments
from netspec.infer.decoding import Decoding, ServeFrame
from netspec.infer.frame import Frame, World
from netspec.infer.instances import model_body
from netspec.infer.values import Unknown, describe
from netspec.ir import Body, Port, ServePlan
from netspec.library.contracts.sequence_axis import Flow
from netspec.proofs.causality import Causality, Refusal
from netspec.record import replace
from netspec.shape import Dim, Facts, TensorType, Verdict
from netspec.syntax import tree


def serve(world: World, node: tree.Serve, trained: list[Body]) -> list[ServePlan]:
    """The plans of a section; problems are reported. Without arguments it is about the models that the file trains, where it does."""
    definition = world.graph.definitions.get(node.model)
    if definition is None or not definition.is_model:
        return []
    bodies = [body for body in trained if body.name == definition.name and not node.args]
    if not bodies:
        given = model_arguments(Frame(world, "serve", Facts()), definition, node.args)
        body = None if given is None else model_body(world, definition, given, node.name_span)
        bodies = [] if body is None else [body]
    return [plan for body in dict.fromkeys(bodies) for plan in answers(world, node, body)]


def answers(world: World, node: tree.Serve, body: Body) -> list[ServePlan]:
    """What a section generates with one body; reckoned once."""
    key = ("serve", id(node), id(body))
    if key not in world.instances:
        items = [item for item in node.body.items if isinstance(item, tree.Setting)]
        made = [answer(world, item, body) for item in items]
        world.instances[key] = [plan for plan in made if plan is not None]
    return world.instances[key]


def answers_of(world: World, body: Body) -> list[ServePlan]:
    """Everything that the file generates with this body."""
    sections = [node for node in world.graph.serves if node.model == body.name]
    return [plan for node in sections for plan in serve(world, node, [body]) if plan.model is body]


def answer(world: World, item: tree.Setting, body: Body) -> ServePlan | None:
    """One line of a section."""
    port = fed(world, item, body)
    frame = ServeFrame(world, body)
    value = expressions.evaluate(frame, item.value, ("decoder",))
    if isinstance(value, Unknown) or port is None:
        return None
    if not isinstance(value, Decoding):
        world.report(NotADecoder(at=item.value.span, name=item.key, found=describe(value)))
        return None
    output = frame.outputs.get(value.reads.wire, "")
    kind = type_of(body, port)
    if not reads(world, value, item.key, kind, output) or not within(world, item, value, kind, output):
        return None
    flow = proved(world, item, body, port, output)
    if flow is None or flow.reach is None:
        return None
    plan = ServePlan(body, item.key, output, value.decoder, flow.reach < 0, beside(body, port), item.span)
    return plan if fits(world, item, plan, kind.shape[1]) else None


def type_of(body: Body, port: Port) -> TensorType:
    assert isinstance(port.wire, int)
    return body.types[port.wire]


def fed(world: World, item: tree.Setting, body: Body) -> Port | None:
    """The input that a line generates: whole numbers [B, T] with a free T."""
    names = tuple(p.name for p in body.inputs)
    port = next((p for p in body.inputs if p.name == item.key), None)
    if port is None:
        world.report(FedInput(at=item.name_span, model=body.name, name=item.key, inputs=names, near=tuple(nearest(item.key, names))))
        return None
    kind = type_of(body, port)
    if kind.is_int and kind.rank == 2 and free(body, kind.shape[1]) and kind.shape[0] != kind.shape[1]:
        return port
    world.report(FedInput(at=item.name_span, model=body.name, name=item.key, found=str(kind), declared=port.span))
    return None


def free(body: Body, size: Dim) -> bool:
    """A symbol whose size nothing has settled."""
    normal = body.facts.normal(size)
    return len(size.symbols()) == 1 and size == Dim.symbol(next(iter(size.symbols()))) and not normal.is_constant


def beside(body: Body, port: Port) -> tuple[str, ...]:
    """Other inputs whose size depends on the fed one's length."""
    symbols = body.facts.normal(type_of(body, port).shape[1]).symbols()
    return tuple(
        name
        for name, kind in body.input_types().items()
        if name != port.name and any(not symbols.isdisjoint(body.facts.normal(size).symbols()) for size in kind.shape)
    )


def reads(world: World, value: Decoding, feeds: str, kind: TensorType, output: str) -> bool:
    """What the decoder reads is an output, as it is, with scores for every position."""
    found = value.reads.type
    if output and found.rank == 3 and found.is_float and found.shape[:2] == kind.shape and found.shape[2].is_constant:
        return True
    wanted = f"scores f32[{kind.shape[0]}, {kind.shape[1]}, V]"
    world.report(DecodedOutput(at=value.at, feeds=feeds, fed=str(kind), found=str(found), wanted=wanted, output=bool(output)))
    return False


def within(world: World, item: tree.Setting, value: Decoding, kind: TensorType, output: str) -> bool:
    """`start` and `stop` are elements that there are."""
    classes, fine = value.reads.type.shape[2].value, True
    for name in ("start", "stop"):
        token = getattr(value.decoder, name)
        if token is not None and token >= classes:
            world.report(TokenOutside(at=item.value.span, name=name, value=token, output=output, classes=classes))
            fine = False
    return fine


def proved(world: World, item: tree.Setting, body: Body, port: Port, output: str) -> Flow | None:
    """What the output knows of the input, or None after a reported problem."""
    flow = Causality.of(body, type_of(body, port).shape[1]).output(port.name, output)
    if isinstance(flow, Refusal):
        facts: dict[str, Any] = {"fed": port.name, "output": output, "serve": item.name_span}
        if flow.problem is not None:
            world.report(replace(flow.problem, **facts) if isinstance(flow.problem, NotCausal) else flow.problem)
        return None
    if flow.reach is None:
        world.report(UnfedOutput(at=item.value.span, feeds=port.name, output=output))
        return None
    return flow


def fits(world: World, item: tree.Setting, plan: ServePlan, symbol: Dim) -> bool:
    """The longest answer, behind the shortest beginning, has a length that the model takes."""
    decoder, facts = plan.decoder, plan.model.facts
    length = plan.positions(0 if decoder.start is None and plan.placed else 1)
    if facts.require("==", symbol, length).verdict is not Verdict.REFUTED:
        return True
    low, high = facts.range(symbol)
    found = {"length": length, "symbol": str(symbol), "low": low, "high": high}
    world.report(LimitTooLong(at=item.value.span, feeds=item.key, limit=decoder.limit, **found))
    return False
