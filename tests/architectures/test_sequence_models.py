"""Mixtral and Mamba beside what their papers say, in plain NumPy and f64: expert by expert, step by step. So they generate, too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from netspec.compile import check
from netspec.lower.program import Program
from netspec.source import Source
from tests.architectures.build import drawn, ids, small
from tests.architectures.test_architectures import spec
from tests.lower.generating import step_by_step

Weights = dict[str, Any]


def silu(x: Any) -> Any:
    return x / (1 + np.exp(-x))


def rms_norm(x: Any, w: Weights) -> Any:
    return x / np.sqrt(np.mean(x * x, -1, keepdims=True) + 1e-5) * w["scale"]


def softmax(x: Any) -> Any:
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def wide(tree: Any) -> Any:
    """A tree of weights in f64."""
    return {name: wide(part) for name, part in tree.items()} if isinstance(tree, dict) else np.asarray(tree, np.float64)


# --- Mixtral ---------------------------------------------------------------------------------------------------------
MIXTRAL = {"vocab": "50", "d": "16", "layers": "2", "heads": "4", "kv_heads": "2", "experts": "5", "hidden": "12"}


def turned(x: Any, theta: float = 1e6) -> Any:
    """[length, size]: feature i and the one half a head further are a complex number, which turns with its place."""
    half = x.shape[-1] // 2
    angles = np.arange(len(x))[:, None] * theta ** (-np.arange(half) / half)
    numbers = (x[:, :half] + 1j * x[:, half:]) * np.exp(1j * angles)
    return np.concatenate([numbers.real, numbers.imag], -1)


def causal_attention(x: Any, w: Weights) -> Any:
    """One example [length, features], head by head; each key serves several of them."""
    heads, kv_heads = w["query"]["kernel"].shape[1], w["key"]["kernel"].shape[1]
    length, total = len(x), 0
    for head in range(heads):
        own = head * kv_heads // heads
        query, key = turned(x @ w["query"]["kernel"][:, head]), turned(x @ w["key"]["kernel"][:, own])
        scores = np.where(np.tri(length) > 0, query @ key.T / np.sqrt(query.shape[-1]), -np.inf)
        total = total + softmax(scores) @ (x @ w["value"]["kernel"][:, own]) @ w["out"]["kernel"][head]
    return total


def mixture(x: Any, w: Weights) -> Any:
    """Each token through the two experts whose scores are highest, w2(silu(w1 x) * w3 x), by the softmax of those two scores."""
    result = np.zeros_like(x)
    for place, token in enumerate(x):
        scores = token @ w["router"]["kernel"]
        best = np.argsort(-scores)[:2]
        for expert, share in zip(best, softmax(scores[best]), strict=True):
            inner = silu(token @ w["gate"]["kernel"][expert]) * (token @ w["up"]["kernel"][expert])
            result[place] += share * (inner @ w["down"]["kernel"][expert])
    return result


def mixtral(w: Weights, tokens: Any) -> Any:
    x = w["embed_0"]["embedding"][tokens]
    for layer in (w["layer_0"], w["layer_1"]):
        x = x + causal_attention(rms_norm(x, layer["rms_norm_0"]), layer["self_attention_0"])
        x = x + mixture(rms_norm(x, layer["rms_norm_1"]), layer["moe_0"])
    return rms_norm(x, w["rms_norm_0"]) @ w["dense_0"]["kernel"]


# --- Mamba -----------------------------------------------------------------------------------------------------------
MAMBA = {"vocab": "50", "d": "16", "layers": "2", "state": "4"}


def selective(x: Any, w: Weights) -> Any:
    """One example [length, features], by the recurrence that the scan stands for."""
    inner, state = w["rates"].shape
    u, gate = np.split(x @ w["inner"]["kernel"], 2, -1)
    taps = w["conv_0"]["kernel"][:, 0]
    padded = np.concatenate([np.zeros((len(taps) - 1, inner)), u])
    u = silu(sum(padded[k : k + len(u)] * tap for k, tap in enumerate(taps)) + w["conv_0"]["bias"])
    parts = u @ w["select"]["kernel"]
    low, write, read = np.split(parts, [parts.shape[-1] - 2 * state, parts.shape[-1] - state], -1)
    step = np.log1p(np.exp(low @ w["step"]["kernel"] + w["step"]["bias"]))
    h, result = np.zeros((inner, state)), np.zeros_like(u)
    for t in range(len(u)):
        h = np.exp(-step[t][:, None] * np.exp(w["rates"])) * h + (step[t] * u[t])[:, None] * write[t]
        result[t] = h @ read[t] + w["skip"] * u[t]
    return (result * silu(gate)) @ w["out"]["kernel"]


def mamba(w: Weights, tokens: Any) -> Any:
    x = w["e"]["embedding"][tokens]
    for layer in range(2):
        x = x + selective(rms_norm(x, w[f"rms_norm_{layer}"]), w[f"MambaBlock_{layer}"])
    return rms_norm(x, w["rms_norm_2"]) @ w["e"]["embedding"].T


@pytest.mark.parametrize(("name", "model", "sizes"), [("mixtral", "Mixtral", MIXTRAL), ("mamba", "Mamba", MAMBA)], ids=["mixtral", "mamba"])
def test_they_generate_step_by_step(name: str, model: str, sizes: dict[str, str]) -> None:
    """A key-value cache turned by places, and states of a scan: what they remember gives what the whole sequence does."""
    text = f"{spec(name).read_text(encoding='utf-8')}\nserve {model} {{ tokens = greedy(logits, limit=6) }}\n"
    checked = check(Source("m.net", text), overrides=sizes)
    assert checked.problems == () and checked.typed is not None
    program = Program.of(checked.typed)
    variables, begin = program.pack(drawn(program)), ids(2, 3, below=50)
    found = program.decode(variables, tokens=begin)["tokens"]
    for row in range(2):
        assert found[row].tolist() == step_by_step(program, variables, begin[row], 6, None, False)


@pytest.mark.parametrize(("name", "sizes", "by_hand"), [("mixtral", MIXTRAL, mixtral), ("mamba", MAMBA, mamba)], ids=["mixtral", "mamba"])
def test_beside_numpy(name: str, sizes: dict[str, str], by_hand: Any) -> None:
    program, tokens = small(spec(name), **sizes), ids(3, 9, below=50)
    weights = drawn(program)
    found = program.apply(weights, tokens=tokens)["logits"]
    wanted = np.stack([by_hand(wide(weights["params"]), row) for row in tokens])
    np.testing.assert_allclose(found, wanted, 1e-4, 1e-4 * np.abs(wanted).max())
