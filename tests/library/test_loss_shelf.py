"""Every loss beside NumPy, optax and scikit-learn: values, slopes, weights, and what is extreme."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from sklearn import metrics as sklearn_metrics

from netspec.library.losses.binary import BinaryLogLoss, Hinge, Perceptron, SigmoidCrossEntropy, SigmoidFocal
from netspec.library.losses.classes import LogLoss, MulticlassHinge, PolyCrossEntropy, SoftmaxCrossEntropy
from netspec.library.losses.embedding import CosineDistance, NtXent, Triplet
from netspec.library.losses.likelihoods import KlDivergence
from netspec.library.losses.regression import Huber, LogCosh, MeanAbsoluteError, MeanSquaredError, Pinball
from netspec.library.losses.segmentation import BinaryDice, Dice
from netspec.shape import Facts
from tests.library.loss_runs import CLASS, ONE_HOT, RNG, SHELF, SOFT, YES, X, Y, arguments, mean, run
from tests.library.scope import parse

IN_F32: list[Any] = [e for cls in SHELF for e in cls.examples() if "f32" in e.inputs[0]]


def summed(example: Any, arrays: list[Any], named: Any) -> tuple[Any, list[Any]]:
    """Values and their weighted sum as a function of the inputs that are floats, and those."""
    floats = [i for i, x in enumerate(arrays) if x.dtype == np.float32]

    def total(given: Any, mask: Any = None) -> Any:
        inputs: list[Any] = list(arrays)
        for i, x in zip(floats, given, strict=True):
            inputs[i] = x
        if mask is not None:
            return mean(example.op, *inputs, mask=mask, **named)
        values = run(example.op, *inputs, **named)
        return jnp.sum(values * jnp.arange(1, values.size + 1).reshape(values.shape))

    return total, [arrays[i] for i in floats]


@pytest.mark.slow
@pytest.mark.parametrize("example", IN_F32, ids=lambda e: e.op.op_name())
def test_slopes_are_those_of_the_values_in_f64(example: Any) -> None:
    rng = np.random.default_rng(5)
    total, floats = summed(example, *arguments(example))
    with jax.enable_x64(True):
        point = [np.float64(x) + rng.normal(size=x.shape) * 1e-3 for x in floats]
        direction = [rng.normal(size=x.shape) for x in point]
        along = jax.jit(jax.value_and_grad(lambda t: total([x + t * d for x, d in zip(point, direction, strict=True)])))
        assert along(0.0)[0].dtype == jnp.float64
        np.testing.assert_allclose(along(0.0)[1], (along(1e-6)[0] - along(-1e-6)[0]) / 2e-6, 1e-6, 1e-6)


def extreme(declared: Any, x: Any, size: float) -> Any:
    """Large numbers of both signs, or zeros; of probabilities 0 and 1."""
    sides = np.random.default_rng(1).choice([-1.0, 1.0], x.shape) if size else np.zeros(x.shape)
    return np.float32(sides > 0 if declared.wants == "probabilities" or declared.name in ("labels", "targets") else sides * size)


QUICK = {"softmax_focal", "sigmoid_focal", "gaussian_kl", "poisson_nll", "triplet", "log_loss"}


@pytest.mark.parametrize("cls", [pytest.param(c, marks=[] if c.op_name() in QUICK else pytest.mark.slow, id=c.op_name()) for c in SHELF])
def test_nothing_extreme_is_no_number_and_nothing_counted_is_0(cls: Any) -> None:
    example = cls.examples()[0]
    arrays, named = arguments(example)
    total, floats = summed(example, arrays, named)
    declared = [i for i, x in zip(example.op.inputs, arrays, strict=False) if x.dtype == np.float32]
    slopes = jax.jit(jax.value_and_grad(total))
    shape = [dim.value for dim in example.op.shape(Facts(), *map(parse, example.inputs)).shape]
    for size in (0.0, 1e4):
        given = [extreme(i, x, size) for i, x in zip(declared, floats, strict=True)]
        for mask in (np.ones(shape, np.float32), np.zeros(shape, np.float32)):
            value, slope = slopes(given, mask)
            assert not np.isnan(value)
            assert not any(np.isnan(x).any() for x in slope)
    assert value == 0 and not any(x.any() for x in slope)
    if len(floats) == len(arrays) == 2 or arrays[1].dtype != np.float32:
        assert slopes([np.full_like(x, np.nan) for x in floats], mask)[0] == 0


# --- optax ------------------------------------------------------------------------------------------------------------

THEIRS = {
    "softmax": (SoftmaxCrossEntropy(), (X, CLASS), lambda x: optax.softmax_cross_entropy_with_integer_labels(x, CLASS)),
    "smooth": (
        SoftmaxCrossEntropy(label_smoothing=0.1),
        (X, CLASS),
        lambda x: optax.softmax_cross_entropy(x, optax.smooth_labels(ONE_HOT, 0.1)),
    ),
    "smooth one-hot": (
        SoftmaxCrossEntropy(label_smoothing=0.1),
        (X, ONE_HOT),
        lambda x: optax.softmax_cross_entropy(x, optax.smooth_labels(ONE_HOT, 0.1)),
    ),
    "poly": (PolyCrossEntropy(), (X, ONE_HOT), lambda x: optax.losses.poly_loss_cross_entropy(x, ONE_HOT)),
    "poly of classes": (
        PolyCrossEntropy(epsilon=-1.0),
        (X, CLASS),
        lambda x: optax.losses.poly_loss_cross_entropy(x, ONE_HOT, epsilon=-1.0),
    ),
    "multiclass hinge": (MulticlassHinge(), (X, CLASS), lambda x: optax.losses.multiclass_hinge_loss(x, CLASS)),
    "multiclass perceptron": (MulticlassHinge(margin=0.0), (X, CLASS), lambda x: optax.losses.multiclass_perceptron_loss(x, CLASS)),
    "sigmoid": (SigmoidCrossEntropy(), (X, YES), lambda x: optax.sigmoid_binary_cross_entropy(x, YES)),
    "sigmoid focal": (SigmoidFocal(alpha=0.25, gamma=1.5), (X, YES), lambda x: optax.sigmoid_focal_loss(x, YES, alpha=0.25, gamma=1.5)),
    "hinge": (Hinge(), (X, YES), lambda x: optax.losses.hinge_loss(x, 2 * YES - 1)),
    "perceptron": (Perceptron(), (X, YES), lambda x: optax.losses.perceptron_loss(x, 2 * YES - 1)),
    "squared": (MeanSquaredError(), (X, Y), lambda x: optax.squared_error(x, Y)),
    "huber": (Huber(delta=0.7), (X, Y), lambda x: optax.huber_loss(x, Y, delta=0.7)),
    "log cosh": (LogCosh(), (X, Y), lambda x: optax.log_cosh(x, Y)),
    "kl": (KlDivergence(), (np.asarray(jax.nn.log_softmax(X)), SOFT), lambda x: optax.kl_divergence(x, SOFT)),
    "convex kl": (
        KlDivergence(generalized=True),
        (np.asarray(jax.nn.log_softmax(X)), SOFT),
        lambda x: optax.losses.generalized_kl_divergence(x, SOFT),
    ),
    "cosine": (CosineDistance(), (X, Y), lambda x: optax.cosine_distance(x, Y)),
    "triplet": (Triplet(margin=0.5), (X, Y, SOFT), lambda x: optax.losses.triplet_margin_loss(x, Y, SOFT, margin=0.5)),
}


@pytest.fixture(scope="module")
def beside_optax() -> Any:
    """Values and slopes of ours and theirs, compiled together."""

    def both(name: str) -> Any:
        op, (x, *rest), theirs = THEIRS[name]
        sides = (lambda x: run(op, x, *rest)), theirs
        return [(f(jnp.asarray(x)), jax.grad(lambda x, f=f: jnp.sum(f(x) ** 2))(jnp.asarray(x))) for f in sides]

    return jax.jit(lambda: {name: both(name) for name in THEIRS})()


@pytest.mark.parametrize("name", THEIRS)
def test_values_and_slopes_are_optaxs(name: str, beside_optax: Any) -> None:
    (values, slopes), (theirs, their_slopes) = beside_optax[name]
    np.testing.assert_allclose(values, theirs, 1e-5, 1e-5)
    np.testing.assert_allclose(slopes, their_slopes, 1e-4, 1e-5)


def test_nt_xent_is_optaxs() -> None:
    temperature = 0.5
    labels = np.tile(np.arange(6), 2)
    theirs = jax.jit(optax.losses.ntxent, static_argnums=2)(jnp.concatenate([X, Y]), labels, temperature)
    np.testing.assert_allclose(jnp.mean(run(NtXent(temperature=temperature), X, Y)), theirs, 1e-5)


def test_dice_is_optaxs() -> None:
    logits, labels = RNG.normal(size=(3, 4, 5, 2)).astype(np.float32), RNG.integers(0, 2, (3, 4, 5))
    truth = np.eye(2, dtype=np.float32)[labels]
    given: Any = {"alpha": 0.3, "beta": 0.7, "smooth": 0.1}
    np.testing.assert_allclose(run(Dice(**given), logits, labels), optax.losses.dice_loss(logits, truth, **given), 1e-5)
    background = run(Dice(class_weights=(0, 1)), logits, labels)
    np.testing.assert_allclose(background, optax.losses.dice_loss(logits, truth, ignore_background=True), 1e-5)
    np.testing.assert_allclose(
        np.mean(run(BinaryDice(), logits[..., 0], labels)), np.mean(optax.losses.binary_dice_loss(logits[..., 0], labels)), 1e-5
    )


# --- scikit-learn -----------------------------------------------------------------------------------------------------


def test_class_weights_are_sample_weights() -> None:
    weights = np.array([0.5, 1, 2, 0, 3])
    mask = RNG.uniform(size=6)
    for op, given in ((SoftmaxCrossEntropy(class_weights=tuple(weights)), X), (LogLoss(class_weights=tuple(weights)), SOFT)):
        p = np.asarray(jax.nn.softmax(X)) if given is X else SOFT
        theirs = sklearn_metrics.log_loss(
            CLASS, np.float64(p) / np.float64(p).sum(1, keepdims=True), sample_weight=weights[CLASS] * mask, labels=range(5)
        )
        for labels in (CLASS, ONE_HOT):
            np.testing.assert_allclose(mean(op, given, labels, mask=mask), theirs, 1e-5)


def test_positive_weight_and_weights_of_columns() -> None:
    column, yes = np.array([1.0, 2, 0, 1, 3]), 3.0
    op = SigmoidCrossEntropy(class_weights=tuple(column), positive_weight=yes)
    p = 1 / (1 + np.exp(-np.float64(X)))
    weight = np.where(YES == 1, yes, 1) * column
    theirs = sklearn_metrics.log_loss(YES.ravel(), p.ravel(), sample_weight=weight.ravel())
    np.testing.assert_allclose(mean(op, X, YES), theirs, 1e-5)
    np.testing.assert_allclose(np.mean(run(BinaryLogLoss(), p, YES)), sklearn_metrics.log_loss(YES.ravel(), p.ravel()), 1e-5)


def test_means_are_sklearns() -> None:
    mask = RNG.uniform(size=(6, 5))
    known = {
        MeanAbsoluteError(): sklearn_metrics.mean_absolute_error,
        MeanSquaredError(): sklearn_metrics.mean_squared_error,
        Pinball(quantile=0.8): lambda *a, **k: sklearn_metrics.mean_pinball_loss(*a, alpha=0.8, **k),
    }
    for op, theirs in known.items():
        np.testing.assert_allclose(mean(op, X, Y, mask=mask), theirs(Y.ravel(), X.ravel(), sample_weight=mask.ravel()), 1e-5)
    decision = X[:, 0]
    np.testing.assert_allclose(mean(Hinge(), decision, YES[:, 0]), sklearn_metrics.hinge_loss(YES[:, 0], decision), 1e-5)
    np.testing.assert_allclose(mean(MulticlassHinge(), X, CLASS), sklearn_metrics.hinge_loss(CLASS, X, labels=range(5)), 1e-5)
