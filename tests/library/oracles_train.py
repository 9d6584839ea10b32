"""NumPy oracles of losses and metrics: name -> function(op, *inputs) giving the values, computed in f64."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def softmax_cross_entropy(op: Any, logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    scores = _log_softmax(np.asarray(logits, np.float64))
    labels = np.asarray(labels)
    if labels.dtype.kind in "iu":
        flat = scores.reshape(-1, scores.shape[-1])
        return -np.array([row[k] for row, k in zip(flat, labels.ravel(), strict=True)]).reshape(labels.shape)
    return -np.einsum("...c,...c->...", labels.astype(np.float64), scores)


def mean_squared_error(op: Any, predictions: np.ndarray, targets: np.ndarray) -> np.ndarray:
    return (np.asarray(predictions, np.float64) - np.asarray(targets, np.float64)) ** 2


def accuracy(op: Any, logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    labels = np.asarray(labels)
    classes = labels if labels.dtype.kind in "iu" else labels.argmax(axis=-1)
    return (np.asarray(logits).astype(np.float64).argmax(axis=-1) == classes).astype(np.float64)


def mean(op: Any, values: np.ndarray) -> np.ndarray:
    return np.asarray(values).astype(np.float64)


def sigmoid_cross_entropy(op: Any, logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    logits, labels = np.asarray(logits).astype(np.float64), np.asarray(labels).astype(np.float64)
    return np.logaddexp(0, logits) - labels * logits


def top_k_accuracy(op: Any, logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    labels = np.asarray(labels)
    classes = labels if labels.dtype.kind in "iu" else labels.argmax(axis=-1)
    best = np.argsort(-np.asarray(logits).astype(np.float64), axis=-1, kind="stable")[..., : op.k]
    return (best == classes[..., None]).any(-1).astype(np.float64)


def sequence_exact(op: Any, prediction: np.ndarray, target: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    counts = np.ones(target.shape, bool) if mask is None else np.asarray(mask) != 0
    rows = zip(*(np.asarray(x).reshape(-1, target.shape[-1]) for x in (prediction, target, counts)), strict=True)
    return np.array([float(list(p[c]) == list(t[c])) for p, t, c in rows]).reshape(target.shape[:-1])


ORACLES: dict[str, Callable[..., np.ndarray]] = {
    "softmax_cross_entropy": softmax_cross_entropy,
    "mean_squared_error": mean_squared_error,
    "sigmoid_cross_entropy": sigmoid_cross_entropy,
    "accuracy": accuracy,
    "top_k_accuracy": top_k_accuracy,
    "perplexity": softmax_cross_entropy,
    "sequence_exact": sequence_exact,
    "mean": mean,
}
