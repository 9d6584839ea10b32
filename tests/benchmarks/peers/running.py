"""Defines what a peer is once it is built: something that takes steps on one batch, and trains on examples of the host."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from tests.benchmarks.workloads import Batch, Workload, shuffled

SHOWN_EVERY = 50
"""Steps after which a loop looks at its losses, as examples of Flax and PyTorch do."""


Clock = Callable[[], float]
CLOCKS: Mapping[str, Clock] = {"wall": time.perf_counter, "cpu": time.process_time}
"""What counts as time. On a busy machine that of the processor says more, though not what is waited for."""


class Running(Protocol):
    """A peer at work. `parameters` is their number."""

    parameters: int
    clock: Clock

    def step(self) -> float:
        """One step on the peer's batch; its loss, so that it is over."""
        ...

    def steps(self, count: int) -> float:
        """The seconds of so many steps on the peer's batch, the last of them waited for."""
        ...

    def loop(self, examples: Batch, count: int) -> float:
        """The seconds of a training loop of so many steps on batches of these examples, losses read now and then."""
        ...


class JaxRunning:
    """A jitted step (state, batch) -> (state, loss) of JAX, which donates the state."""

    def __init__(self, workload: Workload, state: Any, step: Callable[[Any, Any], tuple[Any, Any]], batch: Mapping[str, Any]) -> None:
        import jax

        self.workload, self.state, self._step, self.batch = workload, state, step, jax.device_put(dict(batch))
        self.parameters, self.clock = 0, time.perf_counter

    def step(self) -> float:
        self.state, loss = self._step(self.state, self.batch)
        return float(loss)

    def steps(self, count: int) -> float:
        import jax

        began = self.clock()
        for _ in range(count):
            self.state, _ = self._step(self.state, self.batch)
        jax.block_until_ready(jax.tree.leaves(self.state))
        return self.clock() - began

    def loop(self, examples: Batch, count: int) -> float:
        began, losses = self.clock(), list[Any]()
        for batch in feed(self.workload, examples, count):
            self.state, loss = self._step(self.state, batch)
            losses.append(loss)
            if len(losses) == SHOWN_EVERY:
                sum(map(float, losses))
                losses.clear()
        sum(map(float, losses))
        return self.clock() - began


def feed(workload: Workload, examples: Batch, count: int) -> Any:
    """Batches of the host; a whole graph again and again."""
    return (examples for _ in range(count)) if workload.whole else shuffled(examples, workload.sizes["batch"], count)
