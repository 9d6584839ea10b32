"""Elaborates `serve`: which input of a model is generated from which output, with the proof that it can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.calls.arguments import MissingArgument
from netspec.diagnostics.calls.inputs import WrongRank
from netspec.diagnostics.names.unknown_names import UnknownName
from netspec.diagnostics.shapes.operands import LiteralDoesNotFit, holds
from netspec.diagnostics.suggestions.nearest import nearest
from netspec.diagnostics.training.decoders import AnswerUnknown, BeginsTwice, LimitTooLong, TokenOutside
from netspec.diagnostics.training.serving import DecodedOutput, FedInput, NotADecoder, NotCausal, UnfedOutput
from netspec.infer import expressions
from netspec.infer.bodies.instances import find_model
from netspec.infer.calls import op_uses
from netspec.infer.calls.arguments import read_model_arguments
from netspec.infer.calls.call_rule import Bound, Call
from netspec.infer.calls.construction import construct
from netspec.infer.frame import Frame, World
from netspec.infer.shelf import DECODER
from netspec.infer.values import UNKNOWN, OpValue, Tensor, Unknown, Value, describe
from netspec.ir import OUTPUT, Body, Port, ServePlan
from netspec.library.contracts.sequence_axis import Flow
from netspec.library.decoders.protocol import Decoder
from netspec.proofs.causality import Causality, Refusal
from netspec.proofs.id_bounds import find_bounds
from netspec.proofs.meanings import Measured, find_misreading
from netspec.record import record, replace
from netspec.shape import Dim, Facts, TensorType, Verdict
from netspec.source import NOWHERE, Span
from netspec.syntax import tree
from netspec.syntax.tree_walk import descendants

if TYPE_CHECKING:
    from netspec.infer.sections.objective import ObjectiveFrame


@record
class Decoding:
    """What a line of `serve` is worth: a decoder, and the tensor that it reads."""

    decoder: Decoder
    reads: Tensor
    at: Span


class ServeFrame(Frame):
    """The outputs of a model by name."""

    kinds = ("decoder", "layer", "function")

    def __init__(self, world: World, model: Body) -> None:
        super().__init__(world, "serve", model.facts)
        self.outputs: dict[int, str] = {}
        for port in model.outputs:
            if isinstance(port.wire, int) and port.phase in (None, "serve"):
                tensor = self.named_wire(port.name, model.types[port.wire], port.span)
                self.outputs[tensor.wire] = port.name
                self.env[port.name] = tensor
        self.sees(model)

    def report(self, problem: Diagnostic) -> Unknown:
        """Report a problem; what is none of the outputs may have been meant as one."""
        if isinstance(problem, WrongRank | UnknownName) and not problem.ways and not (isinstance(problem, UnknownName) and problem.near):
            from netspec.infer.sections.serve_repairs import name_output  # only specs with a problem need it

            problem = replace(problem, ways=name_output(problem, tuple(self.outputs.values())))
        if isinstance(problem, MissingArgument) and problem.names == ("limit",):
            from netspec.infer.calls.value_repairs import give_missing  # only specs with a problem need it

            longest = [self.facts.range(dim)[1] for wire in self.outputs for dim in self.types[wire].shape[1:2] if not dim.is_constant]
            problem = give_missing(problem, [most for most in longest if most is not None])
        return super().report(problem)

    def use_in_section(self, use: Call, value: OpValue, bound: Bound) -> Value:
        """A call of a decoder on an output of the model."""
        if value.entry.kind != DECODER:
            return super().use_in_section(use, value, bound)
        op = construct(self, value)
        if not isinstance(op, Decoder) or not op_uses.inputs_fit(self, use, op, bound):  # type: ignore[arg-type]
            return UNKNOWN
        given = bound.tensors[0]
        return Decoding(op, given.value, given.span)


def give_answer(frame: ObjectiveFrame, node: tree.Name) -> Value:
    """`serve.answer` in `eval`: what the file generates for that input of the trained model, i32[B, limit]."""
    plans = list_answers(frame.world, frame.model)
    plan = next((plan for plan in plans if plan.feeds == node.parts[1]), None)
    if plan is not None:
        frame.answers[node.text] = plan
        return frame.port_named(node.text) or frame.port(node.text, plan.type.substitute(frame.sizes), node.span)
    if not is_asked(frame, node.parts[1]):
        names = tuple(plan.feeds for plan in plans)
        frame.report(AnswerUnknown(at=node.span, name=node.text, model=frame.model.name, answers=names))
    return UNKNOWN


def is_asked(frame: ObjectiveFrame, name: str) -> bool:
    """The file has a line that would generate this, which then has a problem of its own."""
    sections = [node for node in frame.world.graph.serves if node.model == frame.model.name and not node.args]
    return any(isinstance(item, tree.Setting) and item.key == name for node in sections for item in node.body.items)


def plan_serving(world: World, node: tree.Serve, trained: list[Body]) -> list[ServePlan]:
    """The plans of a section; problems are reported. Without arguments it is about the models that the file trains, where it does."""
    definition = world.graph.definitions.get(node.model)
    if definition is None or not definition.is_model:
        return []
    bodies = [body for body in trained if body.name == definition.name and not node.args]
    if not bodies:
        given = read_model_arguments(Frame(world, "serve", Facts()), definition, node.args)
        body = None if given is None else find_model(world, definition, given, node.name_span)
        bodies = [] if body is None else [body]
    return [plan for body in dict.fromkeys(bodies) for plan in plan_answers(world, node, body)]


def plan_answers(world: World, node: tree.Serve, body: Body) -> list[ServePlan]:
    """What a section generates with one body; reckoned once."""
    key = ("serve", id(node), id(body))
    if key not in world.instances:
        items = [item for item in node.body.items if isinstance(item, tree.Setting)]
        made = [plan_answer(world, item, body) for item in items]
        world.instances[key] = [plan for plan in made if plan is not None]
    return world.instances[key]


def list_answers(world: World, body: Body) -> list[ServePlan]:
    """Everything that the file generates with this body."""
    sections = [node for node in world.graph.serves if node.model == body.name]
    return [plan for node in sections for plan in plan_serving(world, node, [body]) if plan.model is body]


def plan_answer(world: World, item: tree.Setting, body: Body) -> ServePlan | None:
    """One line of a section."""
    port = find_fed_input(world, item, body)
    frame = ServeFrame(world, body)
    value = expressions.evaluate(frame, item.value, ("decoder",))
    if isinstance(value, Unknown) or port is None:
        return None
    if not isinstance(value, Decoding):
        from netspec.infer.sections.serve_repairs import write_decoder  # only specs with a problem need it

        ways = write_decoder(item, tuple(frame.outputs.values()))
        world.report(NotADecoder(at=item.value.span, name=item.key, found=describe(value), ways=ways))
        return None
    output = frame.outputs.get(value.reads.wire, "")
    kind = type_of_port(body, port)
    if not reads_output(world, value, item.key, kind, output) or not tokens_are_there(world, item, value, kind, body, output):
        return None
    if not scores_are_logits(world, value, body, output):
        return None
    flow = prove_causality(world, item, body, port, output)
    if flow is None or flow.reach is None:
        return None
    plan = ServePlan(body, item.key, output, value.decoder, flow.reach < 0, list_beside(body, port), item.span)
    warn_of_two_beginnings(world, item, plan, port)
    return plan if limit_fits(world, item, plan, kind.shape[1]) else None


def type_of_port(body: Body, port: Port) -> TensorType:
    """The type of an input."""
    assert isinstance(port.wire, int)
    return body.types[port.wire]


def find_fed_input(world: World, item: tree.Setting, body: Body) -> Port | None:
    """The input that a line generates: whole numbers [B, T] with a free T."""
    names = tuple(p.name for p in body.inputs)
    port = next((p for p in body.inputs if p.name == item.key), None)
    if port is None:
        from netspec.infer.sections.serve_repairs import feed_input  # only specs with a problem need it

        fitting = [p.name for p in body.inputs if can_be_fed(body, p)]
        near = tuple(nearest(item.key, names))
        ways = feed_input(item, body, near[:1] or fitting)
        world.report(FedInput(at=item.name_span, model=body.name, name=item.key, inputs=names, near=near, ways=ways))
        return None
    if can_be_fed(body, port):
        return port
    from netspec.infer.sections.serve_repairs import free_length  # only specs with a problem need it

    found, ways = str(type_of_port(body, port)), free_length(port.span, [s for p in body.input_types().values() for s in p.symbols()])
    world.report(FedInput(at=item.name_span, model=body.name, name=item.key, found=found, declared=port.span, ways=ways))
    return None


def can_be_fed(body: Body, port: Port) -> bool:
    """Whole numbers [B, T] with a free T."""
    kind = type_of_port(body, port)
    return kind.is_int and kind.rank == 2 and is_free(body, kind.shape[1]) and kind.shape[0] != kind.shape[1]


def is_free(body: Body, size: Dim) -> bool:
    """A symbol whose size nothing has settled."""
    normal = body.facts.normal(size)
    return len(size.symbols()) == 1 and size == Dim.symbol(next(iter(size.symbols()))) and not normal.is_constant


def list_beside(body: Body, port: Port) -> tuple[str, ...]:
    """Other inputs whose size depends on the fed one's length."""
    symbols = body.facts.normal(type_of_port(body, port).shape[1]).symbols()
    return tuple(
        name
        for name, kind in body.input_types().items()
        if name != port.name and any(not symbols.isdisjoint(body.facts.normal(size).symbols()) for size in kind.shape)
    )


