"""Every function of jax.nn and initializer of jax.nn.initializers is on the shelf, or there is a reason; the newest beside jax.nn."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.library.functions.logarithms import Log1mexp, Logmeanexp, SoftCap
from netspec.library.shelf.index import names
from tests.library.scope import TestScope, applied

OTHERWISE = {
    "dot_product_attention": "attention",
    "constant": "constant",
}
"""Names of jax.nn whose counterpart has another one."""
WITHOUT = {
    "get_scaled_dot_general_config": "settings of scaled_dot_general",
    "initializers": "the module of initializers",
    "scaled_dot_general": "how a product is computed on one kind of hardware, not what: precision is the compiler's",
    "scaled_matmul": "the same",
    "Initializer": "the base of all initializers",
}
"""Names of jax.nn that have no counterpart, and why."""


def public(module: Any) -> list[str]:
    return [name for name in dir(module) if not name.startswith("_")]


@pytest.mark.parametrize(("module", "kind"), [(jax.nn, None), (jax.nn.initializers, "initializer")], ids=["nn", "initializers"])
def test_every_name_of_jax_is_on_the_shelf_or_has_a_reason(module: Any, kind: str | None) -> None:
    found = set(names(kind) if kind else {*names("function"), *names("layer")})
    assert [name for name in public(module) if name not in WITHOUT and OTHERWISE.get(name, name) not in found] == []
    assert not WITHOUT.keys() & found


BESIDE = [
    (Log1mexp(), jax.nn.log1mexp, True),
    (Logmeanexp(), jax.nn.logmeanexp, False),
    (Logmeanexp(axis=0), lambda x: jax.nn.logmeanexp(x, 0), False),
    (Logmeanexp(axis=(-1, 0), keepdims=True), lambda x: jax.nn.logmeanexp(x, (-1, 0), keepdims=True), False),
    (SoftCap(cap=2.5), lambda x: 2.5 * jnp.tanh(x / 2.5), False),
]


@pytest.mark.parametrize(("op", "function", "positive"), BESIDE, ids=lambda v: repr(v) if hasattr(v, "op_name") else "")
def test_beside_jax(op: Any, function: Any, positive: bool) -> None:
    both = jax.jit(
        lambda x: [(y, back(jnp.ones_like(y))) for y, back in (jax.vjp(f, x) for f in (lambda v: applied(op, TestScope(), v), function))]
    )
    for seed in range(3):
        x = 3 * np.random.default_rng(seed).standard_normal((4, 3, 5)).astype("float32")
        ours, theirs = both(np.abs(x) if positive else x)
        for found, wanted in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
            np.testing.assert_allclose(found, wanted, 1e-5, 1e-6)


def test_differences_of_exponentials_are_exact_at_both_ends() -> None:
    x = np.float32([1e-7, 1e-3, 0.6931, 0.6932, 20, 80, 0])
    wide = np.float64(x[:-1])
    exact = np.where(wide < 1, np.log(-np.expm1(-wide)), np.log1p(-np.exp(-wide)))
    found = applied(Log1mexp(), TestScope(), x)
    np.testing.assert_allclose(found[:-1], exact, 2e-5)
    assert found[-1] == -np.inf
    slopes = jax.vmap(jax.grad(lambda v: applied(Log1mexp(), TestScope(), v)))(x[:-1])
    np.testing.assert_allclose(slopes, 1 / np.expm1(wide), 1e-5, 1e-30)


def test_a_mean_of_large_logarithms_does_not_overflow() -> None:
    np.testing.assert_allclose(applied(Logmeanexp(), TestScope(), np.float32([1000, 1000, 1000])), 1000)
