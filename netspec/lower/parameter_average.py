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
from netspec.lower.layout import Followed

Arrays = Mapping[str, Array]


def begin_average(params: Arrays) -> dict[str, Array]:
    """The average before the first step, in f32 at least; copies, since a step gives away both."""
    return {key: jnp.array(p, jnp.promote_types(p.dtype, jnp.float32), copy=True) for key, p in params.items()}


def move_average(average: Arrays, params: Arrays, decay: float, step: Array) -> dict[str, Array]:
    """The average with the parameters after one more step; `step` counts the steps before it."""
    rate = share(decay, step)
    return {key: old + rate.astype(old.dtype) * (widen(params[key]) - old) for key, old in average.items()}


def follow(averages: Mapping[str, Followed], buffers: Arrays, params: Arrays) -> dict[str, Array]:
    """The buffers, with those that are averages moved towards what a step has left: d · own + (1 - d) · the other's."""
    moved: dict[str, Array] = {}

    def move(key: str) -> Array:
        if key not in moved:
            followed = averages[key]
            new = move(followed.key) if followed.key in averages else params[followed.key]
            moved[key] = approach(widen(buffers[key]), widen(new), followed).astype(buffers[key].dtype)
        return moved[key]

    return {key: move(key) if key in averages else x for key, x in buffers.items()}


def approach(old: Array, new: Array, followed: Followed) -> Array:
    """An average after a step, every slice of it by that of what it follows."""
    stacked = old.ndim - new.ndim + len(followed.axes)
    return followed.decay * old + (1 - followed.decay) * jnp.expand_dims(new, [k for k in range(stacked) if k not in followed.axes])


def share(decay: float, step: Array) -> Array:
    """The weight of the newest parameters, (1 - d) / (1 - d^(step + 1)): 1 at first, 1 - d in the end."""
    count = (step + 1).astype(jnp.result_type(float))
    return (1 - decay) / -jnp.expm1(count * math.log(decay))


def cast_average(average: Arrays, params: Arrays) -> dict[str, Array]:
    """The average in the parameters' own dtypes."""
    return {key: x if x.dtype == params[key].dtype else x.astype(params[key].dtype) for key, x in average.items()}
