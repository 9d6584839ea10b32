"""Tries what an op says of a sequence that is generated, on examples in which axes of the inputs run along positions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.training.serving import NotCausal
from netspec.lazy import jax, np
from netspec.library.base import Callable, Example
from netspec.library.contracts.sequence_axis import Flow, Passage
from netspec.shape import Dim, Facts, TensorType
from netspec.testing.trial_scope import TestScope, sample
from netspec.tools.reference_examples import type_of

T = Dim.symbol("T")
_COMPILED: dict[Any, Any] = {}


@dataclass(frozen=True)
class Trial:
    """An example in which some axes of the inputs run along positions, one of the inputs being fed."""

    op: Any
    names: tuple[str, ...]
    types: tuple[TensorType, ...]
    """With numbers for sizes."""
    moving: tuple[tuple[int, ...], ...]
    """The axes of each input that run along positions."""
    fed: int
    size: int

    def __str__(self) -> str:
        return f"{self.op.op_name()} of {', '.join(map(str, self.symbolic()))}, fed {self.fed}: {self.op}"

    def symbolic(self) -> list[TensorType]:
        pairs = zip(self.types, self.moving, strict=True)
        return [t.with_shape([T if axis in axes else size for axis, size in enumerate(t.shape)]) for t, axes in pairs]

    def has_fixed_parameters(self) -> bool:
        """No parameter's shape depends on the number of positions, which `infer` refuses."""
        types, required = self.symbolic(), len(self.types) - len(self.names)
        named = dict(zip(self.names, types[required:], strict=True))
        try:
            weights = {**self.op.params(*types[:required], **named), **self.op.buffers(*types[:required], **named)}
        except Mistake:
            return False
        return all(Dim.of(n).is_constant for weight in weights.values() for n in weight.shape)

    def flows(self) -> tuple[Flow, ...]:
        """What the op says of its results. Raises Mistake where it refuses, or does not take such inputs."""
        types, required = self.symbolic(), len(self.types) - len(self.names)
        facts = Facts().bound("T", lo=self.size)
        named = dict(zip(self.names, types[required:], strict=True))
        results = self.op.shape(facts, *types[:required], **named)
        given = [Flow(axes, 0 if place == self.fed else None) for place, axes in enumerate(self.moving)]
        passage = Passage(
            self.op,
            tuple(types[:required]),
            tuple(given[:required]),
            dict(zip(self.names, given[required:], strict=True)),
            named,
            results if isinstance(results, tuple) else (results,),
            frozenset("T"),
            facts,
        )
        made = self.op.flow(passage)
        return made if isinstance(made, tuple) else (made,)

    def could_pass(self) -> bool:
        """Each position of the result depends on none after it, and stays when there are more."""
        types, required = self.symbolic(), len(self.types) - len(self.names)
        results = self.op.shape(Facts().bound("T", lo=self.size), *types[:required], **dict(zip(self.names, types[required:], strict=True)))
        several = results if isinstance(results, tuple) else (results,)
        flows = tuple(Flow(tuple(axis for axis, n in enumerate(kind.shape) if "T" in n.symbols()), 0) for kind in several)
        return all(flow.axes for flow in flows) and self.holds(flows)

    def run(self, inputs: list[Any]) -> tuple[Any, ...]:
        """The op's results, compiled once for each of the shapes."""
        required = len(self.types) - len(self.names)
        params = {**self.draw_weights("params"), **self.draw_weights("buffers")}
        key = (repr(self.op), self.names, tuple((x.shape, x.dtype.name) for x in inputs))

        def results(*arrays: Any) -> tuple[Any, ...]:
            named = dict(zip(self.names, arrays[required:], strict=True))
            result = self.op.apply(self._scope(params, arrays), *arrays[:required], **named)
            return result if isinstance(result, tuple) else (result,)

        return _COMPILED.setdefault(key, jax.jit(results))(*map(np.asarray, inputs))

    def _scope(self, weights: dict[str, Any], arrays: tuple[Any, ...]) -> TestScope:
        """What `apply` may ask, for inputs of these sizes."""
        types = [kind.with_shape(x.shape) for kind, x in zip(self.types, arrays, strict=True)]
        required = len(types) - len(self.names)
        return TestScope(weights, weights, types=tuple(types[:required]), named=dict(zip(self.names, types[required:], strict=True)))

    def draw_weights(self, method: str) -> dict[str, Any]:
        """Values for its `params` or `buffers`."""
        required = len(self.types) - len(self.names)
        found = getattr(self.op, method)(*self.types[:required], **dict(zip(self.names, self.types[required:], strict=True)))
        rng = np.random.default_rng(3)
        return {name: (0.5 + rng.random([int(n) for n in w.shape])).astype("float32") for name, w in found.items()}

    def cut(self, inputs: list[Any], length: int) -> list[Any]:
        """The first so many positions."""
        pairs = zip(inputs, self.moving, strict=True)
        return [x[tuple(slice(0, length) if axis in axes else slice(None) for axis in range(x.ndim))] for x, axes in pairs]

    def holds(self, flows: tuple[Flow, ...]) -> bool:
        """The values are what the flows say, when the positions are as many as the example has and when they are half as many."""
        rng = np.random.default_rng(5)
        inputs = [sample(kind, rng) for kind in self.types]
        whole = self.run(inputs)
        return self._holds_at(self.size - self.size // 2, inputs, whole, flows)

    def _holds_at(self, length: int, inputs: list[Any], whole: tuple[Any, ...], flows: tuple[Flow, ...]) -> bool:
        """Whether the results up to `length` stay the same when the inputs from there on are changed."""
        other = list(inputs)
        other[self.fed] = np.array(inputs[self.fed])
        behind = tuple(slice(length, None) if axis in self.moving[self.fed] else slice(None) for axis in range(other[self.fed].ndim))
        other[self.fed][behind] = sample(self.types[self.fed], np.random.default_rng(9))[behind]
        changed, short = self.run(other), self.run(self.cut(inputs, length))
        rows = zip(whole, changed, short, flows, strict=True)
        return all(agree(full, new, few, flow, length) for full, new, few, flow in rows)


def agree(full: Any, changed: Any, short: Any, flow: Flow, length: int) -> bool:
    """Up to where the flow reaches, the values of all three are the same."""
    known = full.shape if flow.reach is None else [length - flow.reach if axis in flow.axes else n for axis, n in enumerate(full.shape)]
    part = tuple(slice(0, n) for n in known)
    both = tuple(slice(0, min(n, m)) for n, m in zip(known, short.shape, strict=True))
    same = np.allclose(full[part], changed[part], 1e-5, 1e-5, equal_nan=True)
    return bool(same and np.allclose(full[both], short[both], 1e-5, 1e-5, equal_nan=True))


def trials(example: Example) -> Iterator[Trial]:
    """Every size of the example, and every single axis, as the number of positions."""
    types = tuple(type_of(text) for text in (*example.inputs, *example.named.values()))
    sizes = sorted({n.value for kind in types for n in kind.shape} - {1})
    for size in sizes:
        moving = tuple(tuple(axis for axis, n in enumerate(kind.shape) if n == size) for kind in types)
        choices = [moving] + [
            tuple((axis,) if place == other else () for other in range(len(types))) for place, axes in enumerate(moving) for axis in axes
        ]
        for choice in dict.fromkeys(choices):
            for fed, axes in enumerate(choice):
                if len(axes) == 1:
                    trial = Trial(example.op, tuple(example.named), types, choice, fed, size)
                    if trial.has_fixed_parameters():
                        yield trial


def choose_trials(rows: Iterable[Any], every: bool) -> Iterator[Any]:
    """Of the rows that begin with a trial the first of each example, or every other one: they differ in the axes that move."""
    seen = set()
    for row in rows:
        example = (repr(row[0].op), row[0].types)
        if (example in seen) == every:
            yield row
        seen.add(example)


Row = tuple[Trial, tuple[Flow, ...] | NotCausal]
"""A trial and what the op says of it."""


def outcomes(cls: type[Callable]) -> Iterator[Row]:
    """Every trial of an op's examples."""
    for example in cls.examples():
        yield from try_sequences(example)


def try_sequences(example: Example) -> Iterator[Row]:
    """Every trial of an example that the op takes."""
    for trial in trials(example):
        try:
            yield trial, trial.flows()
        except Mistake as mistake:
            if isinstance(mistake.diagnostic, NotCausal):
                yield trial, mistake.diagnostic
