"""Measures training steps while they are taken: the length of the gradient, the learning rate, and the lengths of single parameters'
gradients and updates. What it measures leaves the step; nothing of the step depends on it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from netspec.lazy import jnp, np
from netspec.library.base import Array, Clock, Leaf, Optimizer
from netspec.library.gradients.core import norm, widen
from netspec.library.gradients.path_selection import Chosen
from netspec.library.gradients.products import global_norm

Tree = Mapping[str, Array]


@dataclass(frozen=True)
class RateReader:
    """Tells the learning rates of an optimizer at work."""

    optimizer: Optimizer | None
    """None: it came from Python, and its rate is not known."""
    clock: Clock

    def __call__(self, step: Array, before: Any, after: Any) -> dict[str, Array]:
        """By group, "" where there is one alone, at its own update number: what its state counts before the update, which knows of those
        that were left out, else `step`. `after` is its state behind the update."""
        counted = next(_counts(before), step)
        found = {} if self.optimizer is None else self.optimizer.rates(counted, self.clock, after)
        return {name: jnp.asarray(rate, jnp.float32) for name, rate in found.items()}


def _counts(state: Any) -> Iterator[Array]:
    """The numbers of updates that the parts of an optimizer have counted, all of them the same."""
    for name, value in state.items() if isinstance(state, Mapping) else ():
        if name == COUNT and not isinstance(value, Mapping):
            yield value
        yield from _counts(value)


COUNT = "count"
"""Under this name an optimizer's state has the number of its updates."""


@dataclass(frozen=True)
class Gauge:
    """What is measured of one update's step."""

    watched: frozenset[str] = frozenset()
    """Logical paths of the parameters whose own gradients and updates are measured."""

    def read(self, chosen: Chosen, grads: Tree, old: Tree, new: Tree) -> dict[str, Any]:
        """Of gradients as they come, before anything clips them, and of what a step makes of the parameters."""
        lengths = {key: _lengths_of(leaf, grads[key], old[key], new[key]) for key, leaf in self._leaves(chosen)}
        return {"gradient_norm": global_norm(dict(grads)), "lengths": lengths}

    def _leaves(self, chosen: Chosen) -> list[tuple[str, Leaf]]:
        return [(key, leaf) for key, leaf in chosen.leaves().items() if not self.watched.isdisjoint(leaf.paths)]

    def names(self, chosen: Chosen, lengths: Mapping[str, Any]) -> dict[str, tuple[float, float]]:
        """The lengths of gradients and updates by logical path, of those that are watched."""
        pairs = [(leaf, np.asarray(lengths[key])) for key, leaf in self._leaves(chosen)]
        found = {path: (float(both[0][i]), float(both[1][i])) for leaf, both in pairs for i, path in enumerate(leaf.paths)}
        return {path: both for path, both in found.items() if path in self.watched}


def _lengths_of(leaf: Leaf, grad: Array, old: Array, new: Array) -> Array:
    """f32[2, slices]: the lengths of gradient and update of every slice of a stored parameter."""
    moved = widen(new) - widen(old)
    both = [norm(widen(x), leaf.stacked).reshape(-1).astype(jnp.float32) for x in (grad, moved)]
    return jnp.stack(both)


@dataclass(frozen=True)
class Reading:
    """What was measured of one step, as numbers."""

    learning_rate: Mapping[str, float] = field(default_factory=dict)
    """By update and group, "" where there is one alone."""
    gradient_norm: Mapping[str, float] = field(default_factory=dict)
    """By update, "" where there is one alone; of those that took a turn in the step."""
    watched: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """The lengths of gradient and update by logical path."""
    skipped: int | None = None
    """Steps left out so far, where such steps are left out."""
    loss_scale: float | None = None


def read_numbers(gauge: Gauge, chosen: Mapping[str, Chosen], measured: tuple[Mapping[str, Any], Any]) -> Reading:
    """What a step's measurements and the guard's counts say. `chosen` are the parameters of each update."""
    seen, guard = measured
    rates = {_join(name, group): float(rate) for name, own in seen.items() for group, rate in own["learning_rate"].items()}
    norms = {name: float(own["gradient_norm"]) for name, own in seen.items()}
    lengths = {path: both for name, own in seen.items() for path, both in gauge.names(chosen[name], own["lengths"]).items()}
    skipped = int(guard["skipped"]) if guard and "rollbacks" not in guard else None
    scale = float(guard["scale"]) if guard and "scale" in guard else None
    return Reading(rates, {name: x for name, x in norms.items() if not np.isnan(x)}, lengths, skipped, scale)


def _join(name: str, group: str) -> str:
    return " ".join(part for part in (name, group) if part)


def choose_watched(patterns: Collection[str], paths: Collection[str]) -> frozenset[str]:
    """The logical paths that patterns choose. Raises `Mistake` for one that matches none."""
    from netspec.library.base.path_patterns import select

    return frozenset(path for pattern in patterns for path in select(pattern, paths))
