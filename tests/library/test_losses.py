"""Losses and metrics: optax's values and gradients, exact shapes, and means that do not depend on the batches."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from jax.test_util import check_grads

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.training.targets import LabelsShape, MaskShape, UnequalClasses, UnequalTargets
from netspec.library.base import Measure
from netspec.library.losses.classes import SoftmaxCrossEntropy
from netspec.library.losses.regression import MeanSquaredError
from netspec.library.metrics.accuracy import Accuracy
from netspec.library.metrics.means import Mean
from netspec.shape import Facts, TensorType
from tests.library.oracles_losses import LOSSES
from tests.library.oracles_train import ORACLES
from tests.library.scope import TestScope

ORACLES |= LOSSES
RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(6, 5, 7)).astype(np.float32) * 3
CLASSES = RNG.integers(0, 7, (6, 5)).astype(np.int32)
ONE_HOT = np.eye(7, dtype=np.float32)[CLASSES]
SOFT = np.asarray(jax.nn.softmax(RNG.normal(size=(6, 5, 7)).astype(np.float32)))
OPS = {"xent": SoftmaxCrossEntropy(), "mse": MeanSquaredError(), "accuracy": Accuracy(), "mean": Mean()}


def typed(text: str) -> TensorType:
    dtype, _, sizes = text.partition("[")
    return TensorType(dtype, [int(s) if s.isdigit() else s for s in sizes.rstrip("]").split(", ") if s])


APPLY = jax.jit(lambda op, *arrays: op.apply(TestScope(), *arrays), static_argnums=0)


def values(op, *arrays):
    return APPLY(op, *map(jnp.asarray, arrays))


@pytest.mark.parametrize("labels", [CLASSES, ONE_HOT, SOFT])
def test_cross_entropy_is_optaxs(labels):
    integer = labels.dtype == np.int32
    theirs = optax.softmax_cross_entropy_with_integer_labels if integer else optax.softmax_cross_entropy
    np.testing.assert_allclose(values(OPS["xent"], LOGITS, labels), theirs(LOGITS, labels), rtol=1e-5, atol=1e-6)
    ours, oracle = (
        jax.grad(lambda x, f=f: jnp.sum(f(x) ** 2))(LOGITS) for f in (lambda x: values(OPS["xent"], x, labels), lambda x: theirs(x, labels))
    )
    np.testing.assert_allclose(ours, oracle, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("labels", [CLASSES, ONE_HOT, SOFT])
def test_cross_entropy_of_large_logits(labels):
    logits = LOGITS * 1e4
    np.testing.assert_allclose(
        values(OPS["xent"], logits, labels), ORACLES["softmax_cross_entropy"](None, logits, labels), rtol=1e-5, atol=1e-2
    )
    gradient = jax.grad(lambda x: values(OPS["xent"], x, labels).sum())(jnp.asarray(logits))
    assert np.isfinite(gradient).all()


def test_a_class_of_no_probability_may_have_a_logit_of_minus_infinity():
    logits = jnp.asarray([[0.0, 0.0, -jnp.inf]])
    for labels in (jnp.asarray([1]), jnp.asarray([[0.0, 1.0, 0.0]])):
        loss, gradient = jax.value_and_grad(lambda x, y=labels: values(OPS["xent"], x, y).sum())(logits)
        assert float(loss) == pytest.approx(np.log(2)) and np.isfinite(gradient).all()


def test_squared_error_is_optaxs():
    predictions, targets = LOGITS, SOFT
    np.testing.assert_allclose(values(OPS["mse"], predictions, targets), optax.squared_error(predictions, targets), rtol=1e-6)


def test_accuracy_counts_the_first_of_equal_logits():
    logits = np.asarray([[1, 1, 0], [0, 2, 2], [0, 0, 1]], np.float32)
    assert values(OPS["accuracy"], logits, np.asarray([0, 2, 2])).tolist() == [1, 0, 1]
    np.testing.assert_array_equal(values(OPS["accuracy"], LOGITS, CLASSES), (LOGITS.argmax(-1) == CLASSES).astype(np.float32))
    np.testing.assert_array_equal(values(OPS["accuracy"], LOGITS, ONE_HOT), values(OPS["accuracy"], LOGITS, CLASSES))


@pytest.mark.parametrize("name", OPS)
def test_examples_agree_with_the_oracles_and_the_shape_rule(name):
    op = OPS[name]
    for example in op.examples():
        kinds = [typed(text) for text in example.inputs]
        arrays = [example_array(kind) for kind in kinds]
        got = values(example.op, *arrays)
        declared = example.op.shape(Facts(), *kinds, **{n: typed(t) for n, t in example.named.items()})
        assert (got.dtype.name, got.shape) == (declared.jax_dtype, tuple(d.value for d in declared.shape))
        np.testing.assert_allclose(
            got, ORACLES[op.op_name()](example.op, *arrays), rtol=2e-2 if "bf16" in example.inputs[0] else 1e-5, atol=1e-5
        )


def example_array(kind: TensorType):
    shape = tuple(size.value for size in kind.shape)
    if kind.is_int:
        return RNG.integers(0, 3, shape).astype(np.int32)
    return np.asarray(jnp.asarray(RNG.uniform(size=shape) > 0.5 if kind.dtype == "bool" else RNG.normal(size=shape), kind.jax_dtype))


@pytest.mark.parametrize("op", [SoftmaxCrossEntropy(), Accuracy()])
def test_values_are_wide(op):
    assert values(op, jnp.asarray(LOGITS, jnp.bfloat16), CLASSES).dtype == jnp.float32
    with jax.enable_x64(True):
        assert values(op, jnp.asarray(LOGITS, jnp.float64), CLASSES).dtype == jnp.float64


# --- the pair law ---------------------------------------------------------------------------------------------------------------------


def whole(op: Measure, arrays, weight):
    v = ORACLES[op.op_name()](op, *arrays)
    return (v * weight).sum() / weight.sum()


@pytest.mark.parametrize(
    ("name", "arrays"),
    [
        ("xent", (LOGITS, CLASSES)),
        ("xent", (LOGITS, ONE_HOT)),
        ("mse", (LOGITS, SOFT)),
        ("accuracy", (LOGITS, CLASSES)),
        ("mean", (LOGITS,)),
    ],
)
@pytest.mark.parametrize("cuts", [(3,), (1, 4)])
def test_uneven_batches_give_the_number_of_the_whole_set(name, arrays, cuts):
    op = OPS[name]
    shape = np.asarray(values(op, *arrays)).shape
    weight = RNG.choice([0.0, 1.0, 0.5], shape)
    weight[0] = 1
    pairs = [op.statistics(values(op, *(a[p] for a in arrays)), jnp.asarray(weight[p])) for p in np.split(np.arange(6), cuts)]
    total = jax.tree.map(lambda *sums: sum(sums), *pairs)
    np.testing.assert_allclose(op.finish(total), whole(op, arrays, weight), rtol=1e-5)


def test_padding_changes_nothing():
    """A batch filled up with examples of weight 0, whatever they hold."""
    padded = np.concatenate([LOGITS[:4], np.full((2, 5, 7), np.nan, np.float32)])
    labels = np.concatenate([CLASSES[:4], np.full((2, 5), -1, np.int32)])
    weight = jnp.asarray(np.repeat([1.0, 0.0], [4, 2])[:, None] * np.ones((6, 5)))
    for name in ("xent", "accuracy"):
        op = OPS[name]
        got = op.finish(op.statistics(values(op, padded, labels), weight))
        assert float(got) == pytest.approx(ORACLES[op.op_name()](op, LOGITS[:4], CLASSES[:4]).mean(), rel=1e-5)


def test_a_masked_label_that_is_no_class_leaves_the_gradient_whole():
    labels = CLASSES.copy()
    labels[0, 0], weight = -1, jnp.ones((6, 5)).at[0, 0].set(0)
    op = OPS["xent"]

    def mean(x, y):
        return op.finish(op.statistics(values(op, x, y), weight))

    ours = jax.grad(mean)(jnp.asarray(LOGITS), labels)
    np.testing.assert_array_equal(ours, jax.grad(mean)(jnp.asarray(LOGITS), CLASSES))
    for wrong in (-1, 7):
        labels[0, 0] = wrong
        assert np.isnan(values(op, LOGITS, labels)[0, 0]), "a label that counts and is no class must be seen"


def test_nothing_counted_is_zero():
    assert float(OPS["mean"].finish(OPS["mean"].statistics(jnp.ones(3), jnp.zeros(3)))) == 0


# --- shapes ---------------------------------------------------------------------------------------------------------------------------

GOOD = [
    ("xent", ("f32[B, 10]", "i32[B]"), {}, "f32[B]"),
    ("xent", ("bf16[B, T, C]", "u8[B, T]"), {"mask": "bool[B, T]"}, "f32[B, T]"),
    ("xent", ("f64[B, 10]", "f32[B, 10]"), {"mask": "f32[B]"}, "f64[B]"),
    ("xent", ("f32[10]", "i32[]"), {}, "f32[]"),
    ("accuracy", ("f16[B, 10]", "i32[B]"), {}, "f32[B]"),
    ("mse", ("f32[B, 3]", "f32[B, 3]"), {"mask": "bool[B, 3]"}, "f32[B, 3]"),
    ("mean", ("i32[B, T]",), {"mask": "bool[B, T]"}, "f32[B, T]"),
]
BAD = [
    ("xent", ("f32[B, 10]", "i32[B, 1]"), {}, LabelsShape, "labels", "labels[:, 0]"),
    ("xent", ("f32[B, 10]", "i32[B, 10]"), {}, LabelsShape, "labels", "cast(labels, f32)"),
    ("xent", ("f32[B, T, 10]", "i32[B]"), {}, LabelsShape, "labels", None),
    ("xent", ("f32[B, 10]", "i32[N]"), {}, LabelsShape, "labels", None),
    ("xent", ("f32[B, 10]", "f32[B]"), {}, LabelsShape, "labels", None),
    ("xent", ("f32[B, 10]", "f32[N, 10]"), {}, LabelsShape, "labels", None),
    ("xent", ("f32[B, 10]", "f32[B, 12]"), {}, UnequalClasses, "labels", "dense(12)"),
    ("accuracy", ("f32[B, 10]", "i32[B, 1]"), {}, LabelsShape, "labels", "labels[:, 0]"),
    ("xent", ("f32[B, 10]", "i32[B]"), {"mask": "bool[B, 1]"}, MaskShape, "mask", None),
    ("mean", ("f32[B]",), {"mask": "bool[]"}, MaskShape, "mask", None),
    ("mse", ("f32[B, 1]", "f32[B]"), {}, UnequalTargets, "targets", "predictions[:, 0]"),
    ("mse", ("f32[B, 3]", "i32[B, 3]"), {}, UnequalTargets, "targets", "cast(targets, f32)"),
    ("mse", ("f32[B, 3]", "f32[B, 1]"), {}, UnequalTargets, "targets", None),
]


@pytest.mark.parametrize(("name", "inputs", "named", "result"), GOOD)
def test_shapes_that_fit(name, inputs, named, result):
    assert OPS[name].shape(Facts(), *map(typed, inputs), **{n: typed(t) for n, t in named.items()}) == typed(result)


@pytest.mark.parametrize(("name", "inputs", "named", "cls", "blame", "repair"), BAD)
def test_shapes_that_do_not_fit(name, inputs, named, cls, blame, repair):
    with pytest.raises(Mistake) as caught:
        OPS[name].shape(Facts(), *map(typed, inputs), **{n: typed(t) for n, t in named.items()})
    found = caught.value.diagnostic
    assert type(found) is cls and found.blame == blame
    assert (found.help() is None) if repair is None else (repair in found.help())
    assert all(text in found.message() for text in (OPS[name].op_name(),))


def test_dims_that_are_known_to_be_equal_fit():
    facts = Facts().assume_equal(TensorType("f32", ("N",)).shape[0], TensorType("f32", ("B",)).shape[0])
    assert OPS["xent"].shape(facts, typed("f32[B, 10]"), typed("i32[N]")) == typed("f32[B]")


@pytest.mark.parametrize("name", OPS)
def test_gradients_match_differences(name):
    op = OPS[name]
    arrays = {"xent": (LOGITS, SOFT), "mse": (LOGITS, SOFT), "accuracy": (LOGITS, CLASSES), "mean": (LOGITS,)}[name]
    if name == "accuracy":
        assert not jax.grad(lambda x: values(op, x, CLASSES).sum())(jnp.asarray(LOGITS)).any()
        return
    with jax.enable_x64(True):
        rest = [jnp.asarray(a, jnp.float64) for a in arrays[1:]]
        check_grads(lambda x: values(op, x, *rest), (jnp.asarray(LOGITS, jnp.float64),), order=1, modes=["rev"])
