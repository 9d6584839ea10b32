"""Answers for no examples at all: what is given holds none, so there are none in the answer, which has the right shapes all the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netspec.ir import Body
from netspec.lazy import np
from netspec.library.base import Array
from netspec.lower.input_arrays import accept, shape_of, sizes_of
from netspec.lower.precision import Precision
from netspec.shape import Dim, TensorType


def is_empty(model: Body, given: Mapping[str, Any]) -> bool:
    """Each input that counts examples is given, and has none of them; there is one at least, and the model takes any number."""
    counting = [name for name, kind in model.input_types().items() if counts_examples(model, kind)]
    shapes = [shape_of(given[name]) for name in counting if name in given]
    return bool(counting) and len(shapes) == len(counting) and all(shape[:1] == (0,) for shape in shapes)


def counts_examples(model: Body, kind: TensorType) -> bool:
    """The first axis has one entry for each example, of which there may be any number."""
    batch = model.batch
    return batch is not None and not batch.is_constant and bool(kind.rank) and kind.shape[0] == batch


def answer_nothing(model: Body, given: Mapping[str, Any], precision: Precision, phase: str) -> dict[str, Array]:
    """The outputs of a phase for no examples. Raises `SpecError` for inputs that would not fit if there were one."""
    types, none = model.input_types(), str(model.batch)
    single = {name: _with_one(types[name], x) if counts_examples(model, types[name]) else x for name, x in given.items()}
    sizes = {**sizes_of(types, accept(types, single, precision, model.facts)), none: 0}
    found = {port.name: model.output_types()[port.name] for port in model.outputs if port.phase in (None, phase)}
    return {name: np.zeros([_size(dim, sizes) for dim in kind.shape], precision.stored(kind.dtype)) for name, kind in found.items()}


def _size(dim: Dim, sizes: Mapping[str, int]) -> int:
    """How large an axis of the answer is; 0 where the sizes do not tell, since it counts examples in some way."""
    return max(dim.evaluate(sizes), 0) if dim.symbols() <= sizes.keys() else 0


def _with_one(kind: TensorType, given: Any) -> Array:
    """An array like what is given, with one example. A list of nothing knows neither its element type nor its other axes."""
    plain = not hasattr(given, "shape")
    axes = np.shape(given)[1:]
    if plain and len(axes) < kind.rank - 1:
        axes = tuple(dim.value if dim.is_constant else 1 for dim in kind.shape[1:])
    return np.zeros((1, *axes), kind.jax_dtype if plain else given.dtype)
