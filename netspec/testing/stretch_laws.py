"""Holds an op on stretches of a sequence against itself on the whole sequence, which a cache for decoding relies on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import Any

from netspec.diagnostics.training.serving import NotCausal
from netspec.lazy import jax, jnp, np
from netspec.library.base import Callable, Example
from netspec.library.contracts.sequence_axis import Flow
from netspec.library.contracts.stretch_steps import Stretch, Use
from netspec.shape import Facts
from netspec.testing.checks import close
from netspec.testing.sequence_trials import Row, Trial, choose_trials, try_sequences
from netspec.testing.trial_scope import TestScope, sample


def stretch_by_stretch_is_the_whole(row: Row) -> None:
    """Stretch by stretch, `step` gives what `apply` gives of all positions at once."""
    trial, found = row
    assert not isinstance(found, NotCausal), f"{trial} is refused"
    inputs = [sample(kind, np.random.default_rng(5)) for kind in trial.types]
    parts = jax.jit(partial(run_by_stretches, trial, found))([jnp.asarray(x) for x in inputs])
    for part, whole in zip(parts, trial.run(inputs), strict=True):
        close(part, whole, 1e-5, 1e-5)


def looks_back(op: Callable) -> bool:
    """It has a step of its own."""
    return type(op).step is not Callable.step


def rows_with_step(example: Example) -> Iterator[Row]:
    """The first way to feed an example position by position, where there is one and its op has a step."""
    yield from choose_trials((row for row in try_sequences(example) if has_step(*row)), False)


def cut_places(size: int, looks_back: bool) -> list[int]:
    """Where stretches begin. The first goes further than the second begins, as what stands behind the kept positions may change."""
    return [0, *range(size // 2, size)] if looks_back else sorted({0, size // 2})


def run_by_stretches(trial: Trial, flows: tuple[Flow, ...], inputs: list[Any]) -> list[Any]:
    """The op's results, stretch by stretch, and side by side."""
    required = len(inputs) - len(trial.names)
    buffers = trial.draw_weights("buffers")
    types, kinds = trial.types[:required], dict(zip(trial.names, trial.types[required:], strict=True))
    scope = TestScope({**trial.draw_weights("params"), **buffers}, buffers, types=tuple(types), named=kinds)
    given = [Flow(axes, 0 if place == trial.fed else None) for place, axes in enumerate(trial.moving)]
    named = dict(zip(trial.names, given[required:], strict=True))
    past, made = None, [[] for _ in flows]
    for start, behind in pairwise([*cut_places(trial.size, looks_back(trial.op)), trial.size]):
        end = min(behind + 1, trial.size) if start == 0 else behind
        stretch = Stretch(jnp.int32(start), jnp.int32(behind - start), end - start, trial.size)
        parts = [cut_along(x, given[place].axes, start, end) if place == trial.fed else x for place, x in enumerate(inputs)]
        optional = dict(zip(trial.names, parts[required:], strict=True))
        use = Use(trial.op, scope, stretch, tuple(parts[:required]), tuple(given[:required]), optional, named, past)
        results, past = trial.op.step(use)
        for place, result in enumerate(results if isinstance(results, tuple) else (results,)):
            made[place].append(cut_along(result, flows[place].axes, 0, behind - start))
    return [jnp.concatenate(parts, flow.axes[0]) for parts, flow in zip(made, flows, strict=True)]


def cut_along(x: Any, axes: tuple[int, ...], start: int, end: int) -> Any:
    """The stretch from start to end of x along each of these axes, which have positions."""
    return x[tuple(slice(start, end) if axis in axes else slice(None) for axis in range(x.ndim))]


def has_step(trial: Trial, found: Any) -> bool:
    """Its results have one place for each that is fed, and it has a step."""
    if isinstance(found, NotCausal) or not all(len(flow.axes) == 1 and flow.reach is not None for flow in found):
        return False
    flows = tuple(Flow(axes, 0 if place == trial.fed else None) for place, axes in enumerate(trial.moving))
    return not trial.op.explain_stepless(flows) and all(n == trial.size for n in count_positions(trial, found))


def count_positions(trial: Trial, flows: tuple[Flow, ...]) -> list[Any]:
    """How many positions its results have."""
    required = len(trial.types) - len(trial.names)
    found = trial.op.shape(Facts(), *trial.types[:required], **dict(zip(trial.names, trial.types[required:], strict=True)))
    return [kind.shape[flow.axes[0]] for kind, flow in zip(found if isinstance(found, tuple) else (found,), flows, strict=True)]
