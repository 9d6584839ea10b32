"""Initializers have the distributions of `jax.nn.initializers`, and the same numbers for the same generator for ever."""

from __future__ import annotations

import math
from typing import Any

import jax
import numpy as np
import pytest

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.sizes import InitializerDoesNotFit, InitializerNeedsMatrix
from netspec.library.base import BadArguments, Example, Initializer
from netspec.library.initializers.distributions import (
    Constant,
    Normal,
    Orthogonal,
    TruncatedNormal,
    Uniform,
    VarianceScaling,
    fans,
    require_matrix,
)
from netspec.library.initializers.formulas import Linspace
from netspec.library.initializers.placed_values import DeltaOrthogonal, FromValues
from netspec.library.layers.dense import Dense
from netspec.library.shelf import index
from netspec.library.shelf.index_writer import classes
from netspec.shape import TensorType
from tests.library.scope import parse

INITIALIZERS = [cls for cls in classes() if issubclass(cls, Initializer)]
EXAMPLES = [pytest.param(example, id=f"{cls.op_name()}-{i}") for cls in INITIALIZERS for i, example in enumerate(cls.examples())]


def sample(op: Any, shape: tuple[int, ...], seed: int = 0) -> Any:
    return op.sample(np.random.default_rng(seed), shape, fans(shape))


def jax_namesake(op: Initializer) -> Any:
    """The initializer of JAX with the same name and arguments."""
    make = getattr(jax.nn.initializers, op.op_name())
    return make if op.op_name() in ("zeros", "ones") else make(**vars(op))


@pytest.mark.parametrize("example", EXAMPLES)
def test_shape_and_values(example: Example) -> None:
    shape = tuple(dim.value for dim in parse(example.inputs[0]).shape)
    value = sample(example.op, shape)
    assert value.shape == shape and value.dtype in (np.float32, np.float64)
    assert np.isfinite(value).all()


@pytest.mark.parametrize("example", EXAMPLES)
def test_what_says_so_has_the_same_value_everywhere(example: Example) -> None:
    shape = tuple(dim.value for dim in parse(example.inputs[0]).shape)
    assert (np.ptp(sample(example.op, shape)) == 0) == example.op.same


@pytest.mark.parametrize("example", EXAMPLES)
def test_distribution_is_that_of_jax(example: Example) -> None:
    """The sorted values of 60,000 draws agree within what chance allows (a two-sample Kolmogorov-Smirnov test)."""
    if isinstance(example.op, Orthogonal | DeltaOrthogonal | FromValues | Linspace):
        return
    shape = (3, 4, 50, 100)
    ours, theirs = (np.sort(np.ravel(v)) for v in (sample(example.op, shape), jax_namesake(example.op)(jax.random.key(1), shape)))
    points = np.concatenate([ours, theirs])
    if np.ptp(points) == 0:
        return
    distance = np.abs(np.searchsorted(ours, points, "right") - np.searchsorted(theirs, points, "right")).max() / len(ours)
    assert distance < 2.2 * math.sqrt(2 / len(ours))


@pytest.mark.parametrize("name", ["lecun", "glorot", "he"])
@pytest.mark.parametrize("kind", ["normal", "uniform"])
def test_variance_follows_the_fans(name: str, kind: str) -> None:
    op = index.load(f"{name}_{kind}", "initializer")()
    incoming, outgoing = 3 * 4 * 5, 3 * 4 * 83
    variance = {"lecun": 1 / incoming, "glorot": 2 / (incoming + outgoing), "he": 2 / incoming}[name]
    assert sample(op, (3, 4, 5, 83)).var() == pytest.approx(variance, rel=0.03)


