"""Leaves out the steps whose loss or gradients are no numbers, inside the compiled step, and scales the loss where activations are in f16.

What it counts is part of the state, and so of checkpoints: a run that goes on counts on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from netspec.lazy import jax, jnp
from netspec.library.base import Array
from netspec.lower.training_state import State

FIRST_SCALE, LEAST_SCALE, LARGEST_SCALE = 2.0**16, 1.0, 2.0**24
"""The scale of the loss begins at the first and stays between the others. At 1 it is no scale's fault that a gradient overflows."""
GROW_AFTER = 2_000
"""So many good steps in a row double the scale; a step that overflows halves it (Micikevicius and others 2018)."""
SPREAD = 0x9E37_79B1
"""How far the random numbers of a run are moved each time it goes back: an odd number, so that no two are alike."""


@dataclass(frozen=True)
class StepGuard:
    """Judges steps: a bad one leaves parameters, buffers, the optimizer and averages as they were, and is counted."""

    scaled: bool = False
    """Multiplies the loss by a scale that follows what overflows."""
    drops: bool = False
    """A loss that is no number counts in no mean."""
    redraws: bool = False
    """The run may go back, and draws other random numbers then."""

    def begin(self) -> dict[str, Array]:
        """The counts before the first step."""
        found = {name: jnp.zeros((), jnp.int32) for name in ("skipped", "in_row", *(["rollbacks"] if self.redraws else []))}
        return found | ({"scale": jnp.asarray(FIRST_SCALE, jnp.float32), "good": jnp.zeros((), jnp.int32)} if self.scaled else {})

    def drawn(self, state: State) -> Array:
        """The number by which the step draws: its own, moved as often as the run went back."""
        if not self.redraws:
            return state.step
        return state.step.astype(jnp.uint32) + state.guard["rollbacks"].astype(jnp.uint32) * jnp.uint32(SPREAD)

    def judge(self, old: State, new: State, bad: Sequence[Array]) -> State:
        """The new state, or the old one with its step counted; `bad` says of each update whether anything of it is no number."""
        is_bad = jnp.stack(bad).any()
        before, after = (each._replace(step=(), guard=()) for each in (old, new))
        kept = jax.tree.map(lambda was, now: jnp.where(is_bad, was, now), before, after)
        return kept._replace(step=new.step, guard=self._count(old.guard, is_bad))

    def _count(self, guard: Mapping[str, Array], bad: Array) -> dict[str, Array]:
        """What is known of the steps so far. One that a smaller scale may cure stands in no row."""
        cured = guard["scale"] > LEAST_SCALE if self.scaled else jnp.asarray(False)
        row = jnp.where(bad, guard["in_row"] + jnp.where(cured, 0, 1), 0)
        found = {**guard, "skipped": guard["skipped"] + bad.astype(jnp.int32), "in_row": row.astype(jnp.int32)}
        return found | (_follow(guard["scale"], guard["good"], bad) if self.scaled else {})


def _follow(scale: Array, good: Array, bad: Array) -> dict[str, Array]:
    """The scale of the next step, and the good steps behind which it is."""
    grown = ~bad & (good + 1 >= GROW_AFTER)
    moved = jnp.where(bad, jnp.maximum(scale * 0.5, LEAST_SCALE), jnp.where(grown, jnp.minimum(scale * 2, LARGEST_SCALE), scale))
    return {"scale": moved, "good": jnp.where(bad | grown, 0, good + 1).astype(jnp.int32)}


def holds_bad(tree: Any) -> Array:
    """Whether any number of a tree is infinite or NaN."""
    leaves = [x for x in jax.tree.leaves(tree) if jnp.issubdtype(x.dtype, jnp.inexact)]
    return ~jnp.stack([jnp.isfinite(x).all() for x in leaves]).all() if leaves else jnp.asarray(False)
