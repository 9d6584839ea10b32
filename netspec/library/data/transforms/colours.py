"""Transforms that change the colours of images at random."""

from __future__ import annotations

from typing import Annotated, ClassVar

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.images import NotColours
from netspec.lazy import np
from netspec.library.base import Array, Example, Transform
from netspec.library.base.field_bounds import AfterValidator, BeforeValidator, Field
from netspec.library.data.draws import Draws
from netspec.library.data.transforms import colour_changes
from netspec.library.data.transforms.image_fields import IMAGE, float_type, image_type
from netspec.library.data.transforms.images import require_order
from netspec.library.data.transforms.steps import as_tuple
from netspec.shape import TensorType

NotNegative = Annotated[float, Field(ge=0)]
Factors = Annotated[
    NotNegative | Annotated[tuple[NotNegative, NotNegative], Field(strict=False), AfterValidator(require_order)], BeforeValidator(as_tuple)
]
"""How far from 1, or the smallest and the largest factor."""
Turn = Annotated[float, Field(ge=-0.5, le=0.5)]
Turns = Annotated[
    Annotated[float, Field(ge=0, le=0.5)] | Annotated[tuple[Turn, Turn], Field(strict=False), AfterValidator(require_order)],
    BeforeValidator(as_tuple),
]


def colour_type(op: str, fields: dict[str, TensorType], field: str) -> TensorType:
    """The field's type. Raises `Mistake` where it is no field of images of floats, with one channel or three."""
    kind = image_type(op, fields, field)
    float_type(op, fields, field)
    if kind.shape[-1] not in (1, 3):
        raise Mistake(NotColours(op=op, field=field, type=kind, blame="field"))
    return kind


class ColorJitter(Transform):
    """Changes brightness, contrast, saturation and hue of each image at random, in a random order. In evaluation nothing is changed.

    Images are in 0..1, so it stands in front of `normalize`. `brightness=0.4` draws a factor evenly from 0.6 to 1.4, and so do contrast and
    saturation; none is below 0. `hue=0.1` turns all colours by up to a tenth of the circle, either way. A pair, `brightness=(0.5, 1.0)`,
    is the smallest and the largest factor, or turn. With 0 nothing of the kind is changed. Of gray images only brightness and contrast are.
    """

    random: ClassVar[bool] = True
    source = "torchvision's transform of this name; Krizhevsky, Sutskever and Hinton 2012 changed colours first"

    brightness: Factors = 0.0
    """How much brighter or darker."""
    contrast: Factors = 0.0
    """How much further from, or nearer to, the mean brightness."""
    saturation: Factors = 0.0
    """How much further from, or nearer to, gray."""
    hue: Turns = 0.0
    """By which part of the circle colours are turned, at most 0.5."""
    field: str = IMAGE
    """The field of the batch that is changed."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1)), Example(cls(brightness=(0.5, 1.0))))

    def fields(self, fields: dict[str, TensorType]) -> dict[str, TensorType]:
        """The fields as they are. Raises `Mistake` for a field that has no images of colours."""
        colour_type(self.op_name(), fields, self.field)
        return fields

    def ranges(self) -> list[tuple[float, float]]:
        """The smallest and the largest factor of brightness, contrast and saturation, and those of the turns."""
        found = []
        for given, centre in ((self.brightness, 1.0), (self.contrast, 1.0), (self.saturation, 1.0), (self.hue, 0.0)):
            least = 0.0 if centre else -0.5
            found.append(given if isinstance(given, tuple) else (max(centre - given, least), centre + given))
        return found

    def apply(self, batch: dict[str, Array], draws: Draws) -> dict[str, Array]:
        images, low, high = batch[self.field], *np.array(self.ranges()).T
        orders, factors = np.argsort(draws.uniform(4), axis=1), low + (high - low) * draws.uniform(4)
        made = [self._changed(image, *row) for image, *row in zip(images, orders.tolist(), factors.tolist(), strict=True)]
        return {**batch, self.field: np.stack(made) if isinstance(images, np.ndarray) else made}

    def _changed(self, image: Array, order: list[int], factors: list[float]) -> Array:
        """The image behind the four changes in this order."""
        for kind in order:
            if factors[kind] != (0.0 if CHANGES[kind] is colour_changes.change_hue else 1.0):
                image = CHANGES[kind](image, factors[kind])
        return image


CHANGES = (
    colour_changes.change_brightness,
    colour_changes.change_contrast,
    colour_changes.change_saturation,
    colour_changes.change_hue,
)
