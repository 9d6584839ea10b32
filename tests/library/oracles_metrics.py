"""NumPy and scikit-learn oracles of metrics: the values of the single ones, and the numbers of whole evaluations, in f64."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import metrics as sk

from tests.library.oracles_train import ORACLES


def numbers_of(labels: Any) -> np.ndarray:
    labels = np.asarray(labels)
    return labels if labels.dtype.kind in "iu" else labels.astype(np.float64).argmax(-1)


def chances(logits: Any) -> np.ndarray:
    x = np.asarray(logits).astype(np.float64)
    powers = np.exp(x - x.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def yes(labels: Any) -> np.ndarray:
    return np.asarray(labels).astype(np.float64) >= 0.5


# --- values ------------------------------------------------------------------------------------------------------------


def one_hot_pair(op: Any, logits: Any, labels: Any) -> np.ndarray:
    rows = np.eye(np.shape(logits)[-1], dtype=np.int64)
    return np.stack([rows[np.asarray(logits).astype(np.float64).argmax(-1)], rows[numbers_of(labels)]], -2)


def answers(op: Any, logits: Any, labels: Any) -> np.ndarray:
    said = 1 / (1 + np.exp(-np.asarray(logits).astype(np.float64))) > op.threshold
    return np.stack([said, yes(labels)], -1).astype(np.int64)


def scored(op: Any, scores: Any, labels: Any) -> np.ndarray:
    x = np.asarray(scores).astype(np.float64)
    return np.stack([x if op.probabilities else 1 / (1 + np.exp(-x)), yes(labels)], -1)


def confidence(op: Any, logits: Any, labels: Any) -> np.ndarray:
    p = chances(logits)
    return np.stack([p.max(-1), p.argmax(-1) == numbers_of(labels)], -1)


def pair(op: Any, predictions: Any, targets: Any) -> np.ndarray:
    return np.stack([np.asarray(x).astype(np.float64) for x in (predictions, targets)], -1)


def cut(op: Any, tokens: Any, lengths: Any) -> list[list[int]]:
    """The sequences as lists of what counts of them."""
    rows = np.asarray(tokens).reshape(-1, np.shape(tokens)[-1])
    sizes = np.full(len(rows), rows.shape[1]) if lengths is None else np.asarray(lengths).reshape(-1)
    found = [list(map(int, row[: max(size, 0)])) for row, size in zip(rows, sizes, strict=True)]
    return [row[: row.index(op.end)] if op.end in row else row for row in found]


def levenshtein(left: list[int], right: list[int]) -> int:
    """By the definition's own recurrence, with a whole table."""
    table = np.zeros((len(left) + 1, len(right) + 1), int)
    table[:, 0], table[0, :] = range(len(left) + 1), range(len(right) + 1)
    for i, a in enumerate(left, 1):
        for k, b in enumerate(right, 1):
            table[i, k] = min(table[i - 1, k] + 1, table[i, k - 1] + 1, table[i - 1, k - 1] + (a != b))
    return int(table[-1, -1])


def edit_distance(op: Any, prediction: Any, target: Any, **lengths: Any) -> np.ndarray:
    said, so = cut(op, prediction, lengths.get("prediction_length")), cut(op, target, lengths.get("target_length"))
    edits = [levenshtein(a, b) for a, b in zip(said, so, strict=True)]
    rows = [(n, len(b), n / max(len(b), 1)) for n, b in zip(edits, so, strict=True)]
    return np.array(rows, float).reshape(*np.shape(prediction)[:-1], 3)


def grams(tokens: list[int], size: int) -> Counter:
    return Counter(tuple(tokens[i : i + size]) for i in range(len(tokens) - size + 1))


