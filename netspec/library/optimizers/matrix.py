"""Optimizers whose steps of a matrix depend on all of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from netspec.library.base import Clock, Duration, Example, Leaf, Optimizer, Positive, Rate, Transformation
from netspec.library.base.field_bounds import BeforeValidator, model_validator
from netspec.library.base.path_patterns import select
from netspec.library.gradients.core import Tree, compose
from netspec.library.gradients.decay import decay_weights
from netspec.library.gradients.descent import descend
from netspec.library.gradients.matrix import Coefficients, newton_schulz, scale_by_muon, scale_by_shape
from netspec.library.gradients.moments import scale_by_adam
from netspec.library.gradients.partition import partition
from netspec.library.optimizers.adam import Adam
from netspec.library.optimizers.argument_bounds import LearningRate, NonNegative, Tiny
from netspec.library.schedules import WarmupCosine

PRESETS: dict[str, tuple[Coefficients, ...]] = {
    "standard": ((3.4445, -4.7750, 2.0315),),
    "dion": (
        (4.0848, -6.8946, 2.9270),
        (3.9505, -6.3029, 2.6377),
        (3.7418, -5.5913, 2.3037),
        (2.8769, -3.1427, 1.2046),
        (2.8366, -3.0525, 1.2012),
    ),
}
"""Coefficients of Newton-Schulz iterations; a single row is for all of them."""


def to_tuples(given: Any) -> Any:
    """Lists of numbers as tuples."""
    return tuple(to_tuples(item) for item in given) if isinstance(given, list) else given


Rows = Annotated[Literal["standard", "dion"] | Coefficients | tuple[Coefficients, ...], BeforeValidator(to_tuples)]


class Muon(Optimizer):
    """Steps of matrices along the orthogonal matrix nearest to the momentum, so that all directions of a matrix move alike.

    m = beta * m + (1 - beta) * g, corrected for its start and with `nesterov` one step ahead; O = the nearest orthogonal matrix, by
    ns_steps iterations a X + b XXᵀX + c (XXᵀ)²X; p - lr * (sqrt(max(1, outputs / inputs)) * O + weight_decay * p).

    Everything that is no matrix moves by a partner: adam with decoupled decay, whose numbers are the arguments `adam_…`, or any other
    optimizer given as `partner`. Matrices are the parameters of two axes, embeddings among them; or those that the pattern `matrices`
    matches, whose further axes count as inputs (the window of a convolution), or as inputs and outputs as the layer knows them (the heads
    of attention). It is common to leave embeddings and the last layer to the partner: `matrices="blocks/**/kernel"`.

    Every layer's matrix is taken alone, also where a `repeat` stacks several. Iterations are in f32 at least.
    """

    source = "Jordan and others 2024, Muon: an optimizer for hidden layers in neural networks; Liu and others 2025 (consistent_rms)"

    learning_rate: LearningRate
    """Length of a step: a number or a schedule."""
    ns_coeffs: Rows = "standard"
    """The coefficients a, b and c of the iterations: three numbers, a list of three for each iteration, or the name of a preset."""
    ns_steps: Positive = 5
    """How many iterations; of a list of coefficients the last ones are taken."""
    beta: Rate = 0.95
    """Decay of the momentum."""
    eps: Tiny = 1e-8
    """Added to norms, and to the root in the partner."""
    weight_decay: NonNegative = 0.0
    """Pull of matrices towards zero; it is multiplied by the learning rate."""
    decay_mask: str | None = None
    """Which matrices decay, as a pattern over their paths; all of them when left out."""
    nesterov: bool = True
    """Take the momentum one step ahead, in the partner too."""
    adaptive: bool = False
    """Multiply the step by the inner product of momentum and orthogonal matrix, the momentum's size in the dual norm."""
    preconditioning: Literal["frobenius", "spectral", "aol", "schatten"] = "frobenius"
    """By what a matrix is divided before the iterations, so that they converge."""
    adam_b1: Rate = 0.9
    """Decay of the partner's first moment."""
    adam_b2: Rate = 0.999
    """Decay of the partner's second moment."""
    adam_eps_root: NonNegative = 0.0
    """Added under the partner's square root."""
    adam_weight_decay: NonNegative = 0.0
    """Pull of what is no matrix towards zero."""
    adam_learning_rate: LearningRate | None = None
    """The partner's learning rate; the same as for matrices when left out."""
    consistent_rms: Tiny | None = None
    """Multiply O by sqrt(max(inputs, outputs)) times this, 0.2 for steps as large as adam's, in place of the root above."""
    matrices: str | None = None
    """Which parameters are matrices, as a pattern over their paths; all of two axes when left out."""
    partner: Optimizer | None = None
    """What moves everything else, in place of adam."""

    @model_validator(mode="after")
    def _enough_coefficients(self) -> Muon:
        """Checks that several rows of coefficients are enough for all iterations."""
        given = self._rows()
        if 1 < len(given) < self.ns_steps:
            raise ValueError(f"{len(given)} rows of coefficients in `ns_coeffs` for {self.ns_steps} iterations")
        return self

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        schedule = WarmupCosine(peak=0.02, warmup=Duration(10, "step"))
        return (
            Example(cls(learning_rate=0.02)),
            Example(cls(learning_rate=schedule, ns_coeffs="dion", weight_decay=0.1, decay_mask="**/kernel", consistent_rms=0.2)),
            Example(cls(learning_rate=0.02, nesterov=False, preconditioning="aol", matrices="**/kernel", partner=Adam(learning_rate=1e-3))),
        )

    def patterns(self) -> dict[str, str]:
        given = {"decay_mask": self.decay_mask, "matrices": self.matrices}
        return {name: pattern for name, pattern in given.items() if pattern is not None}

    def build(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        """Raises `Mistake` when a pattern matches no path."""
        builds = {"matrices": lambda own: self._of_matrices(clock, own), "others": lambda own: self._of_others(clock, own)}
        chosen = None
        if self.matrices is not None:
            chosen = select(self.matrices, [path for leaf in leaves.values() for path in leaf.paths], blame="matrices")

        def label(params: Tree) -> dict[str, str]:
            labels = {}
            for key, leaf in leaves.items():
                rank = params[key].ndim - leaf.stacked
                for path in leaf.paths:
                    matrix = rank == 2 if chosen is None else path in chosen and rank >= 2
                    labels[path] = "matrices" if matrix else "others"
            return labels

        return partition(builds, label, leaves)

    def _rows(self) -> tuple[Coefficients, ...]:
        given: Any = PRESETS[self.ns_coeffs] if isinstance(self.ns_coeffs, str) else self.ns_coeffs
        return given if isinstance(given[0], tuple) else (given,)

    def _of_matrices(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        """The transformation of matrices: orthogonal steps."""
        rows = self._rows()
        rows = rows * self.ns_steps if len(rows) == 1 else rows[-self.ns_steps :]
        return compose(
            muon=scale_by_muon(self.beta, self.nesterov, self.adaptive, newton_schulz(rows, self.preconditioning, self.eps), leaves),
            shape=scale_by_shape(self.consistent_rms, leaves),
            decay=decay_weights(self.weight_decay, self.decay_mask, leaves),
            step=descend(self.learning_rate, clock),
        )

    def _of_others(self, clock: Clock, leaves: Mapping[str, Leaf]) -> Transformation:
        """The transformation of all other parameters: the partner's, or Adam's."""
        if self.partner is not None:
            return self.partner.build(clock, leaves)
        rate = self.learning_rate if self.adam_learning_rate is None else self.adam_learning_rate
        adam = scale_by_adam(self.adam_b1, self.adam_b2, self.eps, self.adam_eps_root, self.nesterov)
        return compose(adam=adam, decay=decay_weights(self.adam_weight_decay, None, leaves), step=descend(rate, clock))
