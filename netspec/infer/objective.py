"""Losses and metrics: measurements on the batch, whose finished means meet in arithmetic of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netspec.diagnostics.base import Place
from netspec.diagnostics.kinds import WrongKind
from netspec.diagnostics.sections import LossNotAMean
from netspec.infer import apply
from netspec.infer.frame import Frame, World
from netspec.infer.values import UNKNOWN, Given, Mean, OpValue, Tensor, Unknown, Value, describe, is_number
from netspec.ir import Apply, Body, Measurement, Objective, Operand, Port
from netspec.library import index
from netspec.library.base import Callable, Measure
from netspec.shape import Dim, Facts, TensorType
from netspec.source import Span

if TYPE_CHECKING:
    from netspec.infer.binding import Bound, Call

NUMBER = TensorType("f32", ())


class ObjectiveFrame(Frame):
    """Wires of the batch's fields and the model's outputs; measurements; and the body in which finished means meet."""

    kinds = ("metric", "loss", "layer", "function")

    def __init__(self, world: World, facts: Facts, batch: Dim) -> None:
        super().__init__(world, "objective", facts)
        self.batch = batch
        self.measurements: list[Measurement] = []
        self.finishing = Frame(world, "finish", facts)
        self.ports: list[Port] = []

    def port(self, name: str, type_: TensorType, span: Span) -> Tensor:
        tensor = self.wire(type_, span)
        self.wire_names[tensor.wire] = name
        self.ports.append(Port(name, tensor.wire, span))
        return tensor

    def place(self, tensor: Tensor) -> Place:
        """A field or output by its name, since several begin at one place of the text."""
        name = self.wire_names.get(tensor.wire, "").removeprefix("output.")
        found = super().place(tensor)
        return Place(found.span, f"`{name}` is {tensor.type}") if name else found

    def mean(self, op: Measure, inputs: tuple[Operand, ...], values: TensorType, span: Span, optional: tuple = ()) -> Mean:
        """A measurement, and the number it is finished to."""
        output = self.finishing.wire(NUMBER, span)
        per_example = values.rank > 0 and values.shape[0] == self.batch
        self.measurements.append(Measurement(op, inputs, output.wire, optional, per_example, span))
        return Mean(output.wire, NUMBER)

    def done(self, results: dict[str, Mean]) -> Objective:
        body = Body("objective", tuple(self.ports), (), tuple(self.nodes), self.types, names=self.wire_names, facts=self.facts)
        inputs = tuple(Port(f"mean_{i}", m.output) for i, m in enumerate(self.measurements))
        outputs = tuple(Port(name, mean.wire) for name, mean in results.items())
        finish = Body("finish", inputs, outputs, tuple(self.finishing.nodes), self.finishing.types, facts=self.facts)
        return Objective(body, tuple(self.measurements), finish)


def not_here(frame: Frame, use: Call, value: OpValue) -> Value:
    frame.world.report(WrongKind(at=use.span, name=value.name, is_a=value.entry.kind, wanted="a layer or function"))
    return UNKNOWN


def add_measure(frame: ObjectiveFrame, use: Call, op: Measure, bound: Bound) -> Value:
    """A call of a loss or metric on tensors."""
    results = apply.types_of(frame, use, op, bound)
    if results is None:
        return UNKNOWN
    optional = tuple((n, g.value.wire) for n, g in bound.optional.items())
    return frame.mean(op, apply.operands(bound.tensors), results[0], use.span, optional)


def apply_to_means(frame: Frame, use: Call, op: Callable, bound: Bound) -> Value:
    """An op on finished means: `xent + 0.1 * kl`, `exp(xent)`."""
    if not isinstance(frame, ObjectiveFrame):
        return UNKNOWN
    operands = [mean_of(frame, given) for given in bound.tensors]
    if any(isinstance(o, Unknown) for o in operands):
        return UNKNOWN
    bound.tensors = [Given(o, g.span) for o, g in zip(operands, bound.tensors, strict=True)]
    results = apply.types_of(frame.finishing, use, op, bound)
    if results is None:
        return UNKNOWN
    output = frame.finishing.wire(results[0], use.span)
    segment = frame.finishing.count(use.name)
    frame.finishing.emit(Apply(op, apply.operands(bound.tensors), (output.wire,), segment, span=use.span))
    return Mean(output.wire, results[0])


def mean_of(frame: ObjectiveFrame, given: Given) -> Value:
    """A value as a finished mean: a tensor counts once per example, a scalar as it is; numbers stay numbers."""
    value = given.value
    if isinstance(value, Mean | Unknown) or is_number(value) or isinstance(value, bool):
        return value
    if not isinstance(value, Tensor):
        frame.world.report(LossNotAMean(at=given.span, found=describe(value)))
        return UNKNOWN
    op = index.load("mean", "metric")()
    assert isinstance(op, Measure)
    return frame.mean(op, (value.wire,), value.type, given.span)


def as_result(frame: ObjectiveFrame, value: Value, span: Span) -> Mean | None:
    """What a loss or metric setting is worth: a mean."""
    if is_number(value):
        frame.world.report(LossNotAMean(at=span, found=describe(value)))
        return None
    mean = mean_of(frame, Given(value, span))
    return mean if isinstance(mean, Mean) else None
