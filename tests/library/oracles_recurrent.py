"""What one step of each cell means, and a recurrence that fades, in plain NumPy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import numpy as np

Weights = Mapping[str, np.ndarray]


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


FUNCTIONS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {"tanh": np.tanh, "sigmoid": sigmoid, "relu": relu}


def functions(op: Any) -> tuple[Callable[[np.ndarray], np.ndarray], Callable[[np.ndarray], np.ndarray]]:
    """What the candidate and the gates go through."""
    return FUNCTIONS[op.activation.op_name()], FUNCTIONS[op.gate_activation.op_name()]


def lstm_cell(op: Any, w: Weights, x: np.ndarray, *, h: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, ...]:
    act, squash = functions(op)
    gate = {k: x @ w[f"i{k}/kernel"] + h @ w[f"h{k}/kernel"] + w[f"h{k}/bias"] for k in "ifgo"}
    new_c = squash(gate["f"]) * c + squash(gate["i"]) * act(gate["g"])
    new_h = squash(gate["o"]) * act(new_c)
    return new_h, new_h, new_c


def gru_cell(op: Any, w: Weights, x: np.ndarray, *, h: np.ndarray) -> tuple[np.ndarray, ...]:
    act, squash = functions(op)
    r = squash(x @ w["ir/kernel"] + w["ir/bias"] + h @ w["hr/kernel"])
    z = squash(x @ w["iz/kernel"] + w["iz/bias"] + h @ w["hz/kernel"])
    n = act(x @ w["in/kernel"] + w["in/bias"] + r * (h @ w["hn/kernel"] + w["hn/bias"]))
    new = (1 - z) * n + z * h
    return new, new


def simple_cell(op: Any, w: Weights, x: np.ndarray, *, h: np.ndarray) -> tuple[np.ndarray, ...]:
    new = FUNCTIONS[op.activation.op_name()](x @ w["i/kernel"] + w["i/bias"] + h @ w["h/kernel"] + (h if op.residual else 0))
    return new, new


def mgu_cell(op: Any, w: Weights, x: np.ndarray, *, h: np.ndarray) -> tuple[np.ndarray, ...]:
    act, squash = functions(op)
    f = squash(x @ w["if/kernel"] + w["if/bias"] + h @ w["hf/kernel"])
    past = f * (h @ w["hn/kernel"] + w["hn/bias"]) if op.reset_gate else h @ w["hn/kernel"]
    new = (1 - f) * act(x @ w["in/kernel"] + w["in/bias"] + past) + f * h
    return new, new


def convolved(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """A convolution that keeps the sizes: kernel // 2 zeros behind, the rest of kernel - 1 in front, tap by tap."""
    space = x.shape[1:-1]
    pad = [(0, 0), *(((k - 1) // 2, k // 2) for k in kernel.shape[:-2]), (0, 0)]
    padded = np.pad(x, pad)
    total: Any = 0
    for tap in product(*(range(k) for k in kernel.shape[:-2])):
        window = padded[(slice(None), *(slice(t, t + n) for t, n in zip(tap, space, strict=True)))]
        total = total + window @ kernel[tap]
    return total


def conv_lstm_cell(op: Any, w: Weights, x: np.ndarray, *, h: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, ...]:
    act, squash = functions(op)
    gates = convolved(x, w["ih/kernel"]) + convolved(h, w["hh/kernel"])
    if op.bias:
        gates = gates + w["ih/bias"] + w["hh/bias"]
    i, g, f, o = np.split(gates, 4, axis=-1)
    new_c = squash(f + op.forget_bias) * c + squash(i) * act(g)
    new_h = squash(o) * act(new_c)
    return new_h, new_h, new_c


def linear_recurrence(op: Any, w: Weights, x: np.ndarray, decay: np.ndarray, initial: Any = None, mask: Any = None) -> np.ndarray:
    """Step by step, each line of the axis by itself."""
    decay, result = np.broadcast_to(decay, x.shape), np.empty(x.shape)
    axis = op.axis % x.ndim
    for place in np.ndindex(*x.shape[:axis], *x.shape[axis + 1 :]):
        h = 0.0 if initial is None else np.broadcast_to(initial, (*x.shape[:axis], *x.shape[axis + 1 :]))[place]
        for t in range(x.shape[axis])[:: -1 if op.reverse else 1]:
            at = (*place[:axis], t, *place[axis:])
            if mask is None or mask[at[: axis + 1]]:
                h = decay[at] * h + x[at]
            result[at] = h
    return result


RECURRENT: Mapping[str, Callable[..., Any]] = {
    "lstm_cell": lstm_cell,
    "gru_cell": gru_cell,
    "simple_cell": simple_cell,
    "mgu_cell": mgu_cell,
    "conv_lstm_cell": conv_lstm_cell,
    "linear_recurrence": linear_recurrence,
}
