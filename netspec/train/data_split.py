"""Divides arrays handed over from Python as the spec says: `arrays(fields={…}, test=0.1)` sets examples aside for evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias, cast

from netspec.ir import TrainPlan
from netspec.lazy import np
from netspec.library.base import Dataset
from netspec.library.data.columns import Table, select
from netspec.lower.precision import PRECISIONS
from netspec.train.field_checks import check_fields

Data: TypeAlias = Mapping[str, Any] | Iterable[Mapping[str, Any]]


def split_arrays(data: Data, plan: TrainPlan) -> tuple[Data, Data | None]:
    """The examples of training and those of evaluation; None where nothing is set aside. Raises `SpecError` for arrays that do not fit."""
    evaluated = plan.eval.data.dataset if plan.eval.data else None
    if not isinstance(data, Mapping) or evaluated is None or evaluated.portion(2) is None:
        return data, None
    table = check_fields(cast(Mapping[str, Any], data), plan.data.dataset.batch_types(), PRECISIONS[plan.precision])
    count = len(next(iter(table.values())))
    return part_of(table, plan.data.dataset, count), part_of(table, evaluated, count)


def part_of(table: Table, dataset: Dataset, count: int) -> Table:
    """The examples that belong to a dataset's part."""
    chosen = dataset.portion(count)
    return table if chosen is None else select(table, np.flatnonzero(chosen))
