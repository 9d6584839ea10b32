"""Defines what the mathematics of an op may ask of the program that runs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from netspec.kernels.family import Choosing
from netspec.shape import TensorType

Array = Any
"""A JAX or NumPy array."""


class Scope(Protocol):
    """What `apply` may ask of the program that runs it."""

    training: bool
    """True in training: dropout is on, batch_norm uses the batch's statistics."""
    weight: Array | None
    """Weights of the batch's examples, f32[B] (0 for padding), or None when all count."""
    types: tuple[Any, ...]
    """The proved types of the inputs in their order, as `shape` gets them (a number for an input that is one), at full precision, with the
    sizes of these arrays for symbols. Where arrays are traced for any size, that symbol stays: what depends on the kind of an input (its
    rank, the axes that an argument names) is worked out from these, never from the arrays."""
    named: Mapping[str, TensorType]
    """Those of the optional inputs that are given."""

    @property
    def kernels(self) -> Choosing:
        """What a family of kernels is called with, which then chooses: `convolve(scope.kernels, x, kernel, …)`."""
        ...

    def param(self, name: str) -> Array: ...
    def buffer(self, name: str) -> Array: ...
    def update(self, name: str, value: Array) -> None:
        """Set a buffer's value for the next step; only allowed when `training`."""

    def uniform(self, shape: tuple[int, ...]) -> Array:
        """f32 in [0, 1). When shape[0] is the batch, each example draws by its global index, whatever the batching."""

    def normal(self, shape: tuple[int, ...]) -> Array: ...
    def bernoulli(self, probability: float, shape: tuple[int, ...]) -> Array: ...

    def lowered(self, dtype: str) -> Any:
        """The NumPy dtype in which the program computes what the spec calls `dtype`: f32 may be bf16."""

    def stored(self, dtype: str) -> Any:
        """The NumPy dtype of what the spec calls `dtype` at full precision: f32 may be f64, never less."""


def hand_on(scope: Scope, *types: Any, **named: TensorType) -> Scope:
    """The scope that an op hands to another one that it uses: all but the types of the inputs is its own."""
    return _Within(scope, types, named)  # type: ignore[return-value]


class _Within:
    """Another op's inputs in the scope of the one that uses it."""

    def __init__(self, scope: Scope, types: tuple[Any, ...], named: Mapping[str, TensorType]) -> None:
        self._scope, self.types, self.named = scope, types, named

    def __getattr__(self, name: str) -> Any:
        return getattr(self._scope, name)
