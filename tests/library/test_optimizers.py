"""Optimizers follow optax: 200 steps in f64, single steps in f32, hostile numbers, bf16, stacks, masks."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from sklearn.datasets import load_digits

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.optimizing import OptimizerStepsTwice, OptimizerWithoutStep, PatternMatchesNothing
from netspec.library.base import BadArguments, Clock, Duration, Leaf, Optimizer
from netspec.library.gradients import apply_updates
from netspec.library.optimizers.adam import Adam, AdamW
from netspec.library.optimizers.chain import Chain, step_problem
from netspec.library.optimizers.clipping import ClipByGlobalNorm
from netspec.library.optimizers.gradient_descent import Momentum, Sgd
from netspec.library.schedules import Cosine, WarmupCosine

STEPS = 200
CLOCK = Clock(steps_per_epoch=20, total_steps=STEPS)
LEAVES = {"dense/kernel": Leaf(("dense/kernel",)), "dense/bias": Leaf(("dense/bias",))}


def mask(params):
    return {path: path.endswith("kernel") for path in params}


warm = WarmupCosine(peak=0.05, warmup=Duration(1, "epoch"), end=0.001)
optax_warm = optax.warmup_cosine_decay_schedule(0.0, 0.05, 20, STEPS, 0.001)
PAIRS = {
    "sgd": (Sgd(learning_rate=0.05), optax.sgd(0.05)),
    "sgd momentum": (Sgd(learning_rate=0.05, momentum=0.9), optax.sgd(0.05, momentum=0.9)),
    "sgd nesterov": (Sgd(learning_rate=warm, momentum=0.9, nesterov=True), optax.sgd(optax_warm, momentum=0.9, nesterov=True)),
    "momentum": (Momentum(learning_rate=0.05), optax.sgd(0.05, momentum=0.9)),
    "momentum decay": (
        Momentum(learning_rate=0.02, beta=0.8, weight_decay=0.01, nesterov=True),
        optax.chain(optax.add_decayed_weights(0.01), optax.sgd(0.02, momentum=0.8, nesterov=True)),
    ),
    "adam": (Adam(learning_rate=0.01), optax.adam(0.01)),
    "adam arguments": (Adam(learning_rate=warm, b1=0.5, b2=0.98, eps=1e-6, eps_root=1e-9), optax.adam(optax_warm, 0.5, 0.98, 1e-6, 1e-9)),
    "adam without first moment": (Adam(learning_rate=0.01, b1=0.0), optax.adam(0.01, 0.0)),
    "adamw": (AdamW(learning_rate=0.01), optax.adamw(0.01)),
    "adamw mask": (
        AdamW(learning_rate=warm, weight_decay=0.1, decay_mask="**/kernel"),
        optax.adamw(optax_warm, weight_decay=0.1, mask=mask),
    ),
    "clip adam": (
        Chain(parts=(ClipByGlobalNorm(max_norm=0.1), Adam(learning_rate=0.01))),
        optax.chain(optax.clip_by_global_norm(0.1), optax.adam(0.01)),
    ),
    "clip sgd": (
        Chain(parts=(ClipByGlobalNorm(max_norm=0.5), Sgd(learning_rate=0.1, momentum=0.9))),
        optax.chain(optax.clip_by_global_norm(0.5), optax.sgd(0.1, momentum=0.9)),
    ),
}

KINDS = ["sgd", "sgd nesterov", "momentum decay", "adam", "adamw mask", "clip adam"]
"""One of each formula."""


def quadratic(params):
    kernel, bias = params["dense/kernel"], params["dense/bias"]
    scale = jnp.arange(1, kernel.size + 1, dtype=kernel.dtype).reshape(kernel.shape) / kernel.size
    return jnp.sum(scale * (kernel - 0.3) ** 2) + jnp.sum((bias + 1) ** 2)


def logistic(dtype):
    images, labels = load_digits(return_X_y=True)
    x, y = jnp.asarray(images[:60] / 16, dtype), jax.nn.one_hot(labels[:60], 10, dtype=dtype)

    def loss(params):
        logits = x @ params["dense/kernel"] + params["dense/bias"][None]
        return -jnp.mean(jnp.sum(y * jax.nn.log_softmax(logits), axis=-1))

    return loss


def start(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    return {"dense/kernel": jnp.asarray(rng.normal(size=shape), dtype), "dense/bias": jnp.asarray(rng.normal(size=shape[-1:]), dtype)}


def trajectory(transformation, loss, params, steps=STEPS):
    def step(carry, _):
        params, state = carry
        updates, state = transformation.update(jax.grad(loss)(params), state, params)
        params = {path: (p + updates[path]).astype(p.dtype) for path, p in params.items()}
        return (params, state), params

    if steps == 1:
        return step((params, transformation.init(params)), None)[1]
    run = jax.jit(lambda p: jax.lax.scan(step, (p, transformation.init(p)), None, length=steps)[1])
    return run(params)


def distance(ours, theirs):
    """The largest difference over the trajectory, relative to the parameters' size."""
    return max(float(jnp.max(jnp.abs(ours[p] - theirs[p])) / jnp.max(jnp.abs(theirs[p]))) for p in theirs)


