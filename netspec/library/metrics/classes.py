"""Metrics of which class is taken for which: precision, recall, F1, IoU and the confusion matrix."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.training.metrics import NoSuchClass
from netspec.lazy import jax, jnp
from netspec.library.base import Array, Example, In, Metric, Scope
from netspec.library.base.field_bounds import Field
from netspec.library.metrics.accuracy import class_numbers
from netspec.library.metrics.exact_sums import number, ratio, tally_bins, tally_examples
from netspec.library.shape_rules.targets import LABELS, LOGITS, MASK, count_classes, label_values
from netspec.shape import Dim, Facts, TensorType
from netspec.shape.types import elements


class _Classes(Metric):
    """Values i32[..., 2, C]: the predicted class and the label's as one-hot rows. A label that is no class has none in its row."""

    inputs: ClassVar[tuple[In, ...]] = (LOGITS, LABELS, MASK)
    averaged: ClassVar[bool] = False
    sloped: ClassVar[bool] = False

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        values = label_values(self.op_name(), facts, inputs[0], inputs[1], optional.get("mask"))
        return TensorType("i32", (*values.shape, 2, inputs[0].shape[-1]))

    def ceilings(self, *inputs: TensorType) -> dict[str, Dim | int]:
        return {"labels": inputs[0].shape[-1]} if inputs[1].is_int else {}

    def tells_apart(self, *inputs: TensorType) -> dict[str, Dim | int]:
        return count_classes(*inputs)

    def apply(self, scope: Scope, *inputs: Array, **optional: Array) -> Array:
        logits, labels = inputs
        rows = (jnp.argmax(logits, axis=-1), class_numbers(labels))
        return jnp.stack([jax.nn.one_hot(row, logits.shape[-1], dtype=jnp.int32) for row in rows], axis=-2)

    def flops(self, *inputs: TensorType, **optional: TensorType) -> Dim | int:
        """6 per logit (the maximum, two comparisons, two sums, a product), and 1 per one-hot label."""
        return elements(inputs[0].shape) * (7 if inputs[1].is_float else 6)