def bleu_counts(op: Any, prediction: Any, target: Any, **lengths: Any) -> np.ndarray:
    """Papineni et al. 2002, section 2: modified n-gram precision with clipped counts, and the best match length."""
    said = cut(op, prediction, lengths.get("prediction_length"))
    several = np.shape(target)[-2] if np.ndim(target) > np.ndim(prediction) else 1
    references = cut(op, target, lengths.get("target_length"))
    rows = []
    for i, candidate in enumerate(said):
        own = references[i * several : (i + 1) * several]
        right, every = [], []
        for size in range(1, op.order + 1):
            counts = grams(candidate, size)
            right.append(sum(min(n, max(grams(r, size)[gram] for r in own)) for gram, n in counts.items()))
            every.append(max(len(candidate) - size + 1, 0))
        length = min((len(r) for r in own if r), key=lambda n: (abs(n - len(candidate)), n), default=0)
        rows.append([*right, *every, len(candidate), length])
    return np.array(rows, float).reshape(*np.shape(prediction)[:-1], 2 * op.order + 2)


VALUES: dict[str, Callable[..., np.ndarray]] = {
    **dict.fromkeys(("precision", "recall", "f1", "iou", "confusion_matrix"), one_hot_pair),
    **dict.fromkeys(("binary_accuracy", "binary_precision", "binary_recall", "binary_f1", "binary_iou"), answers),
    **dict.fromkeys(("auroc", "auprc"), scored),
    "calibration_error": confidence,
    "r2": pair,
    "edit_distance": edit_distance,
    "bleu": bleu_counts,
}


# --- whole evaluations -------------------------------------------------------------------------------------------------


def by_class(score: Callable[..., Any]) -> Callable[..., Any]:
    def number(op: Any, logits: Any, labels: Any, weight: Any) -> Any:
        so, said, w = (np.ravel(x) for x in (numbers_of(labels), np.asarray(logits).argmax(-1), weight))
        common: Any = {"sample_weight": w, "zero_division": 0}
        if op.of is not None:
            return score(so, said, labels=[op.of], average=None, **common)[0]
        if op.average == "none":
            return score(so, said, labels=range(np.shape(logits)[-1]), average=None, **common)
        return score(so[w > 0], said[w > 0], average=op.average, sample_weight=w[w > 0], zero_division=0)

    return number


def confusion(op: Any, logits: Any, labels: Any, weight: Any) -> np.ndarray:
    so, said, w = (np.ravel(x) for x in (numbers_of(labels), np.asarray(logits).argmax(-1), weight))
    how = {"none": None, "labels": "true", "predictions": "pred", "all": "all"}[op.normalize]
    return sk.confusion_matrix(so, said, labels=range(np.shape(logits)[-1]), sample_weight=w, normalize=how)


def of_answers(score: Callable[..., Any], **more: Any) -> Callable[..., Any]:
    def number(op: Any, logits: Any, labels: Any, weight: Any) -> Any:
        said, so = np.moveaxis(answers(op, logits, labels).reshape(-1, 2), -1, 0)
        return score(so, said, sample_weight=np.ravel(weight), **more)

    return number


def of_outputs(op: Any, number: Callable[..., float], *arrays: np.ndarray) -> Any:
    """All numbers together, or each output by itself and perhaps their mean."""
    if op.average == "all":
        return number(*(x.ravel() for x in arrays))
    each = [number(*(x.reshape(-1, x.shape[-1])[:, i] for x in arrays)) for i in range(arrays[0].shape[-1])]
    return np.array(each) if op.average == "none" else np.nanmean(each)


def ranked(score: Callable[..., Any]) -> Callable[..., Any]:
    """Of the scores cut to their bins, of which scikit-learn sorts every single one."""

    def number(op: Any, scores: Any, labels: Any, weight: Any) -> Any:
        values = scored(op, scores, labels)
        binned = np.floor(values[..., 0].astype(np.float32) * np.float32(op.bins))
        return of_outputs(op, lambda p, y, w: score(y, p, sample_weight=w), binned, values[..., 1], np.asarray(weight, float))

    return number