@pytest.mark.parametrize(("name", "problem"), [*((name, "logistic") for name in PAIRS), *((name, "quadratic") for name in KINDS)])
def test_follows_optax_for_200_steps(name, problem):
    op, oracle = PAIRS[name]
    with jax.enable_x64(True):
        loss, shape = (quadratic, (3, 4)) if problem == "quadratic" else (logistic(jnp.float64), (64, 10))
        params = start(shape, jnp.float64)
        ours = trajectory(op.build(CLOCK, LEAVES), loss, params)
        theirs = trajectory(oracle, loss, params)
        assert ours["dense/kernel"].dtype == jnp.float64
        assert distance(ours, theirs) < 1e-6
        assert float(loss({p: v[-1] for p, v in ours.items()})) < float(loss(params))


@pytest.mark.parametrize("name", PAIRS)
def test_single_step_in_f32(name):
    op, oracle = PAIRS[name]
    params = start((8, 5), jnp.float32)
    ours, theirs = (trajectory(t, quadratic, params, steps=1) for t in (op.build(CLOCK, LEAVES), oracle))
    assert distance(ours, theirs) < 1e-5


@pytest.mark.parametrize("name", KINDS)
def test_reaches_the_minimum(name):
    op, _ = PAIRS[name]
    if isinstance(op, AdamW | Momentum) and op.weight_decay > 1e-3:
        op = op.replaced(weight_decay=0.0)
    end = trajectory(op.build(Clock(20, 4000), LEAVES), quadratic, start((2, 3), jnp.float32), steps=4000)
    assert float(quadratic({p: v[-1] for p, v in end.items()})) < 1e-3


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("gradient", [0.0, 1e-30, -1e30])
def test_hostile_gradients_give_no_nan(name, gradient):
    transformation = PAIRS[name][0].build(CLOCK, LEAVES)
    params = {"dense/kernel": jnp.zeros((2, 2)), "dense/bias": jnp.zeros(2)}
    state = transformation.init(params)
    for _ in range(3):
        updates, state = transformation.update({path: np.full(p.shape, gradient, np.float32) for path, p in params.items()}, state, params)
        params = apply_updates(params, updates)
    assert all(np.isfinite(p).all() for p in params.values())
    assert not any(np.isnan(leaf).any() for leaf in jax.tree.leaves(state))


@pytest.mark.parametrize("name", PAIRS)
def test_second_step_does_not_compile_again(name):
    transformation = PAIRS[name][0].build(CLOCK, LEAVES)
    params = start((2, 3), jnp.float32)
    update = jax.jit(transformation.update)
    state = transformation.init(params)
    for _ in range(3):
        updates, state = update({path: p * 0.1 for path, p in params.items()}, state, params)
        params = apply_updates(params, updates)
    assert update._cache_size() == 1


@pytest.mark.parametrize("name", PAIRS)
def test_bf16_parameters_keep_wide_states(name):
    transformation = PAIRS[name][0].build(CLOCK, LEAVES)
    params = start((2, 3), jnp.bfloat16)
    state = transformation.init(params)
    updates, state = transformation.update(dict(params), state, params)
    assert {leaf.dtype.name for leaf in jax.tree.leaves(state)} <= {"float32", "int32"}
    assert {u.dtype.name for u in updates.values()} == {"float32"}
    assert {p.dtype.name for p in apply_updates(params, updates).values()} == {"bfloat16"}


@pytest.mark.parametrize("name", PAIRS)
def test_state_is_nested_dicts_of_arrays(name):
    """Checkpoints name what they hold by these paths."""
    state = PAIRS[name][0].build(CLOCK, LEAVES).init(start((2, 3), jnp.float32))
    paths = [path for path, _ in jax.tree_util.tree_flatten_with_path(state)[0]]
    assert all(isinstance(key, jax.tree_util.DictKey) for path in paths for key in path)


