"""First states of optimizers without a compiled program, and how many programs the first step compiles."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import netspec
from netspec.lower.constant_fills import find_fills
from tests.compilations import compilations

SPEC = """netspec 1

model M {{
  input x: f32[B, 4]
  output y = x -> dense(3)
}}

train M {{
  data = arrays(fields={{x: f32[4], t: f32[3]}}) -> batch(2)
  loss = mean_squared_error(y, t)
  optimizer = {}
  duration = 2 steps
}}
"""
BATCH = {"x": np.ones((2, 4), np.float32), "t": np.ones((2, 3), np.float32)}


@pytest.mark.parametrize("optimizer", ["adam(1e-2)", "momentum(1e-2)", "lbfgs()", "schedule_free_adamw(1e-2)", "adagrad(1e-2)"])
def test_first_states_are_those_of_the_compiled_program(optimizer: str) -> None:
    """Those that hold the parameters, or numbers that a function of its own makes, are compiled as before."""
    program = netspec.compile(SPEC.format(optimizer))
    state = program.init(0)
    expected = jax.jit(program._begin_moments)(state.params)
    assert jax.tree.structure(state.optimizer) == jax.tree.structure(expected)
    for made, compiled in zip(jax.tree.leaves(state.optimizer), jax.tree.leaves(expected), strict=True):
        assert made.dtype == compiled.dtype and made.weak_type == compiled.weak_type
        np.testing.assert_array_equal(made, compiled)


def test_a_start_compiles_one_program() -> None:
    """First weights are drawn by NumPy and first moments are filled, so that only the step is compiled: each other costs 20 to 150 ms."""
    program = netspec.compile(SPEC.format("adam(1e-2)"))
    with compilations() as compiled:
        program.train_step(program.init(0), BATCH)
    assert len(compiled) == 1, compiled


def test_fills_are_known_through_casts_and_reshapes_and_nothing_else() -> None:
    x = jnp.ones((2, 3))
    made = find_fills(lambda x: (jnp.zeros_like(x), jnp.full((3,), 2.5).astype(jnp.bfloat16), jnp.int32(7)), x)
    assert made is not None
    assert [(leaf.shape, leaf.dtype.name, leaf.flat[0]) for leaf in made] == [
        ((2, 3), "float32", 0),
        ((3,), "bfloat16", 2.5),
        ((), "int32", 7),
    ]
    assert find_fills(lambda x: (jnp.zeros_like(x), x), x) is None
    assert find_fills(lambda x: jnp.arange(3), x) is None
