"""Checks that the tensors of a loss have exactly the shapes that it wants, with nothing stretched."""

from __future__ import annotations

from collections.abc import Mapping

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.training.losses import UnequalInputs, UnfitRank
from netspec.diagnostics.training.targets import UnequalTargets
from netspec.library.base import Measure
from netspec.library.shape_rules.targets import require_mask, shapes_equal, value_dtype
from netspec.shape import Dim, Facts, TensorType

NONE: Mapping[str, TensorType] = {}


def joint_values(op: Measure, facts: Facts, inputs: tuple[TensorType, ...], mask: TensorType | None) -> TensorType:
    """The type of one value per number of tensors of one shape. Raises `Mistake` when inputs or mask do not fit."""
    equal_inputs(op, facts, inputs, NONE)
    return require_mask(op.op_name(), facts, TensorType(widest_dtype(inputs), inputs[0].shape), mask)


def row_values(
    op: Measure, facts: Facts, inputs: tuple[TensorType, ...], mask: TensorType | None, named: Mapping[str, TensorType] = NONE
) -> TensorType:
    """The type of one value per vector, on the last axis, of tensors of one shape. Raises `Mistake` when inputs or mask do not fit."""
    equal_inputs(op, facts, inputs, named)
    kinds = (*inputs, *named.values())
    return require_mask(op.op_name(), facts, TensorType(widest_dtype(kinds), inputs[0].shape[:-1]), mask)


def batch_values(op: Measure, facts: Facts, inputs: tuple[TensorType, ...], mask: TensorType | None) -> TensorType:
    """`row_values` of one vector per example, [B, D]."""
    if inputs[0].rank != 2:
        name = op.inputs[0].name
        raise Mistake(UnfitRank(op=op.op_name(), input=name, found=inputs[0], wanted="[B, D]", blame=name))
    return row_values(op, facts, inputs, mask)


def pair_values(op: Measure, facts: Facts, inputs: tuple[TensorType, ...], mask: TensorType | None) -> TensorType:
    """The type of one value per pair of vectors, of which the third input says something. Raises `Mistake` when anything does not fit."""
    left, right, same = inputs
    equal_inputs(op, facts, (left, right), NONE)
    need(op, facts, op.inputs[2].name, same, left, left.shape[:-1])
    return require_mask(op.op_name(), facts, TensorType(widest_dtype((left, right)), left.shape[:-1]), mask)


def count_values(op: Measure, facts: Facts, predictions: TensorType, targets: TensorType, mask: TensorType | None) -> TensorType:
    """The type of one value per number, where targets may be whole. Raises `Mistake` when targets or mask do not fit."""
    if not shapes_equal(facts, predictions.shape, targets.shape):
        raise Mistake(UnequalTargets(op=op.op_name(), predictions=predictions, targets=targets, blame="targets"))
    return require_mask(op.op_name(), facts, TensorType(widest_dtype((predictions, targets)), predictions.shape), mask)


def alignment_values(
    op: Measure, facts: Facts, inputs: tuple[TensorType, ...], lengths: Mapping[str, TensorType], mask: TensorType | None
) -> TensorType:
    """The type of one value per sequence: logits [B, T, C], labels [B, L], lengths [B]. Raises `Mistake` when anything does not fit."""
    logits, labels = inputs
    for given, axes, wanted in ((0, 3, "[B, T, C]"), (1, 2, "[B, L]")):
        if inputs[given].rank != axes:
            name = op.inputs[given].name
            raise Mistake(UnfitRank(op=op.op_name(), input=name, found=inputs[given], wanted=wanted, blame=name))
    need(op, facts, op.inputs[1].name, labels, logits, (logits.shape[0], labels.shape[1]))
    for name, found in lengths.items():
        need(op, facts, name, found, logits, logits.shape[:1])
    return require_mask(op.op_name(), facts, TensorType(value_dtype(logits), logits.shape[:1]), mask)


def example_values(op: Measure, positions: TensorType, logits: TensorType) -> TensorType:
    """The type of one value per example, of values per position. Raises `Mistake` when no axis counts examples."""
    if not positions.rank:
        name = op.inputs[0].name
        raise Mistake(UnfitRank(op=op.op_name(), input=name, found=logits, wanted="with an axis of examples", blame=name))
    return positions.with_shape(positions.shape[:1])


def equal_inputs(op: Measure, facts: Facts, inputs: tuple[TensorType, ...], named: Mapping[str, TensorType]) -> None:
    """Raises `Mistake` unless every input of a loss has the shape of the first one."""
    others = dict(zip((i.name for i in op.inputs[1:]), inputs[1:], strict=False)) | dict(named)
    for name, found in others.items():
        need(op, facts, name, found, inputs[0], inputs[0].shape)


def need(op: Measure, facts: Facts, name: str, found: TensorType, first: TensorType, wanted: tuple[Dim, ...]) -> None:
    """Raises `Mistake` unless an input of a loss is proved to have the wanted shape."""
    if not shapes_equal(facts, found.shape, wanted):
        problem = UnequalInputs(op=op.op_name(), input=name, found=found, first=op.inputs[0].name, of=first, wanted=wanted, blame=name)
        raise Mistake(problem)


def widest_dtype(kinds: tuple[TensorType, ...]) -> str:
    """f64 where one of them is, else f32."""
    return "f64" if any(kind.dtype == "f64" for kind in kinds) else "f32"
