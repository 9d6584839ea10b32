"""Positions: tables as long as the longest sequence, buckets of distances, and rotary positions for sequences longer than in training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from netspec.compile import check
from netspec.library.base.value_faults import BadArguments
from netspec.library.layers.positions import LearnedPositions, SinusoidalPositions
from netspec.library.layers.relative_positions import DistanceBias, RelativeBias
from netspec.library.layers.rope import Rope
from netspec.source import Source
from tests.library.scope import TestScope, applied
from tests.library.test_flax import values


def run(op: Any, *inputs: Any, params: Any = None, **optional: Any) -> Any:
    return applied(op, TestScope(params or {}), *inputs, **optional)


def slugs(*lines: str) -> list[str]:
    text = "\n".join(("netspec 1", "model M {", *(f"  {line}" for line in lines), "}", ""))
    return [problem.slug() for problem in check(Source("m.net", text)).problems]


LEARNED = [
    (("dim T <= 8", "input x: f32[B, T, 4]", "output y = x -> learned_positions(8)"), []),
    (("input x: f32[B, 8, 4]", "output y = x -> learned_positions(8)"), []),
    (("input x: f32[B, 9, 4]", "output y = x -> learned_positions(8)"), ["too-few-positions"]),
    (("input x: f32[B, T, 4]", "output y = x -> learned_positions(8)"), ["unproven-size"]),
    (("dim T <= 9", "input x: f32[B, T, 4]", "output y = x -> learned_positions(8)"), ["unproven-size"]),
    (("input x: f32[B, T, 4]", "input p: i32[B, T]", "output y = x -> learned_positions(8, position=p)"), []),
    (("dim T <= 8", "input x: f32[B, T, 4]", "output y = x -> learned_positions(8, position=iota(T))"), []),
    (("dim T >= 9", "input x: f32[B, T, 4]", "output y = x -> learned_positions(8, position=iota(T))"), ["id-beyond-vocabulary"]),
    (("input x: f32[B, T, 4]", "input p: i32[B, T, 1]", "output y = x -> learned_positions(8, position=p)"), ["unfit-shape"]),
]


@pytest.mark.parametrize(("lines", "wanted"), LEARNED, ids=lambda value: value[-1] if value else "fine")
def test_the_length_of_a_sequence_is_proved(lines: tuple[str, ...], wanted: list[str]) -> None:
    assert slugs(*lines) == wanted


SCORED = [
    "r = iota(T) -> relative_bias(2); output y = x -> self_attention(2, causal=true, scale=1.0, score_bias=r)",
    "r = iota(T) -> distance_bias(2, 4); output y = x -> self_attention(2, causal=true, window=4, score_bias=r)",
    'output y = x -> self_attention(2, kv_heads=1, causal=true, alibi=true, soft_cap=30.0, qk_norm="rms", head_size=5)',
    "q = x -> dense([2, 4]); k = x -> dense([1, 4]); output y = (q, k, k) -> attention(causal=true, window=3, alibi=true)",
    'q = x -> dense([2, 8]) -> rope(iota(T), rotary=4, scaling="ntk", factor=4); output y = (q, q, q) -> attention(causal=true)',
]


@pytest.mark.parametrize("body", SCORED)
def test_causal_attention_with_any_scores_can_generate(body: str) -> None:
    assert served(body) == []
    assert "not-causal" in served(body.replace("causal=true", "causal=false"))


def served(body: str) -> list[str]:
    """Problems of a language model that decodes with these lines from x to y."""
    lines = body.replace("output y", "y").split("; ")
    lines += ["y = y -> dense(8, axis=[-2, -1])"] if "-> attention(" in lines[-1] else []
    model = ["netspec 1", "model M {", "  input tokens: i32[B, T]", "  x = tokens -> embed(20, 8)", *(f"  {line}" for line in lines)]
    model += ["  output logits = y -> dense(20)", "}", "serve M { tokens = greedy(logits, start=1, stop=2, limit=6) }", ""]
    return [problem.slug() for problem in check(Source("m.net", "\n".join(model))).problems]


def test_packed_sequences_have_positions_of_their_own() -> None:
    x, table = values(1, 5, 4), values(6, 4, seed=1)
    places = np.array([[0, 1, 2, 0, 1]])
    for op, params in ((LearnedPositions(positions=6), {"embedding": table}), (SinusoidalPositions(), {})):
        packed = run(op, x, params=params, position=places)
        apart = [run(op, part, params=params) for part in (x[:, :3], x[:, 3:])]
        np.testing.assert_allclose(packed, np.concatenate(apart, 1), 1e-6)


def test_relative_buckets_are_those_of_t5() -> None:
    """Of the published models: 32 buckets to 128, half of them for keys behind the query."""
    op, rows = RelativeBias(heads=1), RelativeBias(heads=1).rows()
    wanted = {
        0: 0,
        7: 7,
        8: 8,
        11: 8,
        12: 9,
        15: 9,
        16: 10,
        22: 10,
        23: 11,
        31: 11,
        32: 12,
        45: 12,
        46: 13,
        63: 13,
        64: 14,
        90: 14,
        91: 15,
        128: 15,
    }
    distances = np.array(list(wanted))
    assert dict(zip(wanted, op.buckets_of(distances), strict=True)) == wanted
    assert {n: rows[128 - n] for n in wanted} == wanted
    assert {n: rows[128 + n] for n in wanted if n} == {n: 16 + row for n, row in wanted.items() if n}
    causal = RelativeBias(heads=1, causal=True)
    assert list(causal.buckets_of(np.array([15, 16, 18, 19, 127, 128]))) == [15, 16, 16, 17, 31, 31]
    assert set(causal.rows()[128:]) == {0}


@pytest.mark.parametrize(
    "op", [RelativeBias(heads=2, buckets=8, max_distance=5), DistanceBias(heads=2, max_distance=3)], ids=["buckets", "each"]
)
def test_relative_numbers_depend_on_distance_only(op: Any) -> None:
    weights = {"embedding": values(max(op.rows()) + 1, 2)}
    near, far = (np.asarray(run(op, np.arange(6) + start, params=weights)) for start in (0, 1000))
    np.testing.assert_array_equal(near, far)
    assert near.shape == (2, 6, 6) and (near[:, 1:, 1:] == near[:, :-1, :-1]).all()
    assert len(np.unique(near[0])) == len({op.rows()[d + op.max_distance] for d in range(-op.max_distance, op.max_distance + 1)})


REFUSED = [
    (Rope, {"factor": 2.0}, "scaling"),
    (Rope, {"scaling": "yarn", "factor": 2.0}, "trained"),
    (Rope, {"scaling": "llama3", "trained": 64, "low": 5.0}, "high"),
    (Rope, {"scaling": "yarn", "trained": 64, "theta": 0.5}, "theta"),
    (RelativeBias, {"heads": 2, "buckets": 6}, "multiple of 4"),
    (RelativeBias, {"heads": 2, "max_distance": 8}, "max_distance"),
]


@pytest.mark.parametrize(("cls", "arguments", "word"), REFUSED)
def test_arguments_that_do_not_go_together(cls: Any, arguments: dict[str, Any], word: str) -> None:
    with pytest.raises(BadArguments, match=word):
        cls(**arguments)


def test_part_of_a_head_is_turned() -> None:
    x, places = values(1, 4, 2, 10), np.arange(4)
    for pairs in ("split", "interleaved"):
        found = np.asarray(run(Rope(rotary=6, pairs=pairs), x, places))
        np.testing.assert_array_equal(found[..., 6:], x[..., 6:])
        np.testing.assert_array_equal(found[..., :6], run(Rope(pairs=pairs), x[..., :6], places))


def test_scaled_speeds() -> None:
    """The fastest pair keeps its speed but for "linear", and the slowest is divided by the factor."""
    plain = Rope(theta=500_000.0).speeds(128)
    for scaling in ("ntk", "llama3", "yarn"):
        speeds = Rope(theta=500_000.0, scaling=scaling, factor=8.0, trained=8192).speeds(128)
        np.testing.assert_allclose([speeds[0], speeds[-1]], [plain[0], plain[-1] / 8], 1e-6)
        assert all(a > b for a, b in zip(speeds, speeds[1:], strict=False))
    np.testing.assert_allclose(Rope(theta=500_000.0, scaling="linear", factor=8.0).speeds(128), np.array(plain) / 8)


def test_llama_s_pairs_between_are_mixed() -> None:
    """By the wavelengths of the published 8192 · 1/4 and 8192 · 1: pair 29 is whole, 35 is divided, and those between are neither."""
    op, plain = Rope(theta=500_000.0, scaling="llama3", factor=8.0, trained=8192), Rope(theta=500_000.0).speeds(128)
    ratio = np.array(op.speeds(128)) / plain
    lengths = 2 * np.pi / np.array(plain)
    assert (ratio[lengths < 2048] == 1).all() and np.allclose(ratio[lengths > 8192], 1 / 8)
    between = ratio[(lengths > 2048) & (lengths < 8192)]
    assert between.size and ((between < 1) & (between > 1 / 8)).all()


def test_stretched_interpolation_multiplies_queries_and_keys() -> None:
    x = values(1, 1, 1, 8)
    found = run(Rope(scaling="yarn", factor=4.0, trained=64), x, np.array([0]))
    np.testing.assert_allclose(found, x * (1 + 0.1 * np.log(4)), 1e-6)