def reads_output(world: World, value: Decoding, feeds: str, kind: TensorType, output: str) -> bool:
    """What the decoder reads is an output, as it is, with scores for every position."""
    found = value.reads.type
    if output and found.rank == 3 and found.is_float and found.shape[:2] == kind.shape and found.shape[2].is_constant:
        return True
    wanted = f"scores f32[{kind.shape[0]}, {kind.shape[1]}, V]"
    world.report(DecodedOutput(at=value.at, feeds=feeds, fed=str(kind), found=str(found), wanted=wanted, output=bool(output)))
    return False


def scores_are_logits(world: World, value: Decoding, body: Body, output: str) -> bool:
    """What the decoder reads means what it wants; False after a reported problem."""
    wire, decoder = value.reads.wire, value.decoder
    measured = Measured((), (Port(OUTPUT + output, wire),), body)
    problem = find_misreading(decoder.op_name(), [(decoder.inputs[0], wire, value.at)], measured)
    if problem is not None:
        world.report(problem)
    return problem is None


def tokens_are_there(world: World, item: tree.Setting, value: Decoding, kind: TensorType, body: Body, output: str) -> bool:
    """`start` and `stop` are elements that there are, and the fed input holds each of those."""
    classes, fine = value.reads.type.shape[2].value, True
    if not holds(kind.dtype, classes - 1):
        world.report(LiteralDoesNotFit(value.decoder.op_name(), classes - 1, kind, at=item.value.span))
        fine = False
    for name in ("start", "stop"):
        token = getattr(value.decoder, name)
        if token is not None and token >= classes:
            from netspec.infer.sections.serve_repairs import set_argument  # only specs with a problem need it

            ways = set_argument(item, name, classes - 1)
            world.report(TokenOutside(at=item.value.span, name=name, value=token, output=output, classes=classes, ways=ways))
            fine = False
    return fine and model_takes_all(world, item, value, body, output)


