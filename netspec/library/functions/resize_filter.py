"""Resizes an image by a separable filter: each point of the result is a weighted mean of the points around its place.

Where the image shrinks, the filter grows with the step between points, so that nothing is skipped (antialiasing).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from netspec.lazy import np
from netspec.library.base import Array

Method = Literal["bilinear", "bicubic"]
Coordinates = Literal["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"]
"""Where point i of m lies among n points: at (i + 1/2) · n / m - 1/2; the same, but 0 where m is 1; at i · (n - 1) / (m - 1); at i · n /
m."""
Rounding = Literal["round_prefer_ceil", "round_prefer_floor", "floor", "ceil"]


def resize_image(image: Array, size: tuple[int, int], method: Method) -> Array:
    """The image [H, W, C] in another size [h, w, C], in its own dtype."""
    if image.shape[:2] == size:
        return image
    (height, width), channels = size, image.shape[2]
    rows = weights(image.shape[0], height, method).astype(image.dtype) @ image.reshape(image.shape[0], -1)
    columns = rows.reshape(height, image.shape[1], channels).transpose(1, 0, 2).reshape(image.shape[1], -1)
    made = weights(image.shape[1], width, method).astype(image.dtype) @ columns
    return made.reshape(width, height, channels).transpose(1, 0, 2)


def places(before: int, after: int, rule: Coordinates) -> tuple[Array, int]:
    """Where each of the `after` points lies among the `before` ones, as whole numbers and what they are divided by."""
    i = np.arange(after)
    if rule == "align_corners":
        return i * (before - 1), max(after - 1, 1)
    if rule == "asymmetric":
        return i * before, after
    if rule == "pytorch_half_pixel" and after == 1:
        return i, 1
    return (2 * i + 1) * before - after, 2 * after


def nearest_points(before: int, after: int, rule: Coordinates, rounding: Rounding) -> Array:
    """The one of the `before` points that each of the `after` points takes, exactly: rounding would move those in the middle."""
    number, by = places(before, after, rule)
    found = {
        "round_prefer_ceil": (2 * number + by) // (2 * by),
        "round_prefer_floor": -((by - 2 * number) // (2 * by)),
        "floor": number // by,
        "ceil": -(-number // by),
    }
    return np.clip(found[rounding], 0, before - 1)


@lru_cache(maxsize=32)
def weights(
    before: int,
    after: int,
    method: Method,
    antialias: bool = True,
    rule: Coordinates = "half_pixel",
    a: float = -0.5,
    exclude_outside: bool = True,
) -> Array:
    """What each of the `before` points adds to each of the `after` points; every row sums to 1. f64[after, before]."""
    step = (before - 1) / (after - 1) if rule == "align_corners" and after > 1 else before / after
    spread = max(step, 1.0) if antialias else 1.0
    wide = _REACH[method] * spread
    number, by = places(before, after, rule)
    middle = (number / by)[:, None]
    points = np.ceil(middle - wide).astype(np.int64) + np.arange(int(2 * wide) + 1)
    distance = np.abs(middle - points) / spread
    found = _triangle(distance) if method == "bilinear" else _keys(distance, a)
    if exclude_outside:
        found = found * ((points >= 0) & (points < before))
    dense = np.zeros((after, before))
    np.add.at(dense, (np.arange(after)[:, None], np.clip(points, 0, before - 1)), found)
    return dense / found.sum(1, keepdims=True)


def _triangle(distance: Array) -> Array:
    """The weights of linear interpolation by distance: 1 at the point itself, 0 from one pixel on."""
    return np.maximum(0, 1 - distance)


def _keys(distance: Array, a: float) -> Array:
    """Keys' cubic: of slope a at distance 1."""
    near = ((a + 2) * distance - (a + 3)) * distance**2 + 1
    far = ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
    return np.where(distance <= 1, near, np.where(distance < 2, far, 0))


_REACH: dict[Method, int] = {"bilinear": 1, "bicubic": 2}
"""How far each filter reaches on either side."""
