"""What losses leave out, what they refuse, and where they end: ignored labels, zero probabilities, vectors without a direction, CTC."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from netspec.library.losses.alignment import Ctc
from netspec.library.losses.binary import BinaryLogLoss, Hinge, Perceptron, SigmoidCrossEntropy, SigmoidFocal
from netspec.library.losses.classes import LogLoss, MulticlassHinge, PolyCrossEntropy, SoftmaxCrossEntropy, SoftmaxFocal
from netspec.library.losses.embedding import Contrastive, CosineDistance, InfoNce, NtXent
from netspec.library.losses.likelihoods import GaussianKl, GaussianNll, KlDivergence, PoissonNll
from netspec.library.losses.segmentation import BinaryDice, Dice
from tests.library.loss_runs import CLASS, RNG, SOFT, YES, X, Y, mean, run, slope_of
from tests.library.oracles_losses import LOSSES

# --- labels that do not count, and labels that are none -----------------------------------------------------------------

OF_CLASSES = [SoftmaxCrossEntropy, SoftmaxFocal, PolyCrossEntropy, LogLoss, MulticlassHinge]


@pytest.mark.parametrize(("cls", "ignore"), [(SoftmaxCrossEntropy, 0), *(pytest.param(c, -1, marks=pytest.mark.slow) for c in OF_CLASSES)])
def test_an_ignored_label_is_as_if_it_were_not_there(cls: Any, ignore: int) -> None:
    given = SOFT if cls is LogLoss else X
    labels = np.where(np.arange(6) % 2 == 0, ignore, np.maximum(CLASS, 1)).astype(np.int32)
    weights = (1.0, 2.0, 3.0, 4.0, 5.0)
    given_weights: list[Any] = [{}, {"class_weights": weights}]
    for extra in given_weights:
        left = mean(cls(**extra), given[1::2], labels[1::2])
        np.testing.assert_allclose(mean(cls(ignore=ignore, **extra), given, labels), left, 1e-6)
    _, slope = slope_of(lambda x: mean(cls(ignore=ignore), x, labels), given)
    assert np.isfinite(slope).all() and not slope[::2].any() and slope[1::2].any()
    assert mean(cls(ignore=ignore), given, np.full(6, ignore, np.int32)) == 0


@pytest.mark.parametrize("cls", [LogLoss, *(pytest.param(c, marks=pytest.mark.slow) for c in OF_CLASSES if c is not LogLoss)])
def test_a_label_that_is_no_class_is_seen(cls: Any) -> None:
    for op in (cls(), cls(class_weights=(1.0, 0.0, 0.0, 1.0, 0.0))):
        for wrong in (-1, 5):
            labels = np.where(np.arange(6) == 2, wrong, CLASS).astype(np.int32)
            assert np.isnan(mean(op, SOFT, labels)) and np.isfinite(mean(op, SOFT, labels, mask=np.arange(6) != 2))


def test_answers_that_do_not_count() -> None:
    labels = np.where(np.arange(5) == 1, -1, YES).astype(np.int32)
    rest = [0, 2, 3, 4]
    np.testing.assert_allclose(mean(SigmoidCrossEntropy(ignore=-1), X, labels), mean(SigmoidCrossEntropy(), X[:, rest], YES[:, rest]), 1e-6)
    for cls in (SigmoidCrossEntropy, SigmoidFocal, BinaryLogLoss, Hinge, Perceptron):
        assert np.isnan(mean(cls(), SOFT, labels))
    for cls in (Hinge, Perceptron):
        assert np.isnan(run(cls(), X[:, 0], np.array([-1, 1, 0, 1, 0.5, 1], np.float32))).tolist() == [True] + [False] * 5


def test_focal_with_gamma_0_and_poly_with_epsilon_0_are_cross_entropies() -> None:
    for labels in (CLASS, SOFT):
        plain = run(SoftmaxCrossEntropy(), X, labels)
        np.testing.assert_allclose(run(SoftmaxFocal(gamma=0.0), X, labels), plain, 1e-5)
        np.testing.assert_allclose(run(PolyCrossEntropy(epsilon=0.0), X, labels), plain, 1e-5)
    np.testing.assert_allclose(run(SigmoidFocal(gamma=0.0), X, YES), run(SigmoidCrossEntropy(), X, YES), 1e-5)


def test_dice_leaves_out_what_it_is_told_to() -> None:
    logits, labels = RNG.normal(size=(3, 8, 4)).astype(np.float32), RNG.integers(0, 4, (3, 8))
    void = labels.copy()
    void[:, 5:] = 255
    left = run(Dice(), logits[:, :5], labels[:, :5])
    np.testing.assert_allclose(run(Dice(ignore=255), logits, void), left, 1e-5)
    np.testing.assert_allclose(run(Dice(), logits, void, mask=np.arange(8) < np.full((3, 1), 5)), left, 1e-5)
    assert np.isnan(run(Dice(), logits, void)).all()
    np.testing.assert_allclose(run(Dice(smooth=0.0), logits, labels, mask=np.zeros((3, 8), bool)), 0)
    wrong = np.where(np.arange(8) == 3, 2, YES[0, 0]) * np.ones((3, 1), np.int32)
    assert np.isnan(run(BinaryDice(), logits[..., 0], wrong)).all()
    assert np.isfinite(run(BinaryDice(), logits[..., 0], wrong, mask=wrong != 2)).all()


# --- distributions ----------------------------------------------------------------------------------------------------


def test_gaussians_beside_each_other() -> None:
    mean_, spread = X, Y
    same = run(GaussianKl(), mean_, spread, prior_mean=mean_, prior_log_variance=spread)
    np.testing.assert_allclose(same, 0, atol=1e-6)
    samples = np.float32(mean_ + np.exp(spread / 2) * RNG.normal(size=(4000, 6, 5)))
    own, other = GaussianNll(full=True), GaussianNll(full=True)
    zeros = np.zeros_like(samples)
    estimate = np.mean(run(other, zeros, zeros, samples) - run(own, mean_ + zeros, spread + zeros, samples), 0).sum(-1)
    np.testing.assert_allclose(run(GaussianKl(), mean_, spread), estimate, 0.1)


def test_zero_probabilities_and_zero_counts_cost_nothing() -> None:
    logs = np.log(np.array([[0.5, 0.5, 1e-45], [1.0, 1e-45, 1e-45]], np.float32)).astype(np.float32)
    logs[logs < -50] = -np.inf
    for op in (KlDivergence(), KlDivergence(generalized=True)):
        values, slope = slope_of(lambda x, op=op: run(op, x, np.array([[0.5, 0.5, 0], [1, 0, 0]], np.float32)), logs)
        np.testing.assert_allclose(values, 0, atol=1e-6)
        assert np.isfinite(slope).all()
    value, slope = slope_of(lambda x: run(PoissonNll(), x, np.zeros(2, np.int32)), np.array([-np.inf, 0], np.float32))
    assert value == 1 and slope.tolist() == [0, 1]


# --- vectors ----------------------------------------------------------------------------------------------------------


def test_vectors_without_a_direction() -> None:
    zeros = np.zeros((6, 5), np.float32)
    value, slope = slope_of(lambda x: run(CosineDistance(), x, Y), zeros)
    assert value == 6 and not slope.any()
    for scale in (1e-30, 1e30):
        np.testing.assert_allclose(run(CosineDistance(), X * np.float32(scale), Y), run(CosineDistance(), X, Y), 1e-5)
    _, slope = slope_of(lambda x: run(Contrastive(), x, X, np.zeros(6, bool)), X)
    assert np.isfinite(slope).all()


@pytest.mark.parametrize("op", [InfoNce(), NtXent()])
def test_what_fills_up_a_batch_is_nobodys_neighbour(op: Any) -> None:
    weight = jnp.asarray([1, 1, 1, 1, 0, 0], jnp.float32)
    np.testing.assert_allclose(run(op, X, Y, weight=weight)[:4], run(op, X[:4], Y[:4]), 1e-5)
    one = slope_of(lambda x: run(op, x, Y[:1]), X[:1])
    np.testing.assert_allclose(one[0], 0, atol=1e-6)
    assert np.isfinite(one[1]).all()


# --- ctc --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("blank", [pytest.param(0, marks=pytest.mark.slow), 3, pytest.param(6, marks=pytest.mark.slow)])
def test_ctc_is_optaxs(blank: int) -> None:
    logits = RNG.normal(size=(5, 9, 7)).astype(np.float32) * 2
    labels = np.array([c for c in range(7) if c != blank])[RNG.integers(0, 6, (5, 4))].astype(np.int32)
    labels[0, :2] = labels[0, 2]
    steps, counted = np.array([9, 8, 9, 7, 9], np.int32), np.array([4, 3, 0, 4, 1], np.int32)
    missing = (np.arange(9) >= steps[:, None]).astype(np.float32), (np.arange(4) >= counted[:, None]).astype(np.float32)

    def ours(x: Any) -> Any:
        return run(Ctc(blank=blank), x, labels, lengths=steps, label_lengths=counted)

    def theirs(x: Any) -> Any:
        return optax.ctc_loss(x, missing[0], labels, missing[1], blank_id=blank)

    found, wanted = slope_of(ours, logits), slope_of(theirs, logits)
    np.testing.assert_allclose(ours(logits), LOSSES["ctc"](Ctc(blank=blank), logits, labels, steps, counted), 1e-4)
    np.testing.assert_allclose(found[0], wanted[0], 1e-4)
    np.testing.assert_allclose(found[1], wanted[1], 1e-3, 1e-4)


def test_labels_that_no_alignment_spells() -> None:
    logits = RNG.normal(size=(4, 3, 4)).astype(np.float32)
    labels = np.array([[1, 2, 3], [1, 1, 2], [1, 0, 2], [1, 4, 2]], np.int32)
    values, (_, slope) = run(Ctc(), logits, labels), slope_of(lambda x: run(Ctc(), x, labels), logits)
    assert np.isfinite(values[0]) and np.isposinf(values[1]) and np.isnan(values[2:]).all()
    assert np.isfinite(slope).all() and slope[0].any() and not slope[1].any()
    few = labels[:2]
    np.testing.assert_allclose(mean(Ctc(skip_impossible=True), logits[:2], few), values[0], 1e-6)
    counted = np.array([3, 2, 1, 1], np.int32)
    assert np.isfinite(run(Ctc(), logits, labels, label_lengths=counted)).tolist() == [True, True, True, True]