@pytest.mark.parametrize("name", KINDS)
def test_stacked_and_separate_leaves_take_the_same_way(name):
    """Twelve slices in one leaf, as `repeat` stores them, against twelve leaves; the mask takes only some of the slices."""
    op = PAIRS[name][0]
    if isinstance(op, AdamW) and op.decay_mask:
        op = op.replaced(decay_mask="layer_2_*/kernel")
    names = [f"layer_{i}_{j}/kernel" for i in range(3) for j in range(4)]
    stacked = {"layer/kernel": Leaf(tuple(names), stacked=2)}
    separate = {name: Leaf((name,)) for name in names}
    values = jnp.asarray(np.random.default_rng(1).normal(size=(3, 4, 5)), jnp.float32)
    one = {"layer/kernel": values}
    many = dict(zip(names, values.reshape(12, 5), strict=True))

    def loss(params):
        return sum(jnp.sum(p**4) for p in params.values())

    ours = trajectory(op.build(CLOCK, stacked), loss, one, steps=20)["layer/kernel"].reshape(20, 12, 5)
    theirs = trajectory(op.build(CLOCK, separate), loss, many, steps=20)
    np.testing.assert_allclose(ours, np.stack([theirs[name] for name in names], axis=1), rtol=1e-5, atol=1e-6)


def test_decay_mask_reaches_only_its_slices():
    leaves = {"layer/kernel": Leaf(("layer_0/kernel", "layer_1/kernel"), stacked=1)}
    transformation = AdamW(learning_rate=1.0, weight_decay=0.5, decay_mask="layer_1/*").build(CLOCK, leaves)
    params = {"layer/kernel": jnp.ones((2, 3))}
    updates, _ = transformation.update({"layer/kernel": jnp.zeros((2, 3))}, transformation.init(params), params)
    np.testing.assert_array_equal(updates["layer/kernel"], [[0, 0, 0], [-0.5, -0.5, -0.5]])


def test_decay_mask_that_matches_nothing_is_a_mistake():
    with pytest.raises(Mistake) as caught:
        AdamW(learning_rate=0.1, decay_mask="**/kernels").build(CLOCK, LEAVES)
    problem = caught.value.diagnostic
    assert isinstance(problem, PatternMatchesNothing) and problem.blame == "decay_mask"
    assert problem.help() == "did you mean `**/kernel`?"


def test_a_chain_takes_exactly_one_step():
    clip, adam = ClipByGlobalNorm(max_norm=1.0), Adam(learning_rate=0.1)
    assert step_problem(adam) is None
    assert step_problem(Chain(parts=(clip, Chain(parts=(clip, adam))))) is None
    assert isinstance(step_problem(clip), OptimizerWithoutStep)
    assert isinstance(step_problem(Chain(parts=(adam, clip, Sgd(learning_rate=1.0)))), OptimizerStepsTwice)


def test_learning_rate_of_a_schedule_counts_finished_updates():
    transformation = Sgd(learning_rate=Cosine(start=1.0, duration=Duration(2, "step"))).build(CLOCK, {"w": Leaf(("w",))})
    params = {"w": jnp.zeros(())}
    state, seen = transformation.init(params), []
    for _ in range(4):
        updates, state = transformation.update({"w": jnp.ones(())}, state, params)
        seen.append(float(updates["w"]))
    np.testing.assert_allclose(seen, [-1.0, -0.5, 0.0, 0.0], atol=1e-7)


@pytest.mark.parametrize(
    ("cls", "arguments", "argument"),
    [
        (Sgd, {"learning_rate": 0.0}, "learning_rate"),
        (Sgd, {"learning_rate": -0.1}, "learning_rate"),
        (Sgd, {"learning_rate": float("nan")}, "learning_rate"),
        (Sgd, {"learning_rate": "fast"}, "learning_rate"),
        (Sgd, {"learning_rate": 0.1, "momentum": 1.0}, "momentum"),
        (Adam, {"learning_rate": 0.1, "b2": 1.0}, "b2"),
        (Adam, {"learning_rate": 0.1, "eps": 0.0}, "eps"),
        (AdamW, {"learning_rate": 0.1, "weight_decay": -1.0}, "weight_decay"),
        (ClipByGlobalNorm, {"max_norm": 0.0}, "max_norm"),
        (Chain, {"parts": ()}, "parts"),
        (Adam, {"learning_rate": 0.1, "beta1": 0.9}, "beta1"),
    ],
)
def test_bad_numbers_are_refused(cls, arguments, argument):
    with pytest.raises(BadArguments) as caught:
        cls(**arguments)
    assert set(caught.value.faults) == {argument}


def test_every_optimizer_is_followed():
    assert {cls.op_name() for cls in Optimizer.__subclasses__()} >= {"sgd", "momentum", "adam", "adamw", "clip_by_global_norm", "chain"}
    for cls in (Sgd, Momentum, Adam, AdamW, ClipByGlobalNorm, Chain):
        assert cls.__doc__ and len(cls.examples()) >= 2
