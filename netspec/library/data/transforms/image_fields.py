"""Holds what transforms of images share: the field they work on, its sizes, and random numbers.

A batch holds images of one size as one array [B, H, W, C], images of several sizes as a list of arrays [H, W, C].
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.chains import FieldNotFloat, NoSuchField
from netspec.diagnostics.data.images import FieldNotImages, ImageTooSmall
from netspec.lazy import np
from netspec.library.base import Array, Positive
from netspec.library.base.field_bounds import Field
from netspec.shape import TensorType

Images = Any
"""An array [B, H, W, C], or a list of B arrays [H, W, C]."""
Size = Positive | Annotated[tuple[Positive, Positive], Field(strict=False)]
"""A side of a square, or height and width."""
IMAGE = "image"


def height_and_width(size: int | tuple[int, int]) -> tuple[int, int]:
    """Both sizes of an image of which one number may be given for a square."""
    return (size, size) if isinstance(size, int) else size


def field_type(fields: dict[str, TensorType], field: str) -> TensorType:
    """The field's type. Raises `Mistake` where there is none of that name."""
    if field not in fields:
        raise Mistake(NoSuchField(field=field, fields=tuple(fields), blame="field"))
    return fields[field]


def float_type(op: str, fields: dict[str, TensorType], field: str) -> TensorType:
    """The field's type. Raises `Mistake` where it is no field of floats."""
    kind = field_type(fields, field)
    if not kind.is_float:
        raise Mistake(FieldNotFloat(op=op, field=field, type=kind, blame="field"))
    return kind


def image_type(op: str, fields: dict[str, TensorType], field: str) -> TensorType:
    """The field's type. Raises `Mistake` where it is no field of images [B, H, W, C]."""
    kind = field_type(fields, field)
    if kind.rank != 4:
        raise Mistake(FieldNotImages(op=op, field=field, type=kind, blame="field"))
    return kind


def resize_type(fields: dict[str, TensorType], field: str, size: tuple[int, int]) -> dict[str, TensorType]:
    """The fields, the images in another size."""
    batch, _, _, channels = fields[field].shape
    return {**fields, field: fields[field].with_shape((batch, *size, channels))}


def require_room(op: str, kind: TensorType, size: tuple[int, int], pad: int = 0) -> None:
    """Raises `Mistake` where images of this type, padded on each side, are known to be smaller than the piece to cut."""
    for side, wanted in zip(kind.shape[1:3], size, strict=True):
        if side.is_constant and side.value + 2 * pad < wanted:
            raise Mistake(ImageTooSmall(op=op, found=tuple(map(str, kind.shape[1:3])), wanted=size, pad=pad, blame="size"))


def sides(images: Images) -> Array:
    """Heights and widths, i64[B, 2]."""
    if isinstance(images, np.ndarray):
        return np.tile(np.array(images.shape[1:3], np.int64), (len(images), 1))
    return np.array([image.shape[:2] for image in images], np.int64).reshape(-1, 2)


def change_each(images: Images, change: Callable[[Array], Array]) -> Images:
    """A change of every image on its own that leaves images of one size at one size."""
    made = [change(image) for image in images]
    return np.stack(made) if isinstance(images, np.ndarray) else made


def draw_below(chance: Array, limit: Array) -> Array:
    """Whole numbers 0 to limit - 1 from chances in [0, 1)."""
    return np.floor(chance * limit).astype(np.int64)
