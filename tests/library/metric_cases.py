"""Metrics on one set of data, whole and in seven uneven batches. As a program it writes what they come to on all devices there are."""

from __future__ import annotations

import json
import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.library.losses.regression import MeanAbsoluteError, MeanSquaredError
from netspec.library.metrics.accuracy import Accuracy, SequenceExact, TopKAccuracy
from netspec.library.metrics.binary import BinaryAccuracy, BinaryF1, BinaryIou, BinaryPrecision, BinaryRecall
from netspec.library.metrics.calibration import CalibrationError
from netspec.library.metrics.classes import F1, ConfusionMatrix, Iou, Precision, Recall
from netspec.library.metrics.means import Mean, Perplexity
from netspec.library.metrics.ranking import Auprc, Auroc
from netspec.library.metrics.regression import R2
from netspec.library.metrics.token_sequences import Bleu, EditDistance
from netspec.lower.batch_statistics import finish_sums, merge
from netspec.lower.devices import all_devices
from tests.library.scope import TestScope

N = 203
CUTS = (1, 9, 10, 47, 100, 180)
WEIGHTS = ("all", "mask", "weights")
RNG = np.random.default_rng(3)
LOGITS = (RNG.normal(size=(N, 4, 6)) * 2).astype(np.float32)
CLASSES = np.where(RNG.random((N, 4)) < 0.5, LOGITS.argmax(-1), RNG.integers(0, 5, (N, 4))).astype(np.int32)
SCORES = (RNG.normal(size=(N, 3)) * 2).astype(np.float32)
TRUTH = RNG.random((N, 3)) < 1 / (1 + np.exp(-SCORES))
TARGETS = (RNG.normal(size=(N, 3)) + [0, 100, -3]).astype(np.float32)
SAID = (TARGETS + RNG.normal(size=(N, 3)) * 0.3).astype(np.float32)
WORDS = RNG.integers(2, 6, (N, 9)).astype(np.int32)
WRITTEN = np.where(RNG.random((N, 9)) < 0.8, WORDS, RNG.integers(1, 6, (N, 9))).astype(np.int32)
SECOND = np.where(RNG.random((N, 9)) < 0.6, WORDS, 0).astype(np.int32)
LENGTHS = {"prediction_length": RNG.integers(0, 10, N).astype(np.int32), "target_length": RNG.integers(0, 8, N).astype(np.int32)}

Case = tuple[Any, tuple[np.ndarray, ...], dict[str, np.ndarray], tuple[int, ...]]
"""A metric, its inputs, its optional ones, and the shape of its weights."""


def case(op: Any, arrays: tuple[np.ndarray, ...], named: dict[str, np.ndarray] | None = None, axes: int = 1) -> Case:
    return op, arrays, named or {}, arrays[0].shape[:axes]


CASES: list[Case] = [
    *(case(op, (LOGITS, CLASSES), axes=2) for op in (Accuracy(), TopKAccuracy(k=2), Perplexity())),
    *(case(op(average=how), (LOGITS, CLASSES), axes=2) for op in (Precision, Recall, F1, Iou) for how in ("macro", "micro", "none")),
    *(case(F1(**more), (LOGITS, CLASSES), axes=2) for more in ({"average": "weighted"}, {"of": 3})),
    *(case(ConfusionMatrix(normalize=how), (LOGITS, CLASSES), axes=2) for how in ("none", "labels", "predictions", "all")),
    *(case(CalibrationError(norm=how), (LOGITS, CLASSES), axes=2) for how in ("mean", "square", "max")),
    *(case(op(threshold=0.7), (SCORES, TRUTH), axes=2) for op in (BinaryAccuracy, BinaryPrecision, BinaryRecall, BinaryF1, BinaryIou)),
    *(case(op(average=how, bins=64), (SCORES, TRUTH), axes=2) for op in (Auroc, Auprc) for how in ("all", "outputs", "none")),
    *(case(R2(average=how), (SAID, TARGETS), axes=2) for how in ("all", "outputs", "none")),
    *(case(op, (SAID, TARGETS), axes=2) for op in (MeanAbsoluteError(), MeanSquaredError())),
    case(Mean(), (SAID,), axes=2),
    case(SequenceExact(), (WRITTEN, WORDS)),
    *(case(EditDistance(normalize=how), (WRITTEN, WORDS[:, :8])) for how in ("none", "sequence")),
    case(EditDistance(normalize="corpus"), (WRITTEN, WORDS[:, :8]), LENGTHS),
    case(EditDistance(end=2), (WRITTEN, WORDS)),
    *(case(op, (WRITTEN, WORDS[:, :8]), LENGTHS) for op in (Bleu(order=2), Bleu(smooth=True))),
    case(Bleu(), (WRITTEN, WORDS)),
    case(Bleu(end=0), (WRITTEN, np.stack([WORDS, SECOND], 1))),
]


