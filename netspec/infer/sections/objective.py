"""Elaborates losses and metrics: each measures the batch, and the finished means meet in arithmetic of their own."""

from __future__ import annotations

import math
from typing import Any

from netspec.diagnostics.base import Diagnostic, Mistake, Place
from netspec.diagnostics.calls.inputs import NotATensor
from netspec.diagnostics.names.bindings import OnlyInPhase
from netspec.diagnostics.shapes.expansion import SizeOutOfRange
from netspec.diagnostics.training.means import NormalizeAlone, WeightShape
from netspec.diagnostics.training.metrics import MetricOfSeveral, MetricWithoutValues
from netspec.diagnostics.training.settings import LossNotAMean
from netspec.infer.calls import op_uses
from netspec.infer.calls.call_rule import Bound, Call
from netspec.infer.calls.construction import construct
from netspec.infer.frame import Frame, World
from netspec.infer.sections.section import Section
from netspec.infer.shelf import MEASURES, make_add, make_fill, make_mean_metric
from netspec.infer.values import UNKNOWN, Given, Mean, OpValue, Parameters, Tensor, Unknown, Value, describe, is_number
from netspec.ir import BATCH_MASK, OUTPUT, Apply, Body, Measurement, Node, Objective, Operand, Penalty, Port, ServePlan
from netspec.library.base import Callable, Layer, Measure
from netspec.library.base.trainables import FACTOR
from netspec.library.shape_rules.targets import shapes_equal
from netspec.library.shelf import index
from netspec.limits import LIMITS
from netspec.proofs.meanings import Measured
from netspec.proofs.objective_needs import list_kept, select_measurements, select_nodes
from netspec.record import replace
from netspec.shape import Dim, Facts, TensorType
from netspec.source import Span
from netspec.syntax import tree

NUMBER = TensorType("f32", ())


