"""Makes a `Scope` for one op on its own, and types, inputs and weights from examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from netspec.kernels.choice import Chooser, Kernels
from netspec.kernels.random_bits import random_bits
from netspec.lazy import jnp, np
from netspec.library.base import Array, Weight
from netspec.library.initializers.distributions import draw_weight
from netspec.lower.random_draws import step_key
from netspec.shape import Dim, TensorType
from netspec.shape.types import JAX_DTYPES


def sample(kind: TensorType, rng: Any) -> Array:
    """Random values of a type; floats without ties, away from 0, and without whole ratios."""
    shape = tuple(dim.value for dim in kind.shape)
    if kind.dtype == "bool":
        return rng.random(shape) < 0.5
    if kind.is_int:
        return rng.integers(1, 5, shape).astype(kind.jax_dtype)
    values = rng.permutation(np.prod(shape, dtype=int)).reshape(shape) + rng.uniform(0.4, 0.6, shape)
    return (values / max(values.size, 1) * 3 * rng.choice([-1.0, 1.0], shape)).astype("float32")


def draw(weight: Weight, rng: Any) -> Array:
    """A parameter's initial value, as the lowering makes it."""
    shape = tuple(Dim.of(n).value for n in weight.shape)
    return np.asarray(draw_weight(weight, rng, shape), "float32")


@dataclass
class TestScope:
    """Holds one op's parameters and buffers; random numbers come from a NumPy generator."""

    __test__ = False

    params: dict[str, Array] = field(default_factory=dict)
    buffers: dict[str, Array] = field(default_factory=dict)
    training: bool = False
    weight: Any = None
    seed: int = 0
    types: tuple[Any, ...] = ()
    named: Mapping[str, TensorType] = field(default_factory=dict)
    updates: dict[str, Array] = field(default_factory=dict)
    kernels: Kernels = field(default_factory=lambda: Chooser().at("", differentiated=True))

    def param(self, name: str) -> Array:
        return self.params[name]

    def buffer(self, name: str) -> Array:
        return self.buffers[name]

    def update(self, name: str, value: Array) -> None:
        if not (self.training and name in self.buffers):
            raise AssertionError(f"it sets the buffer {name!r} outside training, or has none of that name")
        self.updates[name] = value

    def uniform(self, shape: tuple[int, ...]) -> Array:
        return np.random.default_rng(self.seed).random(shape, np.float32)

    def normal(self, shape: tuple[int, ...]) -> Array:
        return np.random.default_rng(self.seed).standard_normal(shape, np.float32)

    def lowered(self, dtype: str) -> Any:
        return JAX_DTYPES[dtype]

    stored = lowered

    def bernoulli(self, probability: float, shape: tuple[int, ...]) -> Array:
        return self.uniform(shape) < probability


@dataclass
class TracedScope(TestScope):
    """The same where sizes may be symbols: each example draws by its own key, as in a program."""

    def uniform(self, shape: tuple[int, ...]) -> Array:
        return self._traced("uniform", shape)

    def normal(self, shape: tuple[int, ...]) -> Array:
        return self._traced("normal", shape)

    def _traced(self, kind: Literal["uniform", "normal"], shape: tuple[int, ...]) -> Array:
        """Draws that may be traced for a batch of any size."""
        examples = jnp.arange(shape[0], dtype=jnp.uint32) if shape else None
        return random_bits(self.kernels, step_key(self.seed, 0), examples, shape=shape, kind=kind)


@dataclass
class ExampleScope(TestScope):
    """The same for one example of a batch of `count`: it draws what it would draw at place `place` of the whole."""

    count: int = 1
    place: Any = 0

    def uniform(self, shape: tuple[int, ...]) -> Array:
        return self._own(super().uniform, shape)

    def normal(self, shape: tuple[int, ...]) -> Array:
        return self._own(super().normal, shape)

    def _own(self, draw: Any, shape: tuple[int, ...]) -> Array:
        """The draws of this example among those of the whole batch, so that both see the same."""
        if not shape or shape[0] != 1:
            return draw(shape)
        return jnp.asarray(draw((self.count, *shape[1:])))[self.place][None]
