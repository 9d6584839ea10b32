"""Holds the field that weighs the examples against what weights are: numbers of which none is below 0 and some is above."""

from __future__ import annotations

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.example_weights import BadExampleWeight, NoExampleCounts
from netspec.ir import DataPlan
from netspec.lazy import np
from netspec.library.base import Array, Transform
from netspec.library.data.columns import Table


def require_weights(batch: dict[str, Array], field: str, records: Array | None) -> dict[str, Array]:
    """The batch. Raises `Mistake` where a weight of its examples, which stand in the data at `records`, is negative or no number."""
    if field:
        _require_no_negative(field, np.asarray(batch[field]), records)
    return batch


def require_some_weight(table: Table, plan: DataPlan) -> None:
    """Raises `Mistake` where it can be seen before the first step that a weight is bad, or that no example counts."""
    if not plan.weights:
        return
    name = plan.weights
    for transform in reversed(plan.transforms):
        if not _keeps_values(transform):
            return
        name = transform.name_before(name)
    values = table.get(name)
    if isinstance(values, np.ndarray):
        _require_no_negative(name, values, None)
        if values.size and not values.any():
            raise Mistake(NoExampleCounts(field=name, examples=len(values)))


def _keeps_values(transform: Transform) -> bool:
    """Does every number of a field come out of it as it is? Those that change batches may change any field."""
    return type(transform).apply is Transform.apply or type(transform).name_before is not Transform.name_before


def _require_no_negative(field: str, values: Array, records: Array | None) -> None:
    """Raises `Mistake` with the first weight that is below 0, or no finite number."""
    bad = np.flatnonzero(~((values >= 0) & np.isfinite(values)))
    if bad.size:
        place = int(bad[0])
        raise Mistake(BadExampleWeight(field=field, record=place if records is None else int(records[place]), value=float(values[place])))
