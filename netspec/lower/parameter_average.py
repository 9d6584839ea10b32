"""Keeps the exponential moving average of the parameters, which evaluates and predicts in their place.

After t steps it is (1 - d) Σ d^(t - i) p_i / (1 - d^t), i = 1..t: the parameters that steps have left, newer ones weighing more, their
weights adding up to 1. So it owes nothing to the initial values; before the first step it is these.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from netspec.lazy import jnp
from netspec.library.base import Array
from netspec.library.gradients import widen

Arrays = Mapping[str, Array]


def begin_average(params: Arrays) -> dict[str, Array]:
    """The average before the first step, in f32 at least; copies, since a step gives away both."""
    return {key: jnp.array(p, jnp.promote_types(p.dtype, jnp.float32), copy=True) for key, p in params.items()}


def move_average(average: Arrays, params: Arrays, decay: float, step: Array) -> dict[str, Array]:
    """The average with the parameters after one more step; `step` counts the steps before it."""
    rate = share(decay, step)
    return {key: old + rate.astype(old.dtype) * (widen(params[key]) - old) for key, old in average.items()}


def share(decay: float, step: Array) -> Array:
    """The weight of the newest parameters, (1 - d) / (1 - d^(step + 1)): 1 at first, 1 - d in the end."""
    count = (step + 1).astype(jnp.result_type(float))
    return (1 - decay) / -jnp.expm1(count * math.log(decay))


def cast_average(average: Arrays, params: Arrays) -> dict[str, Array]:
    """The average in the parameters' own dtypes."""
    return {key: x if x.dtype == params[key].dtype else x.astype(params[key].dtype) for key, x in average.items()}
