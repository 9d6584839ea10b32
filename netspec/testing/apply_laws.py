"""Holds the laws of what an op's `apply` owes to its other methods, for each of its examples. A broken law raises AssertionError."""

from __future__ import annotations

from functools import partial
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.shapes.sizes import UnprovenSize
from netspec.lazy import jax, jnp, np
from netspec.library.base import Measure
from netspec.shape import Dim, Facts
from netspec.testing.case import Case, to_tuple
from netspec.testing.checks import close, require, require_same
from netspec.testing.trial_scope import ExampleScope, draw


def agrees_with_its_oracle(case: Case, oracle: Any) -> None:
    """`oracle(op, weights, *inputs)`, plain NumPy in f64, gives the same results to 1e-5; optional inputs by name."""
    weights = {name: np.float64(w) for name, w in (case.params | case.buffers).items()}
    wanted = case.with_names(oracle)(case.op, weights, *(np.float64(x) if x.dtype == "float32" else x for x in case.inputs))
    for found, right in zip(to_tuple(case.jitted(*case.inputs)), to_tuple(wanted), strict=True):
        close(found, right, 1e-5, 1e-6)


def shape_rule_is_what_apply_does(case: Case) -> None:
    """`shape` says the sizes and element types that `jax.eval_shape` finds."""
    found = [(x.shape, x.dtype.name) for x in to_tuple(jax.eval_shape(case.run, *case.inputs))]
    rules = [(tuple(dim.value for dim in rule.shape), rule.jax_dtype) for rule in case.results()]
    require_same(found, rules, "apply gives", "shape says")


def shape_rule_takes_a_symbol_for_the_batch(case: Case) -> None:
    """With B in the place of the batch size, `shape` and `flops` say the same, or that they need to know B."""
    if case.batch == 1:
        return
    types, size = case.batched(), {"B": case.batch}
    try:
        rule = case.call("shape", Facts(), *types)
    except Mistake as mistake:
        if not isinstance(mistake.diagnostic, UnprovenSize):
            raise AssertionError(f"shape refuses {', '.join(map(str, types))}: {mistake}") from mistake
        rule = case.call("shape", Facts().assume_equal(Dim.of("B"), case.batch), *types)
    require_same(tuple(kind.substitute(size) for kind in to_tuple(rule)), case.results(), "with B", "with numbers")
    flops = [Dim.of(case.call("flops", *given)).substitute(size) for given in (types, case.types)]
    require_same(flops[0], flops[1], "FLOPs with B", "with numbers")


def initial_values_fit(case: Case) -> None:
    """Every parameter and buffer begins with finite values of its shape."""
    for name, weight in (case.call("params", *case.types) | case.call("buffers", *case.types)).items():
        value = draw(weight, np.random.default_rng(0))
        require_same(value.shape, tuple(Dim.of(n).value for n in weight.shape), f"{name} begins as", "its shape is")
        require(np.isfinite(value).all(), f"{name} begins with numbers that are not finite")


def jit_changes_nothing(case: Case) -> None:
    """Compiled or step by step, the results are the same."""
    for jitted, plain in zip(to_tuple(case.jitted(*case.inputs)), to_tuple(case.run(*case.inputs)), strict=True):
        close(jitted, plain, 1e-5, 1e-6)


def gradient_is_the_slope(case: Case) -> None:
    """The gradient along a random direction is the difference quotient, in f64, of which results are where `shape` says so; 0 where the op
    says that none goes through it, and not 0 where it says that a part of it does."""
    rules = case.results(*(t.with_dtype("f64") if t.is_float else t for t in case.types))
    wide = [rule.dtype == "f64" for rule in rules]
    if not (case.flows and any(wide)) or (isinstance(case.op, Measure) and not case.op.sloped):
        return
    rng = np.random.default_rng(1)
    with jax.enable_x64(True):
        point = jax.tree.map(lambda x: np.float64(x) if x.dtype == np.float32 else x, (case.params, case.inputs))
        direction = jax.tree.map(lambda x: rng.standard_normal(x.shape) if x.dtype == np.float64 else np.zeros(x.shape, x.dtype), point)
        pull = [rng.standard_normal([dim.value for dim in rule.shape]) for rule in rules]

        def along(t: Any) -> Any:
            params, inputs = jax.tree.map(lambda x, d: x + t * d if x.dtype == np.float64 else x, point, direction)
            results = to_tuple(case.run(*inputs, params=params))
            require_same([x.dtype.name for x in results], [rule.jax_dtype for rule in rules], "with f64 inputs apply gives", "shape says")
            return sum(jnp.vdot(x, own) for x, own, counts in zip(results, pull, wide, strict=True) if counts)

        both = jax.jit(jax.value_and_grad(along))
        found = both(0.0)[1]
        if case.op.partial_slope:
            return require(found != 0, "it is sloped in part, and has no gradient")
        numeric = (both(1e-6)[0] - both(-1e-6)[0]) / 2e-6 if case.op.sloped else 0.0
        close(found, numeric, 1e-6, 1e-7)


