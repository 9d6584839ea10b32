"""The training loop against its bare steps, and its wait for data: `python -m tests.benchmarks.loop_time [--pairs N] [--milliseconds M]`.

The data are as many images of 28 by 28 points as MNIST has, in memory, shuffled and mirrored. One side trains through the loop of
`netspec train`: batches made and sent ahead, metrics, what is measured of each step, a checkpoint every 50 steps, the last of them waited
for. The other calls the compiled step, and nothing else, on batches that lie on the device already. Both run in one process, in turns, with
everything compiled before, and with memory kept as `netspec train` has it (`netspec.train.kept_memory`); what comes before the first step
(the folder, digests of the data, first weights) is timed on neither side.

The model is a convnet of the width whose bare step takes at least so many milliseconds on this machine, 10 unless it is said.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

import netspec
from netspec.lazy import jax
from netspec.train.kept_memory import keep_memory, start_again
from netspec.train.progress import Silent
from tests.benchmarks.interleave import interleave

SPEC = """netspec 1
model M {{
  input image: f32[B, 28, 28, 1]
  output logits = image
    -> conv({width}, 3) -> relu -> avg_pool(2)
    -> conv({width}, 3) -> relu -> avg_pool(2)
    -> flatten -> dense(64) -> relu -> dense(10)
}}
train M {{
  data = arrays(fields={{image: f32[28, 28, 1], label: i32[]}}) -> flip -> normalize(0.13, 0.31) -> shuffle -> batch(128)
  loss = softmax_cross_entropy(logits, label)
  metric accuracy = accuracy(logits, label)
  optimizer = sgd(0.01, momentum=0.9)
  duration = {steps} steps
  checkpoint {{ every = {every} steps; keep = 1 }}
}}
"""
EXAMPLES = 60_000
WIDTHS = (2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
LOOKED_AT = 20
"""Steps by which a width is judged."""


class Timed(Silent):
    """Knows the seconds from before the first step to behind the last checkpoint."""

    seconds = 0.0

    def begin(self, name: str, step: int, total: int) -> None:
        self._began = time.perf_counter()

    def end(self) -> None:
        self.seconds = time.perf_counter() - self._began


def in_loop(program: Any, feed: Any, waits: list[float]) -> Callable[[], float]:
    """An action that trains through the loop into a folder of its own; its seconds. The share of them without data is noted."""

    def act() -> float:
        with tempfile.TemporaryDirectory() as folder:
            timed = Timed()
            waits.append(program.train(feed, None, None, Path(folder) / "run", False, timed).data_wait)
            return timed.seconds

    return act


def bare(program: Any, feed: Any, steps: int) -> Callable[[], float]:
    """An action that takes as many steps on a few batches that are on the device; its seconds."""
    batches = [jax.device_put(batch) for batch in islice(feed.training(0), LOOKED_AT)]

    def act() -> float:
        state = program.init()
        jax.block_until_ready(jax.tree.leaves(state))
        began = time.perf_counter()
        for step in range(steps):
            state, _ = program._train(state, batches[step % len(batches)])
        jax.block_until_ready(jax.tree.leaves(state))
        return time.perf_counter() - began

    return act


def choose_width(milliseconds: float, data: Any) -> int:
    """The least width whose bare step takes so long."""
    for width in WIDTHS:
        program = netspec.compile(SPEC.format(width=width, steps=LOOKED_AT, every=50))
        act = bare(program, program.feeds(data, None, None).train, LOOKED_AT)
        if min(act() for _ in range(4)) / LOOKED_AT * 1e3 >= milliseconds:
            return width
    return WIDTHS[-1]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.loop_time", description=__doc__)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--every", type=int, default=50, help="steps between two checkpoints")
    parser.add_argument("--milliseconds", type=float, default=10.0, help="what a bare step takes at least")
    parser.add_argument("--width", type=int, help="of the convolutions, in place of one that is chosen by the time of a step")
    args = parser.parse_args()
    start_again()
    keep_memory()
    draw, waits = np.random.default_rng(0), list[float]()
    data = {"image": draw.random((EXAMPLES, 28, 28, 1), np.float32), "label": draw.integers(0, 10, EXAMPLES, np.int32)}
    width = args.width or choose_width(args.milliseconds, data)
    program = netspec.compile(SPEC.format(width=width, steps=args.steps, every=args.every))
    feed = program.feeds(data, None, None).train
    pairs = interleave(in_loop(program, feed, waits), bare(program, feed, args.steps), args.pairs)
    print(pairs.line("loop", "bare steps"))
    step = statistics.median(pairs.second) / args.steps * 1e3
    size = sum(x.size for x in program.init().params.values())
    print(f"width {width}, {size:,} parameters: a bare step takes {step:.1f} ms; the loop waited for data {max(waits[1:]):.2%} at most")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
