"""Chooses the examples that are set aside for validation: a pure function of the seed and the data.

Random numbers are the raw 64-bit outputs of the counter-based Philox generator, keyed by the seed, as in `example_order`.
"""

from __future__ import annotations

from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.arrays import OneGroup, TooFewToSplit
from netspec.lazy import np
from netspec.library.base import Array, Dataset
from netspec.library.data.columns import Table

SPLIT = 4
"""What the generator is for; 1 to 3 are those of `example_order`."""
WORD = 2**64
USUAL = 0.1
"""The fraction that is set aside where the spec says nothing."""
TIME = "time"
"""What `split_by` says for the order of the file, where the data have no field of that name."""


def choose_validation(dataset: Dataset, data: Table, seed: int, classes: str = "", batch: int | None = None) -> Array:
    """True for the examples of a training part, bool[n], that are set aside. `classes`: the field with their classes, where there is one;
    `batch`: how many examples a batch has.

    Raises `Mistake` where nothing would be left on one of the sides.
    """
    size = len(next(iter(data.values())))
    count = count_validation(size, dataset.validation, batch)
    chosen = np.zeros(size, bool)
    if count:
        chosen[_indices(dataset, data, seed, classes, size, count)] = True
    return chosen


def count_validation(size: int, wanted: Any, batch: int | None = None) -> int:
    """How many of so many examples are set aside. Raises `Mistake` for a spec that asks for what there is not.

    Where the spec does not ask, it is none if training would be left without a full batch.
    """
    if wanted == "auto":
        count = round(size * USUAL)
        return count if size - count >= (batch or 1) else 0
    if wanted is None:
        return 0
    count = wanted if isinstance(wanted, int) else max(round(size * wanted), 1)
    if count >= size:
        raise Mistake(TooFewToSplit(examples=size, part="validation", wanted=count))
    return count


def _indices(dataset: Dataset, data: Table, seed: int, classes: str, size: int, count: int) -> Array:
    """The examples that are set aside, by the rule that the dataset's arguments name."""
    draws = np.random.Philox(key=np.array([seed % WORD, 0], np.uint64), counter=[0, 0, 0, SPLIT]).random_raw(size)
    if dataset.group is not None:
        return _by_group(np.asarray(data[dataset.group]), draws, count, dataset.group)
    if dataset.split_by is not None:
        moments = data.get(dataset.split_by)
        return np.arange(size)[-count:] if moments is None else np.argsort(np.asarray(moments), kind="stable")[-count:]
    labels = data.get(classes)
    if isinstance(labels, np.ndarray) and labels.ndim == 1:
        return _by_class(labels, draws, count)
    return np.argsort(draws, kind="stable")[:count]


def _by_class(labels: Array, draws: Array, count: int) -> Array:
    """Each class gives its share of the examples, rounded by largest remainder (the smaller class first at a tie)."""
    found, of_class, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    shares, rests = np.divmod(sizes * count, len(labels))
    shares[np.lexsort((np.arange(len(found)), -rests))[: count - shares.sum()]] += 1
    order = np.lexsort((draws, of_class))
    places = np.arange(len(labels)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return order[places < np.repeat(shares, sizes)]


def _by_group(groups: Array, draws: Array, count: int, name: str) -> Array:
    """Whole groups in the order that the seed gives them, until there are enough examples; one group at least stays for training."""
    found, first, of_group, sizes = np.unique(groups, return_index=True, return_inverse=True, return_counts=True)
    if len(found) < 2:
        raise Mistake(OneGroup(field=name, examples=len(groups)))
    order = np.argsort(draws[first], kind="stable")[:-1]
    before = np.cumsum(sizes[order]) - sizes[order]
    chosen = np.zeros(len(found), bool)
    chosen[order[before < count]] = True
    return np.flatnonzero(chosen[of_group])
