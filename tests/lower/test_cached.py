"""The cache that decoding derives from a model: at every position what the model says is what it says when it is run on everything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.ir import ServePlan
from netspec.library.decoders.protocol import Decoded
from netspec.lower.decoding_cache import Cached
from netspec.lower.generation import Beginning, Rerun
from netspec.lower.program import Program
from netspec.lower.stretch_plan import Part, derive_part
from tests.architectures.build import drawn, small
from tests.lower.generating import CELL, GPT, LLAMA, LSTM, SHIFTED, program, state
from tests.quick import thin

SAMPLES = Path(__file__).parents[1] / "samples"
ATTENTION = """
model M {
  input tokens: i32[B, T]
  input memory: f32[B, S, 6]
  x = tokens -> embed(11, 8)
  repeat 4 {
    q = x -> dense([4, 4]) -> rope(iota(T))
    k = x -> dense([KV, 4])
    a = (q, k, x -> dense([KV, 3])) -> attention(ARGS)
    x = x + (a -> dense(8, axis=[-2, -1]))
    m = memory -> dense([2, 5])
    x = x + ((x -> dense([2, 5]), m, m) -> attention -> dense(8, axis=[-2, -1])) -> layer_norm
  }
  output logits = x -> dense(11)
}
"""
SELF = """
model M {
  dim T <= 12
  input tokens: i32[B, T]
  x = tokens -> embed(11, 8) -> learned_positions(12)
  known = tokens != 3
  near = (abs(iota(T)[:, none] - iota(T)[none, :]) < 4)[none]
  x = x + (x -> self_attention(4, causal=true, mask=known, ARGS))
  x = x + (x -> self_attention(2, causal=true, mask=near)) -> depthwise_conv(3, padding="CAUSAL", dilation=2)
  output logits = x -> dense(11)
}
"""
MEMORY = {"memory": np.random.default_rng(4).normal(size=(2, 3, 6)).astype("float32")}
QUERY = {"query": np.array([[3, 4, 5, 0], [7, 8, 9, 10]], np.int32), "query_length": np.array([3, 4], np.int32)}
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "gpt": (GPT, {}),
    "llama": (LLAMA, {}),
    "lstm": (LSTM, QUERY),
    "cell": (CELL, {}),
    "shifted": (SHIFTED, {"segment": np.array([[1] * 4 + [2] * 4, [1] * 8], np.int32)}),
    "causal": (ATTENTION.replace("KV", "4").replace("ARGS", "causal=true"), MEMORY),
    "window": (ATTENTION.replace("KV", "4").replace("ARGS", "causal=true, window=2"), MEMORY),
    "grouped": (ATTENTION.replace("KV", "2").replace("ARGS", "causal=true"), MEMORY),
    "grouped window": (ATTENTION.replace("KV", "1").replace("ARGS", "causal=true, window=3, alibi=true"), MEMORY),
    "self": (SELF.replace("ARGS", 'kv_heads=2, window=3, qk_norm="rms"'), {}),
}
TOKENS = np.random.default_rng(7).integers(1, 11, (2, 8)).astype("int32")
LIMIT = 5


def taught(made: Program, variables: Any, tokens: np.ndarray, lengths: list[int], limit: int, inputs: dict[str, Any]) -> None:
    """Sequences that begin with some of the tokens, and are told the others one by one: the logits each time are those of the whole."""
    plan: ServePlan = made.serves[0]
    part, begin = derive_part(plan), Beginning(tokens[:, : max(lengths)], np.array(lengths, np.int32))
    assert isinstance(part, Part), part
    params, buffers = made._leaves(variables)
    size = plan.positions(max(lengths))
    cut = {name: jnp.asarray(x)[plan.cut(name, size)] for name, x in inputs.items()}

    def all_logits(tokens: Any) -> Any:
        steps = Cached(plan, made._forward, params, buffers, cut, begin, None, 0, part)
        carry, said = steps.begin(1), []
        for place in range(limit):
            logits, carry = steps.logits(carry, jnp.int32(place))
            said.append(logits)
            carry = steps.push(carry, jnp.int32(place), jnp.take_along_axis(tokens, begin.lengths[:, None] + place, 1)[:, 0])
        return jnp.stack(said, 1)

    found = np.asarray(jax.jit(all_logits)(jnp.asarray(tokens)))
    whole = made.predict(variables, **{**inputs, plan.feeds: tokens[:, :size], **cut})[plan.reads]
    for row, length in enumerate(lengths):
        first = length - (0 if plan.placed else 1)
        np.testing.assert_allclose(found[row], whole[row, first : first + limit], 1e-5, 1e-5 * np.abs(whole[row]).max())


@pytest.mark.parametrize("lengths", [[1, 1], [3, 1]], ids=str)
@pytest.mark.parametrize("name", thin(MODELS, 6))
def test_every_position_is_that_of_the_whole(name: str, lengths: list[int]) -> None:
    text, inputs = MODELS[name]
    made = program(text, f"greedy(logits, start=2, limit={LIMIT})")
    taught(made, state(made), TOKENS, lengths, LIMIT, inputs)


def test_a_model_that_places_its_answers_begins_with_nothing() -> None:
    made = program(SHIFTED, f"greedy(logits, limit={LIMIT})")
    taught(made, state(made), TOKENS, [0, 0], LIMIT, MODELS["shifted"][1])
    taught(made, state(made), TOKENS, [0, 2], LIMIT, MODELS["shifted"][1])


def parts(answer: Decoded) -> Any:
    return answer.tokens, answer.length, answer.score


@pytest.mark.parametrize("decoder", ["greedy(logits, start=2, stop=1, limit=5)", "beam(logits, start=2, stop=1, limit=5, size=3)"])
@pytest.mark.parametrize("name", thin(["shifted", "grouped", "cell"], 3))
def test_answers_are_those_of_a_model_run_anew(name: str, decoder: str) -> None:
    text, inputs = MODELS[name]
    made = program(text, decoder)
    variables, plan = state(made), made.serves[0]
    begin = Beginning(TOKENS[:, :3], np.array([3, 2], np.int32))
    size = plan.positions(3)
    cut = {key: jnp.asarray(x)[plan.cut(key, size)] for key, x in inputs.items()}
    given = (plan, made._forward, *made._leaves(variables), cut, begin, None, 0)
    part = derive_part(plan)
    assert isinstance(part, Part)
    both = [Decoded(*jax.jit(lambda steps=steps: parts(plan.decoder.decode(steps)))()) for steps in (Rerun(*given), Cached(*given, part))]
    assert np.array_equal(both[0].tokens, both[1].tokens) and np.array_equal(both[0].length, both[1].length)
    np.testing.assert_allclose(both[0].score, both[1].score, 1e-5)


SMALL = {
    "lm1b": {"vocab": "20", "d": "16", "heads": "2", "mlp": "8", "layers": "4"},
    "gpt2": {"vocab": "20", "d": "24", "context": "16"},
    "llama": {"vocab": "20", "d": "16"},
    "seq2seq": {"hidden": "12"},
}
FED = {"gpt2": ("GPT2", "tokens"), "llama": ("Llama", "tokens")}
BESIDE = {
    "lm1b": {"segment": np.ones((2, 53), np.int32), "position": np.tile(np.arange(53, dtype=np.int32), (2, 1))},
    "seq2seq": QUERY,
}


@pytest.mark.parametrize("name", thin(SMALL, 2))
def test_samples(name: str, tmp_path: Path) -> None:
    text = (SAMPLES / f"{name}.net").read_text()
    if name in FED:
        text = text.partition("\ntrain")[0].partition("\nexpect")[0]
        text += f"\nserve {FED[name][0]} {{ {FED[name][1]} = greedy(logits, start=2, limit=4) }}\n"
    (tmp_path / "m.net").write_text(text)
    made = small(tmp_path / "m.net", **SMALL[name])
    limit = made.serves[0].decoder.limit
    tokens = np.random.default_rng(3).integers(1, 14, (2, 3 + limit)).astype("int32")
    taught(made, drawn(made), tokens, [3, 1], min(limit, 4), BESIDE.get(name, {}))


# --- models without --------------------------------------------------------------------------------------------------
MOVED = """
model M {
  input tokens: i32[B, T]
  x = tokens -> embed(11, 8)
  x = (x -> pad([0, [1, 0], 0]))[:, :-1] + x
  output logits = x -> dense(11)
}
"""
POOLED = """
model M {
  input tokens: i32[B, T]
  x = tokens -> embed(11, 8) -> max_pool(2, stride=1, padding=[[1, 0]])
  output logits = x -> dense(11)
}
"""


@pytest.mark.parametrize(("text", "why"), [(MOVED, "one position for each"), (POOLED, "`max_pool` has no step")])
def test_what_has_no_step_runs_anew(text: str, why: str) -> None:
    made = program(text, "greedy(logits, start=2, limit=4)")
    found = derive_part(made.serves[0])
    assert isinstance(found, str) and why in found
    assert made.decode(state(made), examples=2)["tokens"].shape == (2, 4)
