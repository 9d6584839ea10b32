"""Holds ids, labels and indices from outside against what the model and its losses can do with them, before anything is computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from netspec.diagnostics.data.texts import NumberTooLarge
from netspec.diagnostics.spec_error import SpecError
from netspec.lazy import jax, np
from netspec.library.base import Array
from netspec.lower.input_arrays import Types, sizes_of
from netspec.proofs.id_bounds import Bounds


def require_ids(wanted: Iterable[Bounds], types: Types, arrays: Mapping[str, Any], weight: Any = None, on_device: bool = False) -> None:
    """Raises `SpecError` with the first number of each array that nothing can use. Examples of weight 0 do not count.

    Arrays of JAX are looked at where they are `on_device` and not traced.
    """
    sizes, found = sizes_of(types, arrays), {}
    for bounds in wanted:
        values, known = arrays.get(bounds.field), bounds.at(sizes)
        if known is None or values is None or bounds.field in found or not _is_known(values, on_device):
            continue
        problem = _problem(np.asarray(values), known, weight)
        found |= {bounds.field: problem} if problem is not None else {}
    if found:
        raise SpecError(list(found.values()))


def _is_known(values: Any, on_device: bool) -> bool:
    """The numbers are there to be looked at."""
    return isinstance(values, np.ndarray) or (on_device and isinstance(values, jax.Array) and not isinstance(values, jax.core.Tracer))


def _problem(values: Array, bounds: Bounds, weight: Any) -> NumberTooLarge | None:
    """The first number outside, with its place."""
    outside = is_outside(values, bounds)
    if weight is not None and isinstance(weight, np.ndarray) and outside.shape[: weight.ndim] == weight.shape:
        outside = outside & (weight != 0).reshape(weight.shape + (1,) * (outside.ndim - weight.ndim))
    if not outside.any():
        return None
    place = int(np.argmax(outside))
    record = place // max(int(np.prod(values.shape[1:])), 1)
    return describe_outside(bounds.field, record, int(values.reshape(-1)[place]), bounds)


def is_outside(values: Array, bounds: Bounds) -> Array:
    """Which of the numbers are beyond the bounds. They are compared as they are: a number of another type than theirs is Python's."""
    wide = values.astype(np.int64) if values.dtype.itemsize < 8 else values
    high = wide >= bounds.below
    return high if bounds.least is None else high | (wide < bounds.least)


def describe_outside(field: str, record: int, value: int, bounds: Bounds) -> NumberTooLarge:
    """The problem of one number."""
    least = None if bounds.least is None else int(bounds.least)  # type: ignore[arg-type]
    return NumberTooLarge(field=field, record=record, value=value, op=bounds.op, below=int(bounds.below), least=least)  # type: ignore[arg-type]
