"""Laws that every callable class of the shelf keeps, for each of its examples. A class without examples, oracle or docs fails here."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes import UnprovenSize
from netspec.library.base import Callable, Example, Measure, Op
from netspec.library.generate import classes, described
from netspec.shape import Dim, Facts, TensorType
from tests.library.oracles import ORACLES
from tests.library.scope import TestScope, draw, parse, sample

CLASSES = classes()
CALLABLES = [cls for cls in CLASSES if issubclass(cls, Callable) and not issubclass(cls, Measure)]
CASES = [pytest.param((example, False), id=f"{cls.op_name()}-{i}") for cls in CALLABLES for i, example in enumerate(cls.examples())]
PHASED = [cls for cls in CALLABLES if cls.random or cls.buffers is not Callable.buffers]
TRAINED = [pytest.param((example, True), id=f"{cls.op_name()}-{i}-train") for cls in PHASED for i, example in enumerate(cls.examples())]
"""Ops that do something else in training."""
JUMPS = {"floor_divide", "remainder"}
"""Ops whose value jumps, so that a rounded input may land on the other side."""


class Case:
    """An example with everything made: types, inputs, weights."""

    def __init__(self, example: Example, training: bool) -> None:
        rng = np.random.default_rng(7)
        self.op: Any = example.op
        self.training = training
        self.name = example.op.op_name()
        self.types = [parse(text) for text in example.inputs]
        self.inputs = [sample(t, rng) for t in self.types]
        if self.name == "power":
            self.inputs = [np.abs(x) for x in self.inputs]
        self.jitted = jax.jit(self.run)
        self.params = {name: self._weight(w, rng) for name, w in self.op.params(*self.types).items()}
        self.buffers = {name: self._weight(w, rng) for name, w in self.op.buffers(*self.types).items()}

    def _weight(self, weight: Any, rng: np.random.Generator) -> Any:
        """A positive value that no initializer would give, so that scale, bias, mean and variance all matter."""
        return (0.5 + rng.random([int(n) for n in weight.shape])).astype("float32")

    def run(self, *inputs: Any, params: Any = None) -> Any:
        scope = TestScope(self.params if params is None else params, self.buffers, self.training)
        return self.op.apply(scope, *map(jnp.asarray, inputs))

    @property
    def smooth(self) -> bool:
        """Has the result a gradient?"""
        return self.op.shape(Facts(), *self.types).is_float and all(t.is_float for t in self.types)


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Case:
    return _made(request.node.callspec.id, request.param)


_CASES: dict[str, Case] = {}


def _made(name: str, parts: tuple[Example, bool]) -> Case:
    """Each case is made, and compiled, once for all laws."""
    if name not in _CASES:
        _CASES[name] = Case(*parts)
    return _CASES[name]


each_case = pytest.mark.parametrize("case", CASES, indirect=True)
each_case_and_phase = pytest.mark.parametrize("case", CASES + TRAINED, indirect=True)
each_class = pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: f"{cls.kind}-{cls.op_name()}")


@each_class
def test_has_a_page(cls: type[Op]) -> None:
    assert cls.__dict__.get("__doc__"), f"{cls.__name__} has no docstring of its own"
    assert described(cls).keys() == cls.model_fields.keys(), f"{cls.__name__} has undescribed arguments"


@each_class
def test_has_examples(cls: type[Op]) -> None:
    assert len(cls.examples()) >= 2


@pytest.mark.parametrize("cls", CALLABLES, ids=lambda cls: cls.op_name())
def test_has_an_oracle(cls: type[Op]) -> None:
    assert cls.op_name() in ORACLES


@each_case
def test_oracle(case: Case) -> None:
    weights = {name: np.float64(w) for name, w in (case.params | case.buffers).items()}
    wanted = ORACLES[case.name](case.op, weights, *(np.float64(x) if x.dtype == "float32" else x for x in case.inputs))
    np.testing.assert_allclose(case.jitted(*case.inputs), wanted, 1e-5, 1e-6)


@each_case_and_phase
def test_shape_rule_is_what_apply_does(case: Case) -> None:
    found = jax.eval_shape(case.run, *case.inputs)
    rule = case.op.shape(Facts(), *case.types)
    assert (found.shape, found.dtype.name) == (tuple(dim.value for dim in rule.shape), rule.jax_dtype)


@each_case
def test_shape_rule_with_a_symbolic_batch(case: Case) -> None:
    batch = case.types[0].shape[0].value if case.types[0].rank else 1
    if batch == 1:
        return
    types = [_with_batch(t, batch) for t in case.types]
    try:
        rule = case.op.shape(Facts(), *types)
    except Mistake as mistake:
        assert isinstance(mistake.diagnostic, UnprovenSize), mistake
        rule = case.op.shape(Facts().assume_equal(Dim.of("B"), batch), *types)
    assert rule.substitute({"B": batch}) == case.op.shape(Facts(), *case.types)
    flops = [Dim.of(case.op.flops(*given)).substitute({"B": batch}) for given in (types, case.types)]
    assert flops[0] == flops[1]


def _with_batch(kind: TensorType, batch: int) -> TensorType:
    return kind.with_shape(("B", *kind.shape[1:])) if kind.rank and kind.shape[0] == batch else kind


@each_case
def test_initial_values_fit(case: Case) -> None:
    for weight in (case.op.params(*case.types) | case.op.buffers(*case.types)).values():
        value = draw(weight, np.random.default_rng(0))
        assert value.shape == weight.shape
        assert np.isfinite(value).all()


@each_case_and_phase
def test_jit_changes_nothing(case: Case) -> None:
    np.testing.assert_allclose(case.jitted(*case.inputs), case.run(*case.inputs), 1e-5, 1e-6)


@each_case_and_phase
def test_gradient_is_the_slope(case: Case) -> None:
    if not case.smooth:
        return
    rng = np.random.default_rng(1)
    with jax.enable_x64(True):
        point = jax.tree.map(np.float64, (case.params, case.inputs))
        direction = jax.tree.map(lambda x: rng.standard_normal(x.shape), point)
        pull = rng.standard_normal([dim.value for dim in case.op.shape(Facts(), *case.types).shape])

        def along(t: Any) -> Any:
            params, inputs = jax.tree.map(lambda x, d: x + t * d, point, direction)
            result = case.run(*inputs, params=params)
            assert result.dtype == np.float64
            return jnp.vdot(result, pull)

        value = jax.jit(along)
        numeric = (value(1e-6) - value(-1e-6)) / 2e-6
        np.testing.assert_allclose(jax.jit(jax.grad(along))(0.0), numeric, 1e-6, 1e-7)


@each_case
def test_bf16_stays_bf16(case: Case) -> None:
    if not any(t.is_float for t in case.types):
        return
    short = [x.astype(jnp.bfloat16) if t.is_float else x for t, x in zip(case.types, case.inputs, strict=True)]
    result = case.jitted(*short)
    rule = case.op.shape(Facts(), *(t.with_dtype("bf16") if t.is_float else t for t in case.types))
    assert result.dtype.name == rule.jax_dtype
    if case.smooth and case.name not in JUMPS:
        wide = case.jitted(*(np.float32(x) for x in short))
        np.testing.assert_allclose(np.float32(result), wide, 0.02, 0.02 * np.abs(wide).max())
