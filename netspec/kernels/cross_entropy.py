"""Computes the cross-entropy of a softmax with labels that are classes by number or distributions over them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from netspec.kernels.array_forms import widen
from netspec.kernels.family import Sample, family
from netspec.lazy import jax, jnp


@family(Sample("f32[5, 6]", "i32[5]"), Sample("f32[2, 3, 5]", "i32[2, 3]"))
def cross_entropy(logits: Any, labels: Any) -> Any:
    """-log softmax(logits)[label]: [..., C] and whole numbers [...] -> [...] in at least f32, NaN where the label is no class."""
    logits = widen(logits)
    return take_label(logits, labels, lambda own: jax.nn.logsumexp(logits, axis=-1) - own)


@family(Sample("f32[5, 6]", "f32[5, 6]"), Sample("f32[2, 3, 5]", "f32[2, 3, 5]"))
def cross_entropy_of_shares(logits: Any, labels: Any) -> Any:
    """-sum(labels · log softmax(logits)): [..., C] twice -> [...] in at least f32. Classes of probability 0 do not count, also where their
    logit is -inf."""
    logits, labels = widen(logits), widen(labels)
    return -jnp.sum(jnp.where(labels == 0, 0, labels * jax.nn.log_softmax(logits, axis=-1)), axis=-1)


def take_label(scores: Any, labels: Any, value: Callable[[Any], Any]) -> Any:
    """A value made of each label's own score; NaN where the label is no class."""
    inside = (labels >= 0) & (labels < scores.shape[-1])
    own = jnp.take_along_axis(scores, jnp.where(inside, labels, 0)[..., None], axis=-1)[..., 0]
    return jnp.where(inside, value(own), jnp.nan)
