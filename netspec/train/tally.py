"""Sums statistics of many batches on the host in step order, so that grouping and interruptions cannot change a digit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.runs import LossNotFinite
from netspec.lazy import jax, np

if TYPE_CHECKING:
    from netspec.lower.batch_statistics import Result
    from netspec.lower.program import Program


class Tally:
    """The sum of the statistics given to `add`.

    The newest stay on the device until the next arrive, so that adding never waits for them. It is done in every step: the sum is a plain
    list of numbers and arrays of NumPy, for which trees are too slow.
    """

    def __init__(self, program: Program, objective: str, restored: list[Any] | None = None) -> None:
        """`restored`: the leaves of a sum to go on from, as `leaves` gave them."""
        self._program = program
        self._objective = objective
        self._pending: tuple[int, Any, int] | None = None
        self._sums = restored
        self._structure: Any = None
        """That of the statistics; None until some were seen."""

    def __bool__(self) -> bool:
        return self._pending is not None or (self._sums is not None and self._structure is not None)

    def add(self, step: int, statistics: Any) -> None:
        """Raises `Mistake` with `LossNotFinite` when an earlier step's loss is no number."""
        self.settle()
        self._pending = (step, statistics, 0)

    def add_several(self, step: int, statistics: Any, count: int) -> None:
        """Those of the `count` steps until this one, the first so many along a first axis. It means what adding them one by one means."""
        self.settle()
        self._pending = (step, statistics, count)

    def wait(self) -> None:
        """Wait until the newest statistics are computed."""
        if self._pending is not None:
            jax.block_until_ready(self._pending[1])

    def settle(self) -> None:
        """Wait for the newest statistics and add them to the sum."""
        if self._pending is None:
            return
        (step, statistics, count), self._pending = self._pending, None
        leaves, self._structure = jax.tree.flatten(statistics)
        arrays = [np.asarray(leaf) for leaf in leaves]
        if count:
            self._settle_several(step, [array[:count] for array in arrays], count)
            return
        if self._objective == "train":
            self._refuse_not_finite(step, arrays)
        self._sums = arrays if self._sums is None else list(map(_add, self._sums, arrays))

    def _settle_several(self, step: int, arrays: list[Any], count: int) -> None:
        """Adds the statistics of several steps, in their order."""
        if self._objective == "train" and not all(np.isfinite(array).all() for array in arrays):
            for place in range(count):
                self._refuse_not_finite(step - count + 1 + place, [array[place] for array in arrays])
        begun = self._sums is not None
        sums = self._sums if self._sums is not None else [array[0] for array in arrays]
        self._sums = [_add_each(total, array if begun else array[1:]) for total, array in zip(sums, arrays, strict=True)]

    def _refuse_not_finite(self, step: int, arrays: list[Any]) -> None:
        """Raises `Mistake` when a loss is no number any more: what follows would be noise."""
        if all(map(_is_finite, arrays)):
            return
        loss = self._values(arrays)["loss"]
        if not np.isfinite(loss):
            raise Mistake(LossNotFinite(step=step, value=float(loss)))

    def leaves(self) -> list[Any]:
        """The sum as host arrays, for a checkpoint."""
        self.settle()
        return self._sums or []

    def peek(self) -> dict[str, Result]:
        """The loss and metrics so far, without the batch that is still being computed; empty before the first."""
        return self._values(self._sums) if self._sums is not None and self._structure is not None else {}

    def finish(self) -> dict[str, Result]:
        """The loss and metrics that the sum means; the tally is empty afterwards."""
        self.settle()
        sums, self._sums = self._sums, None
        return self._values(sums or [])

    def _values(self, leaves: list[Any]) -> dict[str, Result]:
        """The finished numbers, the loss first."""
        values = self._program.finish(jax.tree.unflatten(self._structure, leaves), self._objective)
        return {"loss": values.pop("loss"), **values}


def _add(total: Any, more: Any) -> Any:
    """The sum of two statistics in float64, as `merge` has it."""
    return np.add(total, more, dtype=np.float64)


def _add_each(total: Any, rows: Any) -> Any:
    """The same of several, one after another; of single numbers Python's floats, which are float64, are added faster."""
    if rows.ndim > 1:
        for row in rows:
            total = _add(total, row)
        return total
    if not len(rows):
        return total
    found = float(total)
    for number in rows.tolist():
        found += number
    return np.float64(found)


def _is_finite(array: Any) -> bool:
    """Is every number finite? Of the single ones that most statistics are Python finds out ten times as fast."""
    return math.isfinite(array) if array.ndim == 0 else bool(np.isfinite(array).all())
