"""What one step of each cell means, in plain NumPy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Weights = Mapping[str, np.ndarray]


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def lstm_cell(op: Any, w: Weights, x: np.ndarray, *, h: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, ...]:
    gate = {k: x @ w[f"i{k}/kernel"] + h @ w[f"h{k}/kernel"] + w[f"h{k}/bias"] for k in "ifgo"}
    new_c = sigmoid(gate["f"]) * c + sigmoid(gate["i"]) * np.tanh(gate["g"])
    new_h = sigmoid(gate["o"]) * np.tanh(new_c)
    return new_h, new_h, new_c


def gru_cell(op: Any, w: Weights, x: np.ndarray, *, h: np.ndarray) -> tuple[np.ndarray, ...]:
    r = sigmoid(x @ w["ir/kernel"] + w["ir/bias"] + h @ w["hr/kernel"])
    z = sigmoid(x @ w["iz/kernel"] + w["iz/bias"] + h @ w["hz/kernel"])
    n = np.tanh(x @ w["in/kernel"] + w["in/bias"] + r * (h @ w["hn/kernel"] + w["hn/bias"]))
    new = (1 - z) * n + z * h
    return new, new


RECURRENT: Mapping[str, Callable[..., Any]] = {"lstm_cell": lstm_cell, "gru_cell": gru_cell}
