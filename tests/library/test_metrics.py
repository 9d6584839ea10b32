"""Every metric beside scikit-learn or a NumPy oracle, with masks and weights, whole and in seven uneven batches; and their edges."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.labels import UnequalLabels
from netspec.diagnostics.metrics import NoOutputAxis, NoSuchClass, UnequalSequences
from netspec.diagnostics.training import LabelsShape, MaskShape, UnequalTargets
from netspec.library.base import BadArguments
from netspec.library.metrics.accuracy import Accuracy
from netspec.library.metrics.binary import BinaryAccuracy, BinaryF1, BinaryRecall
from netspec.library.metrics.calibration import CalibrationError
from netspec.library.metrics.classes import F1, ConfusionMatrix, Iou, Precision, Recall
from netspec.library.metrics.ranking import Auprc, Auroc
from netspec.library.metrics.regression import R2
from netspec.library.metrics.sequences import Bleu, EditDistance
from netspec.library.metrics.tallies import SMALL, number, precise, product, tallied
from netspec.lower.statistics import finished, merge
from netspec.shape import Facts
from tests.library import metric_cases as data
from tests.library.metric_cases import CASES, CLASSES, LOGITS, SCORES, TRUTH, WEIGHTS, WORDS, WRITTEN, N
from tests.library.oracles_metrics import WHOLE
from tests.library.scope import parse

ROOT = Path(__file__).resolve().parents[2]
EXACT = [i for i, (op, *_) in enumerate(CASES) if isinstance(op, ConfusionMatrix) and op.normalize == "none"]


def close(found: Any, expected: Any, rel: float = 1e-6) -> None:
    np.testing.assert_allclose(np.asarray(found, np.float64), np.asarray(expected, np.float64), rtol=rel, atol=1e-9)


@pytest.fixture(scope="module")
def found() -> dict[str, tuple[list[Any], list[Any]]]:
    """By weights: every case on the whole set, and in seven batches. All cases are one program."""
    step, finish = jax.jit(data.all_statistics), jax.jit(data.all_finished)
    ways = {how: (step(data.inputs(how)), data.summed(step, how)) for how in WEIGHTS}
    return {how: tuple(list(finished(finish, s).values()) for s in pair) for how, pair in ways.items()}  # type: ignore[misc]


@pytest.mark.parametrize("how", WEIGHTS)
@pytest.mark.parametrize("index", range(len(CASES)), ids=[f"{op.op_name()}-{i}" for i, (op, *_) in enumerate(CASES)])
def test_a_metric_is_its_oracle_whole_and_in_seven_batches(found: Any, index: int, how: str) -> None:
    op, arrays, named, shape = CASES[index]
    whole, parts = (numbers[index] for numbers in found[how])
    close(whole, WHOLE[op.op_name()](op, *arrays, data.weight(shape, how), **named))
    close(parts, whole)
    if index in EXACT and how != "weights":
        assert parts == whole


@pytest.mark.slow
def test_eight_devices_give_what_one_gives(found: Any, tmp_path: Path) -> None:
    file = tmp_path / "found.json"
    flags = {
        "XLA_FLAGS": "--xla_force_host_platform_device_count=8",
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "error",
    }
    command = [sys.executable, "-m", "tests.library.metric_cases", str(file)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **flags}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    eight = json.loads(file.read_text("utf-8"))
    assert eight["devices"] == 8
    for how in WEIGHTS:
        for index, (one, many) in enumerate(zip(found[how][0], eight[how], strict=True)):
            close(many, one)
            assert many == one or index not in EXACT or how == "weights"


# --- sums --------------------------------------------------------------------------------------------------------------
def test_counts_stay_exact_beyond_what_f32_counts() -> None:
    """2**24 + 1 is no f32; a sum of ones in f32 stops before it."""
    one = jax.jit(tallied)(jnp.ones(2**16 + 1))
    total = one
    for _ in range(9):
        total = merge(total, total)
    assert number(total) == 512 * (2**16 + 1) > 2**24
    assert np.float32(number(total)) != number(total)
    batch = jax.jit(lambda n: tallied(jnp.ones(n, jnp.float32)), static_argnums=0)(2**24 + 1)
    assert int(batch["whole"]) == 2**24 + 1 and float(batch["rest"]) == 0
    found = finished(jax.jit(lambda s: {"value": number(s)}), total)["value"]
    assert found == 512 * (2**16 + 1)


def test_a_tally_takes_any_number() -> None:
    numbers = np.array([0.25, 3, -2, SMALL, SMALL + 1, 1e9, 0.1], np.float32)
    found = tallied(jnp.asarray(numbers))
    assert int(found["whole"]) == 3 - 2 + SMALL
    close(number(merge(found, jax.tree.map(jnp.zeros_like, found))), numbers.astype(np.float64).sum(), 1e-7)
    assert np.isnan(number(tallied(jnp.array([1.0, jnp.nan]))))


def test_two_floats_add_what_one_loses() -> None:
    x = (1000 + np.random.default_rng(0).normal(size=20_000)).astype(np.float32)
    high, low = jax.jit(lambda x: precise(*product(x, x), (0,)))(x)
    exact = (x.astype(np.float64) ** 2).sum()
    assert abs(float(high) + float(low) - exact) < 1e-12 * exact
    assert abs(float(np.sum(x * x)) - exact) > 1e-9 * exact


@pytest.mark.parametrize("middle", [0.0, 1e3, 1e5])
def test_r2_does_not_lose_what_is_far_from_zero(middle: float) -> None:
    rng = np.random.default_rng(1)
    targets = (middle + rng.normal(size=5000)).astype(np.float32)
    said = (targets + rng.normal(size=5000).astype(np.float32) * 0.5).astype(np.float32)
    op = R2()
    step = jax.jit(lambda p, t: data.statistics(op, (p, t), jnp.ones(len(p)), {}))
    parts = [step(p, t) for p, t in zip(np.split(said, 5), np.split(targets, 5), strict=True)]
    total = parts[0]
    for part in parts[1:]:
        total = merge(total, part)
    close(finished(jax.jit(lambda s: {"r2": op.finish(s)}), total)["r2"], WHOLE["r2"](op, said, targets, np.ones(5000)), 1e-6)


def test_targets_that_are_all_the_same() -> None:
    op, same = R2(), np.full(7, 0.1, np.float32)
    for said, expected in ((same, 1), (same + 1, 0)):
        assert value(op, (said.astype(np.float32), same)) == expected


def value(op: Any, arrays: tuple[Any, ...], weight: Any = None) -> Any:
    arrays = tuple(map(jnp.asarray, arrays))
    weight = jnp.ones(op.apply(None, *arrays).shape[:1]) if weight is None else jnp.asarray(weight)
    return finished(lambda s: {"v": op.finish(s)}, data.statistics(op, arrays, weight, {}))["v"]


# --- ranking -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("op", "oracle"), [(Auroc, roc_auc_score), (Auprc, average_precision_score)])
def test_probabilities_on_the_grid_give_the_exact_number(op: Any, oracle: Any) -> None:
    rng = np.random.default_rng(2)
    scores = (rng.integers(0, 4097, 3000) / 4096).astype(np.float32)
    truth = rng.random(3000) < scores
    close(value(op(probabilities=True), (scores, truth)), oracle(truth, scores), 1e-12)
    few = np.round(scores * 8) / 8  # many ties
    close(value(op(probabilities=True), (few.astype(np.float32), truth)), oracle(truth, few), 1e-12)


def test_other_scores_are_within_the_bound() -> None:
    rng = np.random.default_rng(2)
    scores = (rng.normal(size=4000) * 3).astype(np.float32)
    truth = rng.random(4000) < 1 / (1 + np.exp(-scores))
    for bins in (16, 256, 4096):
        places = np.minimum(np.floor(1 / (1 + np.exp(-scores)) * np.float32(bins)), bins).astype(int)
        both = (np.bincount(places[truth], minlength=bins + 1) * np.bincount(places[~truth], minlength=bins + 1)).sum()
        error = abs(value(Auroc(bins=bins), (scores, truth)) - roc_auc_score(truth, scores))
        assert error <= both / (truth.sum() * (~truth).sum()) / 2 + 1e-9
    assert error < 1e-4


@pytest.mark.parametrize("op", [Auroc(), Auprc()])
def test_without_any_yes_there_is_no_curve(op: Any) -> None:
    scores = np.array([0.1, 2.0, -1.0], np.float32)
    assert np.isnan(value(op, (scores, np.zeros(3, bool))))
    assert value(op, (scores, np.array([0, 1, 0]))) == 1
    assert np.isnan(value(op, (np.array([0.1, np.nan, -1.0], np.float32), np.array([0, 1, 0]))))
    assert np.isnan(value(Auroc(), (scores, np.ones(3, bool))))


def test_outputs_without_a_curve_are_left_out_of_the_mean() -> None:
    scores = np.array([[0.1, 1.0], [2.0, 2.0], [-1.0, 3.0]], np.float32)
    truth = np.array([[0, 0], [1, 0], [0, 0]], bool)
    assert value(Auroc(average="outputs"), (scores, truth)) == 1
    each = value(Auroc(average="none"), (scores, truth))
    assert each[0] == 1 and np.isnan(each[1])


# --- classes -----------------------------------------------------------------------------------------------------------
def test_a_label_that_is_no_class_is_in_no_row_but_no_prediction_is_right() -> None:
    logits, labels = np.eye(3, dtype=np.float32)[[0, 1, 2, 2]], np.array([0, -1, 3, 2], np.int32)
    assert value(ConfusionMatrix(), (logits, labels)) == [[1, 0, 0], [0, 0, 0], [0, 0, 1]]
    assert value(Precision(average="none"), (logits, labels)) == [1, 0, 0.5]
    assert value(Accuracy(), (logits, labels)) == 0.5


def test_one_hot_labels_count_as_their_class() -> None:
    for op in (F1(), ConfusionMatrix(), CalibrationError()):
        assert value(op, (LOGITS, np.eye(6, dtype=np.float32)[CLASSES])) == value(op, (LOGITS, CLASSES))


def test_thresholds_at_the_ends() -> None:
    scores, truth = np.array([-50.0, 0.0, 50.0], np.float32), np.array([0, 0, 1])
    assert value(BinaryRecall(threshold=1.0), (scores, truth)) == 0
    assert value(BinaryRecall(threshold=0.0), (scores, truth)) == 1 and value(BinaryAccuracy(threshold=0.0), (scores, truth)) == 1 / 3
    assert value(BinaryAccuracy(), (scores, truth)) == 1, "undecided is no yes"


@pytest.mark.parametrize("op", [F1(), Iou(average="micro"), BinaryF1(), CalibrationError(), EditDistance(), Bleu(), Accuracy()])
def test_nothing_that_counts_gives_nought(op: Any) -> None:
    arrays = {"logits": (LOGITS, CLASSES), "prediction": (WRITTEN, WORDS)}[op.inputs[0].name]
    arrays = (SCORES, TRUTH) if isinstance(op, BinaryF1) else arrays
    assert value(op, arrays, np.zeros(N, np.float32)) == 0


# --- sequences ---------------------------------------------------------------------------------------------------------
def test_papinenis_examples() -> None:
    """Example 2 (the the the …) has a unigram precision of 2/7; of candidates 1 and 2 of example 1, 17/18 and 8/14."""
    words: dict[str, int] = {}

    def ids(text: str, size: int) -> list[int]:
        found = [words.setdefault(word, len(words) + 1) for word in text.lower().split()]
        return found + [0] * (size - len(found))

    one, two = ids("the the the the the the the", 7), [ids("The cat is on the mat", 7), ids("There is a cat on the mat", 7)]
    counts = np.asarray(Bleu(order=2, end=0).apply(None, jnp.array([one]), jnp.array([two])))  # type: ignore[arg-type]
    assert counts.tolist() == [[2, 0, 7, 6, 7, 7]]
    candidates = [
        "It is a guide to action which ensures that the military always obeys the commands of the party",
        "It is to insure the troops forever hearing the activity guidebook that party direct",
    ]
    references = [
        "It is a guide to action that ensures that the military will forever heed Party commands",
        "It is the guiding principle which guarantees the military forces always being under the command of the Party",
        "It is the practical guide for the army always to heed the directions of the party",
    ]
    said, so = jnp.array([ids(c, 18) for c in candidates]), jnp.array([[ids(r, 18) for r in references]] * 2)
    counts = np.asarray(Bleu(order=2, end=0).apply(None, said, so))  # type: ignore[arg-type]
    assert counts[:, [0, 2]].tolist() == [[17, 18], [8, 14]] and counts[:, [1, 3]].tolist() == [[10, 17], [1, 13]]


def test_a_perfect_prediction() -> None:
    assert value(Bleu(), (WORDS, WORDS)) == pytest.approx(1) and value(EditDistance(), (WORDS, WORDS)) == 0
    assert value(Bleu(), (WORDS[:, :3], WORDS)) == 0, "without any stretch of four there is nothing right of that length"


@pytest.mark.parametrize(
    ("op", "inputs", "named", "cls", "blame"),
    [
        (F1(), ("f32[B, T, 10]", "i32[B]"), {}, LabelsShape, "labels"),
        (F1(), ("f32[B, 10]", "i32[B]"), {"mask": "bool[B, 10]"}, MaskShape, "mask"),
        (Recall(of=10), ("f32[B, 10]", "i32[B]"), {}, NoSuchClass, "of"),
        (BinaryF1(), ("f32[B, 1]", "i32[B]"), {}, UnequalLabels, "labels"),
        (Auroc(), ("f32[B, 1]", "bool[B]"), {}, UnequalLabels, "labels"),
        (Auroc(average="outputs"), ("f32[B]", "bool[B]"), {}, NoOutputAxis, "average"),
        (R2(average="none"), ("f32[B]", "f32[B]"), {}, NoOutputAxis, "average"),
        (R2(), ("f32[B]", "f32[B, 1]"), {}, UnequalTargets, "targets"),
        (CalibrationError(), ("f32[B, 10]", "i32[B, 1]"), {}, LabelsShape, "labels"),
        (EditDistance(), ("i32[B, 6]", "i32[B, 2, 6]"), {}, UnequalSequences, "target"),
        (EditDistance(), ("i32[B, 6]", "i32[6]"), {}, UnequalSequences, "target"),
        (Bleu(), ("i32[B, 6]", "i32[B, 2, 3, 6]"), {}, UnequalSequences, "target"),
        (Bleu(), ("i32[B, 6]", "i32[B, 2, 6]"), {"target_length": "i32[B]"}, UnequalSequences, "target_length"),
        (Bleu(), ("i32[B, 6]", "i32[B, 6]"), {"mask": "bool[B, 6]"}, MaskShape, "mask"),
    ],
)
def test_shapes_that_do_not_fit(op: Any, inputs: tuple, named: dict, cls: type, blame: str) -> None:
    with pytest.raises(Mistake) as caught:
        op.shape(Facts(), *map(parse, inputs), **{n: parse(t) for n, t in named.items()})
    found = caught.value.diagnostic
    assert type(found) is cls and found.blame == blame and op.op_name() in found.message()


def test_results_of_several_numbers() -> None:
    logits, labels = parse("f32[B, 10]"), parse("i32[B]")
    for op, expected in (
        (F1(), "f32[]"),
        (F1(average="none"), "f32[10]"),
        (F1(average="none", of=1), "f32[]"),
        (ConfusionMatrix(), "f32[10, 10]"),
    ):
        assert str(op.result(op.shape(Facts(), logits, labels))) == expected
    assert str(Auroc(average="none").result(Auroc().shape(Facts(), parse("f32[B, 3]"), parse("bool[B, 3]")))) == "f32[3]"


@pytest.mark.parametrize(
    ("cls", "wrong"), [(BinaryF1, {"threshold": 1.5}), (Auroc, {"bins": 0}), (F1, {"average": "samples"}), (F1, {"of": -1})]
)
def test_arguments_out_of_range(cls: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(BadArguments):
        cls(**wrong)
