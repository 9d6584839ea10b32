"""Are these arrays what the spec says? Shapes, kinds of number, lengths and values, checked before the first step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from netspec.diagnostics.base import Diagnostic, SpecError
from netspec.diagnostics.running import ValueNotFinite
from netspec.lazy import np
from netspec.library.base import Array
from netspec.lower.inputs import accept
from netspec.lower.precision import FULL
from netspec.shape import TensorType

WEIGHT = "weight"
"""The field that weighs examples; data may have it beside the declared fields."""
_BLOCK = 1 << 22
"""Elements looked at together for NaN."""


def checked(data: Mapping[str, Any], types: Mapping[str, TensorType]) -> dict[str, Array]:
    """The declared fields as NumPy arrays of the declared dtypes; other entries of `data` but `weight` are left out.

    Raises `SpecError` with every problem: a missing field, another shape or kind of number, unequal numbers of examples, NaN.
    """
    wanted = {**types, **({WEIGHT: _weight_type(types)} if WEIGHT in data else {})}
    arrays = {name: np.asarray(array) for name, array in accept(wanted, data, FULL).items()}
    if problems := list(_not_finite(arrays)):
        raise SpecError(problems)
    return arrays


def _weight_type(types: Mapping[str, TensorType]) -> TensorType:
    return TensorType("f32", next(iter(types.values())).shape[:1])


def _not_finite(arrays: Mapping[str, Array]) -> Iterator[Diagnostic]:
    for name, array in arrays.items():
        if array.dtype.kind == "f" and (index := _first_not_finite(array)) is not None:
            record = index // max(array[0].size, 1)
            yield ValueNotFinite(field=name, record=record, value=float(array.reshape(-1)[index]))


def _first_not_finite(array: Array) -> int | None:
    """Index of the first NaN or infinity in the flattened array."""
    flat = array.reshape(-1)
    for start in range(0, flat.size, _BLOCK):
        finite = np.isfinite(flat[start : start + _BLOCK])
        if not finite.all():
            return start + int(np.argmin(finite))
    return None
