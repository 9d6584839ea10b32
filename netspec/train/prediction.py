"""Predicts any number of examples, in batches of one size so that XLA compiles once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from netspec.lazy import np
from netspec.library.base import Array
from netspec.library.data.columns import Ragged
from netspec.lower.input_arrays import shape_of
from netspec.lower.program import Program
from netspec.train.collation import pad_sequences
from netspec.train.python_sequences import as_column

CHUNK = 256
"""Examples computed together when the spec names no batch size."""
PREFIX = "prefix_length"
"""The name under which the lengths of given beginnings stand among arrays."""


def predict_all(program: Program, state: Any, inputs: Mapping[str, Any], seed: int | None = None) -> dict[str, Array]:
    """The model's outputs by name as NumPy arrays, one entry per example. Raises `SpecError` for inputs that do not fit.

    What draws random numbers draws others for each example, by `seed`, else by that of the spec.

    A model whose inputs or outputs do not all count examples along their first axis gets everything at once.
    """
    examples = _examples(program, inputs)
    size = (program.plan and program.plan.data.batch) or CHUNK
    if examples is None or examples == 0 or (examples <= size and not _is_fixed(program)):
        return program.predict_arrays(state, inputs, seed)
    parts = [program.predict_arrays(state, chunk, seed, i * size) for i, chunk in enumerate(_chunks(inputs, examples, size))]
    return {name: np.concatenate([part[name] for part in parts])[:examples] for name in parts[0]}


def _examples(program: Program, inputs: Mapping[str, Any]) -> int | None:
    """How many examples the inputs hold; None when they cannot be cut (or do not fit, which `predict` reports)."""
    batch = program.model.batch
    types = {**program.model.input_types(), **program.model.output_types()}
    if batch is None or (batch.is_constant and not _is_fixed(program)) or any(not t.rank or t.shape[0] != batch for t in types.values()):
        return None
    lengths = {len(a) for a in inputs.values() if shape_of(a)}
    return lengths.pop() if len(lengths) == 1 and set(inputs) == set(program.model.input_types()) else None


def _is_fixed(program: Program) -> bool:
    """The model takes batches of one size only, with which it is trained: any number of examples is cut into such."""
    batch = program.model.batch
    return batch is not None and batch.is_constant and program.plan is not None and batch == program.plan.data.batch


def _chunks(inputs: Mapping[str, Any], examples: int, size: int) -> Iterator[dict[str, Array]]:
    """Pieces of `size` examples, the last one filled up with copies of its first example."""
    arrays = {name: np.asarray(array) for name, array in inputs.items()}
    for start in range(0, examples, size):
        piece = {name: a[start : start + size] for name, a in arrays.items()}
        missing = size - min(size, examples - start)
        yield {n: np.concatenate([a, np.repeat(a[:1], missing, axis=0)]) if missing else a for n, a in piece.items()}


def _pad_beginnings(program: Program, inputs: Mapping[str, Any], name: str | None, length: Any) -> tuple[Mapping[str, Any], Any]:
    """Lists of different length as arrays; those of the generated input are beginnings, whose lengths count."""
    types = program.model.input_types()
    columns = {n: as_column(types[n], values) for n, values in inputs.items() if n in types}
    uneven = {n: c for n, c in columns.items() if isinstance(c, Ragged) and len(set(c.lengths.tolist())) > 1}
    rows = {n: column.rows(np.arange(len(column))) for n, column in uneven.items()}
    padded = {n: pad_sequences(some, max(map(len, some))) for n, some in rows.items()}
    feeds = name or (program.serves[0].feeds if program.serves else None)
    counted = uneven[feeds].lengths.astype(np.int32) if length is None and feeds in uneven else length
    return {**inputs, **padded}, counted


def generate_all(
    program: Program, state: Any, inputs: Mapping[str, Any], name: str | None = None, *, prefix_length: Any = None, seed: int | None = None
) -> dict[str, Array]:
    """What the spec's `serve` generates (see `Program.decode`), one entry per example. Raises `SpecError` for inputs that do not fit."""
    inputs, prefix_length = _pad_beginnings(program, inputs, name, prefix_length)
    lengths = {} if prefix_length is None else {PREFIX: np.asarray(prefix_length)}
    arrays = {**inputs, **lengths}
    types, batch = program.model.input_types(), program.model.batch
    per_example = all(name == PREFIX or (name in types and types[name].rank and types[name].shape[0] == batch) for name in arrays)
    counts = {len(a) for a in arrays.values() if shape_of(a)}
    size = (program.plan and program.plan.data.batch) or CHUNK
    if not per_example or len(counts) != 1 or max(counts) <= size or batch is None or batch.is_constant:
        return program.decode_arrays(state, name, inputs, prefix_length, seed)
    examples, parts = counts.pop(), []
    for first, chunk in zip(range(0, examples, size), _chunks(arrays, examples, size), strict=True):
        own = chunk.pop(PREFIX, None)
        parts.append(program.decode_arrays(state, name, chunk, own, seed, first))
    return {key: np.concatenate([part[key] for part in parts])[:examples] for key in parts[0]}
