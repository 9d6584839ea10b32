"""Checks the fields by which a dataset is to set examples aside: `split_by` and `group`."""

from __future__ import annotations

from netspec.diagnostics.base import Diagnostic
from netspec.diagnostics.data.chains import NoSplitField, NotASplitField, TwoSplits
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
    return None


def _find_missing(dataset: Dataset, argument: str, name: str) -> Diagnostic:
    """The problem of a field that is not among those of the data."""
    declares, categories = (each in dataset.arguments() for each in ("fields", "categories"))
    return NoSplitField(argument=argument, field=name, fields=tuple(dataset.batch_types()), declares=declares, categories=categories)
