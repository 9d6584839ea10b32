"""Optimizers that look for flat places."""

from __future__ import annotations

from collections.abc import Mapping

from netspec.library.base import Clock, Example, Leaf, Optimizer, Transformation
from netspec.library.gradients.sharpness import perturb_to_worst
from netspec.library.optimizers.adam import Adam
from netspec.library.optimizers.argument_bounds import Tiny
from netspec.library.optimizers.gradient_descent import Sgd


class Sam(Optimizer):
    """Sharpness-aware minimisation: any optimizer, on the gradient where the loss is worst nearby, so that it ends in flat places.

    It is given the gradient at p + rho * g / ‖g‖, the norm being over all parameters. Each step passes twice over the batch, with the same
    dropout; running statistics are those of the first pass.
    """

    source = "Foret, Kleiner, Mobahi and Neyshabur 2021, Sharpness-aware minimization for efficiently improving generalization"

    inner: Optimizer
    """The optimizer that takes the step, a chain too."""
    rho: Tiny = 0.05
    """How far away the gradient is taken."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(inner=Sgd(learning_rate=0.1))), Example(cls(inner=Adam(learning_rate=1e-3), rho=0.1)))

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        return perturb_to_worst(self.inner.build(clock, leaves), self.rho)
