"""Blocks whose inputs are lists of tensors mean what they would mean written out."""

from __future__ import annotations

import jax
import numpy as np

from netspec.compile import check
from netspec.ir.verify import verify_all
from netspec.lower.program import Program
from netspec.source import Source

LISTS = """netspec 1

block Fuse {
  param layers: list[layer] = [tanh]
  input xs: list[f32[B, D]]
  input gate: f32[B]
  weight shares: f32[len(xs)] = linspace(0, 1)
  x = sum([shares[i] * x for i, x in enumerate(xs)]) * gate[:, none] -> dense(3)
  for layer in layers { x = x -> layer }
  output x
}

block Join {
  input xs: list[f32[B, ..., C]]
  output concat([x -> flatten for x in xs], axis=-1)
}

model M {
  input a: f32[B, 4]
  input m: f32[B, 2, 4]
  g = mean(a, axis=-1)
  b = m[:, 0]
  output two = ([a, b], g) -> Fuse
  output three = Fuse([a, b, a * b], g, layers=[relu, dense(2)])
  output joined = [m, a, b] -> Join
}
"""


def test_lists_are_what_is_written_out() -> None:
    with jax.enable_x64(True):
        found = check(Source("m.net", LISTS))
        assert found.typed is not None and not found.problems, [p.message() for p in found.problems]
        verify_all(found.typed)
        made = Program.of(found.typed, precision="f64")
        tree = made.unpack(made.init())
        w = tree["params"]
        rng = np.random.default_rng(0)
        a, m = rng.standard_normal((5, 4)), rng.standard_normal((5, 2, 4))
        b, gate = m[:, 0], a.mean(-1, keepdims=True)
        out = made.apply(tree, a=a, m=m)

        def fuse(weights: dict, *xs: np.ndarray) -> np.ndarray:
            mixed = sum(np.linspace(0, 1, len(xs))[i] * x for i, x in enumerate(xs)) * gate
            return mixed @ weights["dense_0"]["kernel"] + weights["dense_0"]["bias"]

        np.testing.assert_allclose(out["two"], np.tanh(fuse(w["Fuse_0"], a, b)), 1e-7)
        last = w["Fuse_1"]["dense_1"]
        wanted = np.maximum(fuse(w["Fuse_1"], a, b, a * b), 0) @ last["kernel"] + last["bias"]
        np.testing.assert_allclose(out["three"], wanted, 1e-7)
        np.testing.assert_allclose(out["joined"], np.concatenate([m.reshape(5, 8), a, b], -1))
