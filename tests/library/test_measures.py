"""Every loss and metric agrees with its shape rule and its oracle, jitted; and what the single ones mean at their edges."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.test_util import check_grads

import netspec
from netspec.diagnostics.base import Mistake
from netspec.diagnostics.training.targets import FewerClasses, LabelsShape, MaskShape, UnequalLabels, UnequalTargets
from netspec.library.base import Measure
from netspec.library.data.datasets.digits import Digits
from netspec.library.losses.binary import SigmoidCrossEntropy
from netspec.library.losses.classes import SoftmaxCrossEntropy
from netspec.library.metrics.accuracy import Accuracy, SequenceExact, TopKAccuracy
from netspec.library.metrics.means import Perplexity
from netspec.library.shelf.index_writer import classes
from netspec.shape import Facts
from netspec.shape.types import elements
from netspec.source import Source
from netspec.testing.checks import hold
from tests.library.oracles_losses import LOSSES
from tests.library.oracles_metrics import VALUES
from tests.library.oracles_train import ORACLES
from tests.library.scope import TestScope, applied, parse
from tests.quick import thin

ORACLES |= LOSSES | VALUES
RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(6, 5, 7)).astype(np.float32) * 3
CLASSES = RNG.integers(0, 7, (6, 5)).astype(np.int32)
MEASURES: Any = [cls for cls in classes() if issubclass(cls, Measure)]


def made(text: str) -> np.ndarray:
    """Random values of a type: whole numbers 0 and 1, floats 0 to 1."""
    kind = parse(text)
    shape = [dim.value for dim in kind.shape]
    return np.asarray(jnp.asarray(RNG.integers(0, 2, shape) if not kind.is_float else RNG.random(shape), kind.jax_dtype))


def run(op: Any, *arrays: Any, **named: Any) -> Any:
    return jax.jit(lambda a, n: applied(op, TestScope(), *a, **n))([jnp.asarray(a) for a in arrays], named)


def examples_agree_with_rule_and_oracle(example: Any) -> None:
    op, arrays = example.op, [made(text) for text in example.inputs]
    named = {name: made(text) for name, text in example.named.items() if name != "mask" or not op.mask_weighs}
    found = run(op, *arrays, **named)
    rule = op.shape(Facts(), *map(parse, example.inputs), **{n: parse(t) for n, t in example.named.items()})
    assert (found.dtype.name, found.shape) == (rule.jax_dtype, tuple(d.value for d in rule.shape))
    np.testing.assert_allclose(found, ORACLES[op.op_name()](op, *arrays, **named), 1e-5, 1e-5)


def costs_grow_with_the_batch(example: Any) -> None:
    kinds = [parse(text) for text in example.inputs]
    doubled = [kind.with_shape((kind.shape[0] * 2, *kind.shape[1:])) for kind in kinds]
    one, two = (example.op.flops(*k) for k in (kinds, doubled))
    assert two == one * (4 if op_mixes(example) else 2) and (one != 0 or example.op.op_name() == "mean")


def op_mixes(example: Any) -> bool:
    """Does a value depend on the whole batch?"""
    return example.op.mixes_examples(True, *map(parse, example.inputs))


def averaged(example: Any) -> bool:
    """Is the number the mean of what each example alone gives?"""
    return not op_mixes(example) and example.op.averaged


def a_batch_and_its_halves_count_the_same(example: Any) -> None:
    """Statistics add up: the number over two batches is the number over the whole."""
    if not averaged(example):
        return
    op, arrays = example.op, [made(text) for text in example.inputs]
    weights = RNG.choice([0.0, 0.5, 1.0], np.shape(run(op, *arrays)))
    weights[0] = 1
    pairs = [op.statistics(run(op, *(a[part] for a in arrays)), jnp.asarray(weights[part])) for part in (slice(0, 1), slice(1, None))]
    added = op.finish(jax.tree.map(lambda a, b: a + b, *pairs))
    values = ORACLES[op.op_name()](op, *arrays)
    mean = (values * weights).sum() / weights.sum()
    np.testing.assert_allclose(added, np.exp(mean) if isinstance(op, Perplexity) else mean, 1e-5)


@pytest.mark.parametrize("cls", thin(MEASURES, 3), ids=lambda cls: cls.op_name())
def test_examples(cls: type[Measure]) -> None:
    hold((examples_agree_with_rule_and_oracle, costs_grow_with_the_batch, a_batch_and_its_halves_count_the_same), *cls.examples())


# --- sigmoid_cross_entropy ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("labels", [RNG.random((4, 3)), RNG.integers(0, 2, (4, 3)).astype(bool), RNG.integers(0, 2, (4, 3))])
def test_sigmoid_cross_entropy_is_optaxs(labels: np.ndarray) -> None:
    logits = jnp.asarray(RNG.normal(size=(4, 3)) * 5, jnp.float32)
    theirs = optax.sigmoid_binary_cross_entropy
    np.testing.assert_allclose(run(SigmoidCrossEntropy(), logits, labels), theirs(logits, labels), 1e-5, 1e-6)
    ours, oracle = (
        jax.grad(lambda x, f=f: jnp.sum(f(x)))(logits)
        for f in (lambda x: SigmoidCrossEntropy().apply(TestScope(), x, jnp.asarray(labels)), lambda x: theirs(x, labels))  # type: ignore[arg-type]
    )
    np.testing.assert_allclose(ours, oracle, 1e-5, 1e-6)
    with jax.enable_x64(True):
        check_grads(lambda x: run(SigmoidCrossEntropy(), x, labels), (np.float64(logits),), order=1, modes=["rev"])


def test_large_logits_neither_overflow_nor_lose_the_gradient() -> None:
    logits = jnp.asarray([1e4, -1e4, 1e4, -1e4, jnp.inf, -jnp.inf, 20.0])
    labels = jnp.asarray([1, 0, 0, 1, 1, 0, 1], jnp.float32)
    np.testing.assert_allclose(run(SigmoidCrossEntropy(), logits, labels), [0, 0, 1e4, 1e4, 0, 0, np.log1p(np.exp(-20))], 1e-6)
    slopes = jax.grad(lambda x: SigmoidCrossEntropy().apply(TestScope(), x, labels).sum())(logits)  # type: ignore[arg-type]
    np.testing.assert_allclose(slopes, [0, 0, 1, -1, 0, 0, -1 / (1 + np.exp(20))], 1e-5)


def test_an_integer_that_is_no_answer_is_seen() -> None:
    found = run(SigmoidCrossEntropy(), np.zeros(4, np.float32), np.array([0, 1, 2, -1], np.int32))
    np.testing.assert_allclose(found[:2], np.log(2), 1e-6)
    assert np.isnan(found[2:]).all()


# --- top_k_accuracy ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("labels", [CLASSES, np.eye(7, dtype=np.float32)[CLASSES]])
def test_the_largest_one_is_accuracy(labels: np.ndarray) -> None:
    for logits in (LOGITS, np.round(LOGITS / 3), np.zeros_like(LOGITS)):
        np.testing.assert_array_equal(run(TopKAccuracy(k=1), logits, labels), run(Accuracy(), logits, labels))


@pytest.mark.parametrize("k", range(1, 8))
def test_equal_logits_are_ranked_by_their_place(k: int) -> None:
    logits = np.round(LOGITS / 3)
    np.testing.assert_array_equal(run(TopKAccuracy(k=k), logits, CLASSES), ORACLES["top_k_accuracy"](TopKAccuracy(k=k), logits, CLASSES))
    assert run(TopKAccuracy(k=7), logits, CLASSES).all()


def test_nothing_that_is_no_number_or_no_class_is_right() -> None:
    logits = np.array([[0, np.nan, 2], [np.nan, 1, 2], [0, 1, 2], [0, 1, 2]], np.float32)
    found = run(TopKAccuracy(k=2), logits, np.array([1, 1, 3, -1], np.int32))
    assert found.tolist() == [0, 0, 0, 0]
    assert run(TopKAccuracy(k=2), logits, np.array([2, 2, 2, 1], np.int32)).tolist() == [1, 1, 1, 1]


# --- perplexity --------------------------------------------------------------------------------------------------------
def test_perplexity_is_the_exponential_of_the_mean() -> None:
    values = run(SoftmaxCrossEntropy(), LOGITS, CLASSES)
    op = Perplexity()
    found = op.finish(op.statistics(run(op, LOGITS, CLASSES), jnp.ones((6, 5))))
    assert float(found) == pytest.approx(np.exp(np.mean(values)), rel=1e-5)
    even = op.finish(op.statistics(run(op, np.zeros((3, 12), np.float32), np.array([0, 5, 11])), jnp.ones(3)))
    assert float(even) == pytest.approx(12, rel=1e-5)
    assert float(op.finish(op.statistics(jnp.ones(3), jnp.zeros(3)))) == 1


# --- sequence_exact ----------------------------------------------------------------------------------------------------
def test_a_sequence_is_right_as_a_whole() -> None:
    target = np.array([[3, 4, 5], [3, 4, 5], [3, 4, 5], [3, 4, 5]], np.int32)
    prediction = np.array([[3, 4, 5], [3, 4, 0], [0, 4, 5], [0, 0, 0]], np.int32)
    mask = np.array([[1, 1, 1], [1, 1, 0], [1, 1, 0], [0, 0, 0]], np.int32)
    assert run(SequenceExact(), prediction, target).tolist() == [1, 0, 0, 0]
    for kind in (bool, np.int32, np.float32):
        assert run(SequenceExact(), prediction, target, mask=mask.astype(kind)).tolist() == [1, 1, 0, 1]


@pytest.mark.parametrize(
    ("op", "inputs", "named", "cls", "blame", "repair"),
    [
        (SigmoidCrossEntropy(), ("f32[B, 1]", "f32[B]"), {}, UnequalLabels, "labels", "logits[:, 0]"),
        (SigmoidCrossEntropy(), ("f32[B, 10]", "i32[B]"), {}, UnequalLabels, "labels", "one_hot(labels, 10)"),
        (SigmoidCrossEntropy(), ("f32[B, 10]", "f32[10]"), {}, UnequalLabels, "labels", None),
        (SigmoidCrossEntropy(), ("f32[]", "f32[1]"), {}, UnequalLabels, "labels", "labels[0]"),
        (SigmoidCrossEntropy(), ("f32[B, 3]", "bool[B, 3]"), {"mask": "bool[B]"}, MaskShape, "mask", None),
        (TopKAccuracy(), ("f32[B, 4]", "i32[B]"), {}, FewerClasses, "k", None),
        (TopKAccuracy(), ("f32[B, 10]", "i32[B, 1]"), {}, LabelsShape, "labels", "labels[:, 0]"),
        (Perplexity(), ("f32[B, T, 10]", "i32[B]"), {}, LabelsShape, "labels", None),
        (SequenceExact(), ("i32[B, 6]", "i32[B, 5]"), {}, UnequalTargets, "target", None),
        (SequenceExact(), ("i32[B, 6]", "i32[B, 6]"), {"mask": "bool[B]"}, MaskShape, "mask", None),
    ],
)
def test_shapes_that_do_not_fit(op: Any, inputs: tuple, named: dict, cls: type, blame: str, repair: str | None) -> None:
    with pytest.raises(Mistake) as caught:
        op.shape(Facts(), *map(parse, inputs), **{n: parse(t) for n, t in named.items()})
    found = caught.value.diagnostic
    assert type(found) is cls and found.blame == blame and op.op_name() in found.message()
    assert (found.help() is None) if repair is None else (repair in str(found.help()))


def test_a_symbolic_number_of_classes_is_no_mistake() -> None:
    rule = TopKAccuracy().shape(Facts(), parse("f32[B, C]"), parse("i32[B]"))
    assert str(rule) == "f32[B]" and elements(rule.shape) == rule.shape[0]


SPEC = """netspec 1
model M {
  input image: f32[B, 8, 8, 1]
  output logits = image -> flatten -> dense(30) -> reshape([B, 3, 10])
}
train M {
  data = digits() -> batch(32)
  let said = argmax(logits, axis=-1)
  let wanted = stack([label, label, label], axis=1)
  loss = softmax_cross_entropy(logits, wanted)
  metric exact = sequence_exact(said, wanted, mask=image[:, 0, 2:5, 0] > 0)
  metric unmasked = sequence_exact(said, wanted)
  metric confusion = perplexity(logits, wanted, mask=image[:, 0, 2:5, 0] > 0)
  metric top = top_k_accuracy(logits, wanted, k=3)
  optimizer = adam(0.01)
  duration = 2 epochs
}
"""


def test_metrics_of_a_whole_evaluation_count_every_example_once() -> None:
    """360 examples in batches of 32: the last one is padded. The mask of `sequence_exact` chooses, that of `perplexity` weighs."""
    fit = netspec.compile(Source("m.net", SPEC)).fit()
    data = Digits(part="test").load(None)
    logits = np.asarray(fit.predict(image=data["image"])["logits"], np.float64)
    wanted, mask = np.repeat(data["label"][:, None], 3, 1), data["image"][:, 0, 2:5, 0] > 0
    right = logits.argmax(-1) == wanted
    best = np.argsort(-logits, -1, kind="stable")[..., :3] == wanted[..., None]
    expected = {"exact": (right | ~mask).all(-1).mean(), "unmasked": right.all(-1).mean(), "top": best.any(-1).mean()}
    assert 0 < expected["unmasked"] < expected["exact"] < 1
    values = ORACLES["perplexity"](None, logits, wanted)
    expected["confusion"] = np.exp(values[mask].mean())
    assert {name: fit.test[name] for name in expected} == pytest.approx(expected, rel=1e-4)
