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
from netspec.library.cells import Recurrence
from netspec.library.generate import classes, described
from netspec.shape import Dim, Facts, TensorType
from tests.library.oracles import ORACLES
from tests.library.oracles_activations import ACTIVATIONS
from tests.library.oracles_attention import ATTENTION
from tests.library.oracles_axes import FUNCTIONS
from tests.library.oracles_graph import GRAPHS
from tests.library.oracles_linear import LINEAR
from tests.library.oracles_norm import NORMS
from tests.library.oracles_positions import POSITIONS
from tests.library.oracles_recurrent import RECURRENT
from tests.library.oracles_space import SPACE
from tests.library.scope import TestScope, draw, parse, sample

CLASSES = classes()
CALLABLES = [cls for cls in CLASSES if issubclass(cls, Callable) and not issubclass(cls, Measure | Recurrence) and not cls.parts]
CASES = [pytest.param((example, False), id=f"{cls.op_name()}-{i}") for cls in CALLABLES for i, example in enumerate(cls.examples())]
PHASED = [cls for cls in CALLABLES if cls.random or cls.buffers is not Callable.buffers]
TRAINED = [pytest.param((example, True), id=f"{cls.op_name()}-{i}-train") for cls in PHASED for i, example in enumerate(cls.examples())]
"""Ops that do something else in training."""
ORACLES |= FUNCTIONS | ATTENTION | NORMS | POSITIONS | RECURRENT | LINEAR | GRAPHS | ACTIVATIONS | SPACE
JUMPS = {"floor_divide", "remainder", "floor", "ceil", "round", "sign"}
"""Ops whose value jumps, so that a rounded input may land on the other side."""
POSITIVE = {"power", "log", "log1p", "sqrt", "rsqrt"}
"""Ops that are not defined below 0."""
UNSLOPED = {"stop_gradient", "cast", "spectral_norm"}
"""Ops whose gradient is not the slope, by purpose."""


class Case:
    """An example with everything made: types, inputs, weights."""

    def __init__(self, example: Example, training: bool) -> None:
        rng = np.random.default_rng(7)
        self.op: Any = example.op
        self.training = training
        self.name = example.op.op_name()
        self.names = tuple(example.named)
        """Of the optional inputs, which stand behind the required ones in `types` and `inputs`."""
        self.types = [parse(text) for text in (*example.inputs, *example.named.values())]
        self.inputs = [sample(t, rng) for t in self.types]
        if self.name in POSITIVE:
            self.inputs = [np.abs(x) for x in self.inputs]
        self.jitted = jax.jit(self.run)
        self.params = {name: self._weight(w, rng) for name, w in self.call("params", *self.types).items()}
        self.buffers = {name: self._weight(w, rng) for name, w in self.call("buffers", *self.types).items()}

    def _weight(self, weight: Any, rng: np.random.Generator) -> Any:
        """A positive value that no initializer would give, so that scale, bias, mean and variance all matter."""
        return (0.5 + rng.random([int(n) for n in weight.shape])).astype("float32")

    def run(self, *inputs: Any, params: Any = None) -> Any:
        scope = TestScope(self.params if params is None else params, self.buffers, self.training)
        return self.call("apply", scope, *map(jnp.asarray, inputs))

    def call(self, method: str, *values: Any) -> Any:
        """A method of the op, optional inputs by name."""
        return self.with_names(getattr(self.op, method))(*values)

    def with_names(self, function: Any) -> Any:
        """The function with its last arguments given by name."""
        required = -len(self.names) or None
        return lambda *values: function(*values[:required], **dict(zip(self.names, values[required:] if required else (), strict=True)))

    def results(self, *types: TensorType) -> tuple[TensorType, ...]:
        """The result types by the shape rule."""
        return several(self.call("shape", Facts(), *(types or self.types)))

    def floats(self, results: Any) -> list[Any]:
        """Those of the results that are floats."""
        return [x for x, kind in zip(several(results), self.results(), strict=True) if kind.is_float]

    @property
    def smooth(self) -> bool:
        """Has a result a gradient?"""
        return bool(self.floats(self.results())) and any(t.is_float for t in self.types) and self.name not in UNSLOPED


