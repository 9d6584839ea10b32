"""Steps of the data chain between a dataset and the model. `shuffle` and `batch` are structural: the trainer reads them (see `stream`)."""

from __future__ import annotations

import zlib
from typing import Annotated, Any, ClassVar, Literal

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.chains import ChannelsDiffer
from netspec.lazy import np
from netspec.library.base import Array, Example, Positive, Transform
from netspec.library.base.field_bounds import BeforeValidator, Field
from netspec.library.data.draws import Draws
from netspec.library.data.transforms.image_fields import IMAGE, change_each, float_type
from netspec.shape import TensorType

Partial = Literal["drop", "pad"]


def as_tuple(value: Any) -> Any:
    """Lists of the language become tuples, so that ops stay hashable."""
    return tuple(value) if isinstance(value, list) else value


Numbers = Annotated[float | tuple[float, ...], BeforeValidator(as_tuple)]
"""One number, or one for each channel."""
Deviations = Annotated[Annotated[float, Field(gt=0)] | tuple[Annotated[float, Field(gt=0)], ...], BeforeValidator(as_tuple)]


class Shuffle(Transform):
    """Sees the examples in another random order in each epoch; the order depends only on the seed and the epoch.

    In evaluation the order is that of the data.
    """

    buffer: Positive | None = None
    """How many examples are held at once to draw from; all of them when left out."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls()), Example(cls(buffer=1024)))


class Batch(Transform):
    """Groups examples. Training leaves out a last batch that is not full; evaluation counts every example exactly once.

    The last batch of an evaluation is filled up with copies of weight 0. Losses and metrics leave them out; an operation over the whole
    batch (`u @ transpose(v)`, `mean(x, axis=0)`) sees them, unless the size divides the number of evaluated examples.
    """

    size: Positive
    """Examples in a batch, over all devices together."""
    partial: Partial = "drop"
    """What training does with a last batch that is not full: "drop" it, or "pad" it with examples of weight 0."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(size=128)), Example(cls(size=64, partial="pad")))


class Normalize(Transform):
    """Subtracts a mean from a field and divides by a standard deviation: `(x - mean) / std`, along the last axis.

    The numbers are in the units of the field, for images 0 to 1.
    """

    mean: Numbers
    """What is subtracted: one number, or one for each channel (the last axis)."""
    std: Deviations
    """What the rest is divided by: one positive number, or one for each channel."""
    field: str = IMAGE
    """The field of the batch that is changed."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(mean=0.1307, std=0.3081)), Example(cls(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))))

    def fields(self, fields: dict[str, TensorType]) -> dict[str, TensorType]:
        """The fields as they are. Raises `Mistake` for an unknown or integer field, or when the number of channels differs."""
        kind = float_type(self.op_name(), fields, self.field)
        for argument in ("mean", "std"):
            self._check_channels(argument, kind)
        return fields

    def _check_channels(self, argument: str, kind: TensorType) -> None:
        """Raises `Mistake` when there are not as many numbers as channels."""
        numbers = getattr(self, argument)
        if isinstance(numbers, tuple) and (kind.rank < 2 or kind.shape[-1] != len(numbers)):
            raise Mistake(ChannelsDiffer(argument=argument, count=len(numbers), field=self.field, type=kind, blame=argument))

    def apply(self, batch: dict[str, Array], draws: Draws) -> dict[str, Array]:
        return self.apply_eval(batch)

    def apply_eval(self, batch: dict[str, Array]) -> dict[str, Array]:
        values = batch[self.field]
        changed = self._changed(values) if isinstance(values, np.ndarray) else change_each(values, self._changed)
        return {**batch, self.field: changed}

    def restored(self, field: str, values: Array) -> Array:
        return values * np.asarray(self.std, values.dtype) + np.asarray(self.mean, values.dtype) if field == self.field else values

    def _changed(self, values: Array) -> Array:
        mean, std = np.asarray(self.mean, values.dtype), np.asarray(self.std, values.dtype)
        changed = values - mean
        changed /= std  # in its place: a second array of this size costs as much as the division
        return changed


class Binarize(Transform):
    """Makes every number of a field 1 where it is above a threshold, else 0. See `bernoulli` for a draw."""

    threshold: float = 0.5
    """The largest number that becomes 0."""
    field: str = IMAGE
    """The field of the batch that is changed."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls()), Example(cls(threshold=0.1, field="x")))

    def fields(self, fields: dict[str, TensorType]) -> dict[str, TensorType]:
        """The fields as they are. Raises `Mistake` for an unknown or integer field."""
        float_type(self.op_name(), fields, self.field)
        return fields

    def apply(self, batch: dict[str, Array], draws: Draws) -> dict[str, Array]:
        return self.apply_eval(batch)

    def apply_eval(self, batch: dict[str, Array]) -> dict[str, Array]:
        values = batch[self.field]
        changed = self._changed(values) if isinstance(values, np.ndarray) else change_each(values, self._changed)
        return {**batch, self.field: changed}

    def _changed(self, values: Array) -> Array:
        return (values > values.dtype.type(self.threshold)).astype(values.dtype)


class Bernoulli(Transform):
    """Draws every number of a field as 0 or 1, the number (0 to 1) being the probability of 1: binarized images, drawn anew each epoch.

    In evaluation the draw depends on the example alone, so that every evaluation sees the same one.
    """

    random: ClassVar[bool] = True
    source = "Salakhutdinov and Murray 2008, On the quantitative analysis of deep belief networks"

    field: str = IMAGE
    """The field of the batch that is changed."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls()), Example(cls(field="x")))

    def fields(self, fields: dict[str, TensorType]) -> dict[str, TensorType]:
        """The fields as they are. Raises `Mistake` for an unknown or integer field."""
        float_type(self.op_name(), fields, self.field)
        return fields

    def apply(self, batch: dict[str, Array], draws: Draws) -> dict[str, Array]:
        values = batch[self.field]
        made = [_draw_values(value, own.uniform(*value.shape)[0]) for value, own in zip(values, draws.each(), strict=True)]
        return {**batch, self.field: np.stack(made) if isinstance(values, np.ndarray) else made}

    def apply_eval(self, batch: dict[str, Array]) -> dict[str, Array]:
        return {**batch, self.field: change_each(batch[self.field], _draw_again)}


def _draw_values(values: Array, chances: Array) -> Array:
    """1 with the chance that the value says, else 0."""
    return (chances < values).astype(values.dtype)


def _draw_again(values: Array) -> Array:
    """The draw that depends on the numbers of one example alone."""
    raw = np.random.Philox(key=zlib.crc32(np.ascontiguousarray(values).tobytes())).random_raw(values.shape)
    return _draw_values(values, ((raw >> np.uint64(11)) * 2.0**-53).reshape(values.shape))
