"""Laws that every callable class of the shelf keeps, for each of its examples. A class without examples, oracle or docs fails here.

They are `netspec.testing`'s, which plugins are held to as well; `test_testing.py` shows that each of them can fail.
"""

from __future__ import annotations

from collections.abc import Callable as Function
from collections.abc import Iterator
from functools import lru_cache, partial
from typing import Any

import numpy as np
import pytest

from netspec.library.base import Callable, Measure, Op
from netspec.library.shelf.index_writer import classes
from netspec.testing import apply_laws, built_op_laws, text_laws
from netspec.testing.case import Case, has_apply, phases
from tests.library import oracles_built as built_oracles
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
from tests.library.quick import quick_compilation  # noqa: F401

CLASSES = classes()
BUILT: list[Any] = [cls for cls in CLASSES if issubclass(cls, Callable) and not has_apply(cls)]
CALLABLES: list[Any] = [cls for cls in CLASSES if issubclass(cls, Callable) and has_apply(cls) and not issubclass(cls, Measure)]
ORACLES |= FUNCTIONS | ATTENTION | NORMS | POSITIONS | RECURRENT | LINEAR | GRAPHS | ACTIVATIONS | SPACE
Law = Function[[Case], None]


def agrees_with_its_oracle(case: Case) -> None:
    apply_laws.agrees_with_its_oracle(case, ORACLES[case.op.op_name()])


COMPILED = (apply_laws.jit_changes_nothing, apply_laws.gradient_is_the_slope, apply_laws.bf16_stays_bf16, apply_laws.examples_do_not_meet)
"""Laws for which a program more is compiled. They are quick on the first two examples of an op, and slow on the others together."""


def pairs() -> Iterator[Any]:
    """Every law on every case, the laws of one case after each other; ops that do something else in training are two cases."""
    for cls in CALLABLES:
        for i, example in enumerate(cls.examples()):
            for training in phases(example.op):
                made = partial(Case, example, training)
                for law in apply_laws.LAWS if training else (*apply_laws.LAWS, agrees_with_its_oracle):
                    marks = [pytest.mark.slow] if law in COMPILED and i > 1 - training else []
                    yield pytest.param(made, law, id=f"{cls.op_name()}-{i}-{'train-' * training}{law.__name__}", marks=marks)


def built_agrees_with_its_oracle(case: built_op_laws.Built) -> None:
    """The plain NumPy meaning gives the same values."""
    name = case.op.op_name()
    own = {key.removeprefix(f"{name}_0/"): w.astype("float64") for key, w in case.params.items()}
    wanted = built_oracles.ORACLES[name](case.op, own, case.inputs)
    found = case.jitted(case.params, case.inputs)
    assert found.keys() == wanted.keys()
    for key, right in wanted.items():
        np.testing.assert_allclose(found[key], right, 1e-5, 1e-5)


def built_pairs() -> Iterator[Any]:
    """The same for what the compiler builds of other ops. The first example is quick."""
    for cls in BUILT:
        for i, example in enumerate(cls.examples()):
            for training in phases(example.op):
                made, marks = partial(built_op_laws.Built, example, training), [pytest.mark.slow] if i or training else []
                for law in built_op_laws.LAWS if training else (*built_op_laws.LAWS, built_agrees_with_its_oracle):
                    yield pytest.param(made, law, id=f"{cls.op_name()}-{i}-{'train-' * training}{law.__name__}", marks=marks)


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Any:
    """Each case is made, and compiled, once for all laws, and forgotten when the next one comes."""
    return _made(request.param)


@lru_cache(maxsize=1)
def _made(make: Function[[], Any]) -> Any:
    return make()


@pytest.mark.parametrize(("case", "law"), list(pairs()), indirect=["case"])
def test_case(case: Case, law: Law) -> None:
    law(case)


@pytest.mark.parametrize(("case", "law"), list(built_pairs()), indirect=["case"])
def test_built(case: built_op_laws.Built, law: Function[[built_op_laws.Built], None]) -> None:
    law(case)


@pytest.mark.parametrize("cls", CALLABLES, ids=lambda cls: cls.op_name())
def test_has_an_oracle(cls: type[Op]) -> None:
    assert cls.op_name() in ORACLES


def test_what_is_built_has_an_oracle() -> None:
    assert {cls.op_name() for cls in BUILT} == built_oracles.ORACLES.keys()


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: f"{cls.kind}-{cls.op_name()}")
@pytest.mark.parametrize("law", text_laws.CLASS_LAWS, ids=lambda law: law.__name__)
def test_class(cls: type[Op], law: Function[[type[Op]], None]) -> None:
    law(cls)
