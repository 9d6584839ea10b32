"""An op whose value only jumps has no gradient, and says so: what stands before it does not learn."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.library.base import Callable, Measure
from netspec.library.shelf.index_writer import classes
from netspec.testing.case import Case, has_apply, to_tuple
from netspec.testing.checks import hold, require


def has_a_slope_where_it_says_so(cls: type[Callable]) -> None:
    """Of those whose values jump: what is no jump anywhere is smooth, and has one."""
    floats: list[Any] = []
    for case in map(Case, cls.examples()):
        if not case.flows:
            continue
        places = [place for place, kind in enumerate(case.types) if kind.is_float]

        def result(given: list[Any], case: Case = case, places: list[int] = places) -> Any:
            inputs = [given[places.index(place)] if place in places else x for place, x in enumerate(case.inputs)]
            return sum(jnp.sum(x) for x in case.floats(to_tuple(case.run(*inputs))))

        floats += jax.grad(result)([jnp.asarray(case.inputs[place]) for place in places])
    moved = any(np.any(np.asarray(slope) != 0) for slope in floats)
    require(not floats or moved == cls.sloped, f"{cls.op_name()}: sloped is {cls.sloped}, and there is {'a' if moved else 'no'} gradient")


def test_ops_that_jump_say_whether_they_have_a_slope() -> None:
    jumping = [cls for cls in classes() if issubclass(cls, Callable) and cls.jumps and has_apply(cls) and not issubclass(cls, Measure)]
    assert len(jumping) > 5
    hold([has_a_slope_where_it_says_so], *jumping)
