"""Optimizers that divide each element's step by the root of its past squared gradients, or know no more of them than their signs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from netspec.library.base import Clock, Example, Leaf, Optimizer, Rate, Transformation
from netspec.library.base.field_bounds import Field, model_validator
from netspec.library.gradients.accumulators import scale_by_adadelta, scale_by_rms, scale_by_signs, scale_by_sum_of_squares
from netspec.library.gradients.core import compose
from netspec.library.gradients.decay import decay_weights
from netspec.library.gradients.descent import descend, trace
from netspec.library.optimizers.argument_bounds import LearningRate, NonNegative, Tiny
from netspec.library.schedules import Cosine


class Adagrad(Optimizer):
    """Each element's step is divided by the root of the sum of all its squared gradients, so rare features keep long steps.

    G = initial_accumulator + Σ g², p - lr * g / sqrt(G + eps).

    The defaults are optax's. `flax.optim` and PyTorch begin at 0 and add eps behind the root, with longer first steps, of about lr:
    `adagrad(lr, initial_accumulator=0.0, eps=1e-8, eps_inside_sqrt=false)` (PyTorch: eps=1e-10).
    """

    source = "Duchi, Hazan and Singer 2011, Adaptive subgradient methods for online learning and stochastic optimization"

    learning_rate: LearningRate
    """Length of a step: a number or a schedule."""
    initial_accumulator: NonNegative = 0.1
    """What the sum of squares begins with."""
    eps: Tiny = 1e-7
    """Added to the sum or to its root, against division by zero."""
    eps_inside_sqrt: bool = True
    """Add `eps` under the square root; if not, to the root."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(learning_rate=0.1)),
            Example(cls(learning_rate=0.1, initial_accumulator=0.0, eps=1e-8, eps_inside_sqrt=False)),
        )

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        scale = scale_by_sum_of_squares(self.initial_accumulator, self.eps, self.eps_inside_sqrt)
        return compose(squares=scale, step=descend(self.learning_rate, clock))


