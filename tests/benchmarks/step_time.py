"""A training step of `models/mnist.net` against the same in Flax and Optax: `python -m tests.benchmarks.step_time [--pairs N]`.

Both take the same batch of random images, in one process, in turns; a side's time is that of a few steps with the device drained. The peer
is what a careful user writes: Flax linen, Optax's integer cross entropy, one jitted and donated step.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import optax

import netspec
from tests.benchmarks.interleave import ROOT, interleave
from tests.benchmarks.peers.linen import Cnn

Batch = dict[str, np.ndarray]
Step = Callable[[Any, Batch], tuple[Any, Any]]


def flax_step() -> tuple[Any, Step]:
    """First state, and the step, of the peer."""
    model, optimizer = Cnn(10), optax.sgd(0.1, momentum=0.9)
    params = model.init(jax.random.key(0), np.zeros((1, 28, 28, 1), np.float32))

    def loss(params: Any, batch: Batch) -> jax.Array:
        return optax.softmax_cross_entropy_with_integer_labels(model.apply(params, batch["image"]), batch["label"]).mean()

    def step(state: Any, batch: Batch) -> tuple[Any, Any]:
        params, memory = state
        value, gradients = jax.value_and_grad(loss)(params, batch)
        updates, memory = optimizer.update(gradients, memory, params)
        return (optax.apply_updates(params, updates), memory), value

    return (params, optimizer.init(params)), jax.jit(step, donate_argnums=0)


def netspec_step() -> tuple[Any, Step]:
    """First state, and the step, of the compiled spec."""
    program = netspec.compile(ROOT / "models" / "mnist.net")
    return program.init(0), program.train_step


def repeated(first: Any, step: Step, batch: Batch, count: int) -> Callable[[], None]:
    """An action that takes `count` steps, from the state that the action before left, and waits for the device."""
    state = first

    def act() -> None:
        nonlocal state
        for _ in range(count):
            state, _ = step(state, batch)
        jax.block_until_ready(jax.tree.leaves(state))

    return act


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.step_time", description=__doc__)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--steps", type=int, default=3, help="steps that are timed together")
    parser.add_argument("--batch", type=int, default=128)
    args = parser.parse_args()
    draw = np.random.default_rng(0)
    batch = {"image": draw.random((args.batch, 28, 28, 1), np.float32), "label": draw.integers(0, 10, args.batch, np.int32)}
    ours, theirs = (repeated(*side(), batch, args.steps) for side in (netspec_step, flax_step))
    print(interleave(ours, theirs, args.pairs, warm=2).line(f"netspec, {args.steps} steps", "flax + optax"))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
