"""Sums statistics of many batches on the host in step order, so that grouping and interruptions cannot change a digit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.runs import LossNotFinite
from netspec.lazy import jax, np

if TYPE_CHECKING:
    from netspec.lower.batch_statistics import Result
    from netspec.lower.program import Program


class Tally:
    """The sum of the statistics given to `add`.

    The newest stay on the device until the next arrive, so that adding never waits for them.
    """

    def __init__(self, program: Program, objective: str, restored: list[Any] | None = None) -> None:
        """`restored`: the leaves of a sum to go on from, as `leaves` gave them."""
        self._program = program
        self._objective = objective
        self._restored = restored
        self._pending: tuple[int, Any] | None = None
        self._total: Any = None

    def __bool__(self) -> bool:
        return self._pending is not None or self._total is not None

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
        statistics = jax.tree.map(np.asarray, statistics)
        if self._objective == "train":
            self._refuse_not_finite(step, statistics)
        self._total = statistics if self._sum(statistics) is None else self._program.merge(self._sum(statistics), statistics)

    def _sum(self, like: Any) -> Any:
        """The sum so far; restored leaves take the structure of the first new statistics."""
        if self._restored is not None:
            self._total, self._restored = jax.tree.unflatten(jax.tree.structure(like), self._restored), None
        return self._total

    def _refuse_not_finite(self, step: int, statistics: Any) -> None:
        """Raises `Mistake` when a loss is no number any more: what follows would be noise."""
        if all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(statistics)):
            return
        loss = self._program.finish(statistics, self._objective)["loss"]
        if not np.isfinite(loss):
            raise Mistake(LossNotFinite(step=step, value=float(loss)))

    def leaves(self) -> list[Any]:
        """The sum as host arrays, for a checkpoint."""
        self.settle()
        return self._restored if self._restored is not None else jax.tree.leaves(self._total)

    def peek(self) -> dict[str, Result]:
        """The loss and metrics so far, without the batch that is still being computed; empty before the first."""
        return {} if self._total is None else self._values(self._total)

    def finish(self) -> dict[str, Result]:
        """The loss and metrics that the sum means; the tally is empty afterwards."""
        self.settle()
        total, self._total = self._total, None
        return self._values(total)

    def _values(self, total: Any) -> dict[str, Result]:
        """The finished numbers, the loss first."""
        values = self._program.finish(total, self._objective)
        return {"loss": values.pop("loss"), **values}