class Rmsprop(Optimizer):
    """Each element's step is divided by the root of the running mean of its squared gradients.

    v = decay * v + (1 - decay) * g², p - lr * g / sqrt(v + eps). Centred, v - mean(g)² stands in the place of v; momentum works on the
    steps, behind the learning rate: m = momentum * m + lr * g / sqrt(v + eps), p - m.

    The defaults are optax's. `flax.optim` adds eps to the root: `eps_inside_sqrt=false`. So does PyTorch, whose momentum is in front of the
    learning rate, which differs under a schedule only, and whose decay `alpha` is 0.99.
    """

    source = (
        "Tieleman and Hinton 2012, Lecture 6.5: divide the gradient by a running average of its recent magnitude; Graves 2013 (centred)"
    )

    learning_rate: LearningRate
    """Length of a step: a number or a schedule."""
    decay: Rate = 0.9
    """Decay of the running means."""
    eps: Tiny = 1e-8
    """Added to the mean square or to its root, against division by zero."""
    initial_scale: NonNegative = 0.0
    """What the mean square begins with."""
    eps_inside_sqrt: bool = True
    """Add `eps` under the square root; if not, to the root."""
    centered: bool = False
    """Divide by the standard deviation in place of the root mean square."""
    momentum: Rate = 0.0
    """How much of the last step is kept, 0 to 1; 0 keeps none."""
    nesterov: bool = False
    """Look ahead: step along the new step + momentum * m instead of m."""
    bias_correction: bool = False
    """Divide the means by 1 - decay^t, since they begin at zero."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(learning_rate=1e-3)),
            Example(cls(learning_rate=Cosine(start=0.01), decay=0.99, eps_inside_sqrt=False, bias_correction=True)),
            Example(cls(learning_rate=0.01, initial_scale=1.0, centered=True, momentum=0.9, nesterov=True)),
        )

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        scale = scale_by_rms(self.decay, self.eps, self.eps_inside_sqrt, self.initial_scale, self.centered, self.bias_correction)
        step = descend(self.learning_rate, clock)
        if not self.momentum:
            return compose(squares=scale, step=step)
        return compose(squares=scale, step=step, momentum=trace(self.momentum, self.nesterov))


class Adadelta(Optimizer):
    """Each element's step is its gradient times the ratio of the root mean squares of its past steps and of its past gradients.

    s = rho * s + (1 - rho) * g², d = sqrt(a + eps) / sqrt(s + eps) * g, a = rho * a + (1 - rho) * d², p - lr * d. Steps have the units of
    parameters, so the learning rate may stay at 1; the first ones are as short as sqrt(eps) makes them.
    """

    source = "Zeiler 2012, ADADELTA: an adaptive learning rate method"

    learning_rate: LearningRate = 1.0
    """What steps are multiplied by: a number or a schedule."""
    rho: Rate = 0.9
    """Decay of both running means."""
    eps: Tiny = 1e-6
    """Added under both square roots."""
    weight_decay: NonNegative = 0.0
    """Pull towards zero."""
    decay_mask: str | None = None
    """Which parameters decay, as a pattern over their paths such as `"**/kernel"`; all of them when left out."""
    decoupled: bool = False
    """Take the decay, times the learning rate, from the parameter, as `flax.optim` does; if not, it is added to the gradient."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls()),
            Example(cls(learning_rate=0.5, rho=0.95, eps=1e-5, weight_decay=0.01)),
            Example(cls(learning_rate=1.0, weight_decay=0.01, decay_mask="**/kernel", decoupled=True)),
        )

    def decays(self) -> dict[str, str]:
        return {"weight_decay": "decay_mask"} if self.weight_decay else {}

    def patterns(self) -> dict[str, str]:
        return {} if self.decay_mask is None else {"decay_mask": self.decay_mask}

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        """Raises `Mistake` when `decay_mask` matches no path."""
        scale, step = scale_by_adadelta(self.rho, self.eps), descend(self.learning_rate, clock)
        decay = decay_weights(self.weight_decay, self.decay_mask, leaves)
        return compose(ratio=scale, decay=decay, step=step) if self.decoupled else compose(decay=decay, ratio=scale, step=step)


class Rprop(Optimizer):
    """Steps that know the gradient's signs only: each element has a length of its own, longer while the sign stays, shorter when it turns.

    length *= eta_plus where the sign is that of the step before, eta_minus where it is the other one, within min_step_size..max_step_size;
    p - length * sign(g), without a step where the sign has just turned. Meant for gradients of the whole training set.

    The steps are those of the paper's variant Rprop- with the gradient forgotten after a turn, as in PyTorch. optax 0.2.8 takes each
    of them one update late.
    """

    source = "Riedmiller and Braun 1993, A direct adaptive method for faster backpropagation learning: the RPROP algorithm"

    learning_rate: Tiny
    """The length of the first steps."""
    eta_minus: Rate = 0.5
    """What a length is multiplied by when the sign turns, below 1."""
    eta_plus: Annotated[float, Field(gt=1)] = 1.2
    """What a length is multiplied by when the sign stays, above 1."""
    min_step_size: Tiny = 1e-6
    """The shortest length."""
    max_step_size: Tiny = 50.0
    """The longest length."""

    @model_validator(mode="after")
    def _in_order(self) -> Rprop:
        """Checks that the smallest step is not above the largest."""
        if self.min_step_size > self.max_step_size:
            raise ValueError(f"`min_step_size`, {self.min_step_size:g}, is above `max_step_size`, {self.max_step_size:g}")
        return self

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(learning_rate=0.01)),
            Example(cls(learning_rate=0.1, eta_minus=0.6, eta_plus=1.1, min_step_size=1e-4, max_step_size=1.0)),
        )

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        signs = scale_by_signs(self.learning_rate, self.eta_minus, self.eta_plus, self.min_step_size, self.max_step_size)
        return compose(signs=signs, step=descend(1.0, clock))
