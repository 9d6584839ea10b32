"""NumPy oracles of losses, as those of `oracles_train`: written example by example from their definitions, in f64."""

from __future__ import annotations

from collections.abc import Callable
from math import lgamma
from typing import Any

import numpy as np

from tests.library import oracles_train


def f64(*arrays: Any) -> list[np.ndarray]:
    return [np.asarray(x).astype(np.float64) for x in arrays]


def shares(logits: Any) -> np.ndarray:
    (x,) = f64(logits)
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def distribution(labels: Any, classes: int) -> np.ndarray:
    """Labels as distributions."""
    labels = np.asarray(labels)
    return np.eye(classes)[labels] if labels.dtype.kind in "iu" else labels.astype(np.float64)


def softmax_cross_entropy(op: Any, logits: Any, labels: Any) -> np.ndarray:
    classes = np.shape(logits)[-1]
    smoothing = getattr(op, "label_smoothing", 0.0)
    wanted = distribution(labels, classes) * (1 - smoothing) + smoothing / classes
    return oracles_train.softmax_cross_entropy(op, logits, wanted)


def softmax_focal(op: Any, logits: Any, labels: Any) -> np.ndarray:
    p = shares(logits)
    return (distribution(labels, p.shape[-1]) * (1 - p) ** op.gamma * -np.log(p)).sum(-1)


def poly_cross_entropy(op: Any, logits: Any, labels: Any) -> np.ndarray:
    p = shares(logits)
    wanted = distribution(labels, p.shape[-1])
    return -(wanted * np.log(p)).sum(-1) + op.epsilon * (1 - (wanted * p).sum(-1))


def log_loss(op: Any, probabilities: Any, labels: Any) -> np.ndarray:
    (p,) = f64(probabilities)
    return -(distribution(labels, p.shape[-1]) * np.log(np.maximum(p, np.finfo(np.float32).eps))).sum(-1)


def multiclass_hinge(op: Any, logits: Any, labels: Any) -> np.ndarray:
    (scores,) = f64(logits)
    wanted = distribution(labels, scores.shape[-1]).argmax(-1)
    rows = zip(scores.reshape(-1, scores.shape[-1]), wanted.ravel(), strict=True)
    found = [max(s + (op.margin if c != k else 0) for c, s in enumerate(row)) - row[k] for row, k in rows]
    return np.array(found).reshape(wanted.shape)


def sigmoid_cross_entropy(op: Any, logits: Any, labels: Any) -> np.ndarray:
    smoothing = getattr(op, "label_smoothing", 0.0)
    (wanted,) = f64(labels)
    return oracles_train.sigmoid_cross_entropy(op, logits, wanted * (1 - smoothing) + smoothing / 2)


def sigmoid_focal(op: Any, logits: Any, labels: Any) -> np.ndarray:
    x, y = f64(logits, labels)
    p = 1 / (1 + np.exp(-x))
    right = p * y + (1 - p) * (1 - y)
    factor = 1 if op.alpha is None else op.alpha * y + (1 - op.alpha) * (1 - y)
    return factor * (1 - right) ** op.gamma * (np.logaddexp(0, x) - y * x)


def binary_log_loss(op: Any, probabilities: Any, labels: Any) -> np.ndarray:
    p, y = f64(probabilities, labels)
    p = np.clip(p, np.finfo(np.float32).eps, 1 - np.finfo(np.float32).eps)
    return -y * np.log(p) - (1 - y) * np.log(1 - p)


def hinge(op: Any, logits: Any, labels: Any) -> np.ndarray:
    x, y = f64(logits, labels)
    found = np.maximum(0, 1 - (2 * y - 1) * x)
    return found**2 if op.squared else found


def perceptron(op: Any, logits: Any, labels: Any) -> np.ndarray:
    x, y = f64(logits, labels)
    return np.maximum(0, -(2 * y - 1) * x)


def mean_absolute_error(op: Any, predictions: Any, targets: Any) -> np.ndarray:
    a, b = f64(predictions, targets)
    return np.abs(a - b)


def huber(op: Any, predictions: Any, targets: Any) -> np.ndarray:
    size = mean_absolute_error(op, predictions, targets)
    return np.where(size <= op.delta, size**2 / 2, op.delta * (size - op.delta / 2))


def log_cosh(op: Any, predictions: Any, targets: Any) -> np.ndarray:
    a, b = f64(predictions, targets)
    return np.log(np.cosh(a - b))


def pinball(op: Any, predictions: Any, targets: Any) -> np.ndarray:
    a, b = f64(predictions, targets)
    return np.where(b > a, op.quantile * (b - a), (1 - op.quantile) * (a - b))


def gaussian_nll(op: Any, mean: Any, log_variance: Any, targets: Any) -> np.ndarray:
    m, s, t = f64(mean, log_variance, targets)
    deviation = np.exp(s / 2)
    density = np.exp(-(((t - m) / deviation) ** 2) / 2) / (deviation * np.sqrt(2 * np.pi))
    return -np.log(density) - (0 if op.full else np.log(np.sqrt(2 * np.pi)))


def poisson_nll(op: Any, log_rate: Any, targets: Any) -> np.ndarray:
    r, t = f64(log_rate, targets)
    return np.exp(r) - t * r + (np.vectorize(lgamma)(t + 1) if op.full else 0)


def kl_divergence(op: Any, log_predictions: Any, targets: Any) -> np.ndarray:
    logs, t = f64(log_predictions, targets)
    terms = np.where(t > 0, t * np.log(np.where(t > 0, t, 1)) - t * logs, 0)
    return terms.sum(-1) + ((np.exp(logs) - t).sum(-1) if op.generalized else 0)


