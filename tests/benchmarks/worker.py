"""One peer in a process of its own, which takes steps when asked to: `python -m tests.benchmarks.start PEER WORKLOAD SIZES CLOCK FOLDER`.

Processes of their own let every library have its allocator and its threads, and show what it takes from nothing to the first step. The
folder has `batch.npz` and `examples.npz`. The first line that is written is the `Start`, as JSON; every line that is read is a question,
and the answer to it a number. Whatever else is printed goes to standard error.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from tests.benchmarks.peers.running import CLOCKS, Clock
from tests.benchmarks.workloads import WORKLOADS, Batch

PEERS = {"netspec": "own", "flax": "linen", "jax": "by_hand", "torch": "torch_cpu"}


def own_output() -> TextIO:
    """Standard output for answers alone."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    return answers


def load(path: Path) -> Batch:
    with np.load(path) as file:
        return {name: file[name] for name in file.files}


class Laps:
    """Seconds by name, each since the one before."""

    def __init__(self, clock: Clock) -> None:
        self.seconds: dict[str, float] = {}
        self._clock, self._last = clock, clock()

    def lap(self, name: str) -> None:
        now = self._clock()
        self.seconds[name], self._last = now - self._last, now


def peak() -> float:
    """Megabytes of memory that this process had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> int:
    answers, (peer, name, sizes, clock, folder) = own_output(), sys.argv[1:]
    laps, workload = Laps(CLOCKS[clock]), WORKLOADS[name].at(sizes)
    batch = load(Path(folder) / "batch.npz")
    laps.lap("data")
    module: Any = import_module(f"tests.benchmarks.peers.{PEERS[peer]}")
    getattr(module, "prepare_process", lambda: None)()
    laps.lap("import")
    running = module.make(workload, batch)
    laps.lap("build")
    loss, running.clock = running.step(), CLOCKS[clock]
    laps.lap("first")
    answers.write(json.dumps({"laps": laps.seconds, "loss": loss, "parameters": running.parameters, "cpu": time.process_time()}) + "\n")
    questions: dict[str, Callable[[int], float]] = {
        "steps": running.steps,
        "loop": lambda count: running.loop(load(Path(folder) / "examples.npz"), count),
        "peak": lambda _: peak(),
    }
    for line in sys.stdin:
        question, _, count = line.strip().partition(" ")
        answers.write(f"{questions[question](int(count or 0))!r}\n")
    return 0
