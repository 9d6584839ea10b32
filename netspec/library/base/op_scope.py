"""What the mathematics of an op may ask of the program that runs it."""

from __future__ import annotations

from typing import Any, Protocol

Array = Any
"""A JAX or NumPy array."""


class Scope(Protocol):
    """What `apply` may ask of the program that runs it."""

    training: bool
    """True in training: dropout is on, batch_norm uses the batch's statistics."""
    weight: Array | None
    """Weights of the batch's examples, f32[B] (0 for padding), or None when all count."""

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
