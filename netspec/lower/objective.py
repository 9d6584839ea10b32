"""Computes losses and metrics of a batch: statistics that add up over batches, and what they mean in the end."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from netspec.ir import BATCH_MASK, OUTPUT, Body, Measurement, Objective, Penalty, Segment
from netspec.lazy import jnp, np
from netspec.library.base import Array, Measure
from netspec.library.base.trainables import FACTOR
from netspec.library.gradients.path_selection import Chosen, join_stack_axes, numbers_of
from netspec.library.shape_rules.size_binding import bind_sizes
from netspec.lower.input_arrays import sizes_of
from netspec.lower.interpreter import Wires, array, execute, op_arrays, operand_types
from netspec.lower.layout import Exported, Layout
from netspec.lower.node_scope import Frame, NodeScope
from netspec.lower.precision import cast
from netspec.shape import TensorType

Statistics = tuple[Any, ...]
"""One tree of sums for each measurement, in order."""
EXAMPLE_WEIGHTS = "example weights"
"""Beside a batch's fields: how much each of its examples counts, f32[B], 0 for those that only fill it up. No field can be called so."""


@dataclass(frozen=True)
class Pass:
    """What else of a model's pass an objective may ask for."""

    layout: Layout
    params: Mapping[str, Array]
    exports: Mapping[str, Array]
    """Values of `aux` by stored key."""


def weigh_examples(objective: Objective, batch: Mapping[str, Array]) -> Array | None:
    """How much each example of a batch counts, f32[B]: by the field that the spec names, 0 where it only fills up; None: all alike."""
    beside = batch.get(EXAMPLE_WEIGHTS)
    if not objective.weights:
        return beside
    given = jnp.asarray(batch[objective.weights])
    own = given.astype(_widen_dtype(given))
    return own if beside is None else jnp.where(beside == 0, 0, own * beside)


def measure(
    objective: Objective, frame: Frame, fields: Mapping[str, Array], outputs: Mapping[str, Array], seen: Pass | None = None
) -> Statistics:
    """The statistics of one batch, before finishing."""
    named = {**fields, **{OUTPUT + name: x for name, x in outputs.items()}}
    types = objective.body.input_types()
    sizes = sizes_of(types, {name: jnp.asarray(x) for name, x in named.items() if name in types})
    frame = replace(frame, run=replace(frame.run, sizes=sizes))
    if BATCH_MASK in types:
        weight = frame.run.weight
        named[BATCH_MASK] = jnp.ones([d.evaluate(sizes) for d in types[BATCH_MASK].shape], bool) if weight is None else weight != 0
    if seen is not None:
        named |= {name: _sum_exported(seen, paths, types[name], frame) for name, paths in objective.auxiliaries.items()}
        named |= {name: _penalty(seen, penalty, name, frame) for name, penalty in objective.penalties.items()}
    wires: Wires = {port.wire: named[port.name] for port in objective.body.inputs if port.name in named and isinstance(port.wire, int)}
    execute(objective.body.nodes, objective.body, frame, wires)
    return tuple(_measure(m, index, objective.body, frame, wires) for index, m in enumerate(objective.measurements))


def _sum_exported(seen: Pass, paths: tuple[str, ...], type_: TensorType, frame: Frame) -> Array:
    """The sum of the values of `aux` with these paths; 0 in a phase that makes none of them."""
    made = [leaf for key, leaf in seen.layout.exports.items() if key in seen.exports and not set(leaf.paths).isdisjoint(paths)]
    terms = [sum_slices(leaf, seen.exports[leaf.key], paths) for leaf in made]
    start = jnp.zeros([size.evaluate(frame.run.sizes) for size in type_.shape], frame.run.precision.stored(type_.dtype))
    return sum(terms, start)


def sum_slices(leaf: Exported, x: Array, paths: Collection[str]) -> Array:
    """The sum of the slices with these paths, of which there is one at least."""
    numbers = numbers_of(leaf.paths, paths)
    slices = join_stack_axes(x, len(leaf.counts))
    return jnp.sum(slices if len(numbers) == len(leaf.paths) else slices[np.asarray(numbers)], axis=0)


def _penalty(seen: Pass, penalty: Penalty, name: str, frame: Frame) -> Array:
    """A penalty of parameters that a pattern chooses."""
    arrays = Chosen.of(seen.layout.leaves(), penalty.paths).take(seen.params)
    types = tuple(TensorType("f32", x.shape) for x in arrays.values())
    result = penalty.op.apply(NodeScope(frame, Segment(name), 0, types, {}), *arrays.values())
    assert not isinstance(result, tuple)
    return result


def _measure(measurement: Measurement, index: int, body: Body, frame: Frame, wires: Wires) -> Any:
    """The statistics of one loss or metric."""
    given, optional = op_arrays(measurement, wires)
    mask = optional.pop("mask", None) if measurement.op.mask_weighs else None
    factor = optional.pop(FACTOR, None) if measurement.op.takes_weight else None
    segment = Segment(f"{measurement.op.op_name()}:{index}")
    scope = NodeScope(frame, segment, 0, *operand_types(measurement, body, frame))
    op = bind_sizes(measurement.op, frame.run.sizes)
    inputs = [jnp.asarray(x) for x in given]
    values = jnp.asarray(frame.run.compute(op, measurement.span, scope, inputs, optional))
    own, batch = op.weights(*inputs, **optional), frame.run.weight if measurement.per_example else None
    factors = [x for x in (mask, own, batch) if x is not None]
    if factor is None and not factors:
        return op.statistics(values, jnp.ones(values.shape, _widen_dtype(values)))
    weight = _weights(values, factors)
    values = jnp.where(weight == 0, 0, values)  # what does not count may be NaN
    return op.statistics(values, weight) if factor is None else op.statistics(*_apply_factor(op, values, weight, factor))


def _apply_factor(op: Measure, values: Array, weight: Array, factor: Array) -> tuple[Array, Array]:
    """Values and weights with those of the input `weight`, which stand in the denominator where the mean is normalised."""
    given = _weights(values, [factor])
    if not op.normalize:
        return jnp.where(weight == 0, 0, values * given), weight
    counts = jnp.where(weight == 0, 0, weight * jnp.abs(given))
    return jnp.where((weight != 0) & ~(given >= 0), jnp.nan, jnp.where(counts == 0, 0, values)), counts


def _widen_dtype(values: Array) -> Any:
    """The dtype of sums."""
    return jnp.promote_types(values.dtype, jnp.float32)


def _weights(values: Array, factors: list[Array]) -> Array:
    """Mask, labels' and batch's weights together, each broadcast from the left to the shape of the values; in f32 at least."""
    result = jnp.ones(values.shape, _widen_dtype(values))
    for factor in factors:
        result = result * factor.astype(result.dtype).reshape(factor.shape + (1,) * (values.ndim - factor.ndim))
    return result


def finish(objective: Objective, frame: Frame, statistics: Statistics) -> dict[str, Array]:
    """The finished numbers: `loss` and one, or an array, for each metric.

    Arithmetic between them is in the types that the spec has; what is finished without any keeps the statistics' own precision.
    """
    pairs = zip(objective.measurements, statistics, strict=True)
    found: Wires = {m.output: m.op.finish(s) for m, s in pairs}
    types, stored = objective.finish.types, frame.run.precision.stored
    wires: Wires = {wire: cast(x, stored(types[wire].dtype)) for wire, x in found.items()}
    execute(objective.finish.nodes, objective.finish, frame, wires)
    return {port.name: array(port.wire, {**wires, **found}) for port in objective.finish.outputs}