def several(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


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
    assert described(cls).keys() == cls.arguments().keys(), f"{cls.__name__} has undescribed arguments"


@each_class
def test_has_examples(cls: type[Op]) -> None:
    assert len(cls.examples()) >= (2 if cls.arguments() or issubclass(cls, Callable) else 1)


@pytest.mark.parametrize("cls", CALLABLES, ids=lambda cls: cls.op_name())
def test_has_an_oracle(cls: type[Op]) -> None:
    assert cls.op_name() in ORACLES


@each_case
def test_oracle(case: Case) -> None:
    weights = {name: np.float64(w) for name, w in (case.params | case.buffers).items()}
    wanted = case.with_names(ORACLES[case.name])(case.op, weights, *(np.float64(x) if x.dtype == "float32" else x for x in case.inputs))
    for found, right in zip(several(case.jitted(*case.inputs)), several(wanted), strict=True):
        np.testing.assert_allclose(found, right, 1e-5, 1e-6)


@each_case_and_phase
def test_shape_rule_is_what_apply_does(case: Case) -> None:
    found = jax.eval_shape(case.run, *case.inputs)
    for array, rule in zip(several(found), case.results(), strict=True):
        assert (array.shape, array.dtype.name) == (tuple(dim.value for dim in rule.shape), rule.jax_dtype)


@each_case
def test_shape_rule_with_a_symbolic_batch(case: Case) -> None:
    batch = case.types[0].shape[0].value if case.types and case.types[0].rank else 1
    if batch == 1:
        return
    types = [_with_batch(t, batch) for t in case.types]
    try:
        rule = case.call("shape", Facts(), *types)
    except Mistake as mistake:
        assert isinstance(mistake.diagnostic, UnprovenSize), mistake
        rule = case.call("shape", Facts().assume_equal(Dim.of("B"), batch), *types)
    assert tuple(kind.substitute({"B": batch}) for kind in several(rule)) == case.results()
    flops = [Dim.of(case.call("flops", *given)).substitute({"B": batch}) for given in (types, case.types)]
    assert flops[0] == flops[1]


def _with_batch(kind: TensorType, batch: int) -> TensorType:
    return kind.with_shape(("B", *kind.shape[1:])) if kind.rank and kind.shape[0] == batch else kind


@each_case
def test_initial_values_fit(case: Case) -> None:
    for weight in (case.call("params", *case.types) | case.call("buffers", *case.types)).values():
        value = draw(weight, np.random.default_rng(0))
        assert value.shape == weight.shape
        assert np.isfinite(value).all()


@each_case_and_phase
def test_jit_changes_nothing(case: Case) -> None:
    for jitted, plain in zip(several(case.jitted(*case.inputs)), several(case.run(*case.inputs)), strict=True):
        np.testing.assert_allclose(jitted, plain, 1e-5, 1e-6)


@each_case_and_phase
def test_gradient_is_the_slope(case: Case) -> None:
    if not case.smooth:
        return
    rng = np.random.default_rng(1)
    with jax.enable_x64(True):
        point = jax.tree.map(lambda x: np.float64(x) if x.dtype == np.float32 else x, (case.params, case.inputs))
        direction = jax.tree.map(lambda x: rng.standard_normal(x.shape) if x.dtype == np.float64 else np.zeros(x.shape, x.dtype), point)
        pull = [rng.standard_normal([dim.value for dim in kind.shape]) for kind in case.floats(case.results())]

        def along(t: Any) -> Any:
            params, inputs = jax.tree.map(lambda x, d: x + t * d if x.dtype == np.float64 else x, point, direction)
            results = case.floats(case.run(*inputs, params=params))
            assert all(result.dtype == np.float64 for result in results)
            return sum(jnp.vdot(result, own) for result, own in zip(results, pull, strict=True))

        value = jax.jit(along)
        numeric = (value(1e-6) - value(-1e-6)) / 2e-6
        np.testing.assert_allclose(jax.jit(jax.grad(along))(0.0), numeric, 1e-6, 1e-7)


@each_case
def test_bf16_stays_bf16(case: Case) -> None:
    if not any(t.is_float for t in case.types):
        return
    short = [x.astype(jnp.bfloat16) if t.is_float else x for t, x in zip(case.types, case.inputs, strict=True)]
    result = case.jitted(*short)
    rules = case.results(*(t.with_dtype("bf16") if t.is_float else t for t in case.types))
    assert [x.dtype.name for x in several(result)] == [rule.jax_dtype for rule in rules]
    if case.smooth and case.name not in JUMPS:
        wide = case.jitted(*(np.float32(x) if t.is_float else x for t, x in zip(case.types, short, strict=True)))
        for narrow, full in zip(case.floats(result), case.floats(wide), strict=True):
            np.testing.assert_allclose(np.float32(narrow), full, 0.02, 0.02 * np.abs(full).max())
