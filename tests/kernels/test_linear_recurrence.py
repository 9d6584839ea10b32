"""States that fade: by pairs of steps as one after the other, whatever the backend that would choose it."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.kernels.linear_recurrence import by_pairs, linear_recurrence


@pytest.mark.parametrize("reverse", [False, True])
def test_pairs_are_steps(reverse: bool) -> None:
    """Values and both gradients in f64, also where decays are 0 or negative, for lengths around a power of two."""
    rng = np.random.default_rng(3)
    with jax.enable_x64(True):
        for length in (1, 2, 7, 8, 33):
            decay, x, pull = rng.uniform(-1.2, 1.2, (3, 2, length, 3))
            decay[:, ::3] = 0

            def weighed(run: Any, decay: Any, x: Any, pull: Any = pull) -> Any:
                return jnp.vdot(run(decay, x, axis=1, reverse=reverse), pull)

            one, other = (
                jax.jit(jax.value_and_grad(partial(weighed, v.function), (0, 1)))(decay, x) for v in (linear_recurrence.reference, by_pairs)
            )
            for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True):
                np.testing.assert_allclose(a, b, 1e-10, 1e-10)
