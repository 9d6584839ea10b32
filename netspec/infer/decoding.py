"""Calls of decoders: only `serve` has a place for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netspec.diagnostics.calls.kinds import WrongKind
from netspec.diagnostics.training.decoders import AnswerUnknown
from netspec.infer import apply
from netspec.infer.frame import Frame, World
from netspec.infer.make import make
from netspec.infer.objective import ObjectiveFrame
from netspec.infer.values import UNKNOWN, OpValue, Tensor, Unknown, Value
from netspec.ir import Body
from netspec.library.decoders.protocol import Decoder
from netspec.record import record
from netspec.source import Span
from netspec.syntax import tree

if TYPE_CHECKING:
    from netspec.infer.binding import Bound, Call


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
                tensor = self.wire(model.types[port.wire], port.span)
                self.wire_names[tensor.wire] = port.name
                self.outputs[tensor.wire] = port.name
                self.env[port.name] = tensor
        self.sees(model)


def decoded(frame: Frame, use: Call, value: OpValue, bound: Bound) -> Value:
    """A call of a decoder on an output of the model."""
    if not isinstance(frame, ServeFrame):
        frame.world.report(WrongKind(at=use.span, name=value.name, is_a=value.entry.kind, wanted="a layer or function"))
        return UNKNOWN
    op = make(frame, value)
    if isinstance(op, Unknown) or not isinstance(op, Decoder) or not apply.inputs_fit(frame, use, op, bound):  # type: ignore[arg-type]
        return UNKNOWN
    given = bound.tensors[0]
    return Decoding(op, given.value, given.span)


def answer(frame: Frame, node: tree.Name) -> Value:
    """`serve.answer` in `eval`: what the file generates for that input of the trained model, i32[B, limit]."""
    from netspec.infer.serve import answers_of

    if not isinstance(frame, ObjectiveFrame) or not frame.evaluating:
        frame.world.report(AnswerUnknown(at=node.span, name=node.text, model=frame.name, elsewhere=True))
        return UNKNOWN
    plans = answers_of(frame.world, frame.model)
    plan = next((plan for plan in plans if plan.feeds == node.parts[1]), None)
    if plan is not None:
        frame.answers[node.text] = plan
        return frame.port_named(node.text) or frame.port(node.text, plan.type.substitute(frame.sizes), node.span)
    if not asked(frame, node.parts[1]):
        names = tuple(plan.feeds for plan in plans)
        frame.world.report(AnswerUnknown(at=node.span, name=node.text, model=frame.model.name, answers=names))
    return UNKNOWN


def asked(frame: ObjectiveFrame, name: str) -> bool:
    """The file has a line that would generate this, which then has a problem of its own."""
    sections = [node for node in frame.world.graph.serves if node.model == frame.model.name and not node.args]
    return any(isinstance(item, tree.Setting) and item.key == name for node in sections for item in node.body.items)