class ObjectiveFrame(Frame):
    """Wires of the batch's fields and the model's outputs; measurements; and the body in which finished means meet."""

    kinds = ("metric", "loss", "layer", "function")

    def __init__(self, world: World, facts: Facts, batch: Dim, model: Body, sizes: dict[str, Dim]) -> None:
        """`sizes`: what the symbols of the model are on the data."""
        super().__init__(world, "objective", facts)
        self.batch, self.model, self.sizes = batch, model, sizes
        self.measurements: list[Measurement] = []
        self.values: dict[int, TensorType] = {}
        """The types of the values behind measurements, by the wires of what they are finished to."""
        self.finishing = Frame(world, "finish", facts)
        self.ports: list[Port] = []
        self.auxiliaries: dict[str, tuple[str, ...]] = {}
        self.penalties: dict[str, Penalty] = {}
        self.answers: dict[str, ServePlan] = {}
        self.elsewhere: dict[str, str] = {}
        """Outputs of the model that exist in another phase, which each has."""
        self.lacking = False
        """What is unknown reads an output that does not exist in evaluation; the lines are right in training."""
        self.rests: dict[str, Value] = {}
        """What is left for a loss of the `let`s that are sums and read such an output."""
        self.weights = ""
        """The field that weighs the examples."""
        self.evaluating = False
        """The lines are those of `eval`, which may ask for generated sequences."""
        self.section: Section | None = None
        """The section that measures."""

    def report(self, problem: Diagnostic) -> Unknown:
        """Report a problem, with the repairs that what the section says makes likely."""
        if self.section is not None:
            from netspec.infer.sections.measure_repairs import propose  # only specs with a problem need it

            problem = propose(self, problem)
        return super().report(problem)

    def emit(self, node: Node) -> None:
        """Add a node; one that has something of its own to train or to remember is reported, since only the model's is kept."""
        super().emit(node)
        kept = list_kept(node, self.types) if not isinstance(node, Apply) or isinstance(node.op, Layer) else ()
        if kept:
            from netspec.diagnostics.training.losses import WeightsOutsideModel  # only specs with this problem need it

            self.report(WeightsOutsideModel(at=node.span, kept=kept))

    def port(self, name: str, type_: TensorType, span: Span) -> Tensor:
        """A new input of the objective."""
        tensor = self.named_wire(name, type_, span)
        self.ports.append(Port(name, tensor.wire, span))
        return tensor

    def port_named(self, name: str) -> Tensor | None:
        """The input of that name, where there is one already."""
        wire = next((p.wire for p in self.ports if p.name == name), None)
        return Tensor(wire, self.types[wire]) if isinstance(wire, int) else None

    def place(self, tensor: Tensor) -> Place:
        """A field or output by its name, since several begin at one place of the text."""
        name = self.wire_names.get(tensor.wire, "").removeprefix(OUTPUT)
        found = super().place(tensor)
        return Place(found.span, f"`{name}` is {tensor.type}") if name else found

    def mean(self, op: Measure, inputs: tuple[Operand, ...], values: TensorType, span: Span, optional: tuple = ()) -> Mean:
        """A measurement, and what it is finished to."""
        result = op.result(values)
        output = self.finishing.wire(result, span)
        per_example = values.rank > 0 and values.shape[0] == self.batch
        self.measurements.append(Measurement(op, inputs, output.wire, optional, per_example, span))
        self.values[output.wire] = values
        return Mean(output.wire, result)

    def done(self, results: dict[str, Mean]) -> Objective:
        """What the results need; the rest is dropped."""
        outputs = tuple(Port(name, mean.wire) for name, mean in results.items())
        finishing, measurements = select_measurements(self.finishing.nodes, self.measurements, outputs)
        nodes, ports = select_nodes(self.nodes, self.ports, measurements)
        inputs = tuple(Port(f"mean_{i}", m.output) for i, m in enumerate(measurements))
        body = Body("objective", ports, (), nodes, self.types, names=self.wire_names, facts=self.facts)
        finish = Body("finish", inputs, outputs, finishing, self.finishing.types, facts=self.facts)
        left = {p.name for p in ports}
        auxiliaries = {name: paths for name, paths in self.auxiliaries.items() if name in left}
        penalties = {name: penalty for name, penalty in self.penalties.items() if name in left}
        answers = {name: plan for name, plan in self.answers.items() if name in left}
        return Objective(body, measurements, finish, auxiliaries, penalties, answers, self.weights)

    # --- what only an objective has a place for ---

    def use_in_section(self, use: Call, value: OpValue, bound: Bound) -> Value:
        if value.entry.kind not in MEASURES:
            return super().use_in_section(use, value, bound)
        self.world.call(LIMITS.measure_values)
        if any(isinstance(g.value, Parameters) for g in bound.tensors):
            return self.penalize(use, Callable(), bound)
        op = construct(self, value)
        return add_measure(self, use, op, bound) if isinstance(op, Measure) else UNKNOWN

    def use_measured(self, use: Call, op: Callable, bound: Bound) -> Value | None:
        """A number of parameters, arithmetic on finished means, or a loss that stands for its values."""
        if any(isinstance(g.value, Parameters) for g in bound.tensors):
            return self.penalize(use, op, bound)
        if (op.kind == "operator" or op.elementwise) and not op.opens_means:
            return apply_to_means(self, use, op, bound)
        return None if give_values(self, use, op, bound) else UNKNOWN

    def fill_numbers(self, value: OpValue, bound: Bound) -> None:
        """Numbers behind the first input of a loss or metric become tensors of its shape; class labels (declared `number`) do not."""
        if any(is_number(g.value) for g in bound.tensors) and isinstance(bound.tensors[0].value, Tensor):
            declared = [i for i in index.load(value.entry).inputs if not i.optional]
            pairs = zip(declared, bound.tensors, strict=False)
            like = bound.tensors[0].value.type
            bound.tensors = [fill_number(self, g, like) if is_number(g.value) and i.dtype != "number" else g for i, g in pairs]

    def made_so_far(self) -> Measured:
        return Measured(self.nodes, self.ports, self.model)

    def penalize(self, use: Call, op: Callable, bound: Bound) -> Value:
        """`l2(params("**/kernel"))`."""
        from netspec.infer.sections import selections  # few specs have any

        return selections.add_penalty(self, use, op, bound)

    def late_name(self, node: tree.Name) -> Value | None:
        """`batch_mask`, which examples count; and what exists in another phase."""
        if node.text == "batch_mask":
            return self.mask_of_batch(node.span)
        phase = self.elsewhere.get(node.parts[0])
        if phase is None:
            return None
        return self.report(OnlyInPhase(at=node.span, name=node.parts[0], phase=phase, measured="eval" if self.lacking else "train"))

    def select(self, name: str, node: tree.Call, pattern: str) -> Value:
        from netspec.infer.sections import selections  # few specs have any

        return selections.select(self, name, node.args[0], pattern)

    def mask_of_batch(self, span: Span) -> Tensor | None:
        """bool[B]; None where nothing counts examples."""
        counted = any(self.batch in self.types[port.wire].shape[:1] for port in self.ports if isinstance(port.wire, int))
        return self.port_named(BATCH_MASK) or (self.port(BATCH_MASK, TensorType("bool", (self.batch,)), span) if counted else None)

    def answer(self, node: tree.Name) -> Value:
        if not self.evaluating:
            return super().answer(node)
        from netspec.infer.sections import serving  # few specs serve

        return serving.give_answer(self, node)


