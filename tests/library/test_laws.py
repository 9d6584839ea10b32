"""Laws that every callable class of the shelf keeps, for each of its examples. A class without examples, oracle or docs fails here.

They are `netspec.testing`'s, which plugins are held to as well; `test_testing.py` shows that each of them can fail.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from netspec.library.base import Callable, Example, Measure, Op
from netspec.library.shelf.index_writer import classes
from netspec.testing import apply_laws, built_op_laws, text_laws
from netspec.testing.case import Case, has_apply, phases
from netspec.testing.checks import Law, close, hold, require_same
from tests.library import oracles_built as built_oracles
from tests.library.oracles import ORACLES
from tests.library.oracles_activations import ACTIVATIONS
from tests.library.oracles_attention import ATTENTION
from tests.library.oracles_axes import FUNCTIONS
from tests.library.oracles_graph import GRAPHS
from tests.library.oracles_linear import LINEAR
from tests.library.oracles_norm import NORMS
from tests.library.oracles_picking import FUNCTIONS as PICKING
from tests.library.oracles_positions import POSITIONS
from tests.library.oracles_recurrent import RECURRENT
from tests.library.oracles_space import SPACE

CLASSES = classes()
BUILT: list[Any] = [cls for cls in CLASSES if issubclass(cls, Callable) and not has_apply(cls)]
CALLABLES: list[Any] = [cls for cls in CLASSES if issubclass(cls, Callable) and has_apply(cls) and not issubclass(cls, Measure)]
ORACLES |= FUNCTIONS | PICKING | ATTENTION | NORMS | POSITIONS | RECURRENT | LINEAR | GRAPHS | ACTIVATIONS | SPACE


def agrees_with_its_oracle(case: Case) -> None:
    apply_laws.agrees_with_its_oracle(case, ORACLES[case.op.op_name()])


COMPILED = (
    apply_laws.jit_changes_nothing,
    apply_laws.gradient_is_the_slope,
    apply_laws.bf16_stays_bf16,
    apply_laws.examples_do_not_meet,
)
"""Laws for which a program more is compiled. They are quick on the first example of every other op."""


def cases() -> Iterator[Any]:
    """Every example with the laws it is held against together; ops that do something else in training are two cases."""
    for number, cls in enumerate(CALLABLES):
        for i, example in enumerate(cls.examples()):
            for training in phases(example.op):
                laws = apply_laws.LAWS if training else (*apply_laws.LAWS, agrees_with_its_oracle)
                later = COMPILED if i or training or number % 2 else ()
                name = f"{cls.op_name()}-{i}{'-train' * training}"
                marks = [pytest.mark.slow] if i > 1 - training else []
                yield pytest.param(example, training, [law for law in laws if law not in later], id=name, marks=marks)
                if later:
                    yield pytest.param(example, training, later, id=f"{name}-compiled", marks=pytest.mark.slow)


def built_agrees_with_its_oracle(case: built_op_laws.Built) -> None:
    """The plain NumPy meaning gives the same values."""
    name = case.op.op_name()
    own = {key.removeprefix(f"{name}_0/"): w.astype("float64") for key, w in case.params.items()}
    wanted = built_oracles.ORACLES[name](case.op, own, case.inputs)
    found = case.jitted(case.params, case.inputs)
    require_same(found.keys(), wanted.keys(), "results are", "the oracle's")
    for key, right in wanted.items():
        close(found[key], right, 1e-5, 1e-5)


def built_cases() -> Iterator[Any]:
    """The same for what the compiler builds of other ops. The first example is quick."""
    for cls in BUILT:
        for i, example in enumerate(cls.examples()):
            for training in phases(example.op):
                laws = built_op_laws.LAWS if training else (*built_op_laws.LAWS, built_agrees_with_its_oracle)
                marks = [pytest.mark.slow] if i or training else []
                yield pytest.param(example, training, laws, id=f"{cls.op_name()}-{i}{'-train' * training}", marks=marks)


@pytest.mark.parametrize(("example", "training", "laws"), list(cases()))
def test_case(example: Example, training: bool, laws: Sequence[Law]) -> None:
    """A case is made, and compiled, once for all its laws."""
    hold(laws, Case(example, training))


@pytest.mark.parametrize(("example", "training", "laws"), list(built_cases()))
def test_built(example: Example, training: bool, laws: Sequence[Law]) -> None:
    hold(laws, built_op_laws.Built(example, training))


def has_an_oracle(cls: type[Op]) -> None:
    assert cls.op_name() in ORACLES


def test_has_an_oracle() -> None:
    hold([has_an_oracle], *CALLABLES)


def test_what_is_built_has_an_oracle() -> None:
    assert {cls.op_name() for cls in BUILT} == built_oracles.ORACLES.keys()


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: f"{cls.kind}-{cls.op_name()}")
def test_class(cls: type[Op]) -> None:
    """What a class owes to those who read and write it, and each of its examples."""
    hold(text_laws.CLASS_LAWS, cls)
    hold(text_laws.EXAMPLE_LAWS, *cls.examples())
