"""Metrics at their edges: sums that f32 would lose, ties, nothing that counts, labels that are no class."""

from __future__ import annotations

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from netspec.library.base import Measure
from netspec.library.metrics.accuracy import Accuracy
from netspec.library.metrics.binary import BinaryAccuracy, BinaryF1, BinaryRecall
from netspec.library.metrics.calibration import CalibrationError
from netspec.library.metrics.classes import F1, ConfusionMatrix, Iou, Precision
from netspec.library.metrics.exact_sums import SMALL, number, product, sum_precise, tally
from netspec.library.metrics.ranking import Auprc, Auroc
from netspec.library.metrics.regression import R2
from netspec.library.metrics.token_sequences import Bleu, EditDistance
from netspec.library.shelf.index_writer import classes
from netspec.lower.batch_statistics import finish_sums, merge
from netspec.testing.case import Case
from netspec.testing.checks import hold, require
from tests.library import metric_cases as data
from tests.library.metric_cases import CLASSES, LOGITS, SCORES, TRUTH, WORDS, WRITTEN
from tests.library.oracles_metrics import WHOLE
from tests.library.scope import TestScope

SOFT = ([[0.2, 0.7, 0.1], [0.4, 0.2, 0.4], [0.0, 0.0, 1.0]], [1, 0, 2])
"""Labels as probabilities, one of them undecided, and the classes that they count as."""


def test_labels_of_probabilities_count_as_their_largest_class() -> None:
    """The first of equal ones, as in predictions."""
    logits = jnp.asarray([[0.0, 2.0, 1.0], [3.0, 1.0, 3.0], [1.0, 0.0, 0.0]])
    soft, hard = jnp.asarray(SOFT[0]), jnp.asarray(SOFT[1], jnp.int32)
    for metric in (Accuracy(), Precision(), F1(), Iou(), ConfusionMatrix(), CalibrationError()):
        found, wanted = (metric.apply(TestScope(), logits, labels) for labels in (soft, hard))
        np.testing.assert_array_equal(found, wanted)
    np.testing.assert_array_equal(Accuracy().apply(TestScope(), logits, soft), [1, 1, 0])


def close(found: Any, expected: Any, rel: float = 1e-6) -> None:
    np.testing.assert_allclose(np.asarray(found, np.float64), np.asarray(expected, np.float64), rtol=rel, atol=1e-9)


# --- sums --------------------------------------------------------------------------------------------------------------
def test_counts_stay_exact_beyond_what_f32_counts() -> None:
    """2**24 + 1 is no f32: neither one batch nor the sum of batches may round it."""
    batch = jax.jit(lambda n: tally(jnp.ones(n, jnp.float32)), static_argnums=0)(2**24 + 1)
    assert int(batch["whole"]) == 2**24 + 1 and float(batch["rest"]) == 0
    total = merge(batch, batch)
    assert finish_sums(jax.jit(lambda s: {"value": number(s)}), total)["value"] == 2**25 + 2
    assert finish_sums(jax.jit(lambda s: {"value": number(s)}), batch)["value"] == 2**24 + 1


def test_a_tally_takes_any_number() -> None:
    numbers = np.array([0.25, 3, -2, SMALL, SMALL + 1, 1e9, 0.1], np.float32)
    found = jax.tree.map(np.asarray, jax.jit(tally)(numbers))
    assert int(found["whole"]) == 3 - 2 + SMALL
    close(found["whole"] + found["rest"].astype(np.float64), numbers.astype(np.float64).sum(), 1e-7)
    assert np.isnan(np.asarray(jax.jit(tally)(np.full(7, np.nan, np.float32))["rest"]))


def test_two_floats_add_what_one_loses() -> None:
    x = (1000 + np.random.default_rng(0).normal(size=20_000)).astype(np.float32)
    high, low = jax.jit(lambda x: sum_precise(*product(x, x), (0,)))(x)
    exact = (x.astype(np.float64) ** 2).sum()
    assert abs(float(high) + float(low) - exact) < 1e-12 * exact
    assert abs(float(np.sum(x * x)) - exact) > 1e-9 * exact


def test_r2_does_not_lose_what_is_far_from_zero() -> None:
    """Targets around 0, 1,000 and 10,000 with a deviation of 1, in five batches."""
    rng, op = np.random.default_rng(1), R2(average="none")
    targets = (rng.normal(size=(5000, 3)) + [0, 1e3, 1e4]).astype(np.float32)
    said = (targets + rng.normal(size=(5000, 3)) * 0.5).astype(np.float32)
    program, ones = data.Program([op]), np.ones((1000, 3), np.float32)
    batches = [[(pair, ones, {})] for pair in zip(np.split(said, 5), np.split(targets, 5), strict=True)]
    close(program.finish(data.summed(program.step, batches))[0], WHOLE["r2"](op, said, targets, np.ones((5000, 3))))


