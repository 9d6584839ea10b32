"""Transforms of images: mirroring and cutting. Random ones draw for each example, and have a form without chance for evaluation."""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.images import ImageTooSmall
from netspec.lazy import np
from netspec.library.base import Array, Example, Transform
from netspec.library.base.field_bounds import AfterValidator, Field
from netspec.library.data.draws import Draws
from netspec.library.data.transforms.image_fields import (
    IMAGE,
    Images,
    Size,
    change_each,
    draw_below,
    float_type,
    height_and_width,
    image_type,
    require_room,
    resize_type,
    sides,
)
from netspec.library.functions.resize_filter import Method, resize_image
from netspec.shape import TensorType

Share = Annotated[float, Field(gt=0, le=1)]
Above = Annotated[float, Field(gt=0)]
ATTEMPTS = 10


class Flip(Transform):
    """Mirrors half of the images, chosen at random. In evaluation every image stays as it is."""

    random: ClassVar[bool] = True

    axis: Literal["horizontal", "vertical"] = "horizontal"
    """What changes places: left and right ("horizontal"), or top and bottom ("vertical")."""
    rate: Annotated[float, Field(ge=0, le=1)] = 0.5
    """The share of images that are mirrored."""
    field: str = IMAGE
    """The field of the batch that is changed."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls()), Example(cls(axis="vertical", rate=0.2)))

    def fields(self, fields: dict[str, TensorType]) -> dict[str, TensorType]:
        """The fields as they are. Raises `Mistake` for an unknown field, or one that has no images."""
        image_type(self.op_name(), fields, self.field)
        return fields

    def apply(self, batch: dict[str, Array], draws: Draws) -> dict[str, Array]:
        images = batch[self.field]
        chosen = draws.uniform() < self.rate
        if isinstance(images, np.ndarray):
            made = images.copy()
            made[chosen] = self._mirrored(images[chosen], 1)
            return {**batch, self.field: made}
        pairs = zip(images, chosen.tolist(), strict=True)
        return {**batch, self.field: [self._mirrored(image, 0) if mirror else image for image, mirror in pairs]}

    def _mirrored(self, images: Array, lead: int) -> Array:
        """Images behind so many leading axes, mirrored."""
        return np.flip(images, lead + (1 if self.axis == "horizontal" else 0))


class CenterCrop(Transform):
    """Cuts a piece out of the middle of each image.

    Without `share` the piece is cut point by point, and a smaller image is an error. With `share`, the largest piece of the same
    proportions is taken, that share of its sides is cut out of the middle and resized: `center_crop(224, share=0.875)` is the usual
    preparation for ImageNet, whatever the images' sizes.
    """

    size: Size
    """The side of the square, or height and width `[224, 192]`."""
    share: Share | None = None
    """The share of the sides that is kept, for example 0.875; exactly `size` points when left out."""
    method: Method = "bilinear"
    """How images are resized: "bilinear", or "bicubic" (sharper; numbers may leave their range)."""
    field: str = IMAGE
    """The field of the batch that is changed."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(size=24)), Example(cls(size=(224, 192), share=0.875)))

    def fields(self, fields: dict[str, TensorType]) -> dict[str, TensorType]:
        """The images in the new size. Raises `Mistake` for a field that has no images, or too small ones."""
        kind, size = image_type(self.op_name(), fields, self.field), height_and_width(self.size)
        if self.share is None:
            require_room(self.op_name(), kind, size)
        else:
            float_type(self.op_name(), fields, self.field)
        return resize_type(fields, self.field, size)

    def apply(self, batch: dict[str, Array], draws: Draws) -> dict[str, Array]:
        return self.apply_eval(batch)

    def apply_eval(self, batch: dict[str, Array]) -> dict[str, Array]:
        images, size = batch[self.field], height_and_width(self.size)
        found = sides(images)
        if self.share is None:
            return {**batch, self.field: cut_pieces(self.op_name(), images, (found - size) // 2, size)}
        boxes = np.maximum(np.rint(np.array(size) * (found / size).min(1, keepdims=True) * self.share).astype(np.int64), 1)
        return {**batch, self.field: _pieces(images, (found - boxes) // 2, boxes, size, self.method)}


def cut_pieces(op: str, images: Images, corners: Array, size: tuple[int, int]) -> Array:
    """A piece of each image; `corners` i64[B, 2] are its top and left. Raises `Mistake` where an image is too small."""
    height, width = size
    for image in images:
        if image.shape[0] < height or image.shape[1] < width:
            raise Mistake(ImageTooSmall(op=op, found=tuple(map(str, image.shape[:2])), wanted=size))
    return np.stack([image[top : top + height, left : left + width] for image, (top, left) in zip(images, corners.tolist(), strict=True)])


def _pieces(images: Images, corners: Array, boxes: Array, size: tuple[int, int], method: Method) -> Array:
    """A box of each image (`corners` and `boxes` i64[B, 2]), in one size."""
    made = []
    for image, (top, left), (height, width) in zip(images, corners.tolist(), boxes.tolist(), strict=True):
        made.append(resize_image(image[top : top + height, left : left + width], size, method))
    return np.stack(made)


class RandomCrop(Transform):
    """Cuts a piece of each image at a random place, after adding `pad` points on every side. In evaluation the piece is in the middle."""

    random: ClassVar[bool] = True

    size: Size
    """The side of the square, or height and width `[28, 32]`."""
    pad: Annotated[int, Field(ge=0)] = 0
    """How many points are added on each of the four sides before."""
    mode: Literal["constant", "reflect", "edge"] = "constant"
    """What is added: zeros ("constant"), the mirrored image without its border ("reflect"), or the border again and again ("edge")."""
    field: str = IMAGE
    """The field of the batch that is changed."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(size=32, pad=4, mode="reflect")), Example(cls(size=(24, 28))))

    def fields(self, fields: dict[str, TensorType]) -> dict[str, TensorType]:
        """The images in the new size. Raises `Mistake` for a field that has no images, or too small ones."""
        kind, size = image_type(self.op_name(), fields, self.field), height_and_width(self.size)
        require_room(self.op_name(), kind, size, self.pad)
        return resize_type(fields, self.field, size)

    def apply(self, batch: dict[str, Array], draws: Draws) -> dict[str, Array]:
        images, size = self._padded(batch[self.field]), height_and_width(self.size)
        room = np.maximum(sides(images) - size + 1, 1)
        return {**batch, self.field: cut_pieces(self.op_name(), images, draw_below(draws.uniform(2), room), size)}

    def apply_eval(self, batch: dict[str, Array]) -> dict[str, Array]:
        images, size = self._padded(batch[self.field]), height_and_width(self.size)
        return {**batch, self.field: cut_pieces(self.op_name(), images, (sides(images) - size) // 2, size)}

    def _padded(self, images: Images) -> Images:
        """The images with a frame around them."""
        if not self.pad:
            return images
        widths = ((self.pad, self.pad), (self.pad, self.pad), (0, 0))
        if isinstance(images, np.ndarray):
            return np.pad(images, ((0, 0), *widths), self.mode)
        return change_each(images, lambda image: np.pad(image, widths, self.mode))


def require_order(ends: tuple[float, float]) -> tuple[float, float]:
    """Checks that a range has its smaller end first."""
    if ends[0] > ends[1]:
        raise ValueError("the smallest number, then the largest")
    return ends


class RandomResizedCrop(Transform):
    """Cuts a random box out of each image and resizes it: the usual augmentation for ImageNet.

    The box has a random share of the image's area and a random proportion of width to height (even on a logarithmic scale), and lies at a
    random place. If none of 10 boxes fits into the image, the largest one in the middle with an allowed proportion is taken. In
    evaluation this is `center_crop(size, share=0.875)`.
    """

    random: ClassVar[bool] = True
    source = "Szegedy and others 2014, Going deeper with convolutions"

    size: Size
    """The side of the square that is made, or height and width."""
    area: Annotated[tuple[Share, Share], Field(strict=False), AfterValidator(require_order)] = (0.08, 1.0)
    """The smallest and the largest share of the image's area."""
    aspect: Annotated[tuple[Above, Above], Field(strict=False), AfterValidator(require_order)] = (3 / 4, 4 / 3)
    """The smallest and the largest proportion of width to height."""
    method: Method = "bilinear"
    """How images are resized: "bilinear", or "bicubic" (sharper; numbers may leave their range)."""
    field: str = IMAGE
    """The field of the batch that is changed."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(size=224)), Example(cls(size=(96, 128), area=(0.5, 1.0), method="bicubic")))

    def fields(self, fields: dict[str, TensorType]) -> dict[str, TensorType]:
        """The images in the new size. Raises `Mistake` for a field that has no images of floats."""
        image_type(self.op_name(), fields, self.field)
        float_type(self.op_name(), fields, self.field)
        return resize_type(fields, self.field, height_and_width(self.size))

    def apply(self, batch: dict[str, Array], draws: Draws) -> dict[str, Array]:
        images = batch[self.field]
        corners, boxes = self.boxes(sides(images), draws.uniform(ATTEMPTS, 4))
        return {**batch, self.field: _pieces(images, corners, boxes, height_and_width(self.size), self.method)}

    def apply_eval(self, batch: dict[str, Array]) -> dict[str, Array]:
        return CenterCrop(size=self.size, share=0.875, method=self.method, field=self.field).apply_eval(batch)

    def boxes(self, found: Array, chances: Array) -> tuple[Array, Array]:
        """Corners and sizes of the boxes, i64[B, 2] each, of images with the sides `found` i64[B, 2]; chances [B, attempts, 4]."""
        (small, large), (narrow, wide) = self.area, np.log(self.aspect)
        space = found.prod(1, keepdims=True) * (small + (large - small) * chances[..., 0])
        shape = np.exp(narrow + (wide - narrow) * chances[..., 1])
        tried = np.rint(np.stack([np.sqrt(space / shape), np.sqrt(space * shape)], -1)).astype(np.int64)
        fits = ((tried > 0) & (tried <= found[:, None])).all(-1)
        first, rows = fits.argmax(1), np.arange(len(found))
        box = np.where(fits.any(1)[:, None], tried[rows, first], [self._whole(*sides) for sides in found.tolist()])
        place = draw_below(chances[rows, first, 2:], found - box + 1)
        return np.where(fits.any(1)[:, None], place, (found - box) // 2), box

    def _whole(self, height: int, width: int) -> tuple[int, int]:
        """The largest box with an allowed proportion."""
        narrow, wide = self.aspect
        if width < narrow * height:
            return max(math.floor(width / narrow), 1), width
        return (height, max(math.floor(wide * height), 1)) if width > wide * height else (height, width)
