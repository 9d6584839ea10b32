"""Divides the examples of a dataset among the parts of a training: what is set aside for validation, what stays, what is for test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias, cast

from netspec.ir import DataPlan, TrainPlan
from netspec.lazy import np
from netspec.library.base import Array, Dataset
from netspec.library.data.columns import Table, select
from netspec.library.data.validation_part import choose_validation
from netspec.lower.precision import PRECISIONS
from netspec.record import replace
from netspec.train.field_checks import check_fields

Data: TypeAlias = Mapping[str, Any] | Iterable[Mapping[str, Any]]


class Parts(NamedTuple):
    """Data that Python hands over, by what they are for; None where there are none."""

    train: Data | None = None
    validation: Data | None = None
    test: Data | None = None


def take_part(table: Table, plan: DataPlan, seed: int, held: Array | None = None) -> Table:
    """The examples of a chain's part, in their order; `held` says which are set aside, where that is known. Raises `Mistake` where they
    cannot be divided."""
    if not plan.part:
        return table
    chosen = find_held(table, plan, seed) if held is None else held
    return select(table, np.flatnonzero(chosen if plan.part == "validation" else ~chosen))


def is_empty(table: Table) -> bool:
    """Whether no example is in it."""
    return not len(next(iter(table.values())))


def find_held(table: Table, plan: DataPlan, seed: int) -> Array:
    """Which examples (bool[n]) of a dataset are set aside for validation. Raises `Mistake` where they cannot be divided."""
    return choose_validation(plan.dataset, table, seed, plan.classes, plan.batch)


def without_split(plan: DataPlan) -> DataPlan:
    """The chain over all examples of its dataset: nothing is set aside."""
    return replace(plan, part="") if plan.part else plan


def split_arrays(parts: Parts, plan: TrainPlan) -> Parts:
    """Arrays handed over for training, divided as the spec's dataset says by `test=0.1` and `validation=0.1`, but for parts that are handed
    over besides. Raises `SpecError` for arrays that do not fit, `Mistake` where they cannot be divided."""
    chain = plan.data
    test = plan.eval.test.dataset if plan.eval.test else None
    cuts_test = parts.test is None and test is not None and test.portion(2) is not None
    aside = parts.validation is None and chain.part == "train"
    if not isinstance(parts.train, Mapping) or not (cuts_test or aside):
        return parts
    table: Table = check_fields(cast(Mapping[str, Any], parts.train), chain.dataset.batch_types(), PRECISIONS[plan.precision])
    if cuts_test and test is not None:
        parts = parts._replace(test=_portion(table, test))
        table = _portion(table, chain.dataset)
    if aside:
        held = take_part(table, replace(chain, part="validation"), plan.seed)
        parts = parts._replace(validation=None if is_empty(held) else held)
        table = take_part(table, chain, plan.seed)
    return parts._replace(train=table)


def _portion(table: Table, dataset: Dataset) -> Table:
    """The examples that belong to a dataset's part."""
    chosen = dataset.portion(len(next(iter(table.values()))), table)
    return table if chosen is None else select(table, np.flatnonzero(chosen))
