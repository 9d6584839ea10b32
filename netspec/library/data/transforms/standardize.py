"""Brings a field to mean 0 and deviation 1 by what the training part has: nothing of the other parts gets into the numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from netspec.lazy import np
from netspec.library.base import Array, Example, Learned, Transform
from netspec.library.data.columns import Ragged, Table, Values, is_decoded, rows_of
from netspec.library.data.transforms.image_fields import float_type
from netspec.record import record
from netspec.shape import TensorType

MEAN, STD = "mean", "std"
"""What is learned: one number, or one for each place of the last axis."""
BLOCK = 256
"""Examples that are looked at together."""
ROUNDING = 1e-13
"""The share of a mean below which a deviation is what rounding leaves of none."""


@record(eq=False)
class Scaled:
    """A column whose values are changed when a batch needs them."""

    column: Any
    mean: Array
    std: Array

    @property
    def decoded(self) -> bool:
        return is_decoded(self.column)

    def __len__(self) -> int:
        return len(self.column)

    def rows(self, indices: Array) -> Any:
        found = rows_of(self.column, indices)
        return _scale(found, self) if isinstance(found, np.ndarray) else type(found)([_scale(row, self) for row in found])


class Standardize(Transform):
    """Subtracts the mean of the training part from a field and divides by its standard deviation: `standardize("x")`.

    Both are learned of the examples that stay for training, once those of validation and test are set aside, and are kept with the run, so
    that evaluations and predictions use the same. Each place of the last axis has its own (the columns of a table, the channels of a
    picture); a field of one number for each example, or of sequences of numbers, has one. What never changes is only centred. A prediction
    of the field itself comes out in its own units. See `normalize` for numbers that are known.
    """

    whole: ClassVar[bool] = True

    field: str
    """The field of the data that is changed."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(field="x")), Example(cls(field="image")))

    def fields(self, fields: dict[str, TensorType]) -> dict[str, TensorType]:
        """The fields as they are. Raises `Mistake` for a field that is not there or holds whole numbers."""
        float_type(self.op_name(), fields, self.field)
        return fields

    def learn(self, data: Table, folder: Path | None, known: Learned | None) -> tuple[Table, Learned]:
        if self.field not in data:
            return data, known or {MEAN: [0.0], STD: [1.0]}
        values = data[self.field]
        learned = known if known is not None else measure(values)
        return {**data, self.field: _change(values, np.array(learned[MEAN]), np.array(learned[STD]))}, learned

    def restored_by(self, field: str, values: Array, known: Learned | None) -> Array:
        if field != self.field or known is None:
            return values
        return values * np.asarray(known[STD], values.dtype) + np.asarray(known[MEAN], values.dtype)

    def require_learned(self, known: Learned) -> None:
        if set(known) != {MEAN, STD} or not all(isinstance(part, list) and part for part in known.values()):
            raise ValueError(f"it does not hold `{MEAN}` and `{STD}`")
        numbers = [*known[MEAN], *known[STD]]
        if len(known[MEAN]) != len(known[STD]) or not all(type(n) in (int, float) and math.isfinite(n) for n in numbers):
            raise ValueError(f"`{MEAN}` and `{STD}` are no finite numbers, as many of one as of the other")
        if min(known[STD]) <= 0:
            raise ValueError(f"`{STD}` holds a number that is not above 0")


def measure(values: Values) -> Learned:
    """The mean and deviation of each place of the last axis, over all examples. Blocks are joined by their sums (Chan, Golub and LeVeque
    1983), so that neither large means nor many examples cost digits."""
    count, mean, spread = 0, np.zeros(1), np.zeros(1)
    for block in _blocks(values):
        if not len(block):
            continue
        own = block.mean(0)
        away, total = own - mean, count + len(block)
        spread = spread + ((block - own) ** 2).sum(0) + away**2 * (count * len(block) / total)
        mean, count = mean + away * (len(block) / total), total
    std = np.sqrt(spread / max(count, 1))
    return {MEAN: mean.tolist(), STD: np.where(std > ROUNDING * np.abs(mean), std, 1.0).tolist()}


def _blocks(values: Values) -> Iterator[Array]:
    """The numbers of some examples after another, f64[n, places]."""
    if isinstance(values, Ragged):
        values = np.concatenate(values.rows(np.arange(len(values)))) if len(values) else values.values[:0]
        values = values if values.ndim > 1 else values[:, None]
    for start in range(0, len(values), BLOCK):
        found = rows_of(values, np.arange(start, min(start + BLOCK, len(values))))
        yield from [_flat(found)] if isinstance(found, np.ndarray) else map(_flat_row, found)


def _flat(block: Array) -> Array:
    """[examples, …, places] as [n, places]."""
    return block.astype(np.float64).reshape(-1, block.shape[-1] if block.ndim > 1 else 1)


def _flat_row(row: Array) -> Array:
    """The same of one example of its own shape, such as a picture; one axis is a sequence of numbers."""
    return row.astype(np.float64).reshape(-1, row.shape[-1] if row.ndim > 1 else 1)


def _change(values: Values, mean: Array, std: Array) -> Values:
    """The field behind the change; what is not in memory is changed when it is read."""
    scaled = Scaled(values, mean, std)
    if isinstance(values, Ragged):
        return Ragged(_scale(values.values, scaled), values.starts, values.lengths)
    return _scale(values, scaled) if isinstance(values, np.ndarray) else scaled


def _scale(values: Array, by: Scaled) -> Array:
    """The numbers in the type that they have."""
    return ((values - by.mean) / by.std).astype(values.dtype)
