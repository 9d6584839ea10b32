"""Peer: netspec, by the specs in `specs/` and the public API. Its loop is that of `netspec train`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax

import netspec
from netspec.train.kept_memory import keep_memory
from tests.benchmarks.peers.running import JaxRunning
from tests.benchmarks.workloads import Batch, Workload

SPECS = Path(__file__).parents[1] / "specs"


def prepare_process() -> None:
    """What `netspec train` does to a process of its own: memory that a step frees is kept."""
    keep_memory()


def program_of(workload: Workload, **more: Any) -> Any:
    """The compiled spec at the workload's sizes."""
    sizes = {name: list(value) if isinstance(value, tuple) else value for name, value in workload.sizes.items()}
    size = sizes.pop("batch")
    return netspec.compile(SPECS / f"{workload.name}.net", set={**sizes, "train.data.batch.size": size, **more})


def batch_of(workload: Workload, batch: Batch) -> Batch:
    """A whole graph is a batch of one, since data of one's own always have an axis of examples."""
    return {name: x[None] for name, x in batch.items()} if workload.whole else batch


class Own(JaxRunning):
    """netspec's jitted step, and its own loop."""

    def loop(self, examples: Batch, count: int) -> float:
        from tests.benchmarks.loop_time import in_loop

        program = program_of(self.workload, **{"train.duration": f"{count} steps"})
        act = in_loop(program, program.feeds(batch_of(self.workload, examples), None, None).train, [])
        act()
        return act()


def make(workload: Workload, batch: Batch, precision: str = "f32") -> Own:
    made = program_of(workload)
    program = type(made).of(made.typed, precision=precision)
    state = program.init(0)

    def step(state: Any, batch: Any) -> tuple[Any, Any]:
        state, statistics = program.train_step(state, batch)
        return state, program.finish(statistics)["loss"]

    running = Own(workload, state, jax.jit(step, donate_argnums=0), batch_of(workload, batch))
    running.parameters = sum(x.size for x in jax.tree.leaves(state.params))
    return running
