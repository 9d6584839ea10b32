"""Lowers a factor when the loss no longer falls. It depends on what training finds, so it is no function of the step.

Pure functions on a state, a flat dict of scalars, as every gradient transformation has one. The formula is that of
`optax.contrib.reduce_on_plateau`; everything that is added up is in f32 at least.
"""

from __future__ import annotations

from typing import Any

from netspec.lazy import jnp
from netspec.library.base import Array, Transformation
from netspec.record import record

State = dict[str, Array]


@record
class Plateau:
    """When the factor falls, and how far.

    A look at the loss is the mean of `accumulation_size` values. It is better than the best so far when it is below
    `(1 - rtol) * best - atol`. After `patience` looks in a row without a better one the factor is multiplied by `factor`, though it never
    falls below `min_scale`; the next `cooldown` looks are not counted then.
    """

    factor: float = 0.1
    patience: int = 10
    rtol: float = 1e-4
    atol: float = 0.0
    cooldown: int = 0
    accumulation_size: int = 1
    min_scale: float = 0.0


def begin_state(dtype: Any) -> State:
    """Nothing seen yet, factor 1. The dtype is that of the loss's sums: f32 or f64."""
    count = {name: jnp.zeros((), jnp.int32) for name in ("seen", "bad", "cooling")}
    return count | {"mean": jnp.zeros((), dtype), "best": jnp.full((), jnp.inf, dtype), "scale": jnp.ones((), dtype)}


def observe_loss(rules: Plateau, state: State, value: Array) -> State:
    """The state after one more value of the loss; its `scale` is the factor for this step's update."""
    seen = state["seen"] + 1
    mean = (state["seen"].astype(state["mean"].dtype) * state["mean"] + value.astype(state["mean"].dtype)) / seen.astype(
        state["mean"].dtype
    )
    gathered = state | {"seen": seen, "mean": mean}
    looked, enough = _judge_mean(rules, gathered), seen >= rules.accumulation_size
    return {name: jnp.where(enough, looked[name], old) for name, old in gathered.items()}


def _judge_mean(rules: Plateau, state: State) -> State:
    """The state after a look at a mean of values; the next mean begins anew."""
    better = state["mean"] < (1 - rules.rtol) * state["best"] - rules.atol
    bad = jnp.where(better, 0, state["bad"] + 1)
    cooling = state["cooling"] > 0
    falls = ~cooling & (bad >= rules.patience)
    lower = jnp.maximum(state["scale"] * rules.factor, rules.min_scale)
    return {
        "seen": jnp.zeros_like(state["seen"]),
        "mean": jnp.zeros_like(state["mean"]),
        "best": jnp.where(better, state["mean"], state["best"]),
        "bad": jnp.where(cooling | falls, 0, bad),
        "cooling": jnp.where(falls, rules.cooldown, jnp.maximum(state["cooling"] - 1, 0)),
        "scale": jnp.where(falls, lower, state["scale"]),
    }


def reduce_on_plateau(rules: Plateau) -> Transformation:
    """Updates times the factor. It needs the loss of the step."""

    def init(params: dict[str, Array]) -> State:
        return begin_state(jnp.result_type(jnp.float32, *params.values()))

    def update(updates: dict[str, Array], state: State, params: dict[str, Array], *, value: Array) -> tuple[dict[str, Array], State]:
        state = observe_loss(rules, state, jnp.asarray(value))
        return {path: state["scale"].astype(u.dtype) * u for path, u in updates.items()}, state

    return Transformation(init, update, ("value",))
