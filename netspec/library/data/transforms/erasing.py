"""Erases a piece of an image, so that a model learns not to need it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.chains import ChannelsDiffer
from netspec.lazy import np
from netspec.library.base import Array, Example, Transform
from netspec.library.base.field_bounds import AfterValidator, BeforeValidator, Field
from netspec.library.data.draws import Draws
from netspec.library.data.transforms.image_fields import IMAGE, draw_below, float_type, image_type, sides
from netspec.library.data.transforms.images import ATTEMPTS, Above, Share, require_order
from netspec.library.data.transforms.steps import as_tuple
from netspec.shape import TensorType

Filling = Annotated[float | Literal["random"] | tuple[float, ...], BeforeValidator(as_tuple)]


class RandomErasing(Transform):
    """Paints a random box of some images over. In evaluation every image stays as it is.

    The box has a random share of the image's area and a random proportion of width to height (even on a logarithmic scale), and lies at a
    random place. If none of 10 boxes is smaller than the image in both directions, the image stays as it is. Behind `normalize` the value 0
    is the mean colour.
    """

    random: ClassVar[bool] = True
    source = "Zhong, Zheng, Kang, Li and Yang 2017, Random Erasing Data Augmentation; torchvision's transform of this name"

    rate: Annotated[float, Field(ge=0, le=1)] = 0.5
    """The share of images of which a piece is erased."""
    area: Annotated[tuple[Share, Share], Field(strict=False), AfterValidator(require_order)] = (0.02, 0.33)
    """The smallest and the largest share of the image's area."""
    aspect: Annotated[tuple[Above, Above], Field(strict=False), AfterValidator(require_order)] = (0.3, 3.3)
    """The smallest and the largest proportion of width to height."""
    value: Filling = 0.0
    """What the box is painted with: a number, one for each channel, or "random", numbers of its own in 0..1 at each point."""
    field: str = IMAGE
    """The field of the batch that is changed."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls()), Example(cls(rate=0.25, area=(0.1, 0.2), value="random")), Example(cls(value=(0.5, 0.4, 0.4))))

    def fields(self, fields: dict[str, TensorType]) -> dict[str, TensorType]:
        """The fields as they are. Raises `Mistake` for a field that has no images of floats, or other channels than `value`."""
        kind = image_type(self.op_name(), fields, self.field)
        float_type(self.op_name(), fields, self.field)
        if isinstance(self.value, tuple) and kind.shape[-1] != len(self.value):
            raise Mistake(ChannelsDiffer(argument="value", count=len(self.value), field=self.field, type=kind, blame="value"))
        return fields

    def apply(self, batch: dict[str, Array], draws: Draws) -> dict[str, Array]:
        images = batch[self.field]
        chosen = draws.uniform() < self.rate
        corners, boxes = self.boxes(sides(images), draws.uniform(ATTEMPTS, 4))
        places = zip(images, chosen & (boxes[:, 0] > 0), corners.tolist(), boxes.tolist(), draws.each(), strict=True)
        made = [self._erased(image, corner, box, own) if erased else image for image, erased, corner, box, own in places]
        return {**batch, self.field: np.stack(made) if isinstance(images, np.ndarray) else made}

    def boxes(self, found: Array, chances: Array) -> tuple[Array, Array]:
        """Corners and sizes of the boxes, i64[B, 2] each, of images with the sides `found`; no size where none fits."""
        (small, large), (narrow, wide) = self.area, np.log(self.aspect)
        space = found.prod(1, keepdims=True) * (small + (large - small) * chances[..., 0])
        shape = np.exp(narrow + (wide - narrow) * chances[..., 1])
        tried = np.rint(np.stack([np.sqrt(space / shape), np.sqrt(space * shape)], -1)).astype(np.int64)
        fits = (tried < found[:, None]).all(-1)
        first, rows = fits.argmax(1), np.arange(len(found))
        box = np.where(fits.any(1)[:, None], tried[rows, first], 0)
        return draw_below(chances[rows, first, 2:], found - box + 1), box

    def _erased(self, image: Array, corner: list[int], box: list[int], draws: Draws) -> Array:
        """The image with its box painted over."""
        (top, left), (height, width), made = corner, box, image.copy()
        random = isinstance(self.value, str)
        made[top : top + height, left : left + width] = draws.uniform(height, width, image.shape[-1])[0] if random else self.value
        return made
