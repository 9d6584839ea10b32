"""What optimizers are compared with: for each name of the shelf some pairs (our op, optax's transformation or a formula in NumPy).

To add an optimizer, write a file `oracles_optimizers_FAMILY.py` beside this one with a dict `PAIRS`:

    PAIRS = {
        "adamw": (
            Pair(AdamW(learning_rate=0.01), optax.adamw(0.01)),
            Pair(AdamW(learning_rate=0.01, weight_decay=0.1, decay_mask="**/kernel"), optax.adamw(0.01, weight_decay=0.1, mask=kernels)),
        ),
    }

It is found by its name. `test_optimizers.py` holds every pair against the laws (10 steps; the pairs behind the first are `slow`),
`test_optimizers_long.py` (`slow`) lets the first pair of every name run for 200 steps on three problems and to the minimum, the others
on one. The first pair of a name should be the op with its defaults. What only changes gradients (`clip_by_global_norm`) stands in a
`Chain` with an optimizer, as in a spec.

Where optax has no such form, the oracle is a function in NumPy, written from the formula and not from our code:
`formula(params, grads, memory, t) -> params` on dicts of f64 arrays by logical path; `memory` is a dict that it may write to, empty
before the first step; `t` counts from 1. `each_leaf(step)` makes one of `step(p, g, memory, t) -> p` for a single parameter.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from netspec.library.base import Clock, Op, Optimizer

CLOCK = Clock(steps_per_epoch=20, total_steps=200)
"""What schedules of pairs are written against."""

Arrays = Mapping[str, np.ndarray]
Formula = Callable[[Arrays, Arrays, dict[str, Any], int], dict[str, np.ndarray]]


@dataclass(frozen=True, eq=False)
class Pair:
    """An op and what it must do."""

    op: Optimizer
    oracle: Any
    """An optax transformation, or a `Formula`. A transformation's `update` gets value, value_fn, grad, grad_fn by name, where it takes
    more than three arguments."""
    settles: Optimizer | None = None
    """The op that must take the quadratic problem to its minimum within 4,000 steps; `op` when there is none."""
    tolerance: float = 1e-6
    """Of trajectories in f64, relative. More than the default needs a reason beside it."""
    steps: int = 200
    """How many steps of a long trajectory are compared. Fewer than all of them needs a reason beside it."""
    jitted: bool = False
    """Compile the step also where the others run it op by op: for those with loops or branches, which would compile again and again."""
    extra: Callable[[Any], dict[str, Any]] | None = None
    """From a loss (parameters -> value) to further keyword arguments of the optax transformation's `update`."""


def each_leaf(step: Callable[[Any, Any, dict[str, Any], int], Any]) -> Formula:
    """The formula that treats every parameter by itself."""

    def formula(params: Arrays, grads: Arrays, memory: dict[str, Any], t: int) -> dict[str, np.ndarray]:
        return {path: np.asarray(step(p, grads[path], memory.setdefault(path, {}), t)) for path, p in params.items()}

    return formula


def kernels(params: Mapping[str, Any]) -> dict[str, bool]:
    """optax's mask for `**/kernel`."""
    return {path: path.endswith("kernel") for path in params}


def collected() -> dict[str, tuple[Pair, ...]]:
    """The pairs of all files, by name of the op that they are about."""
    found: dict[str, tuple[Pair, ...]] = {}
    for file in sorted(Path(__file__).parent.glob("oracles_optimizers_*.py")):
        pairs = importlib.import_module(f"tests.library.{file.stem}").PAIRS
        assert not found.keys() & pairs.keys(), f"{file.name} has pairs for {sorted(found.keys() & pairs.keys())}, which have some"
        found |= pairs
    return found


def parts(value: Any) -> Iterator[Optimizer]:
    """An optimizer and those in its arguments."""
    if isinstance(value, Optimizer):
        yield value
    if isinstance(value, Op):
        value = vars(value)
    for item in value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ():
        yield from parts(item)
