"""Finds the fields of a dataset that a model's inputs are made of: the others, labels above all, need not be there to predict."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from netspec.ir import DataPlan
from netspec.library.base import Transform
from netspec.library.data.columns import LENGTH
from netspec.shape import TensorType

Origins = Mapping[str, frozenset[str]]
"""The dataset's fields that a field is made of."""


def find_needed(plan: DataPlan, inputs: Collection[str]) -> dict[str, TensorType]:
    """The dataset's fields that these inputs are made of, or arranged by, in its order, with their types."""
    types = dict(plan.dataset.batch_types())
    origins: Origins = {name: frozenset({name}) for name in types}
    found: set[str | None] = {plan.dataset.split_by} if any(transform.in_order for transform in plan.transforms) else set()
    for transform in plan.transforms:
        found |= {source for name in transform.reads() for source in origins.get(name, ())}
        after = transform.fields(types)
        origins = {name: _origin(transform, name, types, after, origins) for name in after}
        types = after
    found |= {source for name in inputs for source in origins.get(name, ())}
    return {name: kind for name, kind in plan.dataset.batch_types().items() if name in found}


def _origin(
    transform: Transform, name: str, before: Mapping[str, TensorType], after: Mapping[str, TensorType], origins: Origins
) -> frozenset[str]:
    """What one field behind a step is made of: the field that it was, else those that the step takes away, else any."""
    if (source := transform.name_before(name)) in before:
        return origins[source]
    gone = [field for field in before if field not in after and field != LENGTH] or list(before)
    return frozenset().union(*(origins[field] for field in gone))


def counts_lengths(types: Mapping[str, TensorType]) -> bool:
    """Are there sequences among the fields, whose lengths are a field too?"""
    return any(kind.rank > 1 and not kind.shape[1].is_constant for kind in types.values())
