"""Attention and transposed convolutions beside flax, and what attention promises: masks, groups, ends, zeros where nothing is seen."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen as nn
from flax.traverse_util import flatten_dict, unflatten_dict

from netspec.diagnostics.base import Diagnostic, Mistake
from netspec.diagnostics.shapes.attention import OddFeatures, UnevenHeads, UnevenKeyHeads, UnfitHeads, UnfitShape
from netspec.diagnostics.shapes.operands import UnequalDtypes
from netspec.diagnostics.shapes.windows import WindowTooLarge
from netspec.library.initializers.distributions import Orthogonal
from netspec.library.layers.attention import Attention
from netspec.library.layers.conv_transposed import ConvTranspose
from netspec.library.layers.positions import Sinusoidal, SinusoidalPositions
from netspec.library.layers.rms_norm import RmsNorm
from netspec.library.layers.rope import Rope
from netspec.library.layers.self_attention import SelfAttention
from netspec.shape import Dim, Facts
from tests.library.scope import TestScope, applied, draw, parse
from tests.library.test_flax import compare, each, same, values
from tests.quick import thin


def run(op: Any, *inputs: Any, params: Any = None, training: bool = False, **optional: Any) -> Any:
    return applied(op, TestScope(params or {}, {}, training), *inputs, **optional)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("causal", "masked"), [(False, False), (True, False), (False, True), (True, True)])
def test_self_attention_is_flax_s(bias: bool, causal: bool, masked: bool) -> None:
    op, module = SelfAttention(heads=2, causal=causal, bias=bias), nn.MultiHeadDotProductAttention(2, use_bias=bias)
    x = values(3, 5, 8)
    seen = np.ones((3, 5), bool)
    seen[1, 3:] = seen[2, 2] = not masked
    rules = [nn.make_causal_mask(x[..., 0])] if causal else []
    mask = nn.combine_masks(*rules, nn.make_attention_mask(np.ones((3, 5)), seen))
    params = {name: values(*leaf.shape, seed=k) for k, (name, leaf) in enumerate(leaves(module, x).items(), 1)}
    assert {name: [int(n) for n in weight.shape] for name, weight in op.params(parse("f32[3, 5, 8]")).items()} == {
        name: list(leaf.shape) for name, leaf in params.items()
    }
    mine = jax.jit(lambda p, x: run(op, x, params=p, **({"mask": seen} if masked else {})))
    theirs = jax.jit(lambda p, x: module.apply({"params": nested(p)}, x, mask=mask))
    same((mine, theirs), params, x)


def leaves(module: Any, x: Any) -> dict[str, Any]:
    return flatten_dict(jax.eval_shape(module.init, jax.random.key(0), x)["params"], sep="/")


def nested(params: dict[str, Any]) -> dict[str, Any]:
    return unflatten_dict(params, sep="/")


def test_initial_kernels_have_flax_s_fans() -> None:
    weights = SelfAttention(heads=4).params(parse("f32[2, 3, 12]"))
    assert weights["query/kernel"].fan == weights["out/kernel"].fan == (12, 12)
    assert SelfAttention(heads=4, kv_heads=2).params(parse("f32[2, 3, 12]"))["key/kernel"].fan == (12, 6)


def test_orthogonal_kernels_are_orthogonal_as_matrices() -> None:
    for name, weight in SelfAttention(heads=4, kernel_init=Orthogonal()).params(parse("f32[2, 3, 12]")).items():
        if name.endswith("kernel"):
            matrix = draw(weight, np.random.default_rng(0)).reshape(12, 12)
            np.testing.assert_allclose(matrix @ matrix.T, np.eye(12), 0, 1e-5)


def test_attention_is_flax_s() -> None:
    q, k, v = values(2, 4, 3, 6), values(2, 5, 3, 6, seed=1), values(2, 5, 3, 7, seed=2)
    bias, mask = values(2, 3, 4, 5, seed=3), np.random.default_rng(4).random((2, 3, 4, 5)) < 0.7
    mask[..., 0] = True
    mine = lambda p, q: run(Attention(), q, p["k"], p["v"], score_bias=p["b"], mask=mask)  # noqa: E731
    theirs = lambda p, q: nn.dot_product_attention(q, p["k"], p["v"], p["b"], mask)  # noqa: E731
    same((jax.jit(mine), jax.jit(theirs)), {"k": k, "v": v, "b": bias}, q)


def test_groups_of_heads_are_repeated_key_heads() -> None:
    q, k, v = values(2, 4, 6, 3), values(2, 4, 2, 3, seed=1), values(2, 4, 2, 3, seed=2)
    whole = run(Attention(causal=True), q, np.repeat(k, 3, 2), np.repeat(v, 3, 2))
    np.testing.assert_allclose(run(Attention(causal=True), q, k, v), whole, 1e-6, 1e-6)


def test_causal_attention_aligns_ends() -> None:
    """The last queries alone see what they see among all."""
    q, k, v = (values(2, 6, 2, 4, seed=s) for s in range(3))
    for op in (Attention(causal=True), Attention(causal=True, window=3)):
        np.testing.assert_allclose(run(op, q[:, 4:], k, v), run(op, q, k, v)[:, 4:], 1e-6, 1e-6)


@pytest.mark.parametrize("dtype", thin(["float16", "bfloat16", "float32", "float64"], 2))
def test_a_query_that_sees_nothing_gives_zeros(dtype: str) -> None:
    with jax.enable_x64(True):
        q, k, v = (jnp.asarray(values(2, 3, 2, 4, seed=s), dtype) for s in range(3))
        mask = np.array([[True, True, False], [False, False, False]])

        def total(q: Any, k: Any, v: Any) -> Any:
            return run(Attention(), q, k, v, mask=mask).sum()

        result = run(Attention(), q, k, v, mask=mask)
        assert result.dtype == dtype
        assert not result[1].any() and bool(jnp.isfinite(result).all()) and bool(result[0].any())
        assert all(bool(jnp.isfinite(g).all()) and not g[1].any() for g in jax.grad(total, (0, 1, 2))(q, k, v))
        assert not run(Attention(), q, k, v, score_bias=jnp.full((1, 1, 3), -jnp.inf, dtype)).any()
        early = run(Attention(causal=True), q, k[:, :1], v[:, :1])
        assert not early[:, :2].any() and bool(jnp.allclose(early[:, 2], v[:, 0], 1e-2))


def test_softmax_is_wide() -> None:
    """In bf16, 300 equal keys have equal weights, and a weight of 1/300 is not rounded on the way through the sum."""
    q, k, v = jnp.zeros((1, 1, 1, 4), jnp.bfloat16), jnp.zeros((1, 300, 1, 4), jnp.bfloat16), jnp.ones((1, 300, 1, 2), jnp.bfloat16)
    np.testing.assert_allclose(np.float32(run(Attention(), q, k, v)), 1, 0.01)


def test_large_scores_do_not_overflow() -> None:
    q = np.full((1, 2, 1, 4), 1e4, "float32")
    assert np.isfinite(run(Attention(), q, q, q)).all()


def test_dropout_drops_whole_weights_in_training_only() -> None:
    eye = jnp.eye(50)[None, :, None, :]
    op = Attention(dropout=0.5)
    kept = run(op, 0 * eye, eye, eye, training=True) * 50
    assert {0.0, 2.0} == set(np.round(np.unique(kept), 4).tolist()) and 0.4 < np.mean(kept == 0) < 0.6
    np.testing.assert_allclose(run(op, 0 * eye, eye, eye) * 50, 1, 1e-5)


@pytest.mark.parametrize("rotary", [None, Rope(theta=20.0)])
def test_packed_sequences_do_not_see_each_other(rotary: Rope | None) -> None:
    """Also where they are turned by places that are counted through both: only distances matter."""
    op = SelfAttention(heads=2, causal=True, rotary=rotary)
    params = {name: values(*map(int, w.shape), seed=k) for k, (name, w) in enumerate(op.params(parse("f32[1, 7, 4]")).items())}
    one, two = values(1, 4, 4), values(1, 3, 4, seed=1)
    packed = run(op, np.concatenate([one, two], 1), params=params, segments=np.array([[1] * 4 + [2] * 3]))
    apart = [run(op, x, params=params) for x in (one, two)]
    np.testing.assert_allclose(packed, np.concatenate(apart, 1), 1e-5, 1e-5)


@pytest.mark.parametrize(("scale", "epsilon"), [(True, 1e-6), (False, 1e-3)])
def test_rms_norm_is_flax_s(scale: bool, epsilon: float) -> None:
    compare(RmsNorm(epsilon=epsilon, scale=scale), nn.RMSNorm(epsilon=epsilon, use_scale=scale), 3, 4, 6)


def test_rope_depends_on_distance_only() -> None:
    q, k = values(1, 1, 1, 8), values(1, 1, 1, 8, seed=1)
    for pairs in ("split", "interleaved"):
        op = Rope(pairs=pairs)
        products = [np.vdot(run(op, q, np.array([a + 3])), run(op, k, np.array([a]))) for a in (0, 5, 40)]
        np.testing.assert_allclose(products, products[0], 1e-5)


TRANSPOSED = [
    ((2, 4, 3, 3), 2, 2, "SAME", True),
    ((2, 4, 3, 3), 3, 2, "SAME", False),
    ((2, 4, 3, 3), (3, 4), (1, 3), "VALID", True),
    ((2, 4, 3, 3), 2, 3, "VALID", True),
    ((2, 4, 3, 3), 4, 2, 2, True),
    ((2, 4, 3, 3), 3, 2, ((0, 2), (1, 1)), False),
    ((2, 5, 2), 3, 2, "SAME", True),
    ((2, 5, 2), 1, 3, "SAME", True),
    ((1, 3, 2, 2, 2), 2, 2, "SAME", True),
]


@pytest.mark.parametrize(("shape", "kernel", "stride", "padding", "bias"), TRANSPOSED)
def test_conv_transpose_is_flax_s(shape: tuple[int, ...], kernel: Any, stride: Any, padding: Any, bias: bool) -> None:
    op = ConvTranspose(features=4, kernel=kernel, stride=stride, padding=padding, bias=bias)
    space = len(shape) - 2
    compare(op, nn.ConvTranspose(4, each(kernel, space), each(stride, space), padding, use_bias=bias), *shape)


def sinusoids(position: Any, features: int, pairs: str) -> Any:
    """The table of the paper, and that of Tensor2Tensor, at a position."""
    half = features // 2
    steps = half if pairs == "interleaved" else half - 1
    return [f(position * 10_000 ** (-i / steps)) for i in range(half) for f in (np.sin, np.cos)]


@pytest.mark.parametrize("pairs", ["split", "interleaved"])
def test_sinusoids_at_high_positions(pairs: str) -> None:
    found = run(Sinusoidal(features=8, pairs=pairs), np.array([3000]))[0]
    wanted = sinusoids(3000, 8, pairs)
    np.testing.assert_allclose(found, wanted if pairs == "interleaved" else wanted[::2] + wanted[1::2], 0, 1e-3)


PROBLEMS = [
    (SelfAttention(heads=5), ["f32[2, 3, 8]"], {}, UnevenHeads),
    (SelfAttention(heads=4, kv_heads=3), ["f32[2, 3, 8]"], {}, UnevenKeyHeads),
    (SelfAttention(heads=2), ["f32[2, 3, 8]"], {"mask": "bool[3, 3]"}, UnfitShape),
    (SelfAttention(heads=2), ["f32[2, 3, 8]"], {"segments": "i32[2, 4]"}, UnfitShape),
    (Attention(), ["f32[2, 3, 4, 8]", "f32[2, 3, 4, 6]", "f32[2, 3, 4, 6]"], {}, UnfitHeads),
    (Attention(), ["f32[2, 3, 4, 8]", "f32[2, 3, 4, 8]", "f32[2, 4, 4, 8]"], {}, UnfitHeads),
    (Attention(), ["f32[2, 3, 4, 8]", "f32[1, 3, 4, 8]", "f32[1, 3, 4, 8]"], {}, UnfitHeads),
    (Attention(), ["f32[2, 3, 4, 8]", "f32[2, 3, 4, 8]", "f32[1, 2, 3, 4, 8]"], {}, UnfitHeads),
    (Attention(), ["f32[2, 3, 4, 8]", "f32[2, 3, 3, 8]", "f32[2, 3, 3, 8]"], {}, UnevenKeyHeads),
    (Attention(), ["f32[2, 3, 4, 8]", "bf16[2, 3, 4, 8]", "f32[2, 3, 4, 8]"], {}, UnequalDtypes),
    (Attention(), ["f32[2, 3, 4, 8]", "f32[2, 5, 4, 8]", "f32[2, 5, 4, 8]"], {"segments": "i32[2, 3]"}, UnfitShape),
    (Rope(), ["f32[2, 3, 4, 7]", "i32[3]"], {}, OddFeatures),
    (Rope(), ["f32[2, 3, 4, 8]", "i32[4]"], {}, UnfitShape),
    (Sinusoidal(features=5), ["i32[3]"], {}, OddFeatures),
    (SinusoidalPositions(), ["f32[3, 5]"], {}, OddFeatures),
    (ConvTranspose(features=1, kernel=5, padding=1), ["f32[2, 2, 3]"], {}, WindowTooLarge),
]


@pytest.mark.parametrize(("op", "inputs", "named", "problem"), PROBLEMS)
def test_problems(op: Any, inputs: list[str], named: dict[str, str], problem: type[Diagnostic]) -> None:
    with pytest.raises(Mistake) as caught:
        op.shape(Facts(), *map(parse, inputs), **{name: parse(text) for name, text in named.items()})
    assert isinstance(caught.value.diagnostic, problem)
    assert caught.value.diagnostic.message() and caught.value.diagnostic.blame


def test_symbolic_lengths() -> None:
    """Shapes, parameters and costs are polynomials of the free sizes."""
    x, op = parse("f32[B, T, 64]"), SelfAttention(heads=8, causal=True)
    assert op.shape(Facts(), x, mask=parse("bool[B, T]")) == x
    assert sum(int(np.prod([int(n) for n in w.shape])) for w in op.params(x).values()) == 4 * (64 * 64 + 64)
    b, t = Dim.of("B"), Dim.of("T")
    assert op.flops(x) == b * t * 4 * 64 * (2 * 64 + 1) + b * 8 * t * t * (4 * 8 + 6)
    image = parse("f32[B, H, W, 3]")
    assert str(ConvTranspose(features=4, kernel=2, stride=2).shape(Facts(), image)) == "f32[B, 2*H, 2*W, 4]"
