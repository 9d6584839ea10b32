"""First values depend on seed and path alone."""

from __future__ import annotations

import numpy as np
import pytest

from netspec.library.initializers.distributions import Normal
from netspec.library.layers.dense import Dense
from netspec.lower.initial_values import generator, initialise
from netspec.lower.layout import Layout
from netspec.lower.precision import PRECISIONS
from tests.lower.build import Builder
from tests.lower.models import deep, program


def chain(*labels: str) -> Layout:
    b = Builder()
    x = b.input("x", "f32[B, 4]")
    for label in labels:
        x = b.op(Dense(features=4, kernel_init=Normal(stddev=1.0)), x, label=label)
    return Layout.of(b.body(y=x))


def test_values_do_not_depend_on_order() -> None:
    one, other = initialise(chain("a", "b"), 0)["params"], initialise(chain("b", "c", "a"), 0)["params"]
    np.testing.assert_array_equal(one["a/kernel"], other["a/kernel"])
    assert not np.array_equal(one["a/kernel"], one["b/kernel"])


def test_a_slice_of_a_stack_is_what_the_path_alone_gives() -> None:
    b = Builder()
    x = b.repeat(3, b.input("x", "f32[B, 4]"), lambda h, i: b.op(Dense(features=4, kernel_init=Normal(stddev=1.0)), h))
    stacked = initialise(Layout.of(b.body(y=x)), 7)["params"]["dense_{0:3}/kernel"]
    for i, kernel in enumerate(stacked):
        np.testing.assert_array_equal(kernel, generator(7, f"dense_{i}/kernel").standard_normal((4, 4), np.float32))


def test_seeds_give_different_values() -> None:
    one, other = (initialise(chain("a"), seed)["params"]["a/kernel"] for seed in (0, 1))
    assert not np.array_equal(one, other)


def test_the_generator_is_the_same_in_every_version() -> None:
    """Written down once: a change here changes every seeded run."""
    np.testing.assert_array_equal(generator(0, "dense_0/kernel").integers(0, 2**32, 3), [2125398652, 2715694674, 726034037])


def test_f64_starts_at_the_values_of_f32() -> None:
    small, wide = (initialise(chain("a"), 0, PRECISIONS[p])["params"]["a/kernel"] for p in ("f32", "f64"))
    assert (small.dtype, wide.dtype) == (np.float32, np.float64)
    np.testing.assert_array_equal(small, wide)


def test_init_compiles_nothing(caplog: pytest.LogCaptureFixture) -> None:
    import jax

    with jax.log_compiles():
        program(deep(3)).init()
    assert sum("Finished XLA compilation" in r.message for r in caplog.records) == 0