def model_takes_all(world: World, item: tree.Setting, value: Decoding, body: Body, output: str) -> bool:
    """The model has a place for every element that it may be fed with; what ends an answer is fed to nothing that counts."""
    classes, decoder = value.reads.type.shape[2].value, value.decoder
    highest = classes - 2 if decoder.stop == classes - 1 else classes - 1
    limits = [bound for bound in find_bounds(body, ()) if bound.field == item.key and Dim.of(bound.below).is_constant]
    tight = min(limits, key=lambda bound: Dim.of(bound.below).value, default=None)
    if tight is None or Dim.of(tight.below).value > highest:
        return True
    below, name = Dim.of(tight.below).value, decoder.op_name()
    from netspec.infer.sections.serve_repairs import fit_classes  # only specs with a problem need it

    facts: dict[str, Any] = {"output": output, "classes": classes, "feeds": item.key, "taken_by": tight.op}
    serve = next((node for node in world.graph.serves if any(line is item for line in node.body.items)), None)
    facts["ways"] = () if serve is None else fit_classes(world, serve, output, below)
    world.report(TokenOutside(at=item.value.span, name=name, value=below, **facts))
    return False


def prove_causality(world: World, item: tree.Setting, body: Body, port: Port, output: str) -> Flow | None:
    """What the output knows of the input, or None after a reported problem."""
    flow = Causality.of(body, type_of_port(body, port).shape[1]).output(port.name, output)
    if isinstance(flow, Refusal):
        facts: dict[str, Any] = {"fed": port.name, "output": output, "serve": item.name_span}
        if flow.problem is not None:
            world.report(describe_ahead(world, flow.problem, facts) if isinstance(flow.problem, NotCausal) else flow.problem)
        return None
    if flow.reach is None:
        world.report(UnfedOutput(at=item.value.span, feeds=port.name, output=output))
        return None
    return flow


