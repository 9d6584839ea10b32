"""What attention under a causal window remembers of a sequence: as many positions as it sees, and the results are those of the whole."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.library.contracts.sequence_axis import Flow
from netspec.library.contracts.stretch_steps import Stretch, Use
from netspec.library.layers.attention import Attention
from netspec.library.layers.rope import Rope
from netspec.library.layers.self_attention import SelfAttention
from tests.library.scope import TestScope, applied, parse, typed

LENGTH = 7
SHAPES = {"query": (2, LENGTH, 4, 3), "key": (2, LENGTH, 2, 3), "value": (2, LENGTH, 2, 5)}


def drawn(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def stretches(op: Any, scope: TestScope, cuts: list[int], inputs: list[Any], optional: dict[str, Any]) -> tuple[Any, Any]:
    """The results side by side, and what is remembered at the end; the first stretch goes one position further than is kept."""
    past, parts = None, []
    flows = tuple(Flow((1,), 0) for _ in inputs)
    for start, behind in pairwise([*cuts, LENGTH]):
        end = min(behind + 1, LENGTH) if start == 0 else behind
        stretch = Stretch(jnp.int32(start), jnp.int32(behind - start), end - start, LENGTH)
        here, named = tuple(x[:, start:end] for x in inputs), {name: x[:, start:end] for name, x in optional.items()}
        moving = {name: Flow((1,), 0) for name in named}
        made, past = op.step(Use(op, typed(scope, *here, **named), stretch, here, flows, named, moving, past))
        parts.append(made[:, : behind - start])
    return jnp.concatenate(parts, 1), past


CASES = [
    (Attention(causal=True, window=1), {}),
    (Attention(causal=True, window=3, alibi=True), {"mask": np.array([[1, 1, 0, 1, 1, 0, 1], [1] * 7], bool)}),
    (Attention(causal=True, window=4, soft_cap=2.0), {"segments": np.array([[1, 1, 1, 2, 2, 2, 2], [1] * 7], "int32")}),
    (SelfAttention(heads=2, kv_heads=1, causal=True, window=3, qk_norm="rms"), {}),
    (SelfAttention(heads=1, causal=True, window=3, rotary=Rope(theta=20.0)), {}),
    (Attention(causal=True, window=4, rotary=Rope(rotary=2)), {"segments": np.array([[1, 1, 1, 2, 2, 2, 2], [1] * 7], "int32")}),
]


@pytest.mark.parametrize("cuts", [[0, 1, 2, 3, 4, 5, 6], [0, 5, 6]], ids=["one by one", "a prefix"])
@pytest.mark.parametrize(("op", "optional"), CASES, ids=lambda v: repr(v) if hasattr(v, "op_name") else "")
def test_a_window_is_all_that_is_remembered(op: Any, optional: dict[str, Any], cuts: list[int]) -> None:
    inputs = [drawn(*shape, seed=k) for k, shape in enumerate(SHAPES.values())] if isinstance(op, Attention) else [drawn(2, LENGTH, 6)]
    weights = op.params(*(parse(f"f32[{', '.join(map(str, x.shape))}]") for x in inputs))
    scope = TestScope({name: drawn(*map(int, w.shape), seed=k) for k, (name, w) in enumerate(weights.items(), 9)})
    found, past = jax.jit(partial(stretches, op, scope, cuts))(inputs, optional)
    np.testing.assert_allclose(found, applied(op, scope, *inputs, **optional), 1e-5, 1e-5)
    assert {name: kept.shape[1] for name, kept in past.items()} == dict.fromkeys(past, op.window - 1)
    assert {"key", "value"} <= past.keys()


def test_a_window_as_long_as_the_sequence_and_a_bias_for_each_pair_keep_all() -> None:
    inputs = [drawn(*shape, seed=k) for k, shape in enumerate(SHAPES.values())]
    stretch, flows = Stretch(jnp.int32(0), jnp.int32(1), 1, LENGTH), (Flow((1,), 0),) * 3
    first = tuple(x[:, :1] for x in inputs)
    wide = Use(Attention(causal=True, window=LENGTH + 1), TestScope(), stretch, first, flows, {}, {}, None)
    assert wide.op.step(wide)[1]["key"].shape[1] == LENGTH
    bias = {"score_bias": drawn(4, LENGTH, LENGTH)}
    biased = Use(Attention(causal=True, window=2), TestScope(), stretch, first, flows, bias, {"score_bias": Flow((), None)}, None)
    assert biased.op.step(biased)[1]["key"].shape[1] == LENGTH
