"""Ops on stretches of a sequence, held against themselves on the whole sequence: for every op that lets positions pass, and every input of
its examples that may be generated."""

from __future__ import annotations

from typing import Any

import pytest

from netspec.library.base import Callable
from netspec.library.contracts.sequence_axis import STILL
from netspec.library.functions.pool import AvgPool, LpPool, MaxPool, MinPool
from netspec.testing.checks import hold
from netspec.testing.sequence_trials import choose_trials, outcomes
from netspec.testing.stretch_laws import has_step, stretch_by_stretch_is_the_whole
from tests.library.test_causality import CALLABLES, first_or_every
from tests.quick import thin

OPS = [cls for cls in CALLABLES if not cls.elementwise]
"""Of an elementwise op every element is made of those at its own place."""
LOOK_BACK = [cls for cls in CALLABLES if cls.step is not Callable.step]
each_op = pytest.mark.parametrize("cls", thin(OPS, 3), ids=lambda cls: f"{cls.kind}-{cls.op_name()}")


@each_op
@first_or_every
def test_stretch_by_stretch_is_the_whole(cls: type[Callable], every: bool) -> None:
    hold([stretch_by_stretch_is_the_whole], *choose_trials((row for row in outcomes(cls) if has_step(*row)), every))


def test_every_step_is_tried() -> None:
    """Each op that looks back has an example that goes through its step, and those without one have a reason."""
    tried = {cls for cls in LOOK_BACK if any(has_step(trial, found) for trial, found in outcomes(cls))}
    assert set(LOOK_BACK) - tried == set()
    ops: list[Any] = [cls.examples()[0].op for cls in (MaxPool, MinPool, AvgPool, LpPool)]
    assert all("step" in op.explain_stepless((STILL,)) for op in ops)
