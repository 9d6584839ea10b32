"""Says what the data of a spec hold, where its files are there: each field of each part, and what would mislead a training on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.ir import DataPlan, TrainPlan
from netspec.library.base import Learned
from netspec.limits import LIMITS
from netspec.tools.data_files import fields
from netspec.tools.data_files.look import align, count
from netspec.train.data_marks import file_sizes


def facts_of(plan: TrainPlan, folder: Path) -> Iterator[str]:
    """Lines about the examples of a `train` section; of files that cannot be read, why."""
    size = file_sizes([plan.data, *([plan.eval.data] if plan.eval.data else [])], folder)
    if size > LIMITS.digest_bytes:
        yield f"  the files have {size:,} bytes, more than are looked through"
        return
    try:
        train, known = plan.data.dataset.learn(folder, None)
        other = plan.eval.data.dataset.learn(folder, known)[0] if _is_other(plan) and plan.eval.data else {}
    except Mistake as mistake:
        yield f"  {mistake.diagnostic.message()}"
        return
    yield from _describe("training", train, plan.data, known or {})
    if other and plan.eval.data:
        yield from _describe("evaluation", other, plan.eval.data, known or {})
    names = plan.data.dataset.class_names(known or {})
    for warning in (*fields.warnings(train, names), *fields.compare(train, other, "the evaluation")):
        yield f"  note: {warning}"


def _is_other(plan: TrainPlan) -> bool:
    """Are other examples evaluated, read by a dataset of the same kind?"""
    other = plan.eval.data
    return other is not None and other.dataset != plan.data.dataset and type(other.dataset) is type(plan.data.dataset)


def _describe(part: str, table: Mapping[str, Any], plan: DataPlan, known: Learned) -> Iterator[str]:
    """How many examples a part has, and what each field holds."""
    names = plan.dataset.class_names(known)
    number = len(next(iter(table.values())))
    yield f"  {part}: {count(number, 'example')}" if plan.dataset.batched else f"  {part}"
    yield from (f"    {line}" for line in align([*fields.describe_all(table, names)]))
