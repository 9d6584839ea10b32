"""Optimizers at work on a problem: step by step, or as one compiled loop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from inspect import signature
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from netspec.library.base import Leaf, Transformation
from netspec.library.gradients import apply_updates
from tests.library.optimizer_problems import Params, Problem, loss_and_gradients
from tests.library.oracles_optimizers import CLOCK, Pair

QUICK = {"xla_backend_optimization_level": 0}
"""For the compiler, since compiling takes longer than running here."""


def needed(transformation: Transformation, problem: Problem, value: Any) -> dict[str, Any]:
    """What a transformation of ours needs, as a training step hands it over."""
    both = loss_and_gradients(problem)
    known = {"value": value, "value_fn": lambda params: both(params)[0], "grad_fn": lambda params: both(params)[1]}
    return {name: known[name] for name in transformation.needs}


def extra(pair: Pair, problem: Problem, value: Any, grads: Params) -> dict[str, Any]:
    """What a transformation of optax gets besides, where it takes more than three arguments."""
    both = loss_and_gradients(problem)
    if not any(p.kind == p.VAR_KEYWORD for p in signature(pair.oracle.update).parameters.values()):
        return {}
    given = {"value": value, "grad": grads, "value_fn": lambda params: both(params)[0], "grad_fn": lambda params, *_: both(params)[1]}
    return given | (pair.extra(lambda params: both(params)[0]) if pair.extra else {})


def our_step(pair: Pair, problem: Problem, leaves: Mapping[str, Leaf]) -> tuple[Any, Any]:
    """(init, step) of our op; `step(params, state)` gives both after it."""
    transformation = pair.op.build(CLOCK, leaves)

    def step(params: Params, state: Any) -> tuple[Params, Any]:
        value, grads = loss_and_gradients(problem)(params)
        if transformation.scaled is not None:
            scale = transformation.scaled(state)
            grads = {path: g * scale.astype(g.dtype) for path, g in grads.items()}
        updates, state = transformation.update(grads, state, params, **needed(transformation, problem, value))
        return apply_updates(params, updates), state

    return transformation.init, step


def their_step(pair: Pair, problem: Problem) -> tuple[Any, Any]:
    """The same of an optax oracle."""

    def step(params: Params, state: Any) -> tuple[Params, Any]:
        value, grads = loss_and_gradients(problem)(params)
        updates, state = pair.oracle.update(grads, state, params, **extra(pair, problem, value, grads))
        return {path: (p + updates[path]).astype(p.dtype) for path, p in params.items()}, state

    return pair.oracle.init, step


def steps(way: tuple[Any, Any], params: Params, jitted: bool = False) -> Iterator[Params]:
    """The parameters after each step, without end."""
    init, step = way
    state = init(params)
    step = jax.jit(step, compiler_options=QUICK) if jitted else step
    while True:
        params, state = step(params, state)
        yield params


def formula_steps(pair: Pair, problem: Problem, params: Params) -> Iterator[Params]:
    """The same of an oracle in NumPy, always in f64 on gradients in the parameters' dtype."""
    dtype, memory, t = next(iter(params.values())).dtype, {}, 0
    exact = {path: np.asarray(p, np.float64) for path, p in params.items()}
    while True:
        t += 1
        grads = loss_and_gradients(problem)({path: jnp.asarray(p, dtype) for path, p in exact.items()})[1]
        exact = pair.oracle(exact, {path: np.asarray(g, np.float64) for path, g in grads.items()}, memory, t)
        yield dict(exact)


def oracle_steps(pair: Pair, problem: Problem, params: Params) -> Iterator[Params]:
    if hasattr(pair.oracle, "update"):
        return steps(their_step(pair, problem), params, pair.jitted)
    return formula_steps(pair, problem, params)


def loop(way: tuple[Any, Any], params: Params, length: int) -> Params:
    """The parameters after each step, stacked along a first axis, by one compiled program."""
    init, step = way

    def body(carry: Any, _: None) -> Any:
        new = step(*carry)
        return new, new[0]

    return jax.jit(lambda p: jax.lax.scan(body, (p, init(p)), None, length=length)[1], compiler_options=QUICK)(params)


def distance(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> float:
    """The largest difference, relative to each parameter's size; not a number where either is none."""
    worst = [np.max(np.abs(np.asarray(ours[p]) - np.asarray(x))) / max(np.max(np.abs(x)), 1e-30) for p, x in theirs.items()]
    return float(np.max(worst))
