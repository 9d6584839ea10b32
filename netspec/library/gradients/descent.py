"""Takes the step itself, and keeps momentum."""

from __future__ import annotations

from netspec.library.base import Array, Clock, Schedule, Transformation
from netspec.library.gradients.core import Tree, begin_count, count_up, make_stateless, round_kept, zeros


def descend(learning_rate: float | Schedule, clock: Clock) -> Transformation:
    """Times minus the learning rate. With a schedule the state counts the updates."""
    if not isinstance(learning_rate, Schedule):
        return make_stateless(lambda updates, params: {path: -learning_rate * u for path, u in updates.items()})
    schedule = learning_rate

    def update(updates: Tree, state: dict[str, Array], params: Tree) -> tuple[Tree, dict[str, Array]]:
        rate = schedule.value(state["count"], clock)
        return {path: -rate.astype(u.dtype) * u for path, u in updates.items()}, {"count": count_up(state["count"])}

    return Transformation(lambda params: {"count": begin_count()}, update)


def trace(decay: float, nesterov: bool, dtype: str | None = None) -> Transformation:
    """Momentum: m = decay * m + g; gives m, with `nesterov` g + decay * m. It is kept in `dtype`, in f32 at least without one."""

    def update(updates: Tree, state: Tree, params: Tree) -> tuple[Tree, Tree]:
        moved = {path: g + decay * state[path] for path, g in updates.items()}
        steps = {path: g + decay * moved[path] for path, g in updates.items()} if nesterov else moved
        return steps, round_kept(moved, dtype)

    return Transformation(lambda params: round_kept(zeros(params), dtype), update)
