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
        self._pending: tuple[int, Any] | None = None
        self._sums = restored
        self._structure: Any = None
        """That of the statistics; None until some were seen."""

    def __bool__(self) -> bool:
        return self._pending is not None or (self._sums is not None and self._structure is not None)

    def add(self, step: int, statistics: Any) -> None:
        """Raises `Mistake` with `LossNotFinite` when an earlier step's loss is no number."""
        self.settle()
        self._pending = (step, statistics)

    def wait(self) -> None:
        """Wait until the newest statistics are computed."""
        if self._pending is not None:
            jax.block_until_ready(self._pending[1])

    def settle(self) -> None:
        """Wait for the newest statistics and add them to the sum."""
        if self._pending is None:
            return
        (step, statistics), self._pending = self._pending, None
        leaves, self._structure = jax.tree.flatten(statistics)
        arrays = [np.asarray(leaf) for leaf in leaves]
        if self._objective == "train":
            self._refuse_not_finite(step, arrays)
        self._sums = arrays if self._sums is None else list(map(_add, self._sums, arrays))

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


def _is_finite(array: Any) -> bool:
    """Is every number finite? Of the single ones that most statistics are Python finds out ten times as fast."""
    return math.isfinite(array) if array.ndim == 0 else bool(np.isfinite(array).all())
