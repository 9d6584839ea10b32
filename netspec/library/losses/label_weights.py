"""Weighs the values of a loss by their labels: classes have weights, and some labels do not count."""

from __future__ import annotations

from typing import Annotated

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.training.losses import IgnoreWithoutClasses, UnequalClassWeights
from netspec.lazy import jnp
from netspec.library.base import Array
from netspec.library.base.field_bounds import AfterValidator, Field
from netspec.library.functions.broadcasting import need_value
from netspec.library.shape_rules.requirements import need_equal
from netspec.library.shape_rules.targets import is_integer
from netspec.shape import Facts, TensorType


def _require_some_count(weights: tuple[float, ...]) -> tuple[float, ...]:
    """Checks that some weight is not 0, since a mean over weights that are all 0 is no number."""
    if not any(weights):
        raise ValueError("numbers of which one at least is not 0")
    return weights


Weights = Annotated[tuple[Annotated[float, Field(ge=0)], ...], Field(strict=False), AfterValidator(_require_some_count)] | None
"""One number per class, or all the same."""


def require_class_weights(op: str, facts: Facts, weights: Weights, logits: TensorType) -> None:
    """Raises `Mistake` when there are not as many weights as classes on the last axis."""
    if weights is None:
        return
    problem = UnequalClassWeights(op=op, count=len(weights), logits=logits, blame="class_weights")
    if not logits.rank:
        raise Mistake(problem)
    need_equal(facts, op, logits.shape[-1], len(weights), "so that each class has its weight", problem)


def ignored_is_integer(op: str, ignore: int | None, labels: TensorType) -> None:
    """Raises `Mistake` when a class number is to be ignored among labels that are none, or are of a type that does not hold it."""
    if ignore is not None and not labels.is_int:
        raise Mistake(IgnoreWithoutClasses(op=op, ignore=ignore, labels=labels, blame="ignore"))
    if ignore is not None:
        need_value(op, ignore, labels, blame="ignore")


def leave_out(count: int, ignore: int | None) -> int:
    """How many of so many classes count, from 0 on, where one is ignored."""
    return count - (ignore == count - 1)


def label_weights(weights: Weights, scores: Array, labels: Array) -> Array | None:
    """The weight of each label, [...]; of a distribution the mean of its classes'. What is no class counts 1, so that it is seen."""
    if weights is None:
        return None
    table = jnp.asarray(weights, scores.dtype)
    if not is_integer(labels):
        return labels.astype(scores.dtype) @ table
    inside = (labels >= 0) & (labels < len(weights))
    return jnp.where(inside, table[jnp.where(inside, labels, 0)], 1)


def counted_labels(weights: Array | None, labels: Array, ignore: int | None) -> Array | None:
    """The weights, 0 where a label is to be ignored."""
    if ignore is None:
        return weights
    counts = labels != ignore
    return counts if weights is None else jnp.where(counts, weights, 0)
