"""Transforms that mix each example with the one behind it in the order, labels included."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.chains import NoSuchField
from netspec.diagnostics.data.mixing import ClassesNeeded, ClassesUnequal, LabelBeyondClasses, NotToMix
from netspec.lazy import np
from netspec.library.base import Array, Example, Positive, Transform
from netspec.library.base.field_bounds import Field
from netspec.library.data.draws import Draws
from netspec.library.data.transforms.image_fields import IMAGE, field_type, image_type
from netspec.library.data.transforms.images import Above
from netspec.shape import TensorType

LABEL = "label"
PAIRS = 64
"""Pairs of numbers that a draw from a beta distribution may need; of so many, one is taken but for one draw in 10**41."""


def draw_beta(draws: Draws, alpha: float) -> Array:
    """f64[n] of the distribution Beta(alpha, alpha), exactly.

    Above 1/2 by Ulrich's formula, `(1 + sqrt(1 - U**(2 / (2 alpha - 1))) cos(2 pi V)) / 2`; up to there by Jöhnk's: of the pairs of
    `U**(1/alpha)` and `V**(1/alpha)` the first with a sum of at most 1 gives the share of one in it (Devroye 1986, chapter IX).
    """
    if alpha > 0.5:
        one, other = draws.uniform(2).T
        return (1 + np.sqrt(1 - one ** (2 / (2 * alpha - 1))) * np.cos(2 * np.pi * other)) / 2
    one, other = np.moveaxis(np.log(1 - draws.uniform(PAIRS, 2)) / alpha, -1, 0)
    place = (np.logaddexp(one, other) <= 0).argmax(1)[:, None]
    apart = np.take_along_axis(other, place, 1)[:, 0] - np.take_along_axis(one, place, 1)[:, 0]
    return 1 / (1 + np.exp(np.clip(apart, -700, 700)))


class _Mixing(Transform):
    """What both have in common: `shares` of each example stay, the rest comes from its successor."""

    random: ClassVar[bool] = True
    successors: ClassVar[int] = 1

    alpha: Above
    """The parameter of the distribution Beta(alpha, alpha) of the share that stays: near 0 nearly all or nothing, 1 any share alike."""
    classes: Positive | None = None
    """How many classes there are, where labels are class numbers: they become probabilities f32[B, classes]."""
    rate: Annotated[float, Field(ge=0, le=1)] = 1.0
    """The share of examples that are mixed."""
    field: str = IMAGE
    """The field of the batch that is mixed."""
    labels: str = LABEL
    """The field with the labels, which are mixed in the same shares."""

    def fields(self, fields: dict[str, TensorType]) -> dict[str, TensorType]:
        """The labels as probabilities. Raises `Mistake` for fields that cannot be mixed, or class numbers without `classes`."""
        kind, labels = self.mixed_type(fields), fields.get(self.labels)
        if labels is None:
            raise Mistake(NoSuchField(field=self.labels, fields=tuple(fields), blame="labels"))
        if not kind.is_float or not all(dim.is_constant for dim in kind.shape[1:]):
            raise Mistake(NotToMix(op=self.op_name(), field=self.field, type=kind, blame="field"))
        if labels.dtype == "bool" or not labels.is_float and any(not dim.is_constant for dim in labels.shape[1:]):
            raise Mistake(NotToMix(op=self.op_name(), field=self.labels, type=labels, blame="labels"))
        if labels.is_float:
            if self.classes is not None and (labels.rank < 2 or labels.shape[-1] != self.classes):
                raise Mistake(ClassesUnequal(op=self.op_name(), field=self.labels, type=labels, classes=self.classes, blame="classes"))
            return fields
        if self.classes is None:
            raise Mistake(ClassesNeeded(op=self.op_name(), field=self.labels, type=labels))
        return {**fields, self.labels: TensorType("f32", (*labels.shape, self.classes))}

    def mixed_type(self, fields: dict[str, TensorType]) -> TensorType:
        """The type of the field that is mixed."""
        return field_type(fields, self.field)

    def apply(self, batch: dict[str, Array], draws: Draws) -> dict[str, Array]:
        before, count = self.apply_eval(batch), len(draws) - 1
        own = draws.first(count)
        share = np.where(own.uniform() < self.rate, draw_beta(own, self.alpha), 1.0)
        values, share = self.mix(before[self.field][:-1], before[self.field][1:], share, own)
        labels = before[self.labels]
        rest = {name: value[:-1] if isinstance(value, np.ndarray) else type(value)(value[:-1]) for name, value in before.items()}
        return {**rest, self.field: values, self.labels: mix_values(labels[:-1], labels[1:], share)}

    def mix(self, own: Array, others: Array, share: Array, draws: Draws) -> tuple[Array, Array]:
        """The mixed values, and which share of each is its own."""
        return mix_values(own, others, share), share

    def apply_eval(self, batch: dict[str, Array]) -> dict[str, Array]:
        labels = batch.get(self.labels)  # which nobody knows where a person asks for a prediction
        if labels is None or self.classes is None or labels.dtype.kind == "f":
            return batch
        return {**batch, self.labels: one_hot(self.labels, labels, self.classes)}


def mix_values(own: Array, others: Array, share: Array) -> Array:
    """`share * own + (1 - share) * others` for each example."""
    part = share.astype(own.dtype).reshape(-1, *[1] * (own.ndim - 1))
    return part * own + (1 - part) * others


def one_hot(field: str, labels: Any, classes: int) -> Array:
    """f32[..., classes]. Raises `Mistake` for a number that is no class."""
    wrong = (labels < 0) | (labels >= classes)
    if wrong.any():
        raise Mistake(LabelBeyondClasses(field=field, found=int(labels[wrong][0]), classes=classes))
    return (labels[..., None] == np.arange(classes)).astype(np.float32)


class Mixup(_Mixing):
    """Trains on mixtures of two examples: `share * x + (1 - share) * y`, of the labels as well. In evaluation nothing is mixed.

    y is the example behind x in the order of the epoch, whatever batches they are in, and the share is drawn for each from
    Beta(alpha, alpha). Labels that are class numbers become probabilities f32[B, classes], in evaluation 0 and 1: every loss of classes
    takes them (`softmax_cross_entropy`, `softmax_focal`, …), and `accuracy` counts the class with the larger share, so that in training it
    says little. Labels that are floats are mixed as they are.
    """

    source = "Zhang, Cisse, Dauphin and Lopez-Paz 2017, mixup: Beyond Empirical Risk Minimization"

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(alpha=0.2, classes=10)), Example(cls(alpha=1.0, rate=0.5, field="x", labels="y")))


class Cutmix(_Mixing):
    """Trains on images with a box of another image in them, and on labels in the shares of both areas. In evaluation nothing is mixed.

    The other image is the one behind it in the order of the epoch, whatever batches they are in. The box has the area that a draw from
    Beta(alpha, alpha) leaves, the proportions of the image, and its middle anywhere in it; what stands out is cut off. Labels are as those
    of `mixup`. Both may stand in one chain: `mixup(0.2, classes=10, rate=0.5) -> cutmix(1.0, rate=0.5)`.
    """

    source = "Yun, Han, Oh, Chun, Choe and Yoo 2019, CutMix: Regularization Strategy to Train Strong Classifiers"

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(alpha=1.0, classes=10)), Example(cls(alpha=0.5, rate=0.5, classes=100)))

    def mixed_type(self, fields: dict[str, TensorType]) -> TensorType:
        return image_type(self.op_name(), fields, self.field)

    def mix(self, own: Array, others: Array, share: Array, draws: Draws) -> tuple[Array, Array]:
        height, width = own.shape[1:3]
        middle = np.floor(draws.uniform(2) * (height, width)).astype(np.int64)
        half = (0.5 * np.sqrt(1 - share)[:, None] * (height, width)).astype(np.int64)
        low, high = np.maximum(middle - half, 0), np.minimum(middle + half, (height, width))
        made = own.copy()
        for image, other, (top, left), (bottom, right) in zip(made, others, low.tolist(), high.tolist(), strict=True):
            image[top:bottom, left:right] = other[top:bottom, left:right]
        return made, 1 - (high - low).prod(1) / (height * width)
