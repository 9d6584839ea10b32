"""Trains a net of normalisations on padded batches and writes every number to the file named; run once per device count."""

from __future__ import annotations

import sys

import jax
import numpy as np

from netspec.ir import Body
from netspec.library.functions.activation import Tanh
from netspec.library.initializers.placed_values import FromValues
from netspec.library.layers.dense import Dense
from netspec.library.layers.norm import BatchNorm, GroupNorm
from netspec.library.layers.weight_norm import SpectralNorm, WeightNorm
from tests.lower.build import Builder
from tests.lower.models import batch, program

WEIGHT = np.float32([1, 0, 1, 1, 1, 0, 1, 1, 1, 1, 1, 0])


def inner() -> Body:
    """Normalised kernels in a block that is repeated, so that their vectors and scales are stacked."""
    b = Builder("Inner")
    x = b.input("x", "f32[B, 6]")
    x = b.op(Tanh(), b.op(SpectralNorm(layer=Dense(features=6), steps=2), x))
    return b.body(y=b.op(GroupNorm(group_size=3), b.op(WeightNorm(layer=Dense(features=6)), x)))


def net() -> Body:
    b = Builder("Norms")
    x = b.op(BatchNorm(momentum=0.5), b.input("x", "f32[B, 4]"))
    x = b.op(Dense(features=6), x)
    block = inner()
    x = b.repeat(3, x, lambda h, i: b.call(block, h))
    return b.body(logits=b.op(Dense(features=3, bias_init=FromValues(values=(0.5, -1.0, 0.25))), x))


def main(file: str) -> None:
    p = program(net())
    state = p.init()
    start = p.unpack(state)
    for i in range(3):
        state, statistics = p.train_step(state, {**batch(12, seed=i), "example weights": WEIGHT})
    evaluated = p.eval_step(state, batch(16, seed=9))
    numbers = (p.unpack(state), statistics, evaluated, p.predict(state, x=batch(6)["x"]))
    arrays = {jax.tree_util.keystr(path): np.asarray(x) for path, x in jax.tree_util.tree_leaves_with_path(numbers)}
    first = {f"start{jax.tree_util.keystr(path)}": np.asarray(x) for path, x in jax.tree_util.tree_leaves_with_path(start)}
    devices = len(state.params["dense_0/kernel"].sharding.device_set)
    np.savez(file, devices=devices, **arrays, **first)


if __name__ == "__main__":
    main(sys.argv[1])
