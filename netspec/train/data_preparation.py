"""Prepares all examples of a data chain before batches are made of them: loads and checks them, and applies the transforms that work on all
at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from netspec.ir import Body, DataPlan
from netspec.lazy import np
from netspec.library.base import Array, Learned, Transform
from netspec.library.data.columns import Table, Values, keep_records, number_records, rows_of, select
from netspec.library.data.datasets.mix import SOURCE
from netspec.library.data.transforms.kept import Take
from netspec.train.data_split import find_held, take_part
from netspec.train.field_checks import check_fields

Knowledge = Mapping[str, Learned]
"""What the chain of training has learned, by name of the dataset or transform; the second of a kind is called `bpe_1`."""


class Loaded(NamedTuple):
    """All examples of a dataset, as its files have them, and what it has learned of them."""

    table: Table
    learned: Learned | None
    held: Array | None = None
    """bool[n]: which examples are set aside, where the dataset learns; None where their fields tell."""


def load_dataset(plan: DataPlan, folder: Path | None, known: Knowledge, seed: int) -> Loaded:
    """The examples of the plan's own dataset, of all parts that it sets aside. Raises `Mistake` or `SpecError` for bad files.

    What a dataset learns it learns of the examples that stay for training, so that those are found first.
    """
    dataset, before = plan.dataset, known.get(plan.dataset.op_name())
    held = find_held(dataset.fields_to_divide(folder), plan, seed) if plan.part and dataset.learns else None
    if before is None and held is not None and held.any():
        data, learned = dataset.learn_part(folder, np.flatnonzero(~held))
    else:
        data, learned = dataset.learn(folder, before)
    return Loaded(check_fields(data, dataset.batch_types()), learned, held)


def prepare_part(loaded: Loaded, plan: DataPlan, folder: Path | None, known: Knowledge, seed: int) -> tuple[Table, dict[str, Learned]]:
    """The examples of the plan's part behind the transforms of whole data, and what the chain knows of them now."""
    table, more = apply_whole(take_part(loaded.table, plan, seed, loaded.held), plan, folder, known)
    return table, {**({} if loaded.learned is None else {plan.dataset.op_name(): loaded.learned}), **more}


def apply_whole(data: Table, plan: DataPlan, folder: Path | None, known: Knowledge) -> tuple[Table, dict[str, Learned]]:
    """The examples behind the plan's transforms of whole data, and what those know now."""
    found: dict[str, Learned] = {}
    data = take_turns(put_in_order(data, plan), plan)
    for name, transform in name_transforms(plan.transforms):
        if transform.whole:
            before = data
            with number_records(before):
                data, learned = transform.learn(before, folder, known.get(name))
            data = data if transform.arranges else keep_records(data, before)
            found |= {} if learned is None else {name: learned}
    return data, found


def put_in_order(data: Table, plan: DataPlan) -> Table:
    """The examples in the order of the field `split_by`, those of each series together, where the chain cuts them as they follow each
    other; those of one moment, and all where the data have no such field, as they are."""
    cut = next((transform for transform in plan.transforms if transform.in_order), None)
    moment = plan.dataset.split_by
    if cut is None or moment is None or moment not in data:
        return data
    keys = [_first_places(_numbers(data[name])) for name in cut.reads() if name in data]
    order = np.lexsort((_numbers(data[moment]), *keys))
    return select(data, order) if (np.diff(order) < 0).any() else data


def take_turns(data: Table, plan: DataPlan) -> Table:
    """The examples of a mixture by turns, as its weights say, where only the first are taken: else those would be of one dataset."""
    weights = plan.dataset.mixture()
    if weights is None or not any(isinstance(transform, Take) for transform in plan.transforms):
        return data
    sources = _numbers(data[SOURCE])
    turns = np.zeros(len(sources))
    for own, weight in enumerate(weights):
        rows = np.flatnonzero(sources == own)
        turns[rows] = (np.arange(len(rows)) + 0.5) / weight
    return select(data, np.argsort(turns, kind="stable"))


def _numbers(values: Values) -> Array:
    """A field of one number for each example."""
    return np.asarray(rows_of(values, np.arange(len(values))))


def _first_places(values: Array) -> Array:
    """For each example the place of the first with the same number."""
    _, first, which = np.unique(values, return_index=True, return_inverse=True)
    return first[which]


def name_transforms(transforms: tuple[Transform, ...]) -> list[tuple[str, Transform]]:
    """Each transform with the name of what it knows."""
    seen: Counter[str] = Counter()
    found = []
    for transform in transforms:
        name = transform.op_name()
        found.append((f"{name}_{seen[name]}" if seen[name] else name, transform))
        seen[name] += 1
    return found


def bound_lengths(plan: DataPlan, model: Body) -> DataPlan:
    """The plan with the longest sequences that the model takes."""
    types = model.input_types()
    dims = [types[n].shape[1] for n, kind in plan.fields.items() if n in types and kind.rank > 1 and not kind.shape[1].is_constant]
    ends = [high for dim in dims if (high := model.facts.range(dim)[1]) is not None]
    return replace(plan, longest=min(ends)) if ends else plan


def learns(plan: DataPlan) -> bool:
    """Does something in the chain learn from the data of training?"""
    return plan.dataset.learns or any(type(t).learn is not Transform.learn for t in plan.transforms)
