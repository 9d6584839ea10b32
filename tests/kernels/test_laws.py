"""Every variant is its reference to rounding, and every reference takes its samples in every type."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import pytest

from netspec.kernels.family import Family, Variant
from netspec.kernels.shelf import load_families, load_variants
from netspec.testing import check_kernel
from netspec.testing.kernel_laws import KernelCase


@pytest.mark.parametrize("variant", load_variants(), ids=lambda v: f"{v.family.name}-{v.name}")
def test_variant(variant: Variant) -> None:
    check_kernel(variant)
    assert variant.function.__doc__, "it says where it wins, and by how much"


@pytest.mark.parametrize("family", load_families().values(), ids=load_families())
def test_reference(family: Family) -> None:
    """Its samples can be made, and it and its gradient can be traced in f32, bf16 and f64. Its values are those of the ops' laws."""
    assert family.samples and family.reference.function.__doc__
    with jax.enable_x64(True):
        for sample in family.samples:
            case = KernelCase(family.reference, sample)
            for dtype in ("float32", "bfloat16", "float64"):
                arrays = case.floats_as(dtype)
                floats = [x.dtype for x in jax.tree.leaves(arrays) if jnp.issubdtype(x.dtype, jnp.floating)]
                assert jax.tree.leaves(jax.eval_shape(case.reference, arrays)), f"{case} gives nothing"
                assert [x.dtype for x in jax.eval_shape(lambda a, c=case: c.slopes(c.reference, a), arrays)] == floats


def test_the_families_there_are() -> None:
    assert list(load_families()) == [
        "attend",
        "contract",
        "convolve",
        "convolve_locally",
        "cross_entropy",
        "cross_entropy_of_shares",
        "einsum",
        "embed",
        "linear_recurrence",
        "matmul",
        "mean_square",
        "moments",
        "random_bits",
        "random_mask",
        "recur",
        "reduce_window",
        "segment",
    ]