@pytest.mark.parametrize("bounds", [(-2.0, 2.0), (-1.0, 0.5), (1.0, 2.0), (4.0, 9.0), (-30.0, -5.0)])
def test_truncation_is_exact(bounds: tuple[float, float]) -> None:
    low, high = bounds
    value = sample(TruncatedNormal(stddev=1.0, lower=low, upper=high), (40_000,))
    assert value.min() >= low and value.max() <= high
    grid = np.linspace(max(low, -12), min(high, 12), 200_001)
    density = np.exp(-(grid**2) / 2 + min(low**2, high**2, 0 if low <= 0 <= high else np.inf) / 2)
    assert value.mean() == pytest.approx(np.sum(grid * density) / density.sum(), abs=0.015)


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 8), (2, 3, 4), (2, 2, 9)])
def test_orthogonal_is_orthogonal(shape: tuple[int, ...]) -> None:
    matrix = sample(Orthogonal(scale=2.0), shape).reshape(-1, shape[-1])
    square = matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T
    np.testing.assert_allclose(square, 4 * np.eye(len(square)), atol=1e-6)


def test_orthogonal_is_uniform() -> None:
    """The first element has both signs equally often; without the sign correction it would be negative throughout."""
    firsts = [sample(Orthogonal(), (2, 2), seed)[0, 0] for seed in range(400)]
    assert abs(np.mean(np.sign(firsts))) < 0.2


@pytest.mark.parametrize("axis", [0, 1, 2, -2])
def test_the_axis_of_the_columns(axis: int) -> None:
    value = np.moveaxis(sample(Orthogonal(column_axis=axis), (3, 4, 5)), axis, -1)
    theirs = np.moveaxis(np.asarray(jax.nn.initializers.orthogonal(column_axis=axis)(jax.random.key(0), (3, 4, 5))), axis, -1)
    for matrix in (value, theirs):
        flat = matrix.reshape(-1, matrix.shape[-1])
        np.testing.assert_allclose(flat.T @ flat, np.eye(flat.shape[1]), atol=1e-5)


@pytest.mark.parametrize("axis", [-1, 0])
@pytest.mark.parametrize("shape", [(3, 4, 6), (4, 3, 2, 5), (1, 2, 3, 4, 4)])
def test_delta_orthogonal_is_jax_s(shape: tuple[int, ...], axis: int) -> None:
    op = DeltaOrthogonal(scale=1.5, column_axis=axis)
    kernels = [sample(op, shape), np.asarray(jax_namesake(op)(jax.random.key(0), shape))]
    places = [np.flatnonzero(np.abs(kernel).sum((-1, -2))).tolist() for kernel in kernels]
    assert places[0] == places[1] and len(places[0]) == 1
    for kernel in kernels:
        matrix = kernel.sum(tuple(range(len(shape) - 2)))
        np.testing.assert_allclose(matrix @ matrix.T, 1.5**2 * np.eye(shape[-2]), atol=1e-5)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6)])
def test_orthogonal_has_the_moments_of_jax_s(shape: tuple[int, ...]) -> None:
    ours = np.stack([sample(Orthogonal(), shape, seed) for seed in range(3000)])
    theirs = np.asarray(jax.vmap(lambda key: jax.nn.initializers.orthogonal()(key, shape))(jax.random.split(jax.random.key(2), 3000)))
    for power in (1, 2, 3, 4):
        np.testing.assert_allclose((ours**power).mean(0), (theirs**power).mean(0), atol=0.05)
        np.testing.assert_allclose((ours**power).mean(), (theirs**power).mean(), atol=0.006)


def test_every_initializer_of_jax_is_there() -> None:
    names = [name for name in dir(jax.nn.initializers) if name.islower() and not name.startswith("_")]
    assert len(names) > 15 and [name for name in names if index.lookup(name, "initializer") is None] == []


def test_values_that_are_written() -> None:
    nested, flat = FromValues(values=[[1, 2, 3], [4, 5, 6]]), FromValues(values=[1, 2, 3, 4, 5, 6])
    for op in (nested, flat):
        assert sample(op, (2, 3)).tolist() == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
        require_matrix(op, "w", (2, 3))
    assert hash(nested) == hash(FromValues(values=((1.0, 2.0, 3.0), (4.0, 5.0, 6.0))))
    assert sample(FromValues(values=[0.1]), (1,)).tolist() == [0.1]


