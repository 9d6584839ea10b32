"""Attention beside jax.nn and Flax over pairs of arguments and three seeds, and what its arguments promise that neither has."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from netspec.kernels.attend import alibi_slopes
from netspec.library.layers.attention import Attention
from netspec.library.layers.self_attention import SelfAttention
from tests.library.scope import TestScope, applied, parse
from tests.library.test_flax import values


def run(op: Any, *inputs: Any, params: Any = None, **optional: Any) -> Any:
    return applied(op, TestScope(params or {}), *inputs, **optional)


def agree(mine: Any, theirs: Any, params: Any, x: Any) -> None:
    """Outputs and all gradients agree to 1e-5; compiled as one program."""

    def results(function: Any, p: Any, x: Any, pull: Any) -> Any:
        y, back = jax.vjp(function, p, x)
        return y, back(pull)

    pull = values(*jax.eval_shape(mine, params, x).shape, seed=9)
    found, wanted = jax.jit(lambda *given: [results(function, *given) for function in (mine, theirs)])(params, x, pull)
    leaves = [jax.tree.leaves(part) for part in wanted]  # the output, and the gradients: that of a key's bias is rounding alone
    largest = [max(float(np.abs(leaf).max()) for leaf in part) for part in leaves for _ in part]
    for one, other, scale in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), largest, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_allclose(one, other, 1e-5, 1e-5 * (1 + scale))


def pairs(choices: Mapping[str, tuple], seed: int = 0) -> list[dict[str, Any]]:
    """Rows in which every two values of different arguments meet: each row is the best of some at random."""
    rng = np.random.default_rng(seed)

    def met(row: dict[str, int]) -> set:
        return set(itertools.combinations(row.items(), 2))

    left = {((a, i), (b, j)) for a, b in itertools.combinations(choices, 2) for i in range(len(choices[a])) for j in range(len(choices[b]))}
    rows = []
    while left:
        some = [{name: int(rng.integers(len(of))) for name, of in choices.items()} for _ in range(60)]
        best = max(some, key=lambda row: len(left & met(row)))
        if left & met(best):
            left -= met(best)
            rows.append({name: choices[name][i] for name, i in best.items()})
    return rows


def seeded(rows: list[dict[str, Any]]) -> list[Any]:
    """Each with one of three seeds; the first three rows are quick enough for every run."""
    marks = [[] if k < 3 else pytest.mark.slow for k in range(len(rows))]
    return [pytest.param(r, k % 3, id=f"{k}-" + "-".join(map(str, r.values())), marks=marks[k]) for k, r in enumerate(rows)]


PLAIN = {
    "key_heads": (4, 2, 1),
    "causal": (False, True),
    "window": (None, 1, 3),
    "scale": (None, 0.3),
    "mask": (None, "keys", "all"),
    "bias": (None, (4, 6, 6), (2, 4, 1, 6)),
}


@pytest.mark.parametrize(("row", "seed"), seeded(pairs(PLAIN)))
def test_attention_is_jax_s(row: dict[str, Any], seed: int) -> None:
    q = values(2, 6, 4, 5, seed=seed)
    given = {name: values(2, 6, row["key_heads"], 5, seed=seed + k) for k, name in ((10, "k"), (20, "v"))}
    given |= {"b": values(*row["bias"], seed=seed + 30)} if row["bias"] else {}
    shape = {None: (), "keys": (2, 1, 1, 6), "all": (2, 4, 6, 6)}[row["mask"]]
    mask = (np.random.default_rng(seed).random(shape) < 0.7) | np.eye(6, dtype=bool) if row["mask"] == "all" else None
    if row["mask"] == "keys":
        mask = np.arange(6)[None, None, None, :] < np.array([6, 1 if row["window"] is None else 6]).reshape(2, 1, 1, 1)
    op = Attention(causal=row["causal"], window=row["window"], scale=row["scale"])
    optional = {} if mask is None else {"mask": mask[:, 0, 0] if row["mask"] == "keys" else mask}

    def mine(p: Any, q: Any) -> Any:
        return run(op, q, p["k"], p["v"], **optional, **({"score_bias": p["b"]} if "b" in p else {}))

    def theirs(p: Any, q: Any) -> Any:
        bias = p["b"].reshape((1,) * (4 - p["b"].ndim) + p["b"].shape) if "b" in p else None
        local = None if row["window"] is None else row["window"] - 1
        return jax.nn.dot_product_attention(
            q, p["k"], p["v"], bias, mask, scale=row["scale"], is_causal=row["causal"], local_window_size=local
        )

    agree(mine, theirs, given, q)


WHOLE = {
    "kv_heads": (None, 2, 1),
    "causal": (False, True),
    "bias": (True, False),
    "qk_norm": (None, "layer"),
    "head_size": (None, 3),
    "masked": (False, True),
}
NAMES = {"query_norm": "query_ln", "key_norm": "key_ln"}


@pytest.mark.parametrize(("row", "seed"), seeded(pairs(WHOLE)))
def test_self_attention_is_nnx_s(row: dict[str, Any], seed: int) -> None:
    """With grouped heads and normalised queries and keys, by the same weights."""
    masked = row.pop("masked")
    x, op = values(3, 5, 16, seed=seed), SelfAttention(heads=4, **row)
    size = op.head_size or 4
    module = nnx.MultiHeadAttention(
        4,
        16,
        4 * size,
        num_kv_heads=op.kv_heads,
        use_bias=op.bias,
        normalize_qk=op.qk_norm is not None,
        decode=False,
        rngs=nnx.Rngs(0),
    )
    graph, state = nnx.split(module)
    shapes = {name: tuple(int(n) for n in weight.shape) for name, weight in op.params(parse("f32[3, 5, 16]")).items()}
    params = {name: values(*shape, seed=seed + k) for k, (name, shape) in enumerate(shapes.items(), 40)}
    seen = np.ones((3, 5), bool)
    seen[1, 3:] = seen[2, 2] = not masked
    mask = seen[:, None, None, :] & (np.tri(5, dtype=bool) if op.causal else np.ones((5, 5), bool))
    paths = {name: tuple(NAMES.get(part, part) for part in name.split("/")) for name in params}
    assert {path for path, leaf in nnx.to_flat_state(state) if isinstance(leaf, nnx.Param)} == set(paths.values())

    def theirs(p: Any, x: Any) -> Any:
        flat = dict(nnx.to_flat_state(state)) | {paths[name]: nnx.Param(value) for name, value in p.items()}
        return nnx.merge(graph, nnx.from_flat_state(flat))(x, mask=mask)

    agree(lambda p, x: run(op, x, params=p, **({"mask": seen} if masked else {})), theirs, params, x)


SLOPES = {8: [2.0**-k for k in range(1, 9)], 2: [2.0**-4, 2.0**-8], 3: [2.0**-4, 2.0**-8, 2.0**-2]}
SLOPES[12] = SLOPES[8] + [2.0 ** -(k + 0.5) for k in range(4)]


def test_alibi_takes_the_published_slopes() -> None:
    for heads, slopes in SLOPES.items():
        np.testing.assert_allclose(alibi_slopes(heads), slopes)
    q, k, v = (values(2, 5, 12, 3, seed=s) for s in range(3))
    distance = np.abs(np.arange(5)[:, None] - np.arange(5)[None, :])
    bias = -np.array(SLOPES[12], "float32")[None, :, None, None] * distance[None, None]
    wanted = jax.nn.dot_product_attention(q, k, v, bias.astype("float32"), is_causal=True)
    np.testing.assert_allclose(run(Attention(alibi=True, causal=True), q, k, v), wanted, 1e-5, 1e-6)


@pytest.mark.parametrize(
    "op", [Attention(alibi=True, causal=True), Attention(causal=True, window=2, soft_cap=1.0)], ids=["alibi", "window"]
)
def test_the_last_queries_alone_see_what_they_see_among_all(op: Attention) -> None:
    q, k, v = (values(2, 6, 2, 4, seed=s) for s in range(3))
    np.testing.assert_allclose(run(op, q[:, 4:], k, v), run(op, q, k, v)[:, 4:], 1e-5, 1e-6)


def test_places_may_be_given() -> None:
    """What a cache knows: which place each of its keys stands at, in any order."""
    from netspec.library.layers.attention_weights import attend, rules_of

    op = Attention(alibi=True, causal=True, window=3)
    q, k, v = (values(2, 6, 2, 4, seed=s) for s in range(3))
    order = np.array([[3, 0, 5, 1, 4, 2], [0, 1, 2, 3, 4, 5]])
    shuffled = (np.take_along_axis(x, order[:, :, None, None], 1) for x in (k, v))
    ahead = order[:, None, :] - np.arange(6)[None, :, None]
    found = attend(TestScope(), rules_of(op), q, *shuffled, {}, jnp.asarray(ahead))
    np.testing.assert_allclose(found, run(op, q, k, v), 1e-5, 1e-6)


def test_a_soft_cap_holds_scores() -> None:
    """Under a cap of 1 no key has more than e² times the weight of another."""
    q = np.full((1, 2, 1, 4), 100, "float32") * np.array([1, -1], "float32").reshape(1, 2, 1, 1)
    weights = run(Attention(soft_cap=1.0), q, q, np.eye(2, dtype="float32")[None, :, None, :])
    np.testing.assert_allclose(weights[0, 0, 0, 0] / weights[0, 0, 0, 1], np.exp(2), 1e-4)


UNSEEN = [
    ("float16", {"alibi": True}),
    ("bfloat16", {"soft_cap": 2.0, "causal": True}),
    ("float32", {"kv_heads": 1, "qk_norm": "rms", "window": 1}),
    ("float64", {"qk_norm": "layer", "dropout": 0.5}),
]


@pytest.mark.parametrize(("dtype", "row"), UNSEEN, ids=lambda value: value if isinstance(value, str) else "-".join(value))
def test_a_position_that_sees_nothing_gives_zeros(dtype: str, row: dict[str, Any]) -> None:
    """Values and gradients, for all weights and the input, in training too."""
    with jax.enable_x64(True):
        op = SelfAttention(heads=2, bias=False, **row)
        params = {n: jnp.asarray(values(*map(int, w.shape)), dtype) for n, w in op.params(parse("f32[2, 3, 4]")).items()}
        x, mask = jnp.asarray(values(2, 3, 4), dtype), np.array([[True, True, True], [False, False, False]])

        def result(p: Any, x: Any) -> Any:
            return applied(op, TestScope(p, {}, training=True), x, mask=mask, score_bias=jnp.full((2, 3, 3), 0.5, dtype))

        y = jax.jit(result)(params, x)
        assert y.dtype == dtype and not y[1].any() and bool(jnp.isfinite(y).all()) and bool(y[0].any())
        slopes = jax.jit(jax.grad(lambda p, x: result(p, x).sum(), (0, 1)))(params, x)
        assert all(bool(jnp.isfinite(slope).all()) for slope in jax.tree.leaves(slopes)) and not slopes[1][1].any()
