"""What trains: lengths, schedules, gradient transformations, losses and metrics, data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from netspec.record import record
from netspec.shape import TensorType

if TYPE_CHECKING:
    from pathlib import Path
from netspec.library.base.op import Array, Callable, Op


@record
class Clock:
    """The lengths that schedules are written against; steps are optimizer updates."""

    steps_per_epoch: int
    total_steps: int


@record
class Duration:
    """A length of training: `5 epochs` or `2_000 steps`."""

    count: float
    unit: str  # "epoch" or "step"

    def steps(self, clock: Clock) -> int:
        return round(self.count * clock.steps_per_epoch) if self.unit == "epoch" else round(self.count)

    def __str__(self) -> str:
        number = f"{self.count:g}"
        return f"{number} {self.unit}" if self.count == 1 else f"{number} {self.unit}s"


class Schedule(Op):
    """A number that depends on the step."""

    kind = "schedule"

    def value(self, step: Array, clock: Clock) -> Array:
        """The value at a step (f32 scalar, traced); `step` counts finished updates from 0."""
        raise TypeError(f"{self.op_name()} has no value")


@record
class Transformation:
    """A gradient transformation with optax's protocol: `init(params) -> state`, `update(grads, state, params) -> (updates, state)`.

    Trees are flat dicts by stored path. Updates are added to the parameters.
    """

    init: Any
    update: Any


@record
class Leaf:
    """What an optimizer may know of a stored parameter: its logical paths (one per slice) and how many leading axes stack slices."""

    paths: tuple[str, ...]
    stacked: int = 0


class Optimizer(Op):
    """A gradient transformation (`clip_by_global_norm`, `adamw`). `->` between two composes them."""

    kind = "optimizer"
    descends: ClassVar[bool] = True
    """Takes the step against the gradient; False for those that only change the gradient on its way (`clip_by_global_norm`)."""

    def patterns(self) -> dict[str, str]:
        """Arguments that are patterns over logical paths, which must match something."""
        return {}

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        raise TypeError(f"{self.op_name()} has no meaning")


class Measure(Callable):
    """A loss or metric: statistics that add up over batches and devices, finished once.

    `shape` gives the type of the values v (one per example, or per token …), `apply` computes them; the pair (Σ w·v, Σ w) with
    w = mask × batch weight is the default statistic. `mask`, where an op takes one, is an optional input that `apply` does not get,
    unless `mask_weighs` is false.
    """

    mask_weighs: ClassVar[bool] = True
    """Is the optional input `mask` the weight of the values? If not, `apply` gets it."""

    def statistics(self, values: Array, weight: Array) -> Any:
        """A tree of sums over the elements of `values`; `weight` has the same shape."""
        from netspec.lazy import jnp

        wide = jnp.promote_types(values.dtype, jnp.float32)
        counted = jnp.where(weight != 0, values.astype(wide) * weight, 0)  # a NaN of an example that does not count stays out
        return jnp.sum(counted, dtype=wide), jnp.sum(weight, dtype=wide)

    def finish(self, statistics: Any) -> Array:
        """The value that the summed statistics mean: Σ w·v / Σ w, and 0 where nothing counts."""
        from netspec.lazy import jnp

        total, weight = statistics
        return jnp.where(weight > 0, total / jnp.where(weight > 0, weight, 1), 0)


class Loss(Measure):
    kind = "loss"


class Metric(Measure):
    kind = "metric"


class Dataset(Op):
    """Examples in memory. The field `part` ("train" or "test") chooses the split where there is one."""

    kind = "dataset"

    def fields(self) -> dict[str, TensorType]:
        """Type of each field of a batch; the leading dim is the symbol B."""
        raise TypeError(f"{self.op_name()} has no fields")

    def load(self, folder: Path | None) -> dict[str, Array]:
        """All examples as NumPy arrays, one per field, the first axis counting examples. Bad files raise `Mistake` with file and record."""
        raise TypeError(f"{self.op_name()} cannot be loaded")

    def test(self) -> Dataset | None:
        """The dataset's own test split, used for evaluation when a spec has no `eval`."""
        return None


class Transform(Op):
    """A step of the data chain. Structural ones (`shuffle`, `batch`) have their own classes, which the trainer reads."""

    kind = "transform"
    random: ClassVar[bool] = False

    def fields(self, fields: dict[str, TensorType]) -> dict[str, TensorType]:
        return fields

    def apply(self, batch: dict[str, Array], rng: Any) -> dict[str, Array]:
        """One batch (NumPy arrays) in training; `rng` is keyed by (seed, epoch, batch)."""
        return batch

    def apply_eval(self, batch: dict[str, Array]) -> dict[str, Array]:
        """The form used in evaluation: identity for random transforms, the same as training for the others."""
        return batch
