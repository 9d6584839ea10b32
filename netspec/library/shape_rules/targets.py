"""Checks the inputs of losses and metrics against each other: shapes are exactly equal, nothing is stretched."""

from __future__ import annotations

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.training.classes import OneClass
from netspec.diagnostics.training.targets import LabelsShape, MaskShape, UnequalClasses, UnequalLabels, UnequalTargets
from netspec.lazy import jnp
from netspec.library.base import Array, In
from netspec.record import replace
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.verdict import PROVED

LOGITS = In("logits", "Unnormalised scores [..., C], one for each class on the last axis.", rank=1)
LABELS = In("labels", "Integers [...] in 0..C-1, or a distribution over the classes (one-hot) in floats [..., C].", dtype="number")
SOFTMAX_LOGITS = replace(LOGITS, wants="logits")
"""The same, where a softmax is taken of them."""
SCORES = In("logits", "Unnormalised scores of yes, any shape: 0 is undecided.")
SIGMOID_LOGITS = replace(SCORES, wants="log_odds")
"""The same, where a sigmoid is taken of them."""
TRUTH = In("labels", "The answers, of the logits' shape: floats 0 to 1 (probabilities of yes), booleans, or integers 0 and 1.", dtype="any")
MASK = In("mask", "Which values count, of the values' shape: false or 0 leaves one out, other numbers are weights.", "any", optional=True)


def value_dtype(kind: TensorType) -> str:
    """The dtype of values: f32, but f64 stays f64."""
    return "f64" if kind.dtype == "f64" else "f32"


def is_integer(labels: Array) -> bool:
    """Are the labels whole numbers, of an array?"""
    return jnp.issubdtype(labels.dtype, jnp.integer)


def label_values(op: str, facts: Facts, logits: TensorType, labels: TensorType, mask: TensorType | None) -> TensorType:
    """The type of one value per prediction. Raises `Mistake` when labels or mask do not fit the logits."""
    if logits.shape[-1] == 1:
        raise Mistake(OneClass(op=op, logits=logits, labels=labels, blame="logits"))
    values = TensorType(value_dtype(logits), logits.shape[:-1])
    one_hot = labels.is_float
    expected = labels.with_shape(logits.shape if one_hot and labels.rank == logits.rank else values.shape)
    if one_hot and labels.rank != logits.rank:
        raise Mistake(LabelsShape(op=op, logits=logits, labels=labels, expected=expected.with_dtype("i32"), blame="labels"))
    if not shapes_equal(facts, labels.shape[: logits.rank - 1], values.shape) or labels.rank != expected.rank:
        raise Mistake(LabelsShape(op=op, logits=logits, labels=labels, expected=expected, blame="labels"))
    if not shapes_equal(facts, labels.shape[logits.rank - 1 :], expected.shape[logits.rank - 1 :]):
        raise Mistake(UnequalClasses(op=op, logits=logits, labels=labels, blame="labels"))
    return require_mask(op, facts, values, mask)


def count_classes(logits: TensorType, labels: TensorType, *others: TensorType) -> dict[str, Dim | int]:
    """How many classes scores [..., C] tell apart, where the labels are class numbers; see `Callable.tells_apart`."""
    return {"labels": logits.shape[-1]} if labels.is_int else {}


def yes_and_no(labels: TensorType) -> dict[str, Dim | int]:
    """Whole numbers that are answers are 0 and 1; see `Callable.ceilings`."""
    return {"labels": 2} if labels.is_int else {}


def truth_values(op: str, facts: Facts, logits: TensorType, labels: TensorType, mask: TensorType | None) -> TensorType:
    """The type of one value per answer. Raises `Mistake` when labels or mask do not fit the logits."""
    if not shapes_equal(facts, logits.shape, labels.shape):
        raise Mistake(UnequalLabels(op=op, logits=logits, labels=labels, blame="labels"))
    return require_mask(op, facts, logits.with_dtype(value_dtype(logits)), mask)


def sequence_values(op: str, facts: Facts, prediction: TensorType, target: TensorType, mask: TensorType | None) -> TensorType:
    """The type of one value per sequence, the last axis being time. Raises `Mistake` when target or mask do not fit the prediction."""
    if not shapes_equal(facts, prediction.shape, target.shape):
        raise Mistake(UnequalTargets(op=op, predictions=prediction, targets=target, blame="target"))
    require_mask(op, facts, prediction, mask)
    return TensorType("f32", prediction.shape[:-1])


def equal_values(op: str, facts: Facts, predictions: TensorType, targets: TensorType, mask: TensorType | None) -> TensorType:
    """The type of one value per number. Raises `Mistake` when targets or mask do not fit the predictions."""
    if not targets.is_float or not shapes_equal(facts, predictions.shape, targets.shape):
        raise Mistake(UnequalTargets(op=op, predictions=predictions, targets=targets, blame="targets"))
    kind = "f64" if "f64" in (predictions.dtype, targets.dtype) else "f32"
    return require_mask(op, facts, predictions.with_dtype(kind), mask)


def require_mask(op: str, facts: Facts, values: TensorType, mask: TensorType | None) -> TensorType:
    """The values' type. Raises `Mistake` when the mask has another shape."""
    if mask is not None and not shapes_equal(facts, mask.shape, values.shape):
        raise Mistake(MaskShape(op=op, values=values, mask=mask, blame="mask"))
    return values


def shapes_equal(facts: Facts, left: tuple[Dim, ...], right: tuple[Dim, ...]) -> bool:
    """Are the shapes proved to be equal?"""
    return len(left) == len(right) and all(a == b or facts.equal(a, b) is PROVED for a, b in zip(left, right, strict=True))