# --- edges: as one program, since each metric alone would compile for itself --------------------------------------------
GRID = (np.random.default_rng(2).integers(0, 4097, 3000) / 4096).astype(np.float32)
TIES = np.round(GRID * 8) / 8
LIKELY = np.random.default_rng(4).random(3000) < GRID
SURE = (np.random.default_rng(5).normal(size=3000) * 3).astype(np.float32)
THREE = np.array([0.1, 2.0, -1.0], np.float32)
LABELLED = (np.eye(3, dtype=np.float32)[[0, 1, 2, 2]], np.array([0, -1, 3, 2], np.int32))
"""The second label and the third are no classes."""
ENDS = (np.array([-50.0, 0.0, 50.0], np.float32), np.array([0, 0, 1], np.int32))
OUTPUTS = (np.stack([THREE, [1.0, 2.0, 3.0]], 1).astype(np.float32), np.array([[0, 0], [1, 0], [0, 0]], bool))
SAME = np.full(7, 0.1, np.float32)
HOT = np.eye(6, dtype=np.float32)[CLASSES]
NOTHING = [(F1(), (LOGITS, CLASSES)), (Iou(average="micro"), (LOGITS, CLASSES)), (CalibrationError(), (LOGITS, CLASSES))]
NOTHING += [(BinaryF1(), (SCORES, TRUTH)), (EditDistance(), (WRITTEN, WORDS)), (Bleu(), (WRITTEN, WORDS)), (Accuracy(), (LOGITS, CLASSES))]
EDGES: dict[str, tuple[Any, tuple[np.ndarray, ...]]] = {
    **{f"same {k}": (R2(), ((SAME + k).astype(np.float32), SAME)) for k in (0, 1)},
    **{f"{op.op_name()} grid": (op, (GRID, LIKELY)) for op in (Auroc(probabilities=True), Auprc(probabilities=True))},
    **{f"{op.op_name()} ties": (op, (TIES, LIKELY)) for op in (Auroc(probabilities=True), Auprc(probabilities=True))},
    **{f"bins {bins}": (Auroc(bins=bins), (SURE, LIKELY)) for bins in (16, 256, 4096)},
    **{f"{op.op_name()} without yes": (op, (THREE, np.zeros(3, bool))) for op in (Auroc(), Auprc())},
    **{f"{op.op_name()} one yes": (op, (THREE, np.array([0, 1, 0], np.int32))) for op in (Auroc(), Auprc())},
    **{f"{op.op_name()} nan": (op, (np.array([0.1, np.nan, -1], np.float32), ENDS[1])) for op in (Auroc(), Auprc())},
    "all yes": (Auroc(), (THREE, np.ones(3, bool))),
    **{f"outputs {how}": (Auroc(average=how), OUTPUTS) for how in ("outputs", "none")},  # type: ignore[arg-type]
    "rows": (ConfusionMatrix(), LABELLED),
    "predictions": (Precision(average="none"), LABELLED),
    "right": (Accuracy(), LABELLED),
    **{
        f"{op.op_name()} {k}": (op, (LOGITS, y))
        for op in (F1(), ConfusionMatrix(), CalibrationError())
        for k, y in enumerate((HOT, CLASSES))
    },
    **{
        f"{op.op_name()} above {op.threshold}": (op, ENDS)
        for op in (BinaryRecall(threshold=0), BinaryRecall(threshold=1), BinaryAccuracy())
    },
    **{f"nothing {op.op_name()}": (op, arrays) for op, arrays in NOTHING},
    "bleu perfect": (Bleu(), (WORDS, WORDS)),
    "bleu short": (Bleu(), (WORDS[:, :3], WORDS)),
    "edits perfect": (EditDistance(), (WORDS, WORDS)),
}


@cache
def edges() -> dict[str, Any]:
    program = data.Program([op for op, _ in EDGES.values()])
    batch = [(x, np.full(len(x[0]), "nothing" not in name, np.float32), {}) for name, (_, x) in EDGES.items()]
    return dict(zip(EDGES, program.finish(program.step(batch)), strict=True))


def test_targets_that_are_all_the_same() -> None:
    assert (edges()["same 0"], edges()["same 1"]) == (1, 0)


@pytest.mark.parametrize(("name", "oracle"), [("auroc", roc_auc_score), ("auprc", average_precision_score)])
def test_probabilities_on_the_grid_give_the_exact_number(name: str, oracle: Any) -> None:
    close(edges()[f"{name} grid"], oracle(LIKELY, GRID), 1e-12)
    close(edges()[f"{name} ties"], oracle(LIKELY, TIES), 1e-12)


