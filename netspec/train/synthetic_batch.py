"""Makes batches that fit what a spec declares of its data, without any: to measure a step by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from netspec.ir import TrainPlan
from netspec.lazy import np
from netspec.library.base import Array
from netspec.proofs.id_bounds import find_bounds
from netspec.shape import Dim, Facts, TensorType, Verdict
from netspec.train.light_steps import find_sizes

if TYPE_CHECKING:
    from netspec.lower.program import Program

USUAL = (128, 64, 96, 32, 16, 8, 4, 2, 1)
"""Sizes that are tried, one after another, for a dim that only data know."""


def choose_sizes(program: Program, plan: TrainPlan, given: Mapping[str, int]) -> dict[str, int]:
    """A size for each free dim: the given one, that of the batch, the largest that the model takes, else a usual one that it takes."""
    batch = {str(plan.model.batch): plan.data.batch} if plan.model.batch is not None and plan.data.batch else {}
    known = {**batch, **({"B": plan.data.batch} if plan.data.batch else {}), **given}
    return {name: known.get(name) or _choose(program.model.facts, name) for name in program.symbols}


def _choose(facts: Facts, name: str) -> int:
    dim = Dim.symbol(name)
    high = facts.range(dim)[1]
    tried = [size for size in (high, *USUAL) if size is not None]
    return next((size for size in tried if facts.require("==", dim, Dim.of(size)).verdict is not Verdict.REFUTED), tried[0])


def make_batch(program: Program, plan: TrainPlan, sizes: Mapping[str, int]) -> dict[str, Array]:
    """One batch, or the several that count as one step: floats between 0 and 1, ids and classes that exist, lengths of whole rows."""
    from netspec.lower.sequence_lengths import limits

    sizes = {**find_sizes(plan), **sizes}  # also those that the data know, which are free in the model alone
    bounds = {b.field: b for found in find_bounds(program.model, [plan.objective]) if (b := found.at(sizes)) is not None}
    whole = {name: dim.evaluate(sizes) for name, dim in limits(program.model)}
    rng = np.random.default_rng(0)
    made: dict[str, Array] = {}
    for name, kind in program.step_types.items():
        shape = (*([plan.accumulate] if plan.accumulate > 1 else []), *(dim.evaluate(sizes) for dim in kind.shape))
        made[name] = np.full(shape, whole[name], np.int32) if name in whole else _values(kind, shape, bounds.get(name), rng)
    return made


def _values(kind: TensorType, shape: tuple[int, ...], bounds: Any, rng: Any) -> Array:
    """Values of one field."""
    from netspec.shape.types import JAX_DTYPES

    if kind.dtype == "bool":
        return np.ones(shape, bool)
    if kind.is_float:
        return rng.random(shape, np.float32).astype(np.float64 if kind.dtype == "f64" else np.float32)
    low, below = (0, 2) if bounds is None else (bounds.least or 0, max(int(bounds.below), (bounds.least or 0) + 1))
    return rng.integers(low, below, shape).astype(JAX_DTYPES[kind.dtype])