def add_measure(frame: ObjectiveFrame, use: Call, op: Measure, bound: Bound) -> Value:
    """A call of a loss or metric on tensors."""
    if not give_values(frame, use, op, bound):
        return UNKNOWN
    factor = bound.optional.pop(FACTOR, None) if op.takes_weight else None
    results = op_uses.prove_types(frame, use, op, bound)
    if results is None or not op_uses.meanings_fit(frame, use, op, bound):
        return UNKNOWN
    if factor is not None:
        if not factor_fits(frame, use, op, factor, results[0]):
            return UNKNOWN
        bound.optional[FACTOR] = factor
    elif op.takes_weight and op.normalize:
        return frame.report(NormalizeAlone(at=bound.args["normalize"].span if "normalize" in bound.args else use.span, op=use.name))
    optional = tuple((n, g.value.wire) for n, g in bound.optional.items())
    return frame.mean(op, op_uses.to_operands(bound.tensors), results[0], use.span, optional)


def fill_number(frame: ObjectiveFrame, given: Given, like: TensorType) -> Given:
    """A number where a loss compares number by number: a tensor full of it, `sigmoid_cross_entropy(score, 1.0)`."""
    if not math.isfinite(given.value):  # type: ignore[arg-type]
        problem = SizeOutOfRange(at=given.span, what="the target", value=describe(given.value), limit="a finite number")
        return Given(frame.report(problem), given.span)
    number: Any = given.value
    op = make_fill(like, float(number) if like.is_float else number)
    try:
        op.shape(frame.facts)
    except Mistake as mistake:  # a fraction among whole numbers
        return Given(frame.world.report_mistake(mistake, given.span), given.span)
    output = frame.wire(like, given.span)
    frame.emit(Apply(op, (), (output.wire,), frame.count(op.op_name()), span=given.span))
    return Given(output, given.span)


def factor_fits(frame: ObjectiveFrame, use: Call, op: Measure, factor: Given, values: TensorType) -> bool:
    """Are the factors numbers, of the values' shape or of its first axes? False after a reported problem."""
    if not op_uses.inputs_fit(frame, use, op, Bound(optional={FACTOR: factor})):
        return False
    found = factor.value.type
    if 0 < found.rank <= values.rank and shapes_equal(frame.facts, found.shape, values.shape[: found.rank]):
        return True
    frame.report(WeightShape(at=factor.span, op=use.name, values=values, weight=found, operand=factor.span.text))
    return False


# --- a loss as an argument -------------------------------------------------------------------------------------------


def give_values(frame: ObjectiveFrame, use: Call, op: Callable, bound: Bound) -> bool:
    """Put the values of a loss or metric, before they are averaged, where it is an argument; False after a reported problem."""
    finished = find_finished(frame, op, bound)
    for given in (*bound.tensors, *bound.optional.values()):
        wire = given.value.wire if isinstance(given.value, Mean) else None
        of = None if wire is None else next((m for m in frame.measurements if m.output == wire), None)
        if of is not None and not of.op.averaged:
            frame.report(MetricWithoutValues(at=given.span, op=of.op.op_name(), input_of=use.name))
            return False
    bound.tensors = [give_value(frame, g) for g in bound.tensors]
    bound.optional = {n: give_value(frame, g) for n, g in bound.optional.items()}
    left = next((g for g in (*bound.tensors, *bound.optional.values()) if isinstance(g.value, Mean)), None)
    if left is not None:
        frame.report(NotATensor(at=left.span, what="arithmetic of finished means", wanted=f"an input of `{use.name}`"))
    elif finished is not None:
        frame.report(describe_finished(frame, use, op, bound, finished))
    return left is None and finished is None


def find_finished(frame: ObjectiveFrame, op: Callable, bound: Bound) -> tuple[Given, Bound] | None:
    """The finished mean among what an op is given that cannot stand for its values, and all that it was given. One can only as the one
    thing that a reduction (`sum`, `each`, the metric `mean`) is taken of, and only where it is more than a mean of a tensor."""
    given = (*bound.tensors, *bound.optional.values())
    alone = op.opens_means or op.reduces or (isinstance(op, Measure) and len([i for i in op.inputs if not i.optional]) == 1)
    for place, each in enumerate(given):
        of = next((m for m in frame.measurements if isinstance(each.value, Mean) and m.output == each.value.wire), None)
        if of is not None and (not alone or place > 0 or is_statistic(of)):
            return each, replace(bound, tensors=list(bound.tensors), optional=dict(bound.optional))
    return None


def is_statistic(measurement: Measurement) -> bool:
    """`mean(reward)`: the mean of a tensor, which has the values itself."""
    return type(measurement.op) is type(make_mean_metric()) and not measurement.optional


