"""Laws that every optimizer of the shelf keeps, for each of its pairs (`oracles_optimizers.py`). One without a pair fails here."""

from __future__ import annotations

from itertools import islice
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from netspec.library.base import Optimizer
from netspec.library.gradients import apply_updates
from netspec.library.shelf.index_writer import classes
from netspec.testing.checks import hold
from netspec.train.leaves import describe_leaves, flatten_tree, unflatten_tree
from netspec.train.packed_tensors import read_tensors, write_tensors
from tests.library.optimizer_problems import STACKED, in_stacks, problem, stacked, unstacked
from tests.library.optimizer_runs import QUICK, distance, oracle_steps, our_step, steps
from tests.library.oracles_optimizers import CLOCK, Pair, collected, parts

STEPS = 10
PAIRS = collected()
CHEAP = ("sgd", "momentum", "adam", "adamw", "lamb", "lars", "lion", "clip_by_global_norm", "chain")
CASES = [
    pytest.param(pair, id=f"{name}-{i}", marks=[] if i == 0 and name in CHEAP else [pytest.mark.slow])
    for name, pairs in PAIRS.items()
    for i, pair in enumerate(pairs)
]
"""All pairs; those that are not the first of a `CHEAP` name are `slow`."""
FIRST = {name: pairs[0] for name, pairs in PAIRS.items()}
SHELF = {cls.op_name(): cls for cls in classes() if issubclass(cls, Optimizer)}


def last(run: Any) -> Any:
    """The parameters after the last of the steps."""
    return list(islice(run, STEPS))[-1]


def test_every_optimizer_has_a_pair():
    assert PAIRS.keys() == SHELF.keys()


def pairs_are_of_their_optimizer(name: str) -> None:
    assert all(SHELF[name] in map(type, parts(pair.op)) for pair in PAIRS[name])
    assert SHELF[name].__doc__ and len(SHELF[name].examples()) >= 2


def test_pairs_are_of_their_optimizers():
    hold([pairs_are_of_their_optimizer], *PAIRS)


def follows_its_oracle_in_f64(pair: Pair) -> None:
    """Beside the oracle after every step, and the same way with layers stacked as without."""
    with jax.enable_x64(True):
        mixed = problem("mixed")
        start = mixed.params(jnp.float64)
        ours = list(islice(steps(our_step(pair, mixed, mixed.leaves()), start, pair.jitted), STEPS))
        theirs = list(islice(oracle_steps(pair, mixed, start), STEPS))
        assert {p.dtype for p in ours[-1].values()} == {jnp.dtype(jnp.float64)}
        assert np.max(list(map(distance, ours, theirs))) < pair.tolerance
        assert distance(start, ours[-1]) > 1e-6
        stored = last(steps(our_step(pair, in_stacks(), STACKED), stacked(start), pair.jitted))
        assert distance(unstacked(stored), ours[-1]) < 1e-10


def follows_its_oracle_for_one_step_in_f32(pair: Pair) -> None:
    mixed = problem("mixed")
    start = mixed.params(jnp.float32)
    ours = next(steps(our_step(pair, mixed, mixed.leaves()), start, pair.jitted))
    assert {p.dtype for p in ours.values()} == {jnp.dtype(jnp.float32)}
    assert distance(ours, next(oracle_steps(pair, mixed, start))) < 1e-5


def gradients(kind: str, params: Any) -> Any:
    """The same number everywhere, or huge in one place."""
    if kind == "one huge":
        return {path: np.reshape([1e30] + [0.1] * (p.size - 1), p.shape).astype(np.float32) for path, p in params.items()}
    return {path: np.full(p.shape, float(kind), np.float32) for path, p in params.items()}


def hostile_numbers_give_no_nan(pair: Pair) -> None:
    for kind, start in (("0", 0.0), ("-1e30", 1.0)):
        require_numbers(pair, kind, start)


def require_numbers(pair: Pair, kind: str, start: float) -> None:
    """Three steps with these gradients, from parameters that are all `start`."""
    transformation = pair.op.build(CLOCK, STACKED)
    params = {path: jnp.full_like(p, start) for path, p in stacked(problem("mixed").params(jnp.float32)).items()}
    grads = gradients(kind, params)
    value = jnp.float32(abs(float(kind)) if kind != "one huge" else 1e30)
    known = {"value": value, "value_fn": lambda params: value, "grad_fn": lambda params: grads}
    state = transformation.init(params)
    update = jax.jit(lambda g, s, p: transformation.update(g, s, p, **more), compiler_options=QUICK) if pair.jitted else None
    more = {name: known[name] for name in transformation.needs}
    for _ in range(3):
        updates, state = update(grads, state, params) if update else transformation.update(grads, state, params, **more)
        params = apply_updates(params, updates)
    assert all(np.isfinite(p).all() for p in params.values())
    assert not any(np.isnan(leaf).any() for leaf in jax.tree.leaves(state))
    shown = transformation.evaluated(params, state) if transformation.evaluated else params
    assert all(np.isfinite(p).all() for p in shown.values())