class _OfEachClass(_Classes):
    """A number for each class, of how often it is predicted, is so, and both."""

    better: ClassVar[str] = "higher"
    axes: ClassVar[tuple[str, ...]] = ("class",)

    average: Literal["macro", "micro", "weighted", "none"] = "macro"
    """How the classes' numbers become one. `"macro"`: their mean over the classes that occur, in labels or predictions. `"weighted"`: their
    mean weighted by how often each is the label. `"micro"`: one number of all classes' counts together. `"none"`: f32[C], a number for
    each class, 0 where there is nothing to count."""
    of: Annotated[int, Field(ge=0)] | None = None
    """The class whose number alone is asked for; `average` then says nothing."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 10]", "i32[4]")),
            Example(cls(average="micro"), ("bf16[2, 6, 30]", "i32[2, 6]"), {"mask": "bool[2, 6]"}),
            Example(cls(average="weighted"), ("f32[5, 3]", "f32[5, 3]")),
            Example(cls(average="none"), ("f32[5, 3]", "i32[5]")),
            Example(cls(of=2), ("f32[5, 3]", "i32[5]")),
        )

    def shape(self, facts: Facts, *inputs: TensorType, **optional: TensorType) -> TensorType:
        values = super().shape(facts, *inputs, **optional)
        classes = inputs[0].shape[-1]
        if self.of is not None and classes.is_constant and classes.value <= self.of:
            raise Mistake(NoSuchClass(op=self.op_name(), of=self.of, logits=inputs[0], blame="of"))
        return values

    def result(self, values: TensorType) -> TensorType:
        return TensorType("f32", values.shape[-1:] if self.average == "none" and self.of is None else ())

    def statistics(self, values: Array, weight: Array) -> Any:
        said, so = values[..., 0, :], values[..., 1, :]
        counted = {"both": said * so, "said": said, "so": so}
        return {name: tally_examples(rows * weight[..., 0, :], 1) for name, rows in counted.items()}

    def finish(self, statistics: Any) -> Array:
        both, said, so = (number(statistics[name]) for name in ("both", "said", "so"))
        if self.average == "micro" and self.of is None:
            return self.score(jnp.sum(both), jnp.sum(said), jnp.sum(so))
        scores = self.score(both, said, so)
        if self.of is not None:
            return scores[self.of]
        if self.average == "none":
            return scores
        weights = so if self.average == "weighted" else (said + so > 0).astype(scores.dtype)
        return ratio(jnp.sum(scores * weights), jnp.sum(weights))

    def score(self, both: Array, said: Array, so: Array) -> Array:
        """The number of a class that is predicted `said` times and is so `so` times, `both` at once."""
        raise TypeError(f"{self.op_name()} has no meaning")


class Precision(_OfEachClass):
    """How often a class is so where it is predicted: right predictions of a class / all predictions of it, 0 to 1.

    The prediction is the class of the largest logit, the first of equal ones; a label of probabilities counts as the class of its largest
    number in the same way.
    The numbers are those of scikit-learn's `precision_score`, with 0 for a class that is never predicted.
    """

    def score(self, both: Array, said: Array, so: Array) -> Array:
        return ratio(both, said)


class Recall(_OfEachClass):
    """How often a class is predicted where it is so: right predictions of a class / all its examples, 0 to 1.

    The prediction is the class of the largest logit, the first of equal ones; a label of probabilities counts as the class of its largest
    number in the same way.
    The numbers are those of scikit-learn's `recall_score`, with 0 for a class that has no example.
    """

    def score(self, both: Array, said: Array, so: Array) -> Array:
        return ratio(both, so)


class F1(_OfEachClass):
    """The harmonic mean of precision and recall: 2 * right / (predictions + examples) of a class, 0 to 1.

    The prediction is the class of the largest logit, the first of equal ones; a label of probabilities counts as the class of its largest
    number in the same way.
    The numbers are those of scikit-learn's `f1_score`: the mean of the classes' own numbers, not the harmonic mean of two means.
    """

    def score(self, both: Array, said: Array, so: Array) -> Array:
        return ratio(2 * both, said + so)


class Iou(_OfEachClass):
    """Intersection over union of what is predicted and what is so: right / (predictions + examples - right) of a class, 0 to 1.

    With logits [B, H, W, C] and labels [B, H, W] it is the mean IoU of a segmentation: pixels are counted over the whole evaluation, then
    divided. The numbers are those of scikit-learn's `jaccard_score`. The prediction is the class of the largest logit, the first of equal
    ones.
    """

    def score(self, both: Array, said: Array, so: Array) -> Array:
        return ratio(both, said + so - both)


class ConfusionMatrix(_Classes):
    """How often which class is taken for which, f32[C, C]: the row is the label, the column the prediction.

    The prediction is the class of the largest logit, the first of equal ones; labels of probabilities count in the same way, and a
    label that is no class is in no row. Counts are exact, and weighted where examples are.
    """

    axes: ClassVar[tuple[str, ...]] = ("label", "prediction")

    normalize: Literal["none", "labels", "predictions", "all"] = "none"
    """What sums to 1: each row (`"labels"`), each column (`"predictions"`), the whole matrix (`"all"`), or nothing: the counts."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            Example(cls(), ("f32[4, 10]", "i32[4]")),
            Example(cls(normalize="labels"), ("bf16[2, 6, 30]", "i32[2, 6]"), {"mask": "bool[2, 6]"}),
            Example(cls(normalize="predictions"), ("f32[5, 3]", "f32[5, 3]")),
            Example(cls(normalize="all"), ("f32[5, 3]", "i32[5]")),
        )

    def result(self, values: TensorType) -> TensorType:
        return TensorType("f32", (values.shape[-1], values.shape[-1]))

    def statistics(self, values: Array, weight: Array) -> Any:
        """[C * C], row by row."""
        classes = values.shape[-1]
        said, so = jnp.argmax(values[..., 0, :], axis=-1), jnp.argmax(values[..., 1, :], axis=-1)
        has_row = jnp.max(values[..., 1, :], axis=-1) > 0
        return tally_bins(jnp.where(has_row, weight[..., 0, 0], 0), so * classes + said, classes * classes)

    def finish(self, statistics: Any) -> Array:
        counts = number(statistics)
        matrix = counts.reshape(2 * (round(counts.size**0.5),))
        axis = {"labels": 1, "predictions": 0, "all": None}
        return matrix if self.normalize == "none" else ratio(matrix, jnp.sum(matrix, axis=axis[self.normalize], keepdims=True))
