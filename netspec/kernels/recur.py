"""Runs steps one after another, each from the state that the one before has left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netspec.kernels.family import Sample, family
from netspec.lazy import jnp, lax


def _leaks(state: Any, x: Any) -> tuple[Any, Any]:
    """What the family is tried with: a state that forgets half of itself."""
    state = {"h": jnp.tanh(0.5 * state["h"] + x)}
    return state, (state["h"], x[:, :1])


@family(
    Sample({"h": "f32[3, 4]"}, "f32[5, 3, 4]", step=_leaks),
    Sample({"h": "f32[3, 4]"}, "f32[5, 3, 4]", step=_leaks, unroll=2),
    Sample({"h": "f32[2, 1]"}, "f32[1, 2, 1]", step=_leaks, unroll=1),
)
def recur(start: Any, steps: Any, *, step: Callable[[Any, Any], tuple[Any, Any]], unroll: int = 1) -> tuple[Any, Any]:
    """A tree of states and one of sequences [time, …] -> the states after the last step, and what the steps made, [time, …].

    step(states, the sequences at one time) gives new states and what it makes. `unroll` steps stand in one turn of the compiled loop.
    """
    return lax.scan(step, start, steps, unroll=unroll)
