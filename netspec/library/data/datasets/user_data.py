"""Holds what datasets of a user's own data have in common: the fields that the spec declares, and the examples that are set aside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.arrays import OneGroup, TooFewToSplit
from netspec.lazy import np
from netspec.library.base import Array
from netspec.library.base.field_bounds import BeforeValidator, Field
from netspec.shape import Dim, TensorType
from netspec.shape.types import BATCH

Part = Literal["train", "test"]
Fraction = Annotated[float, Field(gt=0, lt=1)]


def example_types(types: Any) -> Any:
    """Types of one example by the names of fields. Raises ValueError for another dict."""
    if not isinstance(types, dict):
        return types
    if not types or not all(name.isidentifier() and isinstance(kind, TensorType) for name, kind in types.items()):
        raise ValueError("fields with the types of one example: `fields={x: f32[13], label: i32[]}`")
    if any(BATCH in kind.symbols() for kind in types.values()):
        raise ValueError(f"the types of one example, without the `{BATCH}` that counts examples: `f32[13]`, `i32[]`")
    return types


if TYPE_CHECKING:
    FieldTypes = dict[str, TensorType]
else:
    FieldTypes = Annotated[dict[str, TensorType], BeforeValidator(example_types)]


def batch_types(types: Mapping[str, TensorType]) -> dict[str, TensorType]:
    """Types of a batch of such examples."""
    return {name: TensorType(kind.dtype, (Dim.symbol(BATCH), *kind.shape)) for name, kind in types.items()}


def choose_held_out(count: int, fraction: float) -> Array:
    """True for the examples that are set aside: that fraction of them, rounded, at least one and never all.

    They are those with the smallest hash of their index (splitmix64), so the choice is the same in every run and on every machine.
    """
    if count < 2:
        raise Mistake(TooFewToSplit(examples=count))
    hashes = _mix_bits(np.arange(count, dtype=np.uint64))
    chosen = np.zeros(count, bool)
    chosen[np.argsort(hashes, kind="stable")[: min(max(round(count * fraction), 1), count - 1)]] = True
    return chosen


def _mix_bits(x: Array) -> Array:
    """The finaliser of splitmix64 on u64; arithmetic wraps."""
    x = (x + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def choose_last(count: int, fraction: float, moments: Array | None) -> Array:
    """True for the last examples, bool[count]: those with the largest numbers, or without numbers those at the end."""
    if count < 2:
        raise Mistake(TooFewToSplit(examples=count))
    chosen = np.zeros(count, bool)
    order = np.arange(count) if moments is None else np.argsort(moments, kind="stable")
    chosen[order[-min(max(round(count * fraction), 1), count - 1) :]] = True
    return chosen


def choose_groups(groups: Array, fraction: float, field: str) -> Array:
    """True for the examples of whole groups, bool[count], those with the smallest hash of their first example's index, until they are that
    fraction. One group at least stays. Raises `Mistake` where there is no other."""
    found, first, of_group, sizes = np.unique(groups, return_index=True, return_inverse=True, return_counts=True)
    if len(found) < 2:
        raise Mistake(OneGroup(field=field, examples=len(groups)))
    order = np.argsort(_mix_bits(first.astype(np.uint64)), kind="stable")[:-1]
    before = np.cumsum(sizes[order]) - sizes[order]
    chosen = np.zeros(len(found), bool)
    chosen[order[before < max(round(len(groups) * fraction), 1)]] = True
    return chosen[of_group]


def choose_part(dataset: Any, count: int, data: Mapping[str, Any] | None = None) -> Array | None:
    """The examples of a dataset's part, bool[count], as its `test`, `part`, `split_by` and `group` say; None for all, where nothing is set
    aside. `data` are its fields, which a division by one of them looks at."""
    if not isinstance(dataset.test, float):
        return None
    data = data or {}
    if dataset.group in data:
        test = choose_groups(np.asarray(data[dataset.group]), dataset.test, dataset.group)
    elif dataset.split_by is not None:
        test = choose_last(count, dataset.test, data.get(dataset.split_by))
    else:
        test = choose_held_out(count, dataset.test)
    return test if dataset.part == "test" else ~test


def examples_of(data: Mapping[str, Any], dataset: Any) -> dict[str, Any]:
    """The examples of a dataset's part."""
    from netspec.library.data.columns import select

    chosen = choose_part(dataset, len(next(iter(data.values()))), data)
    return dict(data) if chosen is None else select(data, np.flatnonzero(chosen))


def require_part(test: Any, part: Part) -> None:
    """Raises ValueError for a part that is not there."""
    if part == "test" and test is None:
        raise ValueError('`part="test"` without `test`, which says what the test part is')
