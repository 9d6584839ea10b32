"""Says what the data of a spec hold, where its files are there: each field of each part, and what would mislead a training on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.spec_error import SpecError
from netspec.ir import DataPlan, TrainPlan
from netspec.library.base import Learned
from netspec.limits import LIMITS
from netspec.record import replace
from netspec.tools.data_files import fields
from netspec.tools.data_files.look import align, count
from netspec.train.data_marks import file_sizes
from netspec.train.data_preparation import load_dataset
from netspec.train.data_split import is_empty, take_part


def facts_of(plan: TrainPlan, folder: Path) -> Iterator[str]:
    """Lines about the examples of a `train` section; of files that cannot be read, why."""
    size = file_sizes([plan.data, *([plan.eval.data] if plan.eval.data else [])], folder)
    if size > LIMITS.digest_bytes:
        yield f"  the files have {size:,} bytes, more than are looked through"
        return
    try:
        loaded = load_dataset(plan.data, folder, {}, plan.seed)
        train, known = take_part(loaded.table, plan.data, plan.seed), loaded.learned
        aside = {"validation": take_part(loaded.table, replace(plan.data, part="validation"), plan.seed)} if plan.data.part else {}
        parts = {name: part for name, part in (("evaluation", plan.eval.data), ("test", plan.eval.test)) if _is_other(part, plan)}
        others = {name: part.dataset.learn(folder, known)[0] for name, part in parts.items() if part}
    except (Mistake, SpecError) as mistake:
        problems = [mistake.diagnostic] if isinstance(mistake, Mistake) else mistake.diagnostics
        yield f"  {problems[0].message()}"
        return
    yield from _describe("training", train, plan.data, known or {})
    others = {**{name: held for name, held in aside.items() if not is_empty(held)}, **others}
    for name, other in others.items():
        yield from _describe(name, other, plan.data, known or {})
    names = plan.data.dataset.class_names(known or {})
    compared = (line for name, other in others.items() for line in fields.compare(train, other, f"the {name} part"))
    yield from (f"  note: {warning}" for warning in (*fields.warnings(train, names), *compared))


def _is_other(other: DataPlan | None, plan: TrainPlan) -> bool:
    """Are these other examples than those of training, read by a dataset of the same kind?"""
    return other is not None and other.dataset != plan.data.dataset and type(other.dataset) is type(plan.data.dataset)


def _describe(part: str, table: Mapping[str, Any], plan: DataPlan, known: Learned) -> Iterator[str]:
    """How many examples a part has, and what each field holds."""
    names = plan.dataset.class_names(known)
    number = len(next(iter(table.values())))
    yield f"  {part}: {count(number, 'example')}" if plan.dataset.batched else f"  {part}"
    yield from (f"    {line}" for line in align([*fields.describe_all(table, names)]))
