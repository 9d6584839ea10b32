"""Changes of images chosen at random from a fixed list, of one common strength."""

from __future__ import annotations

from typing import Annotated, ClassVar

from netspec.lazy import np
from netspec.library.base import Array, Example, Positive, Transform
from netspec.library.base.field_bounds import Field
from netspec.library.data.draws import Draws
from netspec.library.data.transforms import colour_changes, image_changes
from netspec.library.data.transforms.colours import colour_type
from netspec.library.data.transforms.image_fields import IMAGE
from netspec.library.data.transforms.images import Share
from netspec.shape import TensorType

HIGHEST = 30
"""The largest magnitude, as the paper counts them."""
MOVES = (
    (image_changes.shear_x, 0.3),
    (image_changes.shear_y, 0.3),
    (image_changes.translate_x, 150 / 331),
    (image_changes.translate_y, 150 / 331),
    (image_changes.rotate, 30.0),
)
"""Changes of places, with the strength of the largest magnitude; either way."""
FACTORS = (
    colour_changes.change_brightness,
    colour_changes.change_saturation,
    colour_changes.change_contrast,
    image_changes.change_sharpness,
)
"""Changes by a factor, 1 and up to 0.9 more or less."""
COUNT = 1 + len(MOVES) + len(FACTORS) + 4


class RandAugment(Transform):
    """Changes each image by some of 14 changes, drawn at random, all of one strength. In evaluation nothing is changed.

    They are: nothing, shear and translate along x and y, rotate, brightness, saturation, contrast, sharpness, posterize, solarize, stretch
    the contrast (`auto_contrast`) and equalize. At magnitude 30 images are sheared by 0.3, moved by 150/331 of their size, turned by 30
    degrees, changed by a factor of 0.1 or 1.9, left 4 bits, and made negative altogether; at lower ones as much less. Directions are drawn.
    Images are in 0..1, gray or colours, so it stands in front of `normalize`, and behind what brings them to one size.
    """

    random: ClassVar[bool] = True
    source = "Cubuk, Zoph, Shlens and Le 2020, RandAugment; the strengths are torchvision's"

    count: Positive = 2
    """How many changes each image gets, one after another."""
    magnitude: Annotated[float, Field(ge=0, le=HIGHEST)] = 9.0
    """How strong they are, 0 to 30."""
    fill: Annotated[float, Field(ge=0)] = 0.0
    """What stands where the image was moved away."""
    rate: Share = 1.0
    """The share of images that are changed."""
    field: str = IMAGE
    """The field of the batch that is changed."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls()), Example(cls(count=3, magnitude=15.0, fill=0.5)))

    def fields(self, fields: dict[str, TensorType]) -> dict[str, TensorType]:
        """The fields as they are. Raises `Mistake` for a field that has no images of colours."""
        colour_type(self.op_name(), fields, self.field)
        return fields

    def apply(self, batch: dict[str, Array], draws: Draws) -> dict[str, Array]:
        images, chosen = batch[self.field], (draws.uniform() < self.rate).tolist()
        kinds = np.floor(draws.uniform(self.count) * COUNT).astype(np.int64).tolist()
        signs = np.where(draws.uniform(self.count) < 0.5, -1.0, 1.0).tolist()
        made = [self.changed(image, *row) if own else image for image, own, *row in zip(images, chosen, kinds, signs, strict=True)]
        return {**batch, self.field: np.stack(made) if isinstance(images, np.ndarray) else made}

    def changed(self, image: Array, kinds: list[int], signs: list[float]) -> Array:
        """The image behind changes of these numbers, in these directions."""
        for kind, sign in zip(kinds, signs, strict=True):
            image = self._change(image, kind, sign)
        return image

    def _change(self, image: Array, kind: int, sign: float) -> Array:
        """The image behind one change."""
        part = self.magnitude / HIGHEST
        if kind == 0:
            return image
        if kind <= len(MOVES):
            change, most = MOVES[kind - 1]
            return change(image, sign * part * most, self.fill)
        kind -= 1 + len(MOVES)
        if kind < len(FACTORS):
            return FACTORS[kind](image, 1 + sign * part * 0.9)
        last = (
            lambda: image_changes.posterize(image, 8 - round(4 * part)),
            lambda: image_changes.solarize(image, 1 - part),
            lambda: image_changes.auto_contrast(image),
            lambda: image_changes.equalize(image),
        )
        return last[kind - len(FACTORS)]()
