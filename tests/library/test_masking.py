"""What ops say of masks, held against what they do: padding stands at the end of an axis, and what is there must not change what counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from netspec.library.base import Callable, Example, Measure
from netspec.library.contracts.mask_effects import EACH, MIXES, Treatment, mask_inputs, masked_axes, treatment
from netspec.library.contracts.mask_lines import contract
from netspec.library.layers.cells import Cell, Recurrence
from netspec.library.shelf.index_writer import classes
from netspec.shape import Facts
from netspec.testing.checks import hold
from netspec.tools.reference_examples import type_of
from tests.library.scope import TestScope, applied, draw, parse, sample

CALLABLES = [cls for cls in classes() if issubclass(cls, Callable)]
APPLIED = [cls for cls in CALLABLES if not issubclass(cls, Measure | Recurrence | Cell) and not cls.parts and cls.inputs]
SAMPLED = [cls for cls in APPLIED if not cls.elementwise]
MASKED = [cls for cls in APPLIED if any(example.named.keys() & set(mask_inputs(cls)) for example in cls.examples())]
QUICK = {"softmax", "global_max_pool", "layer_norm", "cumsum", "slice", "concat", "sum", "graph_conv", "segment_sum", "transpose"}
"""Those of every run."""
EDGES = ("senders", "receivers", "messages")
"""Inputs of graph layers that `edge_mask` is about."""


class Trial:
    """An example with values; its last places along some axes change."""

    def __init__(self, example: Example, training: bool = False) -> None:
        rng = np.random.default_rng(11)
        self.op: Any = example.op
        self.types = tuple(map(parse, example.inputs))
        self.named = {name: parse(text) for name, text in example.named.items()}
        self.given = {name: sample(kind, rng) for name, kind in self.named.items()}
        self.inputs = [sample(kind, rng) for kind in self.types]
        self.other = [sample(kind, np.random.default_rng(12)) for kind in self.types]
        weights = {method: getattr(self.op, method)(*self.types, **self.named) for method in ("params", "buffers")}
        self.scope = TestScope(*({n: draw(w, rng) for n, w in weights[method].items()} for method in weights), training)  # type: ignore[arg-type]

    def run(self, inputs: list[Any]) -> tuple[np.ndarray, ...]:
        result = applied(self.op, self.scope, *inputs, **self.given)
        return tuple(map(np.asarray, result if isinstance(result, tuple) else (result,)))

    def changed(self, axes: Iterator[tuple[int, int]] | list[tuple[int, int]], kept: int) -> list[Any]:
        """The inputs with other values behind the first `kept` places."""
        inputs = [np.array(x) for x in self.inputs]
        for place, axis in axes:
            behind = (slice(None),) * axis + (slice(kept, None),)
            inputs[place][behind] = self.other[place][behind]
        return inputs


def same_in_front(one: tuple[np.ndarray, ...], other: tuple[np.ndarray, ...], axes: tuple[tuple[int, ...], ...], kept: int) -> bool:
    """Up to there along those axes of each result; everywhere in a result without them."""
    fronts = [tuple(slice(0, kept) if axis in along else slice(None) for axis in range(x.ndim)) for x, along in zip(one, axes, strict=True)]
    rows = zip(one, other, fronts, strict=True)
    return all(np.allclose(x[front], y[front], 1e-5, 1e-5, equal_nan=True) for x, y, front in rows)


def of(classes: list[type[Callable]]) -> Any:
    """A few classes in every run, all of them in a slow one."""
    marks = [pytest.mark.slow, ()]
    named = [(cls, f"{cls.kind}-{cls.op_name()}", marks[cls.op_name() in QUICK]) for cls in classes]
    return pytest.mark.parametrize("cls", [pytest.param(cls, id=name, marks=mark) for cls, name, mark in named])


def ways(example: Example, how: str) -> Iterator[tuple[Any, int]]:
    """The axes of an example's inputs that its op treats so, each with half of its size."""
    types = tuple(map(parse, example.inputs))
    for place, kind in enumerate(types):
        for axis in (a for a, size in enumerate(kind.shape) if size != 1):
            found = treatment(example.op, types, (place, axis), (), Facts())  # type: ignore[arg-type]
            if found.how == how:
                yield found, (kind.shape[axis].value + 1) // 2


