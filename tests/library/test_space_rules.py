"""Rules of pools, blocks, sizes and gates by hand, with symbols where a size may be one, and what they do at their ends."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.library.functions.activation import Softmax, Standardize
from netspec.library.functions.gated_activation import Glu
from netspec.library.functions.global_pool import AdaptiveAvgPool, AdaptiveMaxPool, GlobalMaxPool
from netspec.library.functions.pixel_blocks import DepthToSpace, PixelShuffle, PixelUnshuffle, SpaceToDepth
from netspec.library.functions.pool import AvgPool, LpPool, MaxPool, MinPool
from netspec.library.functions.resize import Resize, Upsample
from netspec.library.layers.dropout import Dropout
from netspec.library.layers.patches import PatchEmbed
from netspec.library.shelf.index_writer import classes
from netspec.shape import Dim, Facts
from tests.library.rules import problem
from tests.library.scope import TestScope, applied, parse

H = Dim.of("H")

RULES = [
    (MinPool(window=3, stride=2), "f32[B, H, 9, 4]", "f32[B, (H - 3) // 2 + 1, 4, 4]"),
    (LpPool(window=2, padding="SAME"), "f32[B, H, 4]", "f32[B, ceil(H / 2), 4]"),
    (GlobalMaxPool(), "i32[B, H, W, C]", "i32[B, C]"),
    (AdaptiveAvgPool(size=(7, 5)), "f32[B, H, W, C]", "f32[B, 7, 5, C]"),
    (Upsample(scale=(2, 3)), "f32[B, H, W, C]", "f32[B, 2*H, 3*W, C]"),
    (Resize(size=(2 * H, 8)), "f32[B, H, W, C]", "f32[B, 2*H, 8, C]"),
    (PixelShuffle(scale=2), "f32[B, H, W, 12]", "f32[B, 2*H, 2*W, 3]"),
    (SpaceToDepth(scale=2), "f32[B, 8, 6, C]", "f32[B, 4, 3, 4*C]"),
    (PatchEmbed(features=64, patch=16), "f32[B, 224, 224, 3]", "f32[B, 196, 64]"),
    (Glu(axis=1), "f32[B, 6, C]", "f32[B, 3, C]"),
]


@pytest.mark.parametrize(("op", "given", "wanted"), RULES, ids=lambda value: value.op_name() if hasattr(value, "op_name") else "")
def test_shapes_with_symbols(op: Any, given: str, wanted: str) -> None:
    facts = Facts().bound("H", lo=3)
    found = op.shape(facts, parse(given))
    sizes = {"B": 3, "H": 9, "W": 5, "C": 4}
    numbers = {name: Dim.of(n) for name, n in sizes.items()}
    text = wanted.replace("(H - 3) // 2 + 1", "4").replace("ceil(H / 2)", "5")
    for name, n in sizes.items():
        text = text.replace(f"2*{name}", str(2 * n)).replace(f"3*{name}", str(3 * n)).replace(f"4*{name}", str(4 * n)).replace(name, str(n))
    assert found.substitute(numbers) == parse(text)


PROBLEMS = [
    (MinPool(window=2, padding=2), "f32[B, 8, 8, 3]", ("only-padding", "padding")),
    (AvgPool(window=2, padding=2, count_padding=False), "f32[B, 8, 8, 3]", ("only-padding", "padding")),
    (AdaptiveMaxPool(size=(2, 2)), "f32[B, 8, 3]", ("wrong-number-of-sizes", "size")),
    (Resize(size=(2, 2)), "f32[B, 8, 3]", ("wrong-number-of-sizes", "size")),
    (Resize(size=H - H), "f32[B, 8, 3]", ("not-positive", "size")),
    (Upsample(scale=(2, 2)), "f32[B, 8, 3]", ("wrong-number-of-sizes", "scale")),
    (SpaceToDepth(scale=4), "f32[B, 8, 6, 3]", ("uneven-blocks", "scale")),
    (PixelUnshuffle(scale=2), "f32[B, H, 3]", ("unproven-size", "scale")),
    (PatchEmbed(features=4, patch=(4, 5)), "f32[B, 8, 8, 3]", ("uneven-blocks", "patch")),
    (DepthToSpace(scale=2), "f32[B, 8, 8, 6]", ("uneven-groups", "x")),
    (Glu(), "f32[B, 7]", ("unequal-split", "x")),
    (Resize(size=(4, 0 * H)), "f32[B, 8, 8, 3]", ("not-positive", "size")),
    (Glu(axis=2), "f32[B, 8]", ("axis-out-of-range", "axis")),
    (Dropout(rate=0.5, broadcast_axes=(0, 2)), "f32[B, 8]", ("axis-out-of-range", "broadcast_axes")),
]


@pytest.mark.parametrize(("op", "given", "wanted"), PROBLEMS, ids=lambda value: value.op_name() if hasattr(value, "op_name") else "")
def test_problems(op: Any, given: str, wanted: tuple[str, str]) -> None:
    assert problem(lambda: op.shape(Facts(), parse(given))) == wanted


def run(op: Any, x: Any, **optional: Any) -> Any:
    return np.asarray(applied(op, TestScope(), jnp.asarray(x), **optional))


def test_padding_counts_or_does_not() -> None:
    x = np.float32([[[3.0], [6.0], [9.0]]])
    window = {"window": 2, "stride": 2, "padding": 1}
    np.testing.assert_allclose(run(AvgPool(**window), x).ravel(), [1.5, 7.5])
    np.testing.assert_allclose(run(AvgPool(**window, count_padding=False), x).ravel(), [3, 7.5])
    same = {"window": 2, "stride": 1, "padding": "SAME"}
    np.testing.assert_allclose(run(AvgPool(**same), x).ravel(), [4.5, 7.5, 4.5])
    np.testing.assert_allclose(run(AvgPool(**same, count_padding=False), x).ravel(), [4.5, 7.5, 9])


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32"])
def test_whole_numbers_at_the_ends_of_their_type(dtype: str) -> None:
    kind = np.iinfo(dtype)
    x = np.array([kind.min, kind.max, kind.min, kind.min, kind.max, kind.max], dtype).reshape(1, 6, 1)
    for op, wanted in ((MaxPool, [kind.max, kind.min, kind.max]), (MinPool, [kind.min, kind.min, kind.max])):
        assert run(op(window=2), x).ravel().tolist() == wanted
        padded = run(op(window=2, stride=1, padding=1), x)
        assert padded.dtype == dtype and padded.shape == (1, 7, 1)
        assert padded.ravel()[0] == x.ravel()[0] and padded.ravel()[-1] == x.ravel()[-1]


def test_bf16_means_are_summed_in_f32() -> None:
    x = jnp.ones((1, 4096, 1), jnp.bfloat16)
    for op in (AvgPool(window=4096), AdaptiveAvgPool(size=1)):
        found = applied(op, TestScope(), x)
        assert found.dtype == jnp.bfloat16 and float(found.ravel()[0]) == 1.0


def test_the_norm_of_nothing_has_a_gradient_of_zero() -> None:
    for p in (1, 2, 3.5):
        slope = jax.grad(lambda x, p=p: applied(LpPool(window=2, p=p), TestScope(), x).sum())(jnp.zeros((1, 4, 1)))
        np.testing.assert_array_equal(slope, np.zeros((1, 4, 1)))


def test_the_first_of_equals_gets_the_gradient() -> None:
    for window, stride in ((2, 2), (2, 1)):
        slope = jax.grad(lambda x, w=window, s=stride: applied(MinPool(window=w, stride=s), TestScope(), x).sum())(jnp.ones((1, 2, 1)))
        assert slope.ravel().tolist() == [1, 0]


@pytest.mark.parametrize(("there", "back"), [(SpaceToDepth, DepthToSpace), (PixelUnshuffle, PixelShuffle)])
def test_blocks_there_and_back(there: Any, back: Any) -> None:
    x = np.random.default_rng(0).standard_normal((2, 6, 4, 5)).astype("float32")
    np.testing.assert_array_equal(run(back(scale=(3, 2)), run(there(scale=(3, 2)), x)), x)


def test_the_channel_orders_of_tensorflow_and_pytorch() -> None:
    """One pixel of 2 · 2 · 2 channels, numbered, as both systems document their results."""
    x = np.arange(8, dtype="float32").reshape(1, 1, 1, 8)
    assert run(DepthToSpace(scale=2), x)[0].tolist() == [[[0, 1], [2, 3]], [[4, 5], [6, 7]]]
    assert run(PixelShuffle(scale=2), x)[0].tolist() == [[[0, 4], [1, 5]], [[2, 6], [3, 7]]]


def test_adaptive_windows_overlap_as_pytorch_cuts_them() -> None:
    x = np.arange(7, dtype="float32").reshape(1, 7, 1)
    np.testing.assert_allclose(run(AdaptiveAvgPool(size=3), x).ravel(), [1, 3, 5])
    np.testing.assert_allclose(run(AdaptiveMaxPool(size=5), x).ravel(), [1, 2, 4, 5, 6])
    assert AdaptiveAvgPool(size=3).flops(parse("f32[2, 7, 4]")) == Dim.of(2 * 9 * 4)


def test_flops_of_adaptive_pools_hold_for_every_size() -> None:
    op = AdaptiveAvgPool(size=(3, 5))
    whole = op.flops(parse("f32[B, H, W, 2]"))
    for h, w in ((3, 5), (7, 6), (2, 11)):
        assert whole.substitute({"B": 4, "H": h, "W": w}) == op.flops(parse(f"f32[4, {h}, {w}, 2]"))


def test_standardize_of_a_constant_is_zero() -> None:
    np.testing.assert_array_equal(run(Standardize(), np.full((2, 5), 300.1, "float32")), np.zeros((2, 5)))


# --- softmax with a mask ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_a_row_that_is_masked_whole_gives_zeros(dtype: str) -> None:
    x = jnp.asarray([[1.0, 2.0, -jnp.inf], [jnp.inf, jnp.nan, 3.0]], dtype)
    mask = jnp.array([[True, True, True], [False, False, False]])
    found = run(Softmax(), x, mask=mask)
    assert found.dtype == dtype
    np.testing.assert_allclose(np.float32(found), [[0.26894, 0.73106, 0], [0, 0, 0]], 0.01)


def test_what_is_masked_has_no_gradient() -> None:
    mask = jnp.array([[True, False, True], [False, False, False]])

    def total(x: Any) -> Any:
        return (applied(Softmax(), TestScope(), x, mask=mask) * jnp.array([[1.0, 2.0, 3.0]])).sum()

    slope = jax.grad(total)(jnp.array([[1.0, 900.0, 2.0], [1.0, jnp.inf, 3.0]]))
    assert np.isfinite(slope).all() and slope[0, 1] == 0 and (slope[1] == 0).all() and slope[0, 0] != 0


def test_softmax_with_a_mask_is_jax_nn_softmax_where() -> None:
    rng = np.random.default_rng(0)
    x, mask = rng.standard_normal((3, 2, 5)).astype("float32"), rng.random((3, 1, 5)) < 0.7
    mask[..., 0] = True
    np.testing.assert_allclose(run(Softmax(), x, mask=mask), jax.nn.softmax(x, where=np.broadcast_to(mask, x.shape)), 1e-6)


MASKS = [("f32[B, 3, T]", "bool[B, 1, T]"), ("f32[B, 3, T]", "bool[3, T]"), ("f32[B, 3, T]", "bool[1, 1, 1]"), ("f32[B, T]", "bool[T]")]


@pytest.mark.parametrize(("x", "mask"), MASKS)
def test_masks_that_stretch(x: str, mask: str) -> None:
    assert Softmax().shape(Facts(), parse(x), mask=parse(mask)) == parse(x)


@pytest.mark.parametrize("mask", ["bool[B, 4, T]", "bool[2, B, 3, T]", "bool[1, T]"])
def test_masks_that_do_not(mask: str) -> None:
    assert problem(lambda: Softmax().shape(Facts(), parse("f32[B, 3, T]"), mask=parse(mask))) == ("unfit-shape", "mask")


def test_arguments_that_must_be_given_come_first() -> None:
    """A field that a base class mentions would stand before them."""
    for cls in classes():
        own = [name for name in cls.arguments() if name not in cls.last_arguments]
        required = [cls.arguments()[name].required for name in own]
        assert required == sorted(required, reverse=True) or cls.last_arguments, cls.op_name()
