"""Trains a small net with dropout and batch_norm and writes every number to the file named; run once per device count."""

from __future__ import annotations

import sys
from typing import Any

import jax
import numpy as np

from netspec.ir import Typed
from netspec.library.layers.dropout import Dropout
from netspec.lower.program import Program
from netspec.lower.random_draws import step_key
from netspec.lower.step_functions import outputs
from tests.lower import generating
from tests.lower.build import Builder
from tests.lower.models import batch, deep, program


def dropped(size: int) -> Any:
    """Ones after dropout, from a jitted pass over a batch that is split over the devices."""
    b = Builder("Masks")
    p = Program.of(Typed({"Masks": b.body(y=b.op(Dropout(rate=0.5), b.input("x", "f32[B, 32]")))}))
    x = p._inputs({"x": np.ones((size, 32), np.float32)})
    return np.asarray(p._placement.jit(outputs(p._forward, "train"))({}, {}, x, step_key(0, 0))["y"])


def main(file: str) -> None:
    p = program(deep(4, rate=0.3))
    state = p.init()
    for i in range(4):  # the last batch divides by no more than two devices
        state, statistics = p.train_step(state, batch(16 if i < 3 else 10, seed=i))
    evaluated = p.eval_step(state, batch(16, seed=9))
    numbers = (p.unpack(state), statistics, evaluated, p.predict(state, x=batch(6)["x"]))
    arrays = {jax.tree_util.keystr(path): np.asarray(x) for path, x in jax.tree_util.tree_leaves_with_path(numbers)}
    writer = generating.program(generating.GPT, "sample(logits, start=2, limit=5)")
    written = writer.decode(generating.state(writer), examples=8)["tokens"]
    split = jax.numpy.asarray(p._inputs({"x": batch(8)["x"]})["x"])
    devices = [len(state.params["dense_0/kernel"].sharding.device_set), 8 // split.addressable_shards[0].data.shape[0]]
    np.savez(file, devices=devices, compiled=p._train._cache_size(), masks=dropped(16), written=written, **arrays)


if __name__ == "__main__":
    main(sys.argv[1])
