"""Makes a case of an op's example, with its types, inputs and weights."""

from __future__ import annotations

from collections.abc import Callable as Function
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.lazy import jax, jnp, np
from netspec.library.base import Callable, Example, Measure
from netspec.library.layers.cells import Recurrence
from netspec.shape import Dim, Facts, TensorType
from netspec.testing.trial_scope import TestScope, TracedScope, sample
from netspec.tools.reference_examples import type_of


class Case:
    """One example of an op that computes, in eval or in training. Its weights are drawn, and it is compiled once for all laws."""

    def __init__(self, example: Example, training: bool = False) -> None:
        rng = np.random.default_rng(7)
        self.op: Any = example.op
        self.training = training
        self.names = tuple(self._applied(example))
        """Of the optional inputs, which stand behind the required ones in `types` and `inputs`."""
        self.types = [type_of(text) for text in (*example.inputs, *(example.named[name] for name in self.names))]
        self.inputs = [np.abs(x) if self.op.positive and t.is_float else x for t in self.types for x in [sample(t, rng)]]
        self.jitted = jax.jit(self.run)
        self.params = {name: self._weight(w, rng) for name, w in self.call("params", *self.types).items()}
        self.buffers = {name: self._weight(w, rng) for name, w in self.call("buffers", *self.types).items()}

    def __str__(self) -> str:
        given = [*map(str, self.types[: self._required]), *(f"{n}={t}" for n, t in zip(self.names, self.types[::-1], strict=False))]
        return f"{self.op} of {', '.join(given) or 'nothing'}{' in training' if self.training else ''}"

    def _applied(self, example: Example) -> list[str]:
        """The optional inputs that `apply` gets: a measure's mask mostly is a weight of its values."""
        weighs = isinstance(self.op, Measure) and self.op.mask_weighs
        return [name for name in example.named if not (weighs and name == "mask")]

    def _weight(self, weight: Any, rng: Any) -> Any:
        """A positive value that no initializer would give, so that scale, bias, mean and variance all matter."""
        return (0.5 + rng.random([Dim.of(n).value for n in weight.shape])).astype("float32")

    @property
    def _required(self) -> int:
        """How many of the inputs come by position."""
        return len(self.types) - len(self.names)

    def run(self, *inputs: Any, params: Any = None) -> Any:
        """The op's results, in eval or training."""
        return self.call("apply", self.scope(params), *map(jnp.asarray, inputs))

    def run_on_any(self, *inputs: Any) -> Any:
        """The op's results where the batch has any size, as `symbolic` gives the inputs."""
        return self.call("apply", self.scope(types=self.batched(), kind=TracedScope), *inputs)

    def symbolic(self, size: Any) -> list[Any]:
        """The inputs' shapes with a dimension of JAX's own for the batch."""
        return [
            jax.ShapeDtypeStruct((size, *x.shape[1:]) if self.has_batch(kind) else x.shape, x.dtype)
            for kind, x in zip(self.types, self.inputs, strict=True)
        ]

    def scope(self, params: Any = None, types: Any = None, kind: Function[..., TestScope] = TestScope) -> TestScope:
        """What `apply` may ask: with these weights and for inputs of these types, the case's own when absent."""
        types, known = types or self.types, self.params if params is None else params
        named = dict(zip(self.names, types[self._required :], strict=True))
        return kind(known, self.buffers, self.training, types=tuple(types[: self._required]), named=named)

    def call(self, method: str, *values: Any) -> Any:
        """A method of the op, optional inputs by name."""
        return self.with_names(getattr(self.op, method))(*values)

    def with_names(self, function: Any) -> Any:
        """The function with its last arguments given by name."""
        behind = -len(self.names) or None
        return lambda *values: function(*values[:behind], **dict(zip(self.names, values[behind:] if behind else (), strict=True)))

    def results(self, *types: TensorType) -> tuple[TensorType, ...]:
        """The result types by the shape rule."""
        return to_tuple(self.call("shape", Facts(), *(types or self.types)))

    def floats(self, results: Any) -> list[Any]:
        """Those of the results that are floats."""
        return [x for x, kind in zip(to_tuple(results), self.results(), strict=True) if kind.is_float]

    @property
    def smooth(self) -> bool:
        """Has a result a gradient that is its slope?"""
        return self.flows and self.op.sloped and not self.op.partial_slope

    @property
    def flows(self) -> bool:
        """Are there floats in and out, so that there may be a gradient?"""
        return bool(self.floats(self.results())) and any(t.is_float for t in self.types)

    @property
    def batch(self) -> int:
        """The size of the first input's first axis, where its examples lie; 1 where there is none."""
        return self.types[0].shape[0].value if self.types and self.types[0].rank else 1

    def batched(self) -> list[TensorType]:
        """The inputs' types with the symbol B for the batch."""
        return [t.with_shape(("B", *t.shape[1:])) if self.has_batch(t) else t for t in self.types]

    def has_batch(self, kind: TensorType) -> bool:
        """Whether the first axis of an input counts examples."""
        return bool(kind.rank) and kind.shape[0] == Dim.of(self.batch)

    def keep_the_batch(self) -> list[bool]:
        """Which of the results have the batch as their first axis, whatever its size; none where shapes, or parameters, need to know it."""
        try:
            results = to_tuple(self.call("shape", Facts(), *self.batched()))
            weights = self.call("params", *self.batched()) | self.call("buffers", *self.batched())
        except Mistake:
            return [False]
        if not all(Dim.of(n).is_constant for weight in weights.values() for n in weight.shape):
            return [False]
        return [bool(kind.rank) and kind.shape[0] == Dim.of("B") for kind in results]


def to_tuple(value: Any) -> tuple[Any, ...]:
    """The results of an op that has one or several, as a tuple."""
    return value if isinstance(value, tuple) else (value,)


def has_apply(cls: Any) -> bool:
    """The op has an `apply` of its own: `infer` makes recurrences, and ops with parts, of others."""
    return issubclass(cls, Callable) and not issubclass(cls, Recurrence) and not cls.parts


def phases(op: Callable) -> tuple[bool, ...]:
    """Eval, and training where that may differ."""
    differs = op.random or type(op).buffers is not Callable.buffers or (isinstance(op, Recurrence) and op.dropout > 0)
    return (False, True) if differs else (False,)
