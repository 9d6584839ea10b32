"""Losses and metrics of a batch: statistics that add up over batches, and what they mean in the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netspec.ir import Measurement, Objective, Segment
from netspec.lazy import jnp
from netspec.library.base import Array
from netspec.lower.evaluate import Wires, array, execute, run, value
from netspec.lower.scope import Frame, NodeScope

Statistics = tuple[Any, ...]
"""One tree of sums for each measurement, in order."""
OUTPUT = "output."
"""Before the names of the objective's inputs that are outputs of the model."""
WEIGHT = "weight"
"""The batch's field that weighs its examples."""


def field_types(objective: Objective) -> dict[str, Any]:
    """The batch's fields that the objective reads, with their types."""
    return {name: type for name, type in objective.body.input_types().items() if not name.startswith(OUTPUT)}


def measure(objective: Objective, frame: Frame, fields: Mapping[str, Array], outputs: Mapping[str, Array]) -> Statistics:
    """The statistics of one batch, before finishing."""
    named = {**fields, **{OUTPUT + name: x for name, x in outputs.items()}}
    wires = run(objective.body, frame, named)
    return tuple(_measure(m, index, frame, wires) for index, m in enumerate(objective.measurements))


def _measure(measurement: Measurement, index: int, frame: Frame, wires: Wires) -> Any:
    optional = {name: wires[wire] for name, wire in measurement.optional}
    mask = optional.pop("mask", None)
    scope = NodeScope(frame, Segment(f"{measurement.op.op_name()}:{index}"), 0)
    values = jnp.asarray(measurement.op.apply(scope, *(value(o, wires) for o in measurement.inputs), **optional))
    factors = [x for x in (mask, frame.run.weight if measurement.per_example else None) if x is not None]
    if not factors:
        return measurement.op.statistics(values, jnp.ones(values.shape, _wide(values)))
    weight = _weights(values, factors)
    return measurement.op.statistics(jnp.where(weight == 0, 0, values), weight)  # what does not count may be NaN


def _wide(values: Array) -> Any:
    return jnp.promote_types(values.dtype, jnp.float32)


def _weights(values: Array, factors: list[Array]) -> Array:
    """mask × batch weight, each broadcast from the left to the shape of the values; in f32 at least."""
    result = jnp.ones(values.shape, _wide(values))
    for factor in factors:
        result = result * factor.astype(result.dtype).reshape(factor.shape + (1,) * (values.ndim - factor.ndim))
    return result


def finish(objective: Objective, frame: Frame, statistics: Statistics) -> dict[str, Array]:
    """The finished numbers: `loss` and one for each metric."""
    pairs = zip(objective.measurements, statistics, strict=True)
    wires: Wires = {m.output: m.op.finish(s) for m, s in pairs}
    execute(objective.finish.nodes, objective.finish, frame, wires)
    return {port.name: array(port.wire, wires) for port in objective.finish.outputs}