def gaussian_kl(op: Any, mean: Any, log_variance: Any, prior_mean: Any = 0.0, prior_log_variance: Any = 0.0) -> np.ndarray:
    m, s, pm, ps = f64(mean, log_variance, prior_mean, prior_log_variance)
    v, w = np.exp(s), np.exp(ps)
    return (np.log(w / v) + (v + (m - pm) ** 2) / w - 1).sum(-1) / 2


def cosine_distance(op: Any, predictions: Any, targets: Any) -> np.ndarray:
    a, b = f64(predictions, targets)
    return 1 - (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)


def triplet(op: Any, anchor: Any, positive: Any, negative: Any) -> np.ndarray:
    a, p, n = f64(anchor, positive, negative)
    near, far = (((a - x) ** 2).sum(-1) + op.epsilon for x in (p, n))
    return np.maximum(0, op.margin + (near - far if op.squared else np.sqrt(near) - np.sqrt(far)))


def contrastive(op: Any, left: Any, right: Any, same: Any) -> np.ndarray:
    a, b, y = f64(left, right, same)
    d = np.linalg.norm(a - b, axis=-1)
    return y * d**2 + (1 - y) * np.maximum(0, op.margin - d) ** 2


def _cosines(op: Any, *sides: Any) -> np.ndarray:
    rows = np.concatenate(f64(*sides))
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return rows @ rows.T / op.temperature


def _found(scores: np.ndarray, own: int) -> float:
    return float(np.log(np.exp(scores).sum()) - scores[own])


def info_nce(op: Any, left: Any, right: Any) -> np.ndarray:
    n = len(left)
    s = _cosines(op, left, right)
    return np.array([(_found(s[i, n:], i) + _found(s[n + i, :n], i)) / 2 for i in range(n)])


def nt_xent(op: Any, left: Any, right: Any) -> np.ndarray:
    n = len(left)
    s = _cosines(op, left, right)

    def row(i: int) -> float:
        others = [j for j in range(2 * n) if j != i]
        return _found(s[i, others], others.index((i + n) % (2 * n)))

    return np.array([(row(i) + row(n + i)) / 2 for i in range(n)])


def ctc(op: Any, logits: Any, labels: Any, lengths: Any = None, label_lengths: Any = None) -> np.ndarray:
    """By the chance of having spelt each beginning of the labels, ending in a blank or in a label."""
    p, found = shares(logits), []
    for i, row in enumerate(np.asarray(labels)):
        steps = p.shape[1] if lengths is None else int(lengths[i])
        want = [int(k) for k in (row if label_lengths is None else row[: int(label_lengths[i])])]
        blank, spoken = [1.0] + [0.0] * len(want), [0.0] * (len(want) + 1)
        for t in range(steps):
            said = p[i, t]
            after_blank = [(blank[k] + spoken[k]) * said[op.blank] for k in range(len(want) + 1)]
            after = [0.0]
            for k, c in enumerate(want, 1):
                again = spoken[k - 1] if k > 1 and want[k - 2] != c else 0.0
                after.append((spoken[k] + blank[k - 1] + again) * said[c])
            blank, spoken = after_blank, after
        chance = blank[-1] + spoken[-1]
        found.append(-np.log(chance) if chance > 0 else np.inf)
    return np.array(found)


def _overlap(op: Any, said: np.ndarray, truth: np.ndarray) -> float:
    both = (said * truth).sum()
    whole = both + op.alpha * (said * (1 - truth)).sum() + op.beta * ((1 - said) * truth).sum()
    return 1 - (both + op.smooth) / (whole + op.smooth)


def dice(op: Any, logits: Any, labels: Any, mask: Any = None) -> np.ndarray:
    p, labels = shares(logits), np.asarray(labels)
    classes = p.shape[-1]
    counts = np.ones(p.shape[:-1], bool) if mask is None else np.asarray(mask) != 0
    counts = counts & (labels != op.ignore) if op.ignore is not None else counts
    truth = distribution(labels, classes)
    weights = np.ones(classes) if op.class_weights is None else np.asarray(op.class_weights)
    rows = [[_overlap(op, p[i][counts[i]][:, c], truth[i][counts[i]][:, c]) for c in range(classes)] for i in range(len(p))]
    return np.asarray(rows) @ weights / weights.sum()


def binary_dice(op: Any, logits: Any, labels: Any, mask: Any = None) -> np.ndarray:
    x, truth = f64(logits, labels)
    counts = np.ones(x.shape, bool) if mask is None else np.asarray(mask) != 0
    said = 1 / (1 + np.exp(-x))
    return np.array([_overlap(op, said[i][counts[i]], truth[i][counts[i]]) for i in range(len(x))])


LOSSES: dict[str, Callable[..., np.ndarray]] = {
    oracle.__name__: oracle
    for oracle in (
        *(softmax_cross_entropy, softmax_focal, poly_cross_entropy, log_loss, multiclass_hinge),
        *(sigmoid_cross_entropy, sigmoid_focal, binary_log_loss, hinge, perceptron),
        *(mean_absolute_error, huber, log_cosh, pinball, oracles_train.mean_squared_error),
        *(gaussian_nll, poisson_nll, kl_divergence, gaussian_kl),
        *(cosine_distance, triplet, contrastive, info_nce, nt_xent, ctc, dice, binary_dice),
    )
}
