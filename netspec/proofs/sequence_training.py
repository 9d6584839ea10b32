"""Warns where a model is trained on sequences that it should not see as it does: several in a row, or with what is to be predicted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.training.serving import NotCausal
from netspec.ir import OUTPUT, Apply, Body, Literal, Measurement, Objective, Operand, TrainPlan, list_bodies, walk
from netspec.ir.def_use import DefUse
from netspec.proofs.masks import list_objectives

if TYPE_CHECKING:
    from netspec.proofs.causality import Causality

SEGMENTS, FIELD = "segments", "segment"


def find_sequence_mistakes(plans: Sequence[TrainPlan]) -> list[Diagnostic]:
    """The problems of all sections."""
    return [problem for plan in plans for problem in (*find_mingled(plan), *find_seen(plan))]


# --- several sequences in a row --------------------------------------------------------------------------------------
def find_mingled(plan: TrainPlan) -> Iterator[Diagnostic]:
    """The ops that could be told the segments of packed rows, and are not."""
    if not any(transform.mingles for transform in plan.data.transforms) or FIELD not in plan.data.fields:
        return
    from netspec.diagnostics.training.sequences import SegmentsMingled  # few data are packed

    row = plan.data.fields[FIELD].shape[1]
    given, fields = plan.model.input_types(), plan.data.fields
    rows = {kind.shape[1] for name, kind in given.items() if kind.rank > 1 and name in fields and fields[name].shape[1:2] == (row,)}
    for body in list_bodies(plan.model):
        for node, _ in walk(body):
            if isinstance(node, Apply) and is_untold(node, body) and not rows.isdisjoint(first_shape(node, body)[1:]):
                yield SegmentsMingled(at=node.span, op=node.op.op_name(), field=FIELD, packed=plan.data.span)


def is_untold(node: Apply, body: Body) -> bool:
    """It takes segments, and gets neither them nor a mask that could tell them apart."""
    given = dict(node.optional)
    told = SEGMENTS in given or ("mask" in given and body.types[given["mask"]].rank > 2)
    return not told and any(port.name == SEGMENTS for port in node.op.inputs)


def first_shape(node: Apply, body: Body) -> tuple:
    wire = next((operand for operand in node.inputs if isinstance(operand, int)), None)
    return () if wire is None else body.types[wire].shape


# --- what is to be predicted -----------------------------------------------------------------------------------------
def find_seen(plan: TrainPlan) -> Iterator[Diagnostic]:
    """The losses that ask for a later element of an input which the model has seen."""
    asked = {}
    for objective in list_objectives(plan):
        for measurement in objective.measurements:
            if (found := find_asked(plan, objective, measurement)) is not None:
                asked.setdefault(found, measurement)
    for (fed, output, ahead), measurement in asked.items():
        if (problem := look_ahead(plan, fed, output, ahead)) is not None:
            from netspec.diagnostics.training.sequences import NextElementSeen  # few models do

            facts = {"fed": fed, "output": output, "repair": problem.repair, "asked": measurement.span, "trail": problem.trail}
            yield NextElementSeen(at=problem.at, op=problem.symbol or problem.op, why=problem.why, **facts)


def find_asked(plan: TrainPlan, objective: Objective, measurement: Measurement) -> tuple[str, str, int] | None:
    """(input, output, how far ahead) of a loss that holds an output against an input of the model, along axis 1."""
    if len(measurement.inputs) < 2:
        return None
    (output, left), (fed, right) = (follow_back(objective.body, operand) for operand in measurement.inputs[:2])
    inputs = plan.model.input_types()
    if not output.startswith(OUTPUT) or fed not in inputs or inputs[fed].rank < 2 or left is None or right is None:
        return None
    return fed, output.removeprefix(OUTPUT), right - left


def follow_back(body: Body, operand: Operand) -> tuple[str, int | None]:
    """The input of a body that a wire is a stretch of along axis 1, and where that begins."""
    if isinstance(operand, Literal):
        return "", None
    makers = DefUse.of(body).makers
    left = 0
    while isinstance(node := makers.get(operand), Apply) and node.inputs and isinstance(node.inputs[0], int):
        inputs, _ = body.op_inputs(node)
        more = node.op.left_out(1, *inputs) if inputs[0].rank > 1 else None
        if more is None:
            return "", None
        left, operand = left + more, node.inputs[0]
    return next(((port.name, left) for port in body.inputs if port.wire == operand), ("", None))


def look_ahead(plan: TrainPlan, fed: str, output: str, ahead: int) -> NotCausal | None:
    """Why the output sees what it is asked for; None where it does not, or where that is not known for certain."""
    from netspec.proofs.causality import Causality, Refusal

    model = plan.model
    length = model.facts.normal(model.input_types()[fed].shape[1])
    if not any(port.name == output for port in model.outputs):
        return None
    if length.is_constant:
        from netspec.proofs.fixed_lengths import FREE, free_length  # few models have sequences of one length

        free = free_length(model, fed, length.value)
        if free is None:
            return None
        model, length = free, FREE
    proof = Causality.of(model, length)
    if ahead < 1 and not (ahead == 0 and shifts(proof, fed)):
        return None
    flow = proof.output(fed, output)
    problem = flow.problem if isinstance(flow, Refusal) else None
    return problem if isinstance(problem, NotCausal) and problem.certain else None


def shifts(proof: Causality, fed: str) -> bool:
    """Does the model move its input to the right itself?"""
    reaches = (getattr(flow, "reach", None) for flow in proof.flows(fed).values())
    return any(reach is not None and reach < 0 for reach in reaches)
