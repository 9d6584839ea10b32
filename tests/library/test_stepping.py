"""Ops on stretches of a sequence, held against themselves on the whole sequence: for every op that lets positions pass, and every input of
its examples that may be generated."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netspec.diagnostics.training.serving import NotCausal
from netspec.library.base import Callable
from netspec.library.contracts.sequence_axis import STILL, Flow
from netspec.library.contracts.stretch_steps import STEPS, WITHOUT, Stretch, Use, explain_stepless, step
from netspec.shape import Facts
from tests.library.scope import TestScope, sample
from tests.library.test_causality import CALLABLES, Trial, chosen, first_or_every, outcomes

OPS = [cls for cls in CALLABLES if not cls.elementwise]
"""Of an elementwise op every element is made of those at its own place."""
each_op = pytest.mark.parametrize("cls", OPS, ids=lambda cls: f"{cls.kind}-{cls.op_name()}")


def cuts(size: int, looks_back: bool) -> list[int]:
    """Where stretches begin. The first goes further than the second begins, as what stands behind the kept positions may change."""
    return [0, *range(size // 2, size)] if looks_back else sorted({0, size // 2})


def stepped(trial: Trial, flows: tuple[Flow, ...], inputs: list[Any]) -> list[Any]:
    """The op's results, stretch by stretch, and side by side."""
    required = len(inputs) - len(trial.names)
    buffers = trial._weights("buffers")
    types, kinds = trial.types[:required], dict(zip(trial.names, trial.types[required:], strict=True))
    scope = TestScope({**trial._weights("params"), **buffers}, buffers, types=tuple(types), named=kinds)
    given = [Flow(axes, 0 if place == trial.fed else None) for place, axes in enumerate(trial.moving)]
    named = dict(zip(trial.names, given[required:], strict=True))
    past, made = None, [[] for _ in flows]
    for start, behind in pairwise([*cuts(trial.size, type(trial.op) in STEPS), trial.size]):
        end = min(behind + 1, trial.size) if start == 0 else behind
        stretch = Stretch(jnp.int32(start), jnp.int32(behind - start), end - start, trial.size)
        parts = [along(x, given[place].axes, start, end) if place == trial.fed else x for place, x in enumerate(inputs)]
        optional = dict(zip(trial.names, parts[required:], strict=True))
        results, past = step(Use(trial.op, scope, stretch, tuple(parts[:required]), tuple(given[:required]), optional, named, past))
        for place, result in enumerate(results if isinstance(results, tuple) else (results,)):
            made[place].append(along(result, flows[place].axes, 0, behind - start))
    return [jnp.concatenate(parts, flow.axes[0]) for parts, flow in zip(made, flows, strict=True)]


def along(x: Any, axes: tuple[int, ...], start: int, end: int) -> Any:
    return x[tuple(slice(start, end) if axis in axes else slice(None) for axis in range(x.ndim))]


def steps(trial: Trial, found: Any) -> bool:
    """Its results have one place for each that is fed, and it has a step."""
    if isinstance(found, NotCausal) or not all(len(flow.axes) == 1 and flow.reach is not None for flow in found):
        return False
    flows = tuple(Flow(axes, 0 if place == trial.fed else None) for place, axes in enumerate(trial.moving))
    return not explain_stepless(trial.op, flows) and all(n == trial.size for n in sizes(trial, found))


def sizes(trial: Trial, flows: tuple[Flow, ...]) -> list[Any]:
    """How many positions its results have."""
    required = len(trial.types) - len(trial.names)
    found = trial.op.shape(Facts(), *trial.types[:required], **dict(zip(trial.names, trial.types[required:], strict=True)))
    return [kind.shape[flow.axes[0]] for kind, flow in zip(found if isinstance(found, tuple) else (found,), flows, strict=True)]


@each_op
@first_or_every
def test_stretch_by_stretch_is_the_whole(cls: type[Callable], every: bool) -> None:
    for trial, found in chosen((row for row in outcomes(cls) if steps(*row)), every):
        inputs = [sample(kind, np.random.default_rng(5)) for kind in trial.types]
        parts = jax.jit(partial(stepped, trial, found))([jnp.asarray(x) for x in inputs])
        for part, whole in zip(parts, trial.run(inputs), strict=True):
            np.testing.assert_allclose(part, whole, 1e-5, 1e-5, err_msg=str(trial))


def test_every_step_is_tried() -> None:
    """Each op that looks back has an example that goes through its step, and those without one have a reason."""
    tried = {cls for cls in STEPS if any(steps(trial, found) for trial, found in outcomes(cls))}
    assert set(STEPS) - tried == set()
    ops: list[Any] = [cls.examples()[0].op for cls in WITHOUT]
    assert all("step" in explain_stepless(op, (STILL,)) for op in ops)
