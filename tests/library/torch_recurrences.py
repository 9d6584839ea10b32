"""PyTorch's recurrences, transcribed from its documentation in NumPy: `nn.LSTM`, `nn.GRU` and `nn.RNN` over [B, T, in]."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from netspec.library.base import Array

Arrays = Mapping[str, Array]
Step = Callable[[Array, Array, Array, Array], tuple[Array, Array]]
"""(W_ih x + b_ih, W_hh h + b_hh, h, c) -> (h', c')."""


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def lstm_step(given: Array, past: Array, h: Array, c: Array) -> tuple[Array, Array]:
    """i, f, g, o; c' = f ⊙ c + i ⊙ g; h' = o ⊙ tanh(c')."""
    i, f, g, o = np.split(given + past, 4, -1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru_step(given: Array, past: Array, h: Array, c: Array) -> tuple[Array, Array]:
    """r, z; n = tanh(W_in x + b_in + r ⊙ (W_hn h + b_hn)); h' = (1 - z) ⊙ n + z ⊙ h."""
    (ir, iz, given), (hr, hz, past) = np.split(given, 3, -1), np.split(past, 3, -1)
    z = sigmoid(iz + hz)
    return (1 - z) * np.tanh(given + sigmoid(ir + hr) * past) + z * h, c


def rnn_step(given: Array, past: Array, h: Array, c: Array) -> tuple[Array, Array]:
    return np.tanh(given + past), c


STEPS: dict[str, tuple[Step, int]] = {"lstm": (lstm_step, 4), "gru": (gru_step, 3), "rnn": (rnn_step, 1)}
"""By kind: one step, and the number of its gates."""


def shapes(kind: str, size: int, hidden: int, layers: int, ways: int, bias: bool = True) -> dict[str, tuple[int, ...]]:
    """The arrays of a module."""
    rows, made = STEPS[kind][1] * hidden, {}
    for layer, way in ((n, w) for n in range(layers) for w in ("", "_reverse")[:ways]):
        width = size if layer == 0 else hidden * ways
        made |= {f"weight_ih_l{layer}{way}": (rows, width), f"weight_hh_l{layer}{way}": (rows, hidden)}
        made |= {f"bias_{side}_l{layer}{way}": (rows,) for side in ("ih", "hh")} if bias else {}
    return made


def run(kind: str, p: Arrays, x: Array, layers: int, ways: int) -> Array:
    """The outputs of the last layer."""
    for layer in range(layers):
        made = [one_way(kind, p, x if not way else x[:, ::-1], f"_l{layer}{way}") for way in ("", "_reverse")[:ways]]
        x = np.concatenate([made[0], *(back[:, ::-1] for back in made[1:])], -1)
    return x


def one_way(kind: str, p: Arrays, x: Array, suffix: str) -> Array:
    step, gates = STEPS[kind]
    h = c = np.zeros((len(x), len(p[f"weight_hh{suffix}"]) // gates))
    made = []
    for t in range(x.shape[1]):
        given = x[:, t] @ p[f"weight_ih{suffix}"].T + p.get(f"bias_ih{suffix}", 0)
        h, c = step(given, h @ p[f"weight_hh{suffix}"].T + p.get(f"bias_hh{suffix}", 0), h, c)
        made.append(h)
    return np.stack(made, 1)
