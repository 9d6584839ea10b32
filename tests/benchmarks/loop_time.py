"""The training loop against its bare steps, and its wait for data: `python -m tests.benchmarks.loop_time [--pairs N] [--steps N]`.

The data are as many images of 28 by 28 points as MNIST has, in memory, shuffled and mirrored. One side trains through the loop of
`netspec train`: batches made and sent ahead, metrics, a checkpoint every 50 steps. The other takes the same steps on batches that lie
on the device already. Both run in one process, in turns, with everything compiled before.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

import netspec
from netspec.train.progress import Silent
from tests.benchmarks.interleave import interleave

SPEC = """netspec 1
model M {{
  input image: f32[B, 28, 28, 1]
  output logits = image -> flatten -> dense({width}) -> relu -> dense({width}) -> relu -> dense(10)
}}
train M {{
  data = arrays(fields={{image: f32[28, 28, 1], label: i32[]}}) -> flip -> normalize(0.13, 0.31) -> shuffle -> batch(128)
  loss = softmax_cross_entropy(logits, label)
  metric accuracy = accuracy(logits, label)
  optimizer = sgd(0.01, momentum=0.9)
  duration = {steps} steps
  checkpoint {{ every = 50 steps; keep = 1 }}
}}
"""
EXAMPLES = 60_000


def in_loop(program: Any, feed: Any, waits: list[float]) -> Callable[[], None]:
    """An action that trains through the loop into a folder of its own, and notes the share of time spent waiting for data."""

    def act() -> None:
        with tempfile.TemporaryDirectory() as folder:
            fit = program.train(feed, None, None, Path(folder) / "run", False, Silent())
            waits.append(fit.data_wait)

    return act


def bare(program: Any, feed: Any, steps: int) -> Callable[[], None]:
    """An action that takes as many steps on a few batches that are on the device."""
    batches = [jax.device_put(batch) for batch, _ in zip(feed.training(0), range(20), strict=False)]

    def act() -> None:
        state = program.init()
        for step in range(steps):
            state, _ = program.train_step(state, batches[step % len(batches)])
        jax.block_until_ready(jax.tree.leaves(state))

    return act


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.loop_time", description=__doc__)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--width", type=int, default=768, help="of the hidden layers: by it the steps are longer or shorter")
    args = parser.parse_args()
    program = netspec.compile(SPEC.format(width=args.width, steps=args.steps))
    draw, waits = np.random.default_rng(0), list[float]()
    data = {"image": draw.random((EXAMPLES, 28, 28, 1), np.float32), "label": draw.integers(0, 10, EXAMPLES, np.int32)}
    feed = program.feeds(data, None, None).train
    ours, steps = in_loop(program, feed, waits), bare(program, feed, args.steps)
    pairs = interleave(ours, steps, args.pairs)
    print(pairs.line("loop", "bare steps"))
    share = f"{min(waits[1:]):.2%} to {max(waits[1:]):.2%}"
    print(f"a bare step takes {min(pairs.second) / args.steps * 1e3:.1f} ms; the loop waited for data {share} of its time")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