def describe_finished(frame: ObjectiveFrame, use: Call, op: Callable, bound: Bound, finished: tuple[Given, Bound]) -> Diagnostic:
    """The problem of a finished mean where a tensor is wanted, with the forms that would do."""
    from netspec.infer.sections import meetings  # only specs with a problem need it

    measured = [(m, frame.values[m.output]) for m in frame.measurements]
    return meetings.describe_argument(frame, use, op, finished[1], finished[0], measured)


def give_value(frame: ObjectiveFrame, given: Given) -> Given:
    """The tensor of a loss's values, in place of its mean."""
    mean = given.value
    if not isinstance(mean, Mean) or mean.wire not in frame.values:
        return given
    measurement = next(m for m in frame.measurements if m.output == mean.wire)
    output = frame.wire(frame.values[mean.wire], measurement.span)
    segment = frame.count(measurement.op.op_name())
    frame.emit(Apply(measurement.op, measurement.inputs, (output.wire,), segment, measurement.optional, span=measurement.span))
    return Given(output, given.span)


# --- finished means --------------------------------------------------------------------------------------------------


def apply_to_means(frame: ObjectiveFrame, use: Call, op: Callable, bound: Bound) -> Value:
    """An op on finished means: `xent + 0.1 * kl`, `exp(xent)`."""
    stranger = find_examples(frame, bound)
    if stranger is not None:
        return frame.report(describe_meeting(frame, use, op, bound, stranger))
    operands = [make_mean(frame, given) for given in bound.tensors]
    if any(isinstance(o, Unknown) for o in operands):
        return UNKNOWN
    several = next((g for o, g in zip(operands, bound.tensors, strict=True) if isinstance(o, Mean) and o.type.rank), None)
    if several is not None:
        return frame.report(MetricOfSeveral(at=several.span, what=f"an operand of `{use.name}`", type=several.value.type))
    bound.tensors = [Given(o, g.span) for o, g in zip(operands, bound.tensors, strict=True)]
    results = op_uses.prove_types(frame.finishing, use, op, bound)
    if results is None:
        return UNKNOWN
    output = frame.finishing.wire(results[0], use.span)
    segment = frame.finishing.count(use.name)
    frame.finishing.emit(Apply(op, op_uses.to_operands(bound.tensors), (output.wire,), segment, span=use.span))
    return Mean(output.wire, results[0])


def find_examples(frame: ObjectiveFrame, bound: Bound) -> Given | None:
    """Among what meets a finished mean, the tensor that has a number for each example: counted as the batch, or a loss's values, are."""
    leading = {kind.shape[0] for kind in frame.values.values() if kind.rank}
    for given in bound.tensors:
        if isinstance(given.value, Tensor) and given.value.type.rank:
            dims = given.value.type.shape
            if dims[0] in leading or any(not frame.batch.symbols().isdisjoint(dim.symbols()) for dim in dims):
                return given
    return None


def describe_meeting(frame: ObjectiveFrame, use: Call, op: Callable, bound: Bound, stranger: Given) -> Diagnostic:
    """The problem of an op between a finished mean and that tensor, with the forms that would do."""
    from netspec.infer.sections import meetings  # only specs with a problem need it

    measured = [(m, frame.values[m.output]) for m in frame.measurements]
    return meetings.describe(frame, use, op, bound, stranger, measured)


def add_means(frame: ObjectiveFrame, means: list[Mean]) -> Mean:
    """The sum of finished means."""
    op = make_add()
    result = means[0]
    for mean in means[1:]:
        output = frame.finishing.wire(NUMBER)
        frame.finishing.emit(Apply(op, (result.wire, mean.wire), (output.wire,), frame.finishing.count(op.op_name())))
        result = Mean(output.wire, NUMBER)
    return result


def make_mean(frame: ObjectiveFrame, given: Given) -> Value:
    """A value as a finished mean: a tensor counts once per example, a scalar as it is; numbers stay numbers."""
    value = given.value
    if isinstance(value, Mean | Unknown) or is_number(value) or isinstance(value, bool):
        return value
    if not isinstance(value, Tensor):
        return frame.report(LossNotAMean(at=given.span, found=describe(value)))
    return frame.mean(make_mean_metric(), (value.wire,), value.type, given.span)


def make_result(frame: ObjectiveFrame, value: Value, span: Span) -> Mean | None:
    """What a loss or metric setting is worth: a mean."""
    if is_number(value):
        frame.report(LossNotAMean(at=span, found=describe(value)))
        return None
    mean = make_mean(frame, Given(value, span))
    return mean if isinstance(mean, Mean) else None
