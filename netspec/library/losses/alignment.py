"""Losses of sequences that are not aligned with what is said of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.training.losses import BlankBeyondClasses
from netspec.kernels.array_forms import widen
from netspec.lazy import jax, jnp, lax
from netspec.library.base import Array, Example, In, Loss, Scope
from netspec.library.base.field_bounds import Field
from netspec.library.losses.exact_shapes import alignment_values
from netspec.library.shape_rules.targets import MASK
from netspec.shape import Dim, Facts, TensorType

NEVER = -1e30
"""The logarithm of no chance, which can be added and subtracted."""


class Ctc(Loss):
    """Connectionist temporal classification: -log of the probability that logits spell the labels, summed over all alignments.

    Each of the T steps says a class or `blank`; equal neighbours are one, then blanks are dropped. One value per sequence, in nats,
    whatever its length. Steps beyond `lengths` and labels beyond `label_lengths` do not count. Labels that too few steps are left for (one
    each, and one more between equal ones) cost infinity, with gradient 0. A label that is `blank` or no class gives NaN.

    FLOPs: 4 per logit, and 8 for each step and place between labels (2 L + 1 of them).
    """

    inputs: ClassVar[tuple[In, ...]] = (
        In("logits", "Unnormalised scores [B, T, C] of the classes, one of which is the blank.", rank=3, wants="logits"),
        In("labels", "Class numbers [B, L].", dtype="int", rank=2),
        In("lengths", "How many steps of each sequence count, [B]; else all T.", dtype="int", rank=1, optional=True),
        In("label_lengths", "How many labels of each sequence count, [B]; else all L.", dtype="int", rank=1, optional=True),
        MASK,
    )
    source = "Graves et al., Connectionist Temporal Classification, 2006"

    blank: Annotated[int, Field(ge=0)] = 0
    """The class that says nothing."""
    skip_impossible: bool = False
    """Labels that too few steps are left for do not count at all, instead of costing infinity."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        lengths = {"lengths": "i32[4]", "label_lengths": "i32[4]"}
        return (
            Example(cls(blank=4), ("f32[4, 7, 5]", "i32[4, 3]")),
            Example(cls(blank=2), ("bf16[4, 7, 5]", "i32[4, 3]"), {"mask": "bool[4]"}),
            Example(cls(blank=2, skip_impossible=True), ("f32[4, 7, 5]", "i32[4, 2]"), lengths),
        )

    def says(self) -> None:
        """The classes of its steps are no labels, some of which are said more than once."""

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        classes = inputs[0].shape[-1]
        if classes.is_constant and self.blank >= classes.value:
            raise Mistake(BlankBeyondClasses(op=self.op_name(), given=self.blank, logits=inputs[0], blame="blank"))
        mask = optional.pop("mask", None)
        return alignment_values(self, facts, inputs, optional, mask)

    def ceilings(self, *inputs: TensorType) -> dict[str, Dim | int]:
        return {"labels": inputs[0].shape[-1]}

    def find_impossible(self, types: Sequence[Any], fields: Mapping[str, Any]) -> tuple[int, str, str] | None:
        time, labels = types[0].shape[1], fields.get("labels")
        if self.skip_impossible or labels is None or not (time.is_constant or "lengths" in fields):
            return None
        for record, row in enumerate(labels):
            own = row[: int(fields["label_lengths"][record])] if "label_lengths" in fields else row
            steps: list[int] = [int(fields["lengths"][record])] if "lengths" in fields else []
            most: int = min([*steps, *([time.value] if time.is_constant else [])])
            if (need := len(own) + int((own[1:] == own[:-1]).sum())) > most:
                why = f"its {len(own)} labels need {need} steps, one each and one more between equal ones, and it has {most}"
                return record, why, "skip_impossible=true"
        return None

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        logits, labels = inputs
        steps, counted = _lengths(logits, labels, optional)
        logs = jax.nn.log_softmax(widen(logits), axis=-1)
        inside = (labels >= 0) & (labels < logits.shape[-1]) & (labels != self.blank)
        value = -_log_chance(logs, jnp.where(inside, labels, self.blank), steps, counted, self.blank)
        value = jnp.where(_count_needed_steps(labels, counted) <= steps, value, jnp.inf)
        return jnp.where(jnp.all(inside | ~_mark_first(labels.shape[1], counted), axis=1), value, jnp.nan)

    def weights(self, *inputs: Array, **optional: Array) -> Array | None:
        if not self.skip_impossible:
            return None
        logits, labels = inputs
        steps, counted = _lengths(logits, labels, optional)
        return (_count_needed_steps(labels, counted) <= steps).astype(widen(logits).dtype)

    def flops(self, *inputs: TensorType, **optional: TensorType) -> Dim | int:
        (batch, time, classes), places = inputs[0].shape, inputs[1].shape[1] * 2 + 1
        return batch * time * (classes * 4 + places * 8)


def _lengths(logits: Array, labels: Array, optional: dict[str, Array]) -> tuple[Array, Array]:
    """The lengths [B] of logits [B, T, …] and of labels [B, L]: those given, between 0 and the axis, or the whole axis."""
    whole = (jnp.full(x.shape[:1], x.shape[1]) for x in (logits, labels))
    given = (optional.get(name) for name in ("lengths", "label_lengths"))
    steps, counted = (size if own is None else jnp.clip(own, 0, size) for own, size in zip(given, whole, strict=True))
    return steps, counted


def _mark_first(size: int, counted: Array) -> Array:
    """Which of `size` places count, bool[B, size]."""
    return jnp.arange(size)[None] < counted[:, None]


def _count_needed_steps(labels: Array, counted: Array) -> Array:
    """How many steps the labels need: one each, and a blank between equal neighbours."""
    equal = (labels[:, 1:] == labels[:, :-1]) & _mark_first(labels.shape[1], counted)[:, 1:]
    return counted + jnp.sum(equal, axis=1)


def _log_chance(logs: Array, labels: Array, steps: Array, counted: Array, blank: int) -> Array:
    """Logarithm of the sum over alignments, [B]: forward over time, a state for each label and each place between labels."""
    states = jnp.full((labels.shape[0], 2 * labels.shape[1] + 1), blank, labels.dtype).at[:, 1::2].set(labels)
    skips = jnp.pad(states[:, 2:] != states[:, :-2], ((0, 0), (2, 0)))  # over a blank, to another label
    own = jnp.take_along_axis(logs, states[:, None, :], axis=2)
    own = jnp.maximum(jnp.moveaxis(own, 1, 0), NEVER)
    before = jnp.where(jnp.arange(states.shape[1]) == 0, 0.0, NEVER).astype(own.dtype)  # before the first step, in front of all
    start = jnp.broadcast_to(before, states.shape)

    def step(carry: tuple[Array, Array], log: Array) -> tuple[tuple[Array, Array], None]:
        time, chance = carry
        one, two = (jnp.pad(chance, ((0, 0), (n, 0)), constant_values=NEVER)[:, :-n] for n in (1, 2))
        following = jnp.logaddexp(jnp.logaddexp(chance, one), jnp.where(skips, two, NEVER)) + log
        return (time + 1, jnp.where((time < steps)[:, None], following, chance)), None

    (_, chance), _ = lax.scan(step, (jnp.zeros((), jnp.int32), start), own)
    last = jnp.take_along_axis(chance, 2 * counted[:, None], axis=1)[:, 0]
    label = jnp.take_along_axis(chance, jnp.maximum(2 * counted[:, None] - 1, 0), axis=1)[:, 0]
    return jnp.logaddexp(last, jnp.where(counted > 0, label, NEVER))