def bf16_stays_bf16(case: Case) -> None:
    """Inputs in bf16 give the types that `shape` says, and values that differ from f32's by rounding only."""
    if not any(t.is_float for t in case.types):
        return
    short = [x.astype(jnp.bfloat16) if t.is_float else x for t, x in zip(case.types, case.inputs, strict=True)]
    result = case.jitted(*short)
    rules = case.results(*(t.with_dtype("bf16") if t.is_float else t for t in case.types))
    require_same([x.dtype.name for x in to_tuple(result)], [rule.jax_dtype for rule in rules], "apply gives", "shape says")
    if case.smooth and not case.op.jumps:
        wide = case.jitted(*(np.float32(x) if t.is_float else x for t, x in zip(case.types, short, strict=True)))
        for narrow, full in zip(case.floats(result), case.floats(wide), strict=True):
            close(np.float32(narrow), full, 0.02, 0.02 * np.abs(full).max())


def examples_do_not_meet(case: Case) -> None:
    """Row i of a result that has the batch's axis is made of rows i of the inputs, unless `mixes_examples` says otherwise."""
    if case.batch == 1 or case.op.mixes_examples(case.training, *case.types):
        return
    alone, kept = [case.has_batch(t) for t in case.types], case.keep_the_batch()
    if not any(kept):
        return

    def one(place: Any, *inputs: Any) -> Any:
        types = [kind.with_shape((1, *kind.shape[1:])) if own else kind for kind, own in zip(case.types, alone, strict=True)]
        scope = case.scope(types=types, kind=partial(ExampleScope, count=case.batch, place=place))
        return case.call("apply", scope, *(x[None] if own else x for x, own in zip(inputs, alone, strict=True)))

    axes = (0, *(0 if own else None for own in alone))
    apart = jax.jit(jax.vmap(one, axes))(np.arange(case.batch), *map(jnp.asarray, case.inputs))
    for single, together, keeps in zip(to_tuple(apart), to_tuple(case.jitted(*case.inputs)), kept, strict=True):
        if keeps:
            close(single[:, 0], together, 1e-5, 1e-5)


def rows_stay_apart(case: Case) -> bool:
    """There are several rows, none depends on another, and neither shapes nor parameters need to know how many there are."""
    return case.batch > 1 and not case.op.mixes_examples(case.training, *case.types) and any(case.keep_the_batch())


def moves_what_it_says_it_moves(case: Case) -> None:
    """Every number of the results of an op that `keeps_values` is one of its first input's, 0, or the one that it `holds`."""
    if case.op.keeps_values:
        first = np.asarray(case.inputs[0])
        own = (np.arange(first.size).reshape(first.shape) * 7 % 100 + 3).astype(first.dtype)
        known = [0, case.op.holds() or 0, *own.astype(np.float64).ravel()]
        for result in to_tuple(case.run(own, *case.inputs[1:])):
            require(np.isin(np.asarray(result, np.float64), known).all(), "a number that the input has not")


def adds_the_bias_it_says_it_adds(case: Case) -> None:
    """Where `adds_bias` names so many last axes, a bias that is larger by something makes the result larger by that, along those axes."""
    axes = case.call("adds_bias", *case.types)
    if axes is None:
        return
    [before], step = to_tuple(case.jitted(*case.inputs)), np.random.default_rng(3).random(case.params["bias"].shape, np.float32)
    require_same(step.ndim, axes, "the bias has so many axes:", "adds_bias says")
    [after] = to_tuple(case.run(*case.inputs, params={**case.params, "bias": case.params["bias"] + step}))
    close(after - before, np.broadcast_to(step, before.shape), 1e-4, 1e-4)


def takes_the_means_it_says_it_takes(case: Case) -> None:
    """What is the same along the axes that `takes_means` names changes no result, but where running statistics stand for the mean."""
    axes = case.call("takes_means", *case.types)
    if not axes or (case.buffers and not case.training):
        return
    first, *others = case.inputs
    shape = [1 if axis in axes else size for axis, size in enumerate(first.shape)]
    moved = first + np.random.default_rng(3).random(shape, np.float32)
    close(to_tuple(case.jitted(moved, *others))[0], to_tuple(case.jitted(*case.inputs))[0], 1e-3, 1e-3)


def any_batch_is_traced(case: Case) -> None:
    """Where rows do not meet, `apply` needs no number for the batch: traced for any size it gives what `shape` says with B."""
    if not rows_stay_apart(case):
        return
    size: Any = jax.export.symbolic_shape("B")[0]
    rules = [tuple(dim.evaluate({"B": size}) for dim in rule.shape) for rule in case.results(*case.batched())]
    found = jax.eval_shape(case.run_on_any, *case.symbolic(size))
    require_same([x.shape for x in to_tuple(found)], rules, "apply gives", "shape says")
    if isinstance(case.op, Measure):
        jax.eval_shape(case.with_names(case.op.weights), *case.symbolic(size))


LAWS = (
    shape_rule_is_what_apply_does,
    shape_rule_takes_a_symbol_for_the_batch,
    initial_values_fit,
    jit_changes_nothing,
    gradient_is_the_slope,
    bf16_stays_bf16,
    examples_do_not_meet,
    any_batch_is_traced,
    moves_what_it_says_it_moves,
    adds_the_bias_it_says_it_adds,
    takes_the_means_it_says_it_takes,
)
"""Those that need no oracle."""
