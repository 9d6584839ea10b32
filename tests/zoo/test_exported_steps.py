"""Every training step of the zoo lowers for accelerators that are not here, with the kernels that are chosen there."""

from __future__ import annotations

from pathlib import Path

import jax
import numpy as np
import pytest

from netspec.compile import compile
from netspec.files import models_dir
from netspec.library.base import Clock
from netspec.train.synthetic_batch import choose_sizes, make_batch
from tests.quick import marked_slow

ZOO = sorted(models_dir().glob("*.net"))
QUICK = ("digits", "karate_gcn")
CASES = [case if path.stem in QUICK else marked_slow(case) for path in ZOO for case in [pytest.param(path, id=path.stem)]]
BACKENDS = {"cuda": "gpu", "tpu": "tpu"}


@pytest.mark.parametrize("platform", BACKENDS)
@pytest.mark.parametrize("path", CASES)
def test_a_step_lowers(path: Path, platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is computed: the state and the batch are types alone. Kernels ask JAX which backend they are for."""
    monkeypatch.setattr(jax, "default_backend", lambda: BACKENDS[platform])
    program = compile(path).at(Clock(steps_per_epoch=10, total_steps=100))
    assert program.plan is not None
    sizes = choose_sizes(program, program.plan, {"B": 2})
    batch = make_batch(program, program.plan, sizes)
    state = jax.eval_shape(program.init_traced, jax.random.key(0))
    types = jax.tree.map(lambda x: jax.ShapeDtypeStruct(np.shape(x), x.dtype), batch)
    exported = jax.export.export(jax.jit(program.train_step), platforms=[platform])(state, types)
    assert exported.platforms == (platform,)
    after, _ = jax.tree.unflatten(exported.out_tree, exported.out_avals)
    assert jax.tree.map(lambda x: (x.shape, x.dtype), after) == jax.tree.map(lambda x: (x.shape, x.dtype), state)
