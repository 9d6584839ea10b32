"""Changes of the colours of one image, f32[H, W, C] in 0..1 with one channel (gray) or three (red, green, blue).

The formulas are those that Pillow and torchvision have for tensors: all but the hue are mixtures of the image with another one, in which a
factor of 1 changes nothing, 0 gives the other image, and above 1 it is left further behind.
"""

from __future__ import annotations

from netspec.lazy import np
from netspec.library.base import Array

LUMA = (0.299, 0.587, 0.114)
"""Of red, green and blue, as in ITU-R BT.601."""


def mix_images(image: Array, other: Array | float, factor: float) -> Array:
    """`factor * image + (1 - factor) * other` within 0..1."""
    return np.clip(factor * image + (1 - factor) * other, 0, 1).astype(image.dtype)


def to_gray(image: Array) -> Array:
    """[H, W, 1]: the brightness of each point."""
    return image if image.shape[-1] == 1 else (image @ np.array(LUMA, image.dtype))[..., None]


def change_brightness(image: Array, factor: float) -> Array:
    """A mixture with black."""
    return mix_images(image, 0.0, factor)


def change_contrast(image: Array, factor: float) -> Array:
    """A mixture with its mean brightness."""
    return mix_images(image, float(to_gray(image).mean(dtype=np.float64)), factor)


def change_saturation(image: Array, factor: float) -> Array:
    """A mixture with its gray form; a gray image stays as it is."""
    return image if image.shape[-1] == 1 else mix_images(image, to_gray(image), factor)


def change_hue(image: Array, shift: float) -> Array:
    """Every colour turned by this part of the circle of colours; a gray image stays as it is."""
    if image.shape[-1] == 1:
        return image
    hue, saturation, value = to_hsv(image)
    return from_hsv((hue + shift) % 1.0, saturation, value).astype(image.dtype)


def to_hsv(image: Array) -> tuple[Array, Array, Array]:
    """Hue in [0, 1), saturation and value, [H, W] each; the hue of gray is 0."""
    red, green, blue = (image[..., channel].astype(np.float64) for channel in range(3))
    top, low = image.max(-1).astype(np.float64), image.min(-1).astype(np.float64)
    spread = top - low
    safe = np.where(spread == 0, 1, spread)
    sector = np.select([top == red, top == green], [(green - blue) / safe, 2 + (blue - red) / safe], 4 + (red - green) / safe)
    return np.where(spread == 0, 0, sector / 6 % 1.0), np.where(spread == 0, 0, spread / np.where(top == 0, 1, top)), top


def from_hsv(hue: Array, saturation: Array, value: Array) -> Array:
    """The colours [H, W, 3] of hue, saturation and value: `value - value * saturation * max(0, min(k, 4 - k, 1))` with k = (n + 6 hue) mod
    6, n being 5, 3 and 1 for red, green and blue."""
    turned = (np.array([5, 3, 1]) + 6 * hue[..., None]) % 6
    return (value * (1 - saturation * np.clip(np.minimum(turned, 4 - turned), 0, 1).transpose(2, 0, 1))).transpose(1, 2, 0)