@pytest.mark.parametrize("bins", [16, 256, 4096])
def test_other_scores_are_within_the_bound(bins: int) -> None:
    places = np.floor(1 / (1 + np.exp(-SURE)) * np.float32(bins)).astype(int)
    together = np.bincount(places[LIKELY], minlength=bins + 1) * np.bincount(places[~LIKELY], minlength=bins + 1)
    error = abs(edges()[f"bins {bins}"] - roc_auc_score(LIKELY, SURE))
    assert error <= together.sum() / (LIKELY.sum() * (~LIKELY).sum()) / 2 + 1e-9


@pytest.mark.parametrize("name", ["auroc", "auprc"])
def test_without_any_yes_there_is_no_curve(name: str) -> None:
    assert np.isnan([edges()[f"{name} without yes"], edges()[f"{name} nan"], edges()["all yes"]]).all()
    assert edges()[f"{name} one yes"] == 1


def test_outputs_without_a_curve_are_left_out_of_the_mean() -> None:
    first, second = edges()["outputs none"]
    assert edges()["outputs outputs"] == first == 1 and np.isnan(second)


def test_a_label_that_is_no_class_is_in_no_row_but_no_prediction_is_right() -> None:
    assert edges()["rows"] == [[1, 0, 0], [0, 0, 0], [0, 0, 1]]
    assert edges()["predictions"] == [1, 0, 0.5] and edges()["right"] == 0.5


@pytest.mark.parametrize("name", ["f1", "confusion_matrix", "calibration_error"])
def test_one_hot_labels_count_as_their_class(name: str) -> None:
    assert edges()[f"{name} 0"] == edges()[f"{name} 1"]


def test_thresholds_at_the_ends() -> None:
    assert edges()["binary_recall above 1.0"] == 0 and edges()["binary_recall above 0.0"] == 1
    assert edges()["binary_accuracy above 0.5"] == 1, "undecided is no yes"


@pytest.mark.parametrize("name", [op.op_name() for op, _ in NOTHING])
def test_nothing_that_counts_gives_nought(name: str) -> None:
    assert edges()[f"nothing {name}"] == 0


def test_a_perfect_prediction() -> None:
    assert edges()["bleu perfect"] == pytest.approx(1) and edges()["edits perfect"] == 0
    assert edges()["bleu short"] == 0, "without any stretch of four there is nothing right of that length"


# --- sequences ---------------------------------------------------------------------------------------------------------
def test_papinenis_examples() -> None:
    """Example 2 (the the the …) has a unigram precision of 2/7; of candidates 1 and 2 of example 1, 17/18 and 8/14."""
    words: dict[str, int] = {}

    def ids(text: str, size: int) -> list[int]:
        found = [words.setdefault(word, len(words) + 1) for word in text.lower().split()]
        return found + [0] * (size - len(found))

    candidates = [
        "It is a guide to action which ensures that the military always obeys the commands of the party",
        "It is to insure the troops forever hearing the activity guidebook that party direct",
    ]
    references = [
        "It is a guide to action that ensures that the military will forever heed Party commands",
        "It is the guiding principle which guarantees the military forces always being under the command of the Party",
        "It is the practical guide for the army always to heed the directions of the party",
    ]
    said = [ids(candidate, 18) for candidate in ("the the the the the the the", *candidates)]
    wanted = [[ids(r, 18) for r in of] for of in (("The cat is on the mat", "There is a cat on the mat", ""), references, references)]
    counts = jax.jit(lambda said, so: Bleu(order=2, end=0).apply(TestScope(), said, so))(np.array(said), np.array(wanted))
    assert counts[0].tolist() == [2, 0, 7, 6, 7, 7]
    assert counts[1:, [0, 2]].tolist() == [[17, 18], [8, 14]] and counts[1:, [1, 3]].tolist() == [[10, 17], [1, 13]]


# --- slopes ----------------------------------------------------------------------------------------------------------


def has_a_slope_where_it_says_so(cls: type[Measure]) -> None:
    """A metric that counts or ranks has no gradient, and says that it is not `sloped`; what says so has one."""
    case = Case(cls.examples()[0])
    floats = [place for place, kind in enumerate(case.types) if kind.is_float]

    def result(given: list[Any]) -> Any:
        inputs = [given[floats.index(place)] if place in floats else x for place, x in enumerate(case.inputs)]
        values = case.run(*inputs)
        return jnp.sum(case.op.finish(case.op.statistics(values, jnp.ones(values.shape))))

    slopes = jax.grad(result)([jnp.asarray(case.inputs[place]) for place in floats]) if floats and cls.sloped else []
    require(not cls.sloped or any(np.any(np.asarray(x) != 0) for x in slopes), f"{cls.op_name()} is sloped, but has no gradient")


def test_metrics_say_whether_they_have_a_slope() -> None:
    hold([has_a_slope_where_it_says_so], *(cls for cls in classes() if issubclass(cls, Measure) and cls.kind == "metric"))