def weight(shape: tuple[int, ...], how: str) -> np.ndarray:
    """All the same, a mask, or fractions."""
    rng = np.random.default_rng(7)
    mask = rng.random(shape) < 0.7
    return {"all": np.ones(shape), "mask": mask, "weights": mask * rng.random(shape)}[how].astype(np.float32)


def statistics(op: Any, arrays: Any, weight: Any, named: Any) -> Any:
    """What one batch adds to an evaluation, as a step computes it."""
    values = op.apply(TestScope(), *arrays, **named)
    spread = jnp.broadcast_to(weight.reshape(weight.shape + (1,) * (values.ndim - weight.ndim)), values.shape)
    return op.statistics(jnp.where(spread == 0, 0, values), spread)


Batch = list[Any]
"""Of each of some metrics: inputs, weights, optional inputs."""


class Program:
    """All of some metrics as one program, which compiles faster than one for each."""

    def __init__(self, ops: list[Any]) -> None:
        self.step = jax.jit(lambda batch: tuple(statistics(op, *given) for op, given in zip(ops, batch, strict=True)))
        self.ends = jax.jit(lambda sums: {f"{i:03}": op.finish(s) for i, (op, s) in enumerate(zip(ops, sums, strict=True))})

    def finish(self, sums: Any) -> list[Any]:
        return list(finish_sums(self.ends, sums).values())


def inputs(cases: list[Case], how: str) -> Batch:
    return [(arrays, weight(shape, how), named) for _, arrays, named, shape in cases]


def padded(x: np.ndarray, first: int, last: int, size: int) -> np.ndarray:
    """Examples first .. last-1, filled up to the size of the whole set with copies of the last one."""
    return x[np.minimum(np.arange(first, first + size), last - 1)]


def batches(cases: list[Case], how: str, size: int = N) -> list[Batch]:
    """Seven uneven ones of one shape, as an evaluation makes them: what fills them up has weight 0."""
    found = []
    for first, last in zip((0, *CUTS), (*CUTS, N), strict=True):
        batch = jax.tree.map(lambda x, a=first, b=last: padded(x, a, b, size), inputs(cases, how))
        counts = np.arange(size) < last - first
        found.append([(arrays, w * counts.reshape(-1, *(1,) * (w.ndim - 1)), named) for arrays, w, named in batch])
    return found


def summed(step: Any, batches: list[Batch]) -> Any:
    parts = [step(batch) for batch in batches]
    total = parts[0]
    for part in parts[1:]:
        total = merge(total, part)
    return total


def main(file: str) -> None:
    """Seven batches of 80 split over the devices."""
    place, program = all_devices(), Program([op for op, *_ in CASES])
    known = jax.tree.structure(inputs(CASES, "all"))
    run = place.jit(lambda leaves: program.step(jax.tree.unflatten(known, leaves.values())))

    def step(batch: Batch) -> Any:
        leaves = {f"{i:04}": x for i, x in enumerate(jax.tree.leaves(batch))}
        return run(place.batch(leaves, list(leaves)))

    found = {how: program.finish(summed(step, batches(CASES, how, 80))) for how in WEIGHTS}
    with open(file, "w", encoding="utf-8") as out:
        json.dump({"devices": len(jax.devices()), **found}, out)


if __name__ == "__main__":
    main(sys.argv[1])