def calibration(op: Any, logits: Any, labels: Any, weight: Any) -> float:
    """Guo et al. 2017, bin by bin."""
    sure, right = np.moveaxis(confidence(op, logits, labels).reshape(-1, 2), -1, 0)
    w, gaps = np.ravel(weight).astype(float), []
    for i in range(op.bins):
        inside = (sure > i / op.bins) & (sure <= (i + 1) / op.bins)
        if w[inside].sum():
            gap = abs(np.average(sure[inside], weights=w[inside]) - np.average(right[inside], weights=w[inside]))
            gaps.append((gap, w[inside].sum() / w.sum()))
    if op.norm == "max":
        return max(gap for gap, _ in gaps)
    return sum(g * s for g, s in gaps) if op.norm == "mean" else sum(g * g * s for g, s in gaps) ** 0.5


def r2(op: Any, predictions: Any, targets: Any, weight: Any) -> Any:
    arrays = (*(np.asarray(x).astype(np.float64) for x in (predictions, targets)), np.asarray(weight, float))
    return of_outputs(op, lambda p, t, w: sk.r2_score(t, p, sample_weight=w), *arrays)


def mean_edits(op: Any, prediction: Any, target: Any, weight: Any, **lengths: Any) -> float:
    edits, long, shares = np.moveaxis(edit_distance(op, prediction, target, **lengths).reshape(-1, 3), -1, 0)
    w = np.ravel(weight)
    if op.normalize == "corpus":
        return (w * edits).sum() / (w * long).sum()
    return np.average(shares if op.normalize == "sequence" else edits, weights=w)


def bleu(op: Any, prediction: Any, target: Any, weight: Any, **lengths: Any) -> float:
    """Section 2.3: BP * exp(sum of 1/N log p_n); with `smooth` one is added above and below for n > 1 (Lin and Och 2004)."""
    counts = bleu_counts(op, prediction, target, **lengths).reshape(-1, 2 * op.order + 2)
    total = (counts * np.ravel(weight)[:, None]).sum(0)
    shares = []
    for n in range(op.order):
        more = 1 if op.smooth and n else 0
        if total[n] + more == 0:
            return 0.0
        shares.append((total[n] + more) / (total[op.order + n] + more))
    c, r = total[-2:]
    return float((1.0 if c >= r else np.exp(1 - r / c)) * np.exp(np.mean(np.log(shares))))


def mean_of_values(op: Any, *arrays: Any) -> float:
    *inputs, weight = arrays
    return float(np.average(ORACLES[op.op_name()](op, *inputs), weights=weight))


WHOLE: dict[str, Callable[..., Any]] = {
    "accuracy": mean_of_values,
    "top_k_accuracy": mean_of_values,
    "sequence_exact": mean_of_values,
    "mean": mean_of_values,
    "mean_absolute_error": lambda op, p, t, w: sk.mean_absolute_error(np.ravel(t), np.ravel(p), sample_weight=np.ravel(w)),
    "mean_squared_error": lambda op, p, t, w: sk.mean_squared_error(np.ravel(t), np.ravel(p), sample_weight=np.ravel(w)),
    "perplexity": lambda op, *arrays: np.exp(mean_of_values(op, *arrays)),
    "precision": by_class(sk.precision_score),
    "recall": by_class(sk.recall_score),
    "f1": by_class(sk.f1_score),
    "iou": by_class(sk.jaccard_score),
    "confusion_matrix": confusion,
    "binary_accuracy": of_answers(sk.accuracy_score),
    "binary_precision": of_answers(sk.precision_score, zero_division=0),
    "binary_recall": of_answers(sk.recall_score, zero_division=0),
    "binary_f1": of_answers(sk.f1_score, zero_division=0),
    "binary_iou": of_answers(sk.jaccard_score, zero_division=0),
    "auroc": ranked(sk.roc_auc_score),
    "auprc": ranked(sk.average_precision_score),
    "calibration_error": calibration,
    "r2": r2,
    "edit_distance": mean_edits,
    "bleu": bleu,
}
