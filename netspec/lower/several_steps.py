"""Takes several training steps in one compiled program, so that what a call costs is paid once for all of them.

How many they are is an argument of the program, so that each step is computed by the same instructions whether it is alone or one of many:
where the steps are divided changes no bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from netspec.lazy import jax, jnp, lax
from netspec.library.base import Array
from netspec.lower.step_functions import strip_weak_types
from netspec.lower.training_state import State

AT_ONCE = 128
"""Steps of one call at most."""


def take_several(step: Callable[[State, Any], tuple[State, Any, Any]], stacked: bool) -> Callable[[State, Any, Array], Any]:
    """(state, batch, how many) -> (state behind them, statistics, what was measured of the last). The statistics are those of each step
    along a first axis of `AT_ONCE`, of which so many count; so is a batch that is `stacked`, any other is that of every step."""

    def run(state: State, batch: Mapping[str, Array], count: Array) -> tuple[State, Any, Any]:
        def batch_of(index: Any) -> Mapping[str, Array]:
            return {name: x[index] for name, x in batch.items()} if stacked else batch

        def take(index: Array, carried: tuple[State, Any, Any]) -> tuple[State, Any, Any]:
            moved, own, seen = step(carried[0], batch_of(index))
            statistics = jax.tree.map(lambda all, x: all.at[index].set(x), carried[1], own)
            return moved, statistics, strip_weak_types(seen)

        _, own, seen = jax.eval_shape(step, state, batch_of(0))
        statistics = jax.tree.map(lambda x: jnp.zeros((AT_ONCE, *x.shape), x.dtype), own)
        return lax.fori_loop(0, count, take, (state, statistics, jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), seen)))

    return run
