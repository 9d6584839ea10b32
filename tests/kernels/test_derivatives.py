"""Variants with a derivative of their own serve forward passes and second derivatives as their references do."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.kernels.attend import Rules, attend
from netspec.kernels.attend_by_heads import by_heads
from netspec.kernels.family import Variant
from netspec.kernels.moments_in_closed_form import by_closed_form
from netspec.testing.kernel_laws import KernelCase

OWN = [by_closed_form, by_heads]


@pytest.mark.parametrize("variant", OWN, ids=lambda v: v.name)
def test_forward_and_second_derivatives(variant: Variant) -> None:
    """In f64, along a random direction: of the results, and of the gradient of their squares, forward over reverse as an optimizer asks."""
    with jax.enable_x64(True):
        case = next(case for sample in variant.family.samples if (case := KernelCase(variant, sample)).reason)
        arrays = case.floats_as("float64")
        rng = np.random.default_rng(5)
        along = jax.tree.map(lambda x: jnp.asarray(rng.standard_normal(x.shape)) if _is_float(x) else _nothing(x), arrays)
        for derive in (_forward, _second):
            found, wanted = (derive(run, arrays, along) for run in (case.run, case.reference))
            for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
                if _is_float(one):
                    np.testing.assert_allclose(one, other, 1e-9, 1e-9)


def test_a_query_that_sees_nothing_gives_zeros_and_no_gradient() -> None:
    """Through values, gradients and second derivatives there is no NaN."""
    query, key, value = jax.random.normal(jax.random.key(1), (3, 2, 4, 2, 3))
    given = {"mask": jnp.ones((2, 4, 4), bool).at[:, 1].set(False)}

    def total(run: Variant, query: Any) -> Any:
        return jnp.sum(run.function(query, key, value, given, rules=Rules(causal=True)) ** 2)

    for run in (by_heads, attend.reference):
        assert not np.any(run.function(query, key, value, given, rules=Rules(causal=True))[:, 1])
        slope, bend = jax.jvp(jax.grad(lambda q, r=run: total(r, q)), (query,), (query,))
        assert not np.any(slope[:, 1]) and np.all(np.isfinite(slope)) and np.all(np.isfinite(bend))


def _forward(run: Any, arrays: Any, along: Any) -> Any:
    return jax.jvp(run, (arrays,), (along,))[1]


def _second(run: Any, arrays: Any, along: Any) -> Any:
    def total(arrays: Any) -> Any:
        return sum(jnp.sum(x**2) for x in jax.tree.leaves(run(arrays)) if _is_float(x))

    return jax.jvp(jax.grad(total, allow_int=True), (arrays,), (along,))[1]


def _is_float(x: Any) -> bool:
    return jnp.issubdtype(x.dtype, jnp.floating)


def _nothing(x: Any) -> Any:
    """The direction of what has none."""
    return np.zeros(x.shape, jax.dtypes.float0)