@pytest.mark.parametrize("values", [[], [1, [2]], [[1], [2, 3]], ["a"], [True], 3.0, [[]], [float("inf")]])
def test_values_that_are_no_tensor(values: Any) -> None:
    with pytest.raises(BadArguments):
        FromValues(values=values)


@pytest.mark.parametrize(
    ("op", "shape", "why"),
    [
        (FromValues(values=[[1, 2, 3], [4, 5, 6]]), (3, 2), "the values are 2 by 3 numbers"),
        (FromValues(values=[1, 2]), (3,), "2 numbers"),
        (FromValues(values=[1]), (2, 2), "the values are 1 number"),
        (Orthogonal(column_axis=2), (3, 4), "none of its 2 axes"),
        (DeltaOrthogonal(), (3, 5, 4), "5 channels"),
        (DeltaOrthogonal(), (1, 1, 1, 1, 2, 2), "convolutions"),
        (DeltaOrthogonal(column_axis=2), (3, 4, 4), "none of its 2 axes"),
    ],
)
def test_what_an_initializer_cannot_fill(op: Initializer, shape: tuple[int, ...], why: str) -> None:
    with pytest.raises(Mistake) as caught:
        require_matrix(op, "w", shape, "kernel_init")
    assert isinstance(caught.value.diagnostic, InitializerDoesNotFit) and caught.value.diagnostic.blame == "kernel_init"
    assert why in caught.value.diagnostic.message()


def test_a_shape_that_is_not_known_yet_is_not_refused() -> None:
    for op in (FromValues(values=[1, 2]), DeltaOrthogonal()):
        require_matrix(op, "w", (3, "B", 2) if isinstance(op, DeltaOrthogonal) else ("B",))


GOLDEN = [
    (VarianceScaling(), [-0.35027543, -0.52025843, 0.148692]),
    (Normal(stddev=1.0), [-0.75471532, -1.1209664, 0.32037684]),
    (Uniform(scale=1.0), [0.86423951, 0.85757905, 0.15009546]),
    (TruncatedNormal(stddev=1.0), [-0.75471532, -1.1209664, 0.32037684]),
    (Orthogonal(), [-0.43095496, 0.15282522, 0.067823863]),
]


@pytest.mark.parametrize(("op", "wanted"), GOLDEN, ids=lambda value: getattr(value, "op_name", lambda: "")())
def test_numbers_never_change(op: Initializer, wanted: list[float]) -> None:
    """Stored seeds must give the same model in every later version, whatever NumPy does."""
    generator = np.random.Generator(np.random.Philox(5))
    np.testing.assert_allclose(np.ravel(op.sample(generator, (6, 4), (6, 4)))[:3], wanted, 1e-6)


def test_constant_keeps_all_digits() -> None:
    assert sample(Constant(value=0.1), (2,)).tolist() == [0.1, 0.1]


@pytest.mark.parametrize("shape", [(), (5,)])
def test_scaling_needs_a_matrix(shape: tuple[int, ...]) -> None:
    for op in (VarianceScaling(), Orthogonal(), index.load("kaiming_normal")()):
        with pytest.raises(Mistake) as caught:
            require_matrix(op, "w", shape)
        assert isinstance(caught.value.diagnostic, InitializerNeedsMatrix)
    require_matrix(Normal(), "w", shape)


def test_the_layer_blames_the_argument() -> None:
    with pytest.raises(Mistake) as caught:
        Dense(features=3, bias_init=Orthogonal()).params(TensorType("f32", (2, 4)))
    assert caught.value.diagnostic.blame == "bias_init"


def test_bounds_in_the_wrong_order() -> None:
    with pytest.raises(ValueError, match="lower must be below upper"):
        TruncatedNormal(lower=1.0, upper=1.0)
