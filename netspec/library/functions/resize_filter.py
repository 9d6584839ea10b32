"""Resizes an image by a separable filter: each point of the result is a weighted mean of the points around its place.

Where the image shrinks, the filter grows with the step between points, so that nothing is skipped (antialiasing).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Literal

from netspec.lazy import np
from netspec.library.base import Array

Method = Literal["bilinear", "bicubic"]


def resize_image(image: Array, size: tuple[int, int], method: Method) -> Array:
    """The image [H, W, C] in another size [h, w, C], in its own dtype."""
    if image.shape[:2] == size:
        return image
    (height, width), channels = size, image.shape[2]
    rows = weights(image.shape[0], height, method).astype(image.dtype) @ image.reshape(image.shape[0], -1)
    columns = rows.reshape(height, image.shape[1], channels).transpose(1, 0, 2).reshape(image.shape[1], -1)
    made = weights(image.shape[1], width, method).astype(image.dtype) @ columns
    return made.reshape(width, height, channels).transpose(1, 0, 2)


@lru_cache(maxsize=32)
def weights(before: int, after: int, method: Method, antialias: bool = True) -> Array:
    """What each of the `before` points adds to each of the `after` points; every row sums to 1. f64[after, before]."""
    step = before / after
    kernel, reach = _KERNELS[method]
    spread = max(step, 1.0) if antialias else 1.0
    wide = reach * spread
    places = (np.arange(after) + 0.5)[:, None] * step - 0.5
    points = np.ceil(places - wide).astype(np.int64) + np.arange(int(2 * wide) + 1)
    found = kernel(np.abs(places - points) / spread) * ((points >= 0) & (points < before))
    dense = np.zeros((after, before + 1))
    np.put_along_axis(dense, np.where((points >= 0) & (points < before), points, before), found, 1)
    return dense[:, :before] / found.sum(1, keepdims=True)


def _triangle(distance: Array) -> Array:
    """The weights of linear interpolation by distance: 1 at the point itself, 0 from one pixel on."""
    return np.maximum(0, 1 - distance)


def _keys(distance: Array) -> Array:
    """Keys' cubic with a = -1/2."""
    near = (1.5 * distance - 2.5) * distance**2 + 1
    far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
    return np.where(distance <= 1, near, np.where(distance < 2, far, 0))


_KERNELS: dict[Method, tuple[Callable[[Array], Array], int]] = {"bilinear": (_triangle, 1), "bicubic": (_keys, 2)}
"""Each filter, and how far it reaches on either side."""
