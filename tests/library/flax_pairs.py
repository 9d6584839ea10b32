"""What a row of the table of flax's layers is: two functions of the same weights and inputs, over choices of arguments."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from netspec.lower.path_tree import nest
from tests.library.scope import TestScope, applied, parse

SEEDS = (0, 1, 2)
QUICK = {"xla_backend_optimization_level": 0}
"""Programs that run three times need no optimisation: compiling them is what takes the time."""
Row = dict[str, Any]
"""A value for each argument."""


@dataclass(frozen=True)
class Pair:
    """Our function and flax's of (weights by name, inputs…), and the shapes of what they are given."""

    ours: Callable[..., Any]
    theirs: Callable[..., Any]
    weights: Mapping[str, tuple[int, ...]]
    inputs: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Compared:
    """A layer of flax beside ours: what makes the pair of a row, and the values that each argument takes."""

    make: Callable[[Row], Pair]
    choices: dict[str, tuple] = field(default_factory=dict)
    possible: Callable[[Row], bool] = lambda row: True

    def rows(self) -> list[Row]:
        return pairs(self.choices, self.possible)


def meetings(row: Row) -> set[tuple]:
    """The pairs of values of different arguments, by name and value."""
    return set(itertools.combinations(((name, repr(value)) for name, value in row.items()), 2))


def possible_rows(choices: Mapping[str, tuple], possible: Callable[[Row], bool]) -> list[Row]:
    rows = (dict(zip(choices, values, strict=True)) for values in itertools.product(*choices.values()))
    return [row for row in rows if possible(row)]


def pairs(choices: Mapping[str, tuple], possible: Callable[[Row], bool]) -> list[Row]:
    """Few rows in which every two values of different arguments meet that can."""
    every = possible_rows(choices, possible)
    left, chosen = set().union(*map(meetings, every)), []
    while left:
        best = max(every, key=lambda row: len(meetings(row) & left))
        chosen.append(best)
        left -= meetings(best)
    return chosen or every[:1]


def agree(pair: Pair, seeds: tuple[int, ...] = SEEDS) -> None:
    """Results, and gradients by every weight and input, agree to 1e-5; both are one compiled program."""

    def both(weights: Any, inputs: Any, pull: Any) -> Any:
        made = [jax.vjp(f, weights, *inputs) for f in (pair.ours, pair.theirs)]
        return [(y, back(pull)) for y, back in made]

    program = jax.jit(both, compiler_options=QUICK)
    for seed in seeds:
        weights = {name: drawn(shape, seed + 10 * k) / 2 for k, (name, shape) in enumerate(pair.weights.items(), 1)}
        inputs = tuple(drawn(shape, seed + 100 * k) for k, shape in enumerate(pair.inputs, 1))
        made = jax.eval_shape(pair.theirs, weights, *inputs)
        ours, theirs = program(weights, inputs, jax.tree.map(lambda y: drawn(y.shape, 1000), made))
        assert jax.tree.structure(ours) == jax.tree.structure(theirs)
        for found, wanted in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs), strict=True):
            assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
            np.testing.assert_allclose(found, wanted, 1e-5, 1e-5 * (1 + np.abs(wanted).max(initial=0)))


def drawn(shape: tuple[int, ...], seed: int) -> Any:
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def shapes_of(weights: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(int(n) for n in weight.shape) for name, weight in weights.items()}


def type_of(shape: tuple[int, ...]) -> Any:
    return parse(f"f32[{', '.join(map(str, shape))}]")


def beside(op: Any, module: Any, shape: tuple[int, ...], names: Mapping[str, str] | None = None) -> Pair:
    """An op and a module whose parameters have the same shapes, and the same names where `names` gives no other."""
    names, weights = names or {}, shapes_of(op.params(type_of(shape)))
    tree = jax.eval_shape(module.init, jax.random.key(0), np.zeros(shape, "float32")).get("params", {})
    assert jax.tree.map(lambda leaf: leaf.shape, tree) == nest({names.get(n, n): s for n, s in weights.items()})
    return Pair(
        lambda p, x: applied(op, TestScope(p), x),
        lambda p, x: module.apply({"params": nest({names.get(n, n): w for n, w in p.items()})}, x),
        weights,
        (shape,),
    )


def each(value: Any, space: int) -> tuple:
    """A value for every axis of space."""
    return tuple(value) if isinstance(value, tuple) else (value,) * space
