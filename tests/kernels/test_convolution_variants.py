"""What a CPU computes convolutions and pools with: where each is chosen, and that ties, NaN and derivatives are the reference's."""

from __future__ import annotations

import re
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.kernels.choice import Chooser
from netspec.kernels.convolve import IMAGE, convolve
from netspec.kernels.convolve_kept_input import by_kept_input
from netspec.kernels.convolve_pointwise import by_matmul
from netspec.kernels.family import Variant
from netspec.kernels.reduce_window import by_axes, by_slices, reduce_window

POINT = {"stride": (2, 1), "padding": "SAME", "axes": IMAGE}
TAPS = {"stride": (1, 2), "padding": "SAME", "axes": IMAGE}
POOL = {"size": (3, 3), "stride": (2, 2), "padding": "SAME"}
TILES = {"size": (2, 3), "stride": (2, 3), "padding": ((0, 0), (0, 0))}
CASES: list[tuple[Variant, dict[str, Any], tuple[tuple[int, ...], ...]]] = [
    (by_matmul, POINT, ((2, 5, 4, 3), (1, 1, 3, 2))),
    (by_kept_input, TAPS, ((2, 5, 4, 8), (3, 2, 8, 2))),
    (by_axes, {**POOL, "start": -np.inf, "combine": "max"}, ((2, 6, 5, 2),)),
    (by_axes, {**POOL, "start": 0.0, "combine": "add"}, ((2, 6, 5, 2),)),
    (by_slices, {**TILES, "start": 0.0, "combine": "add"}, ((2, 4, 6, 2),)),
    (by_slices, {**TILES, "start": np.inf, "combine": "min"}, ((2, 4, 6, 2),)),
]


@pytest.mark.parametrize(("variant", "options", "shapes"), CASES, ids=lambda x: getattr(x, "name", ""))
def test_derivatives_of_all_kinds(variant: Variant, options: dict[str, Any], shapes: tuple[tuple[int, ...], ...]) -> None:
    """In f64 to 1e-10: the slope along a direction, forwards, the gradient, and the gradient's own slope, as optimizers ask for it."""
    rng = np.random.default_rng(5)

    def derive(run: Any, arrays: Any, along: Any) -> Any:
        def total(*given: Any) -> Any:
            return jnp.sum(jnp.sin(run(*given, **options)))

        gradient = jax.grad(total, tuple(range(len(shapes))))
        return jax.jvp(partial(run, **options), arrays, along), jax.jvp(gradient, arrays, along)

    with jax.enable_x64(True):
        arrays, along = (tuple(jnp.asarray(rng.standard_normal(shape)) for shape in shapes) for _ in range(2))
        found, wanted = (jax.jit(partial(derive, run))(arrays, along) for run in (variant.function, variant.family.reference.function))
        for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
            np.testing.assert_allclose(one, other, 1e-10, 1e-10)


@pytest.mark.parametrize(("of", "convolutions", "products"), [(0, 1, 0), (1, 1, 1), ((0, 1), 2, 1)], ids=["x", "kernel", "both"])
def test_only_the_gradients_that_are_asked_for_are_computed(of: Any, convolutions: int, products: int) -> None:
    """Of a first layer's x there is none, and of a frozen kernel neither. A sum of products needs no forward pass for them."""
    x, kernel = jnp.ones((2, 5, 4, 8)), jnp.ones((3, 2, 8, 2))
    slope = jax.grad(lambda x, kernel: by_kept_input.function(x, kernel, **TAPS).sum(), of)
    text = jax.jit(slope).lower(x, kernel).compile().as_text()
    assert len(re.findall(r"= \S+ convolution\(", text)) == convolutions
    assert len(re.findall(r"= \S+ dot\(", text)) == products


@pytest.mark.parametrize(("options", "variant"), [(POOL, by_axes), (TILES, by_slices)])
@pytest.mark.parametrize(("combine", "start"), [("max", -np.inf), ("min", np.inf)])
def test_of_equal_elements_the_first_one_gets_the_gradient(options: dict[str, Any], variant: Variant, combine: str, start: float) -> None:
    """Whole numbers from 0 to 2, so that nearly every window has ties; and what has a NaN is NaN."""
    rng = np.random.default_rng(2)
    x = jnp.asarray(rng.integers(0, 3, (3, 6, 9, 2)), jnp.float32)

    def slope(run: Any) -> Any:
        result, pull = jax.vjp(lambda x: run(x, combine=combine, start=start, **options), x)
        return pull(1 + jnp.arange(result.size, dtype=jnp.float32).reshape(result.shape))[0], run(
            x.at[0, 2, 3].set(jnp.nan), combine=combine, start=start, **options
        )

    for one, other in zip(slope(variant.function), slope(reduce_window.reference.function), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("kernel", "more", "name"),
    [
        ((1, 1, 4, 2), {}, "by_matmul"),
        ((1, 1, 4, 2), {"padding": ((0, 0), (0, 0))}, "by_matmul"),
        ((1, 1, 4, 2), {"padding": ((1, 0), (0, 0))}, "reference"),
        ((1, 1, 2, 2), {"groups": 2}, "reference"),
        ((1, 1, 4, 2), {"spread": (2, 2), "padding": ((0, 0), (0, 0))}, "reference"),
        ((1, 2, 4, 2), {}, "reference"),
    ],
)
def test_one_tap_is_a_product_of_matrices(kernel: tuple[int, ...], more: dict[str, Any], name: str) -> None:
    for backend, wanted in (("cpu", name), ("gpu", "reference")):
        chooser = Chooser(backend=backend)
        options: dict[str, Any] = {"stride": (1, 1), "padding": "SAME", "axes": IMAGE, **more}
        jax.eval_shape(lambda x, k, c=chooser, o=options: convolve(c.at("", True), x, k, **o), jnp.ones((1, 4, 4, 4)), jnp.ones(kernel))
        assert [found.variant.name for found in chooser.log] == [wanted]
