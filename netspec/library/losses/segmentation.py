"""Losses of regions: how much of what is said and what is so overlaps, over all positions of an example."""

from __future__ import annotations

from typing import Annotated, ClassVar

from netspec.kernels.array_forms import widen
from netspec.lazy import jax, jnp
from netspec.library.base import Array, Callable, Example, In, Loss, Scope
from netspec.library.base.field_bounds import Field
from netspec.library.losses.exact_shapes import example_values
from netspec.library.losses.label_weights import Weights, ignored_is_integer, leave_out, require_class_weights
from netspec.library.shape_rules.targets import (
    LABELS,
    SIGMOID_LOGITS,
    SOFTMAX_LOGITS,
    TRUTH,
    count_classes,
    is_integer,
    label_values,
    truth_values,
    yes_and_no,
)
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import elements

CHOSEN = In("mask", "Which positions count, of the shape of the labels' positions: 0 and false leave one out.", "any", optional=True)


class _Overlap(Loss):
    """1 - (overlap + smooth) / (overlap + alpha · said too much + beta · left out + smooth), where the sums are over an example."""

    mask_weighs: ClassVar[bool] = False

    smooth: Annotated[float, Field(ge=0)] = 1.0
    """Added above and below, so that a region which nobody sees costs nothing."""
    alpha: Annotated[float, Field(ge=0)] = 0.5
    """What is said to be of the region and is not."""
    beta: Annotated[float, Field(ge=0)] = 0.5
    """What is of the region and is not said to be."""

    def missed(self, said: Array, truth: Array, axes: tuple[int, ...]) -> Array:
        """1 - the overlap's share, over these axes; 0 where there is nothing at all."""
        both, only_said, only_true = (jnp.sum(x, axis=axes) for x in (said * truth, said * (1 - truth), (1 - said) * truth))
        whole = both + self.alpha * only_said + self.beta * only_true + self.smooth
        return jnp.where(whole > 0, 1 - (both + self.smooth) / jnp.where(whole > 0, whole, 1), 0)


class Dice(_Overlap):
    """1 - Dice coefficient of each class between the softmax of logits and the labels, summed over the positions of an example.

    One value per example: the mean over classes, weighed by `class_weights`. Labels as of `softmax_cross_entropy`; an integer that is no
    class and no `ignore` gives NaN, unless `mask` leaves its position out. `alpha` = `beta` = 0.5 is Dice's coefficient, 1 and 1 Jaccard's
    (intersection over union), other numbers Tversky's. FLOPs: 12 per logit.
    """

    inputs: ClassVar[tuple[In, ...]] = (SOFTMAX_LOGITS, LABELS, CHOSEN)
    source = "Milletari et al., V-Net, 2016; Salehi et al., Tversky Loss Function for Image Segmentation, 2017"

    class_weights: Weights = None
    """How much each class counts in the mean, a list of C numbers; `[0, 1, 1]` leaves the background out. None: all the same."""
    ignore: int | None = None
    """An integer label whose positions do not count, such as 255."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 6, 5, 3]", "i32[4, 6, 5]")),
            Example(cls(), ("bf16[4, 6, 3]", "f32[4, 6, 3]"), {"mask": "bool[4, 6]"}),
            Example(cls(smooth=0.1, alpha=0.3, beta=0.7, class_weights=(0.0, 1.0, 2.0)), ("f32[4, 6, 3]", "i32[4, 6]")),
            Example(cls(ignore=0), ("f32[4, 6, 3]", "i32[4, 6]")),
        )

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        values = label_values(self.op_name(), facts, inputs[0], inputs[1], optional.get("mask"))
        ignored_is_integer(self.op_name(), self.ignore, inputs[1])
        require_class_weights(self.op_name(), facts, self.class_weights, inputs[0])
        return example_values(self, values, inputs[0])

    def tells_apart(self, *inputs: TensorType) -> dict[str, Dim | int]:
        return count_classes(*inputs)

    def counting_all(self) -> Callable:
        return self.replaced(ignore=None)

    def classes_left(self, count: int) -> int:
        return leave_out(count, self.ignore)

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        logits, labels = widen(inputs[0]), inputs[1]
        said, classes = jax.nn.softmax(logits, axis=-1), logits.shape[-1]
        truth = jax.nn.one_hot(labels, classes, dtype=said.dtype) if is_integer(labels) else widen(labels)
        counts = jnp.ones(said.shape[:-1], bool) if "mask" not in optional else optional["mask"] != 0
        counts = counts if self.ignore is None else counts & (labels != self.ignore)
        said, truth = (jnp.where(counts[..., None], x, 0) for x in (said, truth))
        missed = self.missed(said, truth, tuple(range(1, logits.ndim - 1)))
        weights = jnp.ones(classes) if self.class_weights is None else jnp.asarray(self.class_weights)
        values = missed @ (weights / jnp.sum(weights)).astype(missed.dtype)
        return values if not is_integer(labels) else jnp.where(_labels_known(labels, classes, counts), values, jnp.nan)

    def flops(self, *inputs: TensorType, **optional: TensorType) -> Dim | int:
        return elements(inputs[0].shape) * 12


def _labels_known(labels: Array, classes: int, counts: Array) -> Array:
    """Are all labels of an example that count classes? bool[B]."""
    return jnp.all(((labels >= 0) & (labels < classes)) | ~counts, axis=tuple(range(1, labels.ndim)))


class BinaryDice(_Overlap):
    """1 - Dice coefficient between the sigmoid of logits and yes-or-no labels, summed over all numbers of an example.

    One value per example. Labels as of `sigmoid_cross_entropy`; an integer label that is neither 0 nor 1 gives NaN, unless `mask` leaves
    its position out. `alpha` = `beta` = 0.5 is Dice's coefficient, 1 and 1 Jaccard's, other numbers Tversky's. FLOPs: 11 per logit.
    """

    inputs: ClassVar[tuple[In, ...]] = (SIGMOID_LOGITS, TRUTH, CHOSEN)
    source = "Milletari et al., V-Net, 2016"

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 6, 5]", "i32[4, 6, 5]")),
            Example(cls(), ("bf16[4, 6, 3]", "f32[4, 6, 3]"), {"mask": "bool[4, 6, 3]"}),
            Example(cls(smooth=0.1, alpha=0.3, beta=0.7), ("f32[4, 6]", "bool[4, 6]")),
        )

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        values = truth_values(self.op_name(), facts, inputs[0], inputs[1], optional.get("mask"))
        return example_values(self, values, inputs[0])

    def ceilings(self, *inputs: TensorType) -> dict[str, Dim | int]:
        return yes_and_no(inputs[1])

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        logits, labels = widen(inputs[0]), inputs[1]
        counts = jnp.ones(labels.shape, bool) if "mask" not in optional else optional["mask"] != 0
        said, truth = (jnp.where(counts, x, 0) for x in (jax.nn.sigmoid(logits), labels.astype(logits.dtype)))
        values = self.missed(said, truth, tuple(range(1, logits.ndim)))
        if not is_integer(labels):
            return values
        known = jnp.all((labels == 0) | (labels == 1) | ~counts, axis=tuple(range(1, labels.ndim)))
        return jnp.where(known, values, jnp.nan)

    def flops(self, *inputs: TensorType, **optional: TensorType) -> Dim | int:
        return elements(inputs[0].shape) * 11