def describe_ahead(world: World, problem: NotCausal, facts: dict[str, Any]) -> NotCausal:
    """The problem of an op that looks ahead, with what makes it look back alone."""
    from netspec.infer.sections.serve_repairs import make_causal  # only specs with a problem need it

    return replace(problem, ways=make_causal(world, problem), **facts)


def warn_of_two_beginnings(world: World, item: tree.Setting, plan: ServePlan, port: Port) -> None:
    """A model that begins by itself needs no `start`."""
    if not plan.placed or plan.decoder.start is None:
        return
    facts: dict[str, Any] = {"feeds": plan.feeds, "output": plan.reads, "start": plan.decoder.start, "model": plan.model.name}
    world.report(BeginsTwice(at=item.value.span, without=find_argument(item.value, "start"), declared=port.span, **facts))


def find_argument(node: tree.Expr, name: str) -> Span:
    """Where an argument of the last call stands, with the comma that goes with it; `NOWHERE` where it is not written."""
    for call in (n for n in (node, *descendants(node)) if isinstance(n, tree.Call)):
        for arg, before, after in zip(call.args, (None, *call.args), (*call.args[1:], None), strict=False):
            if arg.name == name:
                start, end = (
                    (before.span.end, arg.span.end)
                    if before and not after
                    else (arg.span.start, after.span.start if after else arg.span.end)
                )
                return Span(arg.span.source, start, end)
    return NOWHERE


def limit_fits(world: World, item: tree.Setting, plan: ServePlan, symbol: Dim) -> bool:
    """The longest answer, behind the shortest beginning, has a length that the model takes."""
    decoder, facts = plan.decoder, plan.model.facts
    length = plan.positions(0 if decoder.start is None and plan.placed else 1)
    if facts.require("==", symbol, length).verdict is not Verdict.REFUTED:
        return True
    low, high = facts.range(symbol)
    found: dict[str, Any] = {"length": length, "symbol": str(symbol), "low": low, "high": high}
    if high is not None and length > high and decoder.limit > length - high:
        from netspec.infer.sections.serve_repairs import set_argument  # only specs with a problem need it

        found["ways"] = set_argument(item, "limit", decoder.limit - (length - high))
    world.report(LimitTooLong(at=item.value.span, feeds=item.key, limit=decoder.limit, **found))
    return False
