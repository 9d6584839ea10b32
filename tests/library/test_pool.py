"""Max pooling takes another road where windows tile the image; both roads give the same, also for ties and NaN."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from netspec.library.functions.pool import MaxPool
from tests.library.scope import TestScope, applied


def fast(x: Any, window: tuple[int, ...]) -> Any:
    return applied(MaxPool(window=window), TestScope(), x)


def slow(x: Any, window: tuple[int, ...]) -> Any:
    low = np.asarray(-np.inf if x.dtype.kind == "f" or x.dtype == jnp.bfloat16 else np.iinfo(x.dtype).min, x.dtype)
    return lax.reduce_window(x, low, lax.max, (1, *window, 1), (1, *window, 1), "VALID")


@pytest.mark.parametrize("window", [(2, 2), (3, 1), (1, 1), (3, 3)])
@pytest.mark.parametrize("levels", [2, 3, 1000])
def test_values_and_gradients_with_ties(window: tuple[int, int], levels: int) -> None:
    x = np.random.default_rng(0).integers(0, levels, (2, 6, 6, 3)).astype("float32")
    np.testing.assert_array_equal(fast(x, window), slow(x, window))
    pull = np.random.default_rng(1).standard_normal(slow(x, window).shape)
    slopes = [jax.grad(lambda x, f=f: jnp.vdot(f(x, window), pull))(x) for f in (fast, slow)]
    np.testing.assert_allclose(*slopes)


def test_nan_stays_nan() -> None:
    for place in range(4):
        x = np.arange(4, dtype="float32")
        x[place] = np.nan
        assert np.isnan(fast(x.reshape(1, 2, 2, 1), (2, 2))).all()


@pytest.mark.parametrize("window", [2, 4])
def test_negative_infinity_and_bf16(window: int) -> None:
    x = jnp.full((1, 4, 4, 1), -jnp.inf, jnp.bfloat16)
    found = applied(MaxPool(window=window, stride=1, padding=window - 1), TestScope(), x)
    assert found.dtype == jnp.bfloat16 and (found == -jnp.inf).all()
