"""Changes of one image, f32[H, W, C] in 0..1, by a strength: those that RandAugment chooses from, as Pillow and torchvision define them."""

from __future__ import annotations

import math

from netspec.lazy import np
from netspec.library.base import Array
from netspec.library.data.transforms import colour_changes

LEVELS = 255
"""What the 8 bits of a point count to, in which equalizing and posterizing are defined."""


def move(image: Array, back: tuple[tuple[float, float, float], tuple[float, float, float]], fill: float) -> Array:
    """The image whose point (x, y), counted from its middle, is the nearest one to `back` of (x, y, 1); `fill` where there is none."""
    height, width = image.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float64) + 0.5
    place = np.stack([x - width / 2, y - height / 2, np.ones_like(x)])
    from_x, from_y = (
        np.floor(np.tensordot(row, place, 1) + size / 2).astype(np.int64) for row, size in zip(back, (width, height), strict=True)
    )
    inside = (from_x >= 0) & (from_x < width) & (from_y >= 0) & (from_y < height)
    made = np.full_like(image, fill)
    made[inside] = image[from_y[inside], from_x[inside]]
    return made


def shear_x(image: Array, strength: float, fill: float) -> Array:
    """Rows moved sideways the more, the further they are from the middle."""
    return move(image, ((1, strength, 0), (0, 1, 0)), fill)


def shear_y(image: Array, strength: float, fill: float) -> Array:
    """Columns moved up or down the more, the further they are from the middle."""
    return move(image, ((1, 0, 0), (strength, 1, 0)), fill)


def translate_x(image: Array, strength: float, fill: float) -> Array:
    """Moved to the right by this part of its width, in whole points."""
    return move(image, ((1, 0, -np.trunc(strength * image.shape[1])), (0, 1, 0)), fill)


def translate_y(image: Array, strength: float, fill: float) -> Array:
    """Moved down by this part of its height, in whole points."""
    return move(image, ((1, 0, 0), (0, 1, -np.trunc(strength * image.shape[0]))), fill)


def rotate(image: Array, degrees: float, fill: float) -> Array:
    """Turned about its middle, against the clock."""
    turn = math.radians(degrees)
    cos, sin = math.cos(turn), math.sin(turn)
    return move(image, ((cos, -sin, 0), (sin, cos, 0)), fill)


def change_sharpness(image: Array, factor: float) -> Array:
    """A mixture with a smoothed image, `[[1, 1, 1], [1, 5, 1], [1, 1, 1]] / 13` around each point; the border stays as it is."""
    if min(image.shape[:2]) < 3:
        return image
    height, width = image.shape[:2]
    total = sum(image[top : top + height - 2, left : left + width - 2] for top in range(3) for left in range(3))
    smooth = image.copy()
    smooth[1:-1, 1:-1] = (total + 4 * image[1:-1, 1:-1]) / 13
    return colour_changes.mix_images(image, smooth, factor)


def posterize(image: Array, bits: float) -> Array:
    """Only so many of the 8 bits of each number."""
    dropped = 8 - round(bits)
    return ((to_bytes(image) >> dropped << dropped) / LEVELS).astype(image.dtype)


def solarize(image: Array, threshold: float) -> Array:
    """Turned into its negative where it is as bright as the threshold."""
    return np.where(image >= threshold, 1 - image, image).astype(image.dtype)


def auto_contrast(image: Array) -> Array:
    """Each channel stretched so that it reaches from 0 to 1; one of a single value stays as it is."""
    low, high = image.min((0, 1)), image.max((0, 1))
    span = np.where(high > low, high - low, 1)
    return np.where(high > low, (image - low) / span, image).astype(image.dtype)


def equalize(image: Array) -> Array:
    """Each channel with its numbers, of 8 bits, replaced so that all are about as frequent."""
    levels = to_bytes(image)
    made = [_equalized(levels[..., channel]) for channel in range(image.shape[-1])]
    return (np.stack(made, -1) / LEVELS).astype(image.dtype)


def _equalized(levels: Array) -> Array:
    """One channel of whole numbers 0 to 255, by the rule of Pillow."""
    counts = np.bincount(levels.reshape(-1), minlength=LEVELS + 1)
    step = (levels.size - counts[np.flatnonzero(counts)[-1]]) // LEVELS
    if step == 0:
        return levels
    table = (np.concatenate([[0], np.cumsum(counts)[:-1]]) + step // 2) // step
    return np.minimum(table, LEVELS)[levels]


def to_bytes(image: Array) -> Array:
    """i64: the numbers as 8 bits have them."""
    return np.rint(np.clip(image, 0, 1) * LEVELS).astype(np.int64)
