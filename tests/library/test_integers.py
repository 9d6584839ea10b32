"""Every op that takes whole numbers gives the same for every integer type that holds them, at the edges of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from netspec.library.base import Callable, Example
from netspec.library.layers.cells import Recurrence
from netspec.library.shelf.index_writer import classes
from netspec.testing.built_op_laws import Built
from netspec.testing.checks import hold
from netspec.testing.integer_laws import Integers, every_integer_type_gives_the_same, integer_cases, lengths_of_any_type, with_lengths

CLASSES: list[Any] = [cls for cls in classes() if issubclass(cls, Callable)]


def counting(case: Integers) -> bool:
    """Some of its whole numbers count or choose something."""
    return any(case.op.widens(each) for each in case.op.inputs if each.name in case.whole)


def families() -> Iterator[Any]:
    """The cases of each op: of those that count or choose, the first example as it is and with two of its sizes large, for one op
    of three; slow, all others."""
    for n, cls in enumerate(CLASSES):
        found = [list(integer_cases(example)) for example in cls.examples()]
        every = [case for cases in found for case in cases]
        first = next((cases for cases in found if cases and counting(cases[0])), [])
        quick = {str(case): case for case in (*first[:1], *first[-2:])}
        slow = [case for case in every if str(case) not in quick]
        if quick:
            yield pytest.param(list(quick.values()), id=cls.op_name(), marks=[pytest.mark.slow] if n % 3 else [])
        if slow:
            yield pytest.param(slow, id=f"{cls.op_name()}-all", marks=pytest.mark.slow)


@pytest.mark.parametrize("cases", list(families()))
def test_every_integer_type(cases: list[Integers]) -> None:
    hold([every_integer_type_gives_the_same], *cases)


def built_families() -> Iterator[Any]:
    """Recurrences, one way and both, with lengths; programs of their own."""
    for cls in CLASSES:
        if issubclass(cls, Recurrence) and cls.examples():
            marks = [] if cls.op_name() == "gru" else [pytest.mark.slow]
            yield pytest.param(with_lengths(cls.examples()[0]), id=cls.op_name(), marks=marks)


@pytest.mark.parametrize("example", list(built_families()))
def test_what_is_built(example: Example) -> None:
    hold([lengths_of_any_type], Built(example))


def test_the_law_looks_at_what_can_be_wrong() -> None:
    """Losses, metrics, layers and functions are among the cases, with sizes beyond 255."""
    texts = [str(case) for cls in CLASSES for example in cls.examples()[:1] for case in integer_cases(example)]
    kinds = {cls.kind for cls in CLASSES for example in cls.examples()[:1] if any(integer_cases(example))}
    assert {"layer", "function", "operator", "loss", "metric"} <= kinds
    assert len(texts) > 300 and sum("300" in text for text in texts) > 200
