"""Masks are as good as tosses of a coin: no example, place, step or layer says anything about another."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.kernels.random_mask import BITS, mix, random_mask
from netspec.lower.random_draws import draw_key, step_key

COUNT, SIZE = 64, 4096
EXAMPLES = jnp.arange(COUNT, dtype=jnp.uint32)
draw = jax.jit(partial(random_mask.reference.function, shape=(COUNT, SIZE)))


def tosses(step: int = 0, path: str = "a", seed: int = 0, examples: Any = EXAMPLES, p: float = 0.5) -> np.ndarray:
    """±1 of mean 0, scaled so that products of independent ones have mean 0 and variance 1."""
    kept = np.asarray(draw(draw_key(step_key(seed, step), path, ()), examples, probability=p), np.float64)
    return (kept - p) / (p * (1 - p)) ** 0.5


def require_unrelated(one: np.ndarray, other: np.ndarray) -> None:
    """The mean product is within six standard deviations of 0."""
    products = one * other
    assert abs(products.mean()) < 6 / products.size**0.5


@pytest.mark.parametrize("p", [0.01, 0.1, 0.5, 0.9])
def test_the_share_is_the_probability(p: float) -> None:
    """Of the whole, and of each example and each place as often as the binomial distribution has it."""
    seen = tosses(p=p)
    require_unrelated(seen, np.ones_like(seen))
    for axis in (0, 1):
        sums = seen.sum(axis) / seen.shape[axis] ** 0.5
        assert abs(sums.var() - 1) < 6 * (2 / sums.size) ** 0.5 + 0.3 / (p * (1 - p) * seen.shape[axis])


def test_neighbours_are_unrelated() -> None:
    """At every distance along both axes up to 64 and at powers of two, and three in a row."""
    seen = tosses()
    for distance in (*range(1, 65), *(2**n for n in range(7, 12))):
        require_unrelated(seen[:, distance:], seen[:, :-distance])
        if distance < COUNT:
            require_unrelated(seen[distance:], seen[:-distance])
            require_unrelated(seen[distance:, distance:], seen[:-distance, :-distance])
    require_unrelated(seen[:, 2:] * seen[:, 1:-1], seen[:, :-2])


def test_steps_layers_seeds_and_distant_examples_are_unrelated() -> None:
    first = tosses()
    others = [tosses(step) for step in range(1, 17)] + [tosses(path=path) for path in "bcde"] + [tosses(seed=n) for n in range(1, 9)]
    others += [tosses(examples=EXAMPLES + np.uint32(shift)) for shift in (COUNT, 2**16, 2**24, 2**31)]
    for one, other in zip([first, *others], others, strict=False):
        require_unrelated(one, other)
        require_unrelated(first, other)


def test_every_bit_moves_every_bit() -> None:
    """Of the hash, in 40 to 60 of a hundred cases."""
    words = jax.random.bits(jax.random.key(0), (20_000,), jnp.uint32)
    for bit in range(32):
        moved = np.asarray(mix(words) ^ mix(words ^ jnp.uint32(1 << bit)))
        shares = ((moved[:, None] >> np.arange(32, dtype=np.uint32)) & 1).mean(0)
        assert 0.4 < shares.min() and shares.max() < 0.6


def test_edges_and_rates_that_are_traced() -> None:
    assert not tosses_of(0.0).any() and tosses_of(1.0).all()
    assert tosses_of(1 - 2.0**-BITS).mean() > 0.999
    np.testing.assert_array_equal(tosses_of(0.3), tosses_of(jnp.float32(0.3)))


def tosses_of(probability: Any) -> np.ndarray:
    return np.asarray(draw(step_key(3, 1), EXAMPLES, probability=probability))
