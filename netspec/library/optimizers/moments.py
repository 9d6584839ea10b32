"""Defines the arguments of optimizers with two running moments, and of those with weight decay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from netspec.library.base import Leaf, Optimizer, Rate, Transformation
from netspec.library.gradients.decay import decay_weights
from netspec.library.optimizers.argument_bounds import LearningRate, NonNegative, Tiny


class Moments(Optimizer):
    """Those that keep running estimates of the gradient's first and second moments."""

    learning_rate: LearningRate
    """Length of a step: a number or a schedule."""
    b1: Rate = 0.9
    """Decay of the first moment (the mean of the gradient)."""
    b2: Rate = 0.999
    """Decay of the second moment (the mean of its square)."""
    eps: Tiny = 1e-8
    """Added to the square root, against division by zero."""
    eps_root: NonNegative = 0.0
    """Added under the square root."""


class Decaying(Optimizer):
    """Those that pull parameters towards zero."""

    last_arguments: ClassVar[tuple[str, ...]] = ("weight_decay", "decay_mask")
    weight_decay: NonNegative = 0.0
    """Pull towards zero; it is multiplied by the learning rate."""
    decay_mask: str | None = None
    """Which parameters decay, as a pattern over their paths such as `"**/kernel"`; all of them when left out."""

    def decays(self) -> dict[str, str]:
        return {"weight_decay": "decay_mask"} if self.weight_decay else {}

    def patterns(self) -> dict[str, str]:
        return {} if self.decay_mask is None else {"decay_mask": self.decay_mask}

    def decay(self, leaves: Mapping[str, Leaf]) -> dict[str, Transformation]:
        """The part of a chain that adds it; none when there is nothing to add. Raises `Mistake` when `decay_mask` matches no path."""
        needed = self.weight_decay or self.decay_mask is not None
        return {"decay": decay_weights(self.weight_decay, self.decay_mask, leaves)} if needed else {}