def avals(tree: Any) -> Any:
    return [(jax.tree_util.keystr(path), x.shape, x.dtype, x.weak_type) for path, x in jax.tree_util.tree_flatten_with_path(tree)[0]]


def state_keeps_its_types(pair: Pair) -> None:
    """The second step finds what the first one found, so nothing is compiled again; under bf16 parameters the state is wide."""
    for dtype in ("float32", "bfloat16"):
        require_types(pair, dtype)


def require_types(pair: Pair, dtype: str) -> None:
    transformation = pair.op.build(CLOCK, STACKED)
    params = jax.eval_shape(lambda: stacked(problem("mixed").params(dtype)))
    scalar = jax.ShapeDtypeStruct((), jnp.float32)

    def update(grads: Any, state: Any, params: Any, value: Any) -> Any:
        known = {"value": value, "value_fn": lambda params: value, "grad_fn": lambda params: grads}
        return transformation.update(grads, state, params, **{name: known[name] for name in transformation.needs})

    state = jax.eval_shape(transformation.init, params)
    updates, after = jax.eval_shape(update, params, state, params, scalar)
    assert avals(after) == avals(state)
    keys = [key for path, _ in jax.tree_util.tree_flatten_with_path(state)[0] for key in path]
    assert all(isinstance(key, jax.tree_util.DictKey) for key in keys), "checkpoints name what they hold by these paths"
    assert {u.dtype.name for u in updates.values()} == {"float32"}
    asked = {getattr(part, name, None) for part in parts(pair.op) for name in ("mu_dtype", "accumulator_dtype")}
    narrow = {"bfloat16"} if "bf16" in asked else set()
    assert {leaf.dtype.name for leaf in jax.tree.leaves(state)} <= {"float32", "int32", "uint32", "bool"} | narrow
    assert not any(x.weak_type for x in jax.tree.leaves(updates))
    if transformation.evaluated:
        shown = jax.eval_shape(transformation.evaluated, params, state)
        assert {path: (p.shape, p.dtype) for path, p in shown.items()} == {path: (p.shape, p.dtype) for path, p in params.items()}


def no_hostile_number_gives_nan(pair: Pair) -> None:
    for kind in ("0", "1e-30", "-1e30", "one huge"):
        for start in (0.0, 1.0):
            require_numbers(pair, kind, start)


@pytest.mark.parametrize("pair", CASES)
def test_pair(pair: Pair):
    hold((follows_its_oracle_in_f64, hostile_numbers_give_no_nan, state_keeps_its_types), pair)


@pytest.mark.slow
@pytest.mark.parametrize("name", PAIRS)
def test_every_pair_of_an_optimizer(name: str):
    hold([follows_its_oracle_for_one_step_in_f32], *PAIRS[name])
    hold([no_hostile_number_gives_nan], FIRST[name])


@pytest.mark.slow
def test_states_survive_save_and_restore(tmp_path):
    """As checkpoints keep them: bit for bit, and the step after is the same."""
    ways = {name: our_step(pair, in_stacks(), STACKED) for name, pair in FIRST.items()}
    start = stacked(problem("mixed").params(jnp.float32))
    before = {name: ways[name][1](start, ways[name][0](start)) for name in ways}
    arrays = flatten_tree(before)
    leaves = describe_leaves(arrays)
    write_tensors(tmp_path / "state", leaves, arrays.values())
    after = unflatten_tree(before, read_tensors(tmp_path / "state", leaves))
    assert jax.tree.structure(after) == jax.tree.structure(before)
    for name, (_, step) in ways.items():
        one, other = flatten_tree(step(*before[name])), flatten_tree(step(*after[name]))
        assert all(one[path].tobytes() == other[path].tobytes() for path in one), name


@pytest.mark.parametrize("name", ["adamw", "momentum"])
def test_stands_in_a_chain_of_optax(name):
    """And optax's before and behind: what unpacks to (init, update) is a transformation there."""
    pair, mixed = FIRST[name], problem("mixed")
    ours = pair.op.build(CLOCK, mixed.leaves())
    chain = Pair(pair.op, optax.chain(optax.clip(0.1), optax.GradientTransformationExtraArgs(*ours), optax.scale(0.5)))
    plain = Pair(pair.op, optax.chain(optax.clip(0.1), pair.oracle, optax.scale(0.5)))
    start = mixed.params(jnp.float32)
    assert distance(last(oracle_steps(chain, mixed, start)), last(oracle_steps(plain, mixed, start))) < 1e-5
