"""Losses of distributions: negative log-likelihoods of what was seen, and how far one distribution is from another."""

from __future__ import annotations

import math
from typing import ClassVar

from netspec.kernels.array_forms import widen
from netspec.lazy import jax, jnp
from netspec.library.base import Array, Example, In, Loss, Scope
from netspec.library.losses.exact_shapes import count_values, joint_values, row_values
from netspec.library.shape_rules.targets import MASK
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import elements

LEAST = -60.0
"""The least log variance that counts: exp(60) times a square is still a number in f32."""


def bound_variance(log_variance: Array) -> Array:
    """At least `LEAST`; below it with gradient 0, whatever comes back."""
    wide = widen(log_variance)
    return jnp.where(wide > LEAST, wide, LEAST)


def power(x: Array) -> Array:
    """exp(x), and past -`LEAST` its tangent: what is wrong by far neither overflows nor loses its slope."""
    return jnp.exp(jnp.minimum(x, -LEAST)) + math.exp(-LEAST) * jnp.maximum(x + LEAST, 0)


def growth(x: Array) -> Array:
    """`power(x)` - 1, exact near 0."""
    return jnp.expm1(jnp.minimum(x, -LEAST)) + math.exp(-LEAST) * jnp.maximum(x + LEAST, 0)


class GaussianNll(Loss):
    """-log of the density of targets under a normal distribution: ((targets - mean)² / exp(log_variance) + log_variance) / 2.

    One value per number; the distribution of each is given by its mean and the logarithm of its variance. Log variances below -60 count as
    -60. FLOPs: 6 per number.

    PyTorch's `GaussianNLLLoss` takes the variance itself, as its third tensor.
    """

    inputs: ClassVar[tuple[In, ...]] = (
        In("mean", "The means, any shape."),
        In("log_variance", "The natural logarithms of the variances, of the same shape."),
        In("targets", "What was seen, of the same shape."),
        MASK,
    )

    full: bool = False
    """Add the constant log(2π) / 2, so that it is the density's own logarithm."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 3]", "f32[4, 3]", "f32[4, 3]")),
            Example(cls(full=True), ("bf16[6]", "f32[6]", "f32[6]"), {"mask": "bool[6]"}),
        )

    def says(self) -> tuple[str, str]:
        return "mean", "targets"

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        return joint_values(self, facts, inputs, optional.get("mask"))

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        mean, targets, spread = widen(inputs[0]), widen(inputs[2]), bound_variance(inputs[1])
        value = 0.5 * (jnp.square(targets - mean) * jnp.exp(-spread) + spread)
        return value + 0.5 * math.log(2 * math.pi) if self.full else value

    def flops(self, *inputs: TensorType, **optional: TensorType) -> Dim | int:
        return elements(inputs[0].shape) * 6


class PoissonNll(Loss):
    """-log of the probability of counts under a Poisson distribution: exp(log_rate) - targets * log_rate.

    One value per number. A count of 0 may have a log rate of minus infinity; past 60 the exponential goes on as its
    tangent. FLOPs: 3 per number, 11 with `full`.
    """

    inputs: ClassVar[tuple[In, ...]] = (
        In("log_rate", "The natural logarithms of the expected counts, any shape."),
        In("targets", "The counts, of the same shape: whole numbers, or floats.", dtype="number"),
        MASK,
    )

    full: bool = False
    """Add log(targets!), which no parameter changes, so that it is the probability's own logarithm."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 3]", "f32[4, 3]")),
            Example(cls(full=True), ("bf16[6]", "i32[6]"), {"mask": "bool[6]"}),
        )

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        return count_values(self, facts, inputs[0], inputs[1], optional.get("mask"))

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        log_rate = widen(inputs[0])
        targets = inputs[1].astype(jnp.promote_types(log_rate.dtype, inputs[1].dtype))
        value = power(log_rate) - jnp.where(targets == 0, 0, targets * log_rate)
        return value + jax.lax.lgamma(targets + 1) if self.full else value

    def flops(self, *inputs: TensorType, **optional: TensorType) -> Dim | int:
        return elements(inputs[0].shape) * (11 if self.full else 3)


