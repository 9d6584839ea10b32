"""Predictions for any number of examples, in batches of one size so that XLA compiles once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from netspec.lazy import np
from netspec.library.base import Array
from netspec.lower.program import Program

CHUNK = 256
"""Examples computed together when the spec names no batch size."""


def predicted(program: Program, state: Any, inputs: Mapping[str, Any]) -> dict[str, Array]:
    """The model's outputs by name as NumPy arrays, one entry per example. Raises `SpecError` for inputs that do not fit.

    A model whose inputs or outputs do not all count examples along their first axis gets everything at once.
    """
    examples = _examples(program, inputs)
    size = (program.plan and program.plan.data.batch) or CHUNK
    if examples is None or examples <= size:
        return program.predict(state, **inputs)
    parts = [program.predict(state, **chunk) for chunk in _chunks(inputs, examples, size)]
    return {name: np.concatenate([part[name] for part in parts])[:examples] for name in parts[0]}


def _examples(program: Program, inputs: Mapping[str, Any]) -> int | None:
    """How many examples the inputs hold; None when they cannot be cut (or do not fit, which `predict` reports)."""
    batch = program.model.batch
    types = {**program.model.input_types(), **program.model.output_types()}
    if batch is None or batch.is_constant or any(not t.rank or t.shape[0] != batch for t in types.values()):
        return None
    lengths = {len(a) for a in inputs.values() if np.ndim(a)}
    return lengths.pop() if len(lengths) == 1 and set(inputs) == set(program.model.input_types()) else None


def _chunks(inputs: Mapping[str, Any], examples: int, size: int) -> Iterator[dict[str, Array]]:
    """Pieces of `size` examples, the last one filled up with copies of its first example."""
    arrays = {name: np.asarray(array) for name, array in inputs.items()}
    for start in range(0, examples, size):
        piece = {name: a[start : start + size] for name, a in arrays.items()}
        missing = size - min(size, examples - start)
        yield {n: np.concatenate([a, np.repeat(a[:1], missing, axis=0)]) if missing else a for n, a in piece.items()}
