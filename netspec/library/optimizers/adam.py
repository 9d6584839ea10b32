"""Adam, with decoupled weight decay and with Nesterov's look ahead."""

from __future__ import annotations

from collections.abc import Mapping

from netspec.library.base import Clock, Duration, Example, Leaf, Transformation
from netspec.library.gradients.core import compose
from netspec.library.gradients.descent import descend
from netspec.library.gradients.moments import scale_by_adam
from netspec.library.optimizers.argument_bounds import FloatDtype, NonNegative
from netspec.library.optimizers.moments import Decaying, Moments


class Adam(Moments):
    """Adam: steps scaled by running estimates of the gradient's first and second moments, both corrected for their start at zero.

    m = b1 * m + (1 - b1) * g, v = b2 * v + (1 - b2) * g²; p - lr * m̂ / (sqrt(v̂ + eps_root) + eps) with m̂ = m / (1 - b1^t) and
    v̂ = v / (1 - b2^t), t counting from 1. The steps are counted in whole numbers, so corrections are exact under bf16 parameters too.
    """

    source = "Kingma and Ba 2015, Adam: a method for stochastic optimization"

    nesterov: bool = False
    """Look ahead, as `nadam` does."""
    mu_dtype: FloatDtype | None = None
    """Element type in which the first moment is kept: bf16 halves its memory. The parameters', f32 at least, when left out."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(learning_rate=1e-3)),
            Example(cls(learning_rate=0.01, b1=0.5, b2=0.98, eps=1e-6, eps_root=1e-9)),
            Example(cls(learning_rate=0.01, nesterov=True, mu_dtype="bf16")),
        )

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        return compose(
            adam=scale_by_adam(self.b1, self.b2, self.eps, self.eps_root, self.nesterov, self.mu_dtype),
            step=descend(self.learning_rate, clock),
        )


class AdamW(Decaying, Moments):
    """Adam with decoupled weight decay: p - lr * (m̂ / (sqrt(v̂ + eps_root) + eps) + weight_decay * p), moments as in `adam`.

    The decay does not pass through the moments, so it is the same for parameters with large and with small gradients. `flax.optim.Adam`
    with its `weight_decay` is this optimizer; its default there is 0.
    """

    source = "Loshchilov and Hutter 2019, Decoupled weight decay regularization"

    weight_decay: NonNegative = 1e-4
    """Pull towards zero; it is multiplied by the learning rate."""
    nesterov: bool = False
    """Look ahead, as `nadamw` does."""
    mu_dtype: FloatDtype | None = None
    """Element type in which the first moment is kept: bf16 halves its memory. The parameters', f32 at least, when left out."""

    @classmethod
    def op_name(cls) -> str:
        return "adamw"

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        from netspec.library.schedules import WarmupCosine  # here, so that a check does not wait for schedules that its spec has not

        schedule = WarmupCosine(peak=3e-4, warmup=Duration(10, "step"))
        return (
            Example(cls(learning_rate=1e-3)),
            Example(cls(learning_rate=schedule, b2=0.98, eps=1e-9, weight_decay=0.1, decay_mask="**/kernel")),
        )

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        """Raises `Mistake` when `decay_mask` matches no path."""
        adam = scale_by_adam(self.b1, self.b2, self.eps, self.eps_root, self.nesterov, self.mu_dtype)
        return compose(adam=adam, **self.decay(leaves), step=descend(self.learning_rate, clock))


class Nadam(Moments):
    """Adam that looks ahead: the mean of the step is what it will be after one more gradient like this one.

    p - lr * m̂ / (sqrt(v̂ + eps_root) + eps) with m̂ = b1 * m / (1 - b1^(t + 1)) + (1 - b1) * g / (1 - b1^t); m, v and v̂ as in `adam`.
    Dozat's further factor b2 on v̂ is left out, as in most implementations.
    """

    source = "Dozat 2016, Incorporating Nesterov momentum into Adam"

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(learning_rate=1e-3)), Example(cls(learning_rate=0.01, b1=0.8, b2=0.99, eps=1e-6, eps_root=1e-9)))

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        return compose(nadam=scale_by_adam(self.b1, self.b2, self.eps, self.eps_root, True), step=descend(self.learning_rate, clock))


class Nadamw(Decaying, Moments):
    """`nadam` with decoupled weight decay: p - lr * (its step + weight_decay * p)."""

    source = "Dozat 2016, Incorporating Nesterov momentum into Adam; Loshchilov and Hutter 2019 (decay)"

    weight_decay: NonNegative = 1e-4
    """Pull towards zero; it is multiplied by the learning rate."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(learning_rate=1e-3)), Example(cls(learning_rate=0.01, weight_decay=0.1, decay_mask="**/kernel")))

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        """Raises `Mistake` when `decay_mask` matches no path."""
        nadam = scale_by_adam(self.b1, self.b2, self.eps, self.eps_root, True)
        return compose(nadam=nadam, **self.decay(leaves), step=descend(self.learning_rate, clock))
