"""Checks the fields by which a dataset is to set examples aside: `split_by` and `group`."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.data.chains import NoSplitField, NotASplitField, SplitWithoutOrder, TwoSplits
from netspec.library.base import Dataset
from netspec.library.data.validation_part import TIME


def find_split_problem(dataset: Dataset, argument: str, name: str) -> Diagnostic | None:
    """Why examples cannot be set aside by a field."""
    types = dataset.batch_types()
    if dataset.group is not None and dataset.split_by is not None:
        return TwoSplits()
    if name not in types:
        return None if argument == "split_by" and name == TIME else _find_missing(dataset, argument, name)
    if types[name].rank != 1:
        return NotASplitField(argument=argument, field=name, type=types[name])
    if argument == "split_by" and (what := _describe_unordered(dataset, name)):
        return SplitWithoutOrder(field=name, what=what, fields=list_ordered(dataset, name))
    return None


def list_ordered(dataset: Dataset, but: str) -> tuple[str, ...]:
    """The fields of one number for each example that may have an order, but for one; whole numbers, as days are, first."""
    types = dataset.batch_types()
    found = [name for name, kind in types.items() if kind.rank == 1 and name != but and not _describe_unordered(dataset, name)]
    return tuple(sorted(found, key=lambda name: not types[name].is_int))


def _describe_unordered(dataset: Dataset, name: str) -> str:
    """What the numbers of a field are where they have no order, as far as the data say; "" where they may have one."""
    if name in dataset.numbers_words():
        return "the number of a word or a class"
    return "yes or no" if dataset.batch_types()[name].dtype == "bool" else ""


def _find_missing(dataset: Dataset, argument: str, name: str) -> Diagnostic:
    """The problem of a field that is not among those of the data."""
    declares, categories = (each in dataset.arguments() for each in ("fields", "categories"))
    return NoSplitField(argument=argument, field=name, fields=tuple(dataset.batch_types()), declares=declares, categories=categories)