class KlDivergence(Loss):
    """Kullback-Leibler divergence of targets from predictions, summed over the last axis: sum of targets * (log targets - log_predictions).

    One value per distribution, in nats. `log_predictions` are logarithms of probabilities: the output of `log_softmax`. Targets of
    probability 0 do not count, also where the prediction's logarithm is minus infinity. FLOPs: 4 per number.
    """

    inputs: ClassVar[tuple[In, ...]] = (
        In(
            "log_predictions", "Logarithms of probabilities [..., C], which sum to 1 over the last axis.", rank=1, wants="log_probabilities"
        ),
        In("targets", "Probabilities [..., C], of the same shape.", rank=1, wants="probabilities"),
        MASK,
    )

    generalized: bool = False
    """Add the sum of predictions minus that of targets: it is then no less than 0 for any positive numbers."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 3]", "f32[4, 3]")),
            Example(cls(), ("bf16[2, 6, 30]", "f32[2, 6, 30]"), {"mask": "bool[2, 6]"}),
            Example(cls(generalized=True), ("f32[4, 3]", "f32[4, 3]")),
        )

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        return row_values(self, facts, inputs, optional.get("mask"))

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        logs, targets = map(widen, inputs)
        counts = targets != 0
        own = jnp.log(jnp.where(counts, targets, 1))
        terms = jnp.where(counts, targets * (own - jnp.where(counts, logs, 0)), 0)
        return jnp.sum(terms + jnp.exp(logs) - targets if self.generalized else terms, axis=-1)

    def flops(self, *inputs: TensorType, **optional: TensorType) -> Dim | int:
        return elements(inputs[0].shape) * (7 if self.generalized else 4)


class GaussianKl(Loss):
    """Kullback-Leibler divergence of a normal distribution from another one, by default from N(0, 1): the second half of an ELBO.

    Summed over the last axis, whose numbers are independent: with variances v and w, sum of (log w - log v + (v + (mean - prior_mean)²) / w
    - 1) / 2. One value per example, in nats: `loss = sum(nll, axis=-1) + gaussian_kl(mean, log_variance)`. Log variances of the prior
    below -60 count as -60; past 60 the exponential of a ratio goes on as its tangent. FLOPs: 7 per number.
    """

    inputs: ClassVar[tuple[In, ...]] = (
        In("mean", "Means [..., D].", rank=1),
        In("log_variance", "The natural logarithms of the variances, of the same shape.", rank=1),
        In("prior_mean", "The means of the other distribution, of the same shape; else 0.", rank=1, optional=True),
        In("prior_log_variance", "The logarithms of its variances, of the same shape; else 0.", rank=1, optional=True),
        MASK,
    )
    source = "Kingma and Welling, Auto-Encoding Variational Bayes, 2014"

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        prior = {"prior_mean": "f32[4, 3]", "prior_log_variance": "f32[4, 3]"}
        return (
            Example(cls(), ("f32[4, 3]", "f32[4, 3]")),
            Example(cls(), ("bf16[2, 6, 5]", "f32[2, 6, 5]"), {"mask": "bool[2, 6]"}),
            Example(cls(), ("f32[4, 3]", "f32[4, 3]"), prior),
        )

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        mask = optional.pop("mask", None)
        return row_values(self, facts, inputs, mask, optional)

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        mean, spread = map(widen, inputs)
        prior = bound_variance(optional["prior_log_variance"]) if "prior_log_variance" in optional else 0.0
        away = mean - widen(optional["prior_mean"]) if "prior_mean" in optional else mean
        ratio = spread - prior
        return 0.5 * jnp.sum(growth(ratio) - ratio + jnp.square(away) * jnp.exp(-jnp.asarray(prior, mean.dtype)), axis=-1)

    def flops(self, *inputs: TensorType, **optional: TensorType) -> Dim | int:
        return elements(inputs[0].shape) * 7
