"""Models that generate, and the plainest way to let them: the model on everything so far, one element after the other."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from netspec.compile import check
from netspec.diagnostics.drawing.text import render_text
from netspec.lower.program import Program
from netspec.source import Source

GPT = """
block Layer {
  param heads: int
  input x: f32[B, T, D]
  x = x + (x -> layer_norm -> self_attention(heads, causal=true) -> dropout(0.1))
  output x + (x -> layer_norm -> dense(4 * D) -> gelu -> dense(D) -> dropout(0.1))
}
model M {
  dim T <= 12
  input tokens: i32[B, T]
  shared wte = embed(11, 8)
  weight wpe: f32[12, 8] = normal(0.3)
  x = (tokens -> wte) + wpe[:T]
  repeat 2 { x = x -> Layer(2) }
  output logits = x -> layer_norm -> wte.attend
}
"""
LLAMA = """
model M {
  input tokens: i32[B, T]
  position = iota(T)
  x = tokens -> embed(11, 8)
  q = x -> dense([4, 4]) -> rope(position)
  k = x -> dense([2, 4]) -> rope(position)
  a = (q, k, x -> dense([2, 4])) -> attention(causal=true, window=3)
  x = x + (a -> dense(8, axis=[-2, -1])) -> rms_norm
  output logits = x -> dense(11)
}
"""
LSTM = """
model M {
  input query: i32[B, S]
  input query_length: i32[B]
  input tokens: i32[B, T]
  _, carry = query -> one_hot(11) -> lstm(6, lengths=query_length, return_state=true)
  output logits = tokens -> one_hot(11) -> lstm(6, initial=carry) -> dense(11)
}
"""
CELL = """
block Cell {
  param features: int
  input x: f32[B, D]
  weight wx: f32[D, features] = lecun_normal
  weight wh: f32[features, features] = orthogonal
  state h: f32[B, features] = zeros
  h = tanh(x @ wx + h @ wh)
  output h
}
model M {
  input tokens: i32[B, T]
  x = tokens -> embed(11, 8)
  h = x -> rnn(Cell(7))
  y = concat([x, h, cumsum(h, axis=1)], axis=-1) -> conv(9, 3, padding=[[2, 0]]) -> batch_norm -> relu
  output logits = rearrange(y, "b t (h d) -> b h t d", h=3) -> transpose([0, 2, 1, 3]) -> reshape([B, T, 9]) -> dense(11)
}
"""
SHIFTED = """
model M {
  input tokens: i32[B, T]
  input segment: i32[B, T]
  x = shift_right(tokens, segments=segment) -> embed(11, 8)
  x = x -> sinusoidal_positions -> self_attention(2, causal=true, segments=segment)
  output logits = x -> dense(11)
}
"""
FIXED = """
model M {
  input tokens: i32[B, T]
  weight table: f32[5] = normal(1.0)
  output logits = 0.0 * (tokens -> one_hot(5)) + table
}
"""


@lru_cache
def program(model: str, decoder: str, feeds: str = "tokens") -> Program:
    text = f"netspec 1\n{model}\nserve M {{ {feeds} = {decoder} }}\n"
    checked = check(Source("m.net", text))
    assert checked.ok and checked.typed is not None, render_text(checked.problems)
    return Program.of(checked.typed)


def state(made: Program, seed: int = 1) -> Any:
    """A state whose answers are not all alike: weights drawn wide."""
    rng = np.random.default_rng(seed)

    def drawn(tree: Any) -> Any:
        if isinstance(tree, dict):
            return {name: drawn(part) for name, part in tree.items()}
        return np.asarray(rng.standard_normal(tree.shape) * (0.9 if tree.ndim > 1 else 0.3), tree.dtype)

    unpacked = made.unpack(made.init(0))
    return made.pack({"params": drawn(unpacked["params"]), "buffers": unpacked["buffers"]} if "buffers" in unpacked else drawn(unpacked))


def step_by_step(made: Program, variables: Any, begin: Any, limit: int, stop: int | None, placed: bool, **inputs: Any) -> list[int]:
    """The likeliest element each time, for one example, by the model on a sequence that grows."""
    tokens = [int(t) for t in begin]
    answer: list[int] = []
    while len(answer) < limit and (not answer or answer[-1] != stop):
        fed = np.array([[*tokens, 0] if placed else tokens], np.int32)
        cut = {name: x[:, : fed.shape[1]] if name == "segment" else x for name, x in inputs.items()}
        logits = np.asarray(made.predict(variables, tokens=fed, **cut)["logits"])[0, -1]
        answer.append(int(logits.argmax()))
        tokens.append(answer[-1])
    return answer + [0] * (limit - len(answer))