def padding_does_not_reach_what_counts_where_a_mask_is_propagated(cls: type[Callable]) -> None:
    for example in cls.examples()[:4]:
        trial = whole = None
        for found, kept in ways(example, EACH):
            trial = trial or Trial(example)
            whole = whole or trial.run(trial.inputs)
            assert same_in_front(whole, trial.run(trial.changed(list(found.together), kept)), found.axes, kept), f"{example}: {found}"


def an_op_that_ignores_masks_would_need_one(cls: type[Callable]) -> None:
    """Along some axis that it says it mixes, what stands behind the first place changes what counts."""
    trials = [(example, found) for example in cls.examples() for found, _ in ways(example, MIXES) if "bool" not in example.inputs[0]]
    assert not trials or any(reached(Trial(example, training=True), found) for example, found in trials)


def reached(trial: Trial, found: Treatment) -> bool:
    return not same_in_front(trial.run(trial.inputs), trial.run(trial.changed(list(found.together), 1)), found.axes, 1)


@of(SAMPLED)
def test_padding(cls: type[Callable]) -> None:
    hold([padding_does_not_reach_what_counts_where_a_mask_is_propagated, an_op_that_ignores_masks_would_need_one], cls)


@of(MASKED)
def test_what_a_mask_leaves_out_does_not_reach_what_counts(cls: type[Callable]) -> None:
    checked = 0
    for example in cls.examples():
        for name in example.named.keys() & set(mask_inputs(cls)):
            for axis in range(parse(example.named[name]).rank):
                trial = Trial(example, training=True)
                about, kept = masked(trial, name, axis)
                if not about:
                    continue
                axes = along(trial, about) if name != "edge_mask" else tuple(() for _ in trial.run(trial.inputs))
                assert same_in_front(trial.run(trial.inputs), trial.run(trial.changed(about, kept)), axes, kept), (
                    f"{example}: {name} {axis}"
                )
                checked += 1
    assert checked


def masked(trial: Trial, name: str, axis: int) -> tuple[list[tuple[int, int]], int]:
    """Leave out the last half of the places along an axis of a mask; what it is about, and how many count."""
    kind, names = trial.named[name], [port.name for port in trial.op.inputs]
    size = kind.shape[axis].value
    ranks = {place: kind.rank for place, kind in enumerate(trial.types)}
    edges = [(names.index(n), axis) for n in EDGES if n in names] if name == "edge_mask" else None
    about = edges or [(p, a) for p, a in masked_axes(trial.op, ranks, kind, axis) if trial.types[p].shape[a] == size]
    if name == "segments":  # those of the queries are those of the keys
        about = [(place, a) for place, a in ((p, about[0][1]) for p in ranks) if trial.types[place].shape[a] == size] if about else []
    behind = (slice(None),) * axis + (slice((size + 1) // 2, None),)
    if kind.dtype == "bool":
        trial.given[name] = np.ones_like(trial.given[name])
        trial.given[name][behind] = False
    else:
        trial.given = {n: np.zeros_like(x) if "segments" in n else x for n, x in trial.given.items()}
        trial.given[name][behind] = 1
    return about if size > 1 else [], (size + 1) // 2


def along(trial: Trial, about: list[tuple[int, int]]) -> tuple[tuple[int, ...], ...]:
    """The axes of each result that these become; a result without one knows nothing of what is left out."""
    found = treatment(trial.op, trial.types, about[0], about[1:], Facts())
    return found.axes or tuple(() for _ in trial.run(trial.inputs))


def test_every_op_says_what_it_does() -> None:
    said = {cls: contract(cls, type_of) for cls in CALLABLES if cls.inputs}
    assert all(found is not None and found.verb in ("consumes", "propagates", "ignores") and str(found) for found in said.values())
    assert {found.verb for found in said.values() if found} == {"consumes", "propagates", "ignores"}
