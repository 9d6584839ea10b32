"""The changes that RandAugment draws from, against Pillow and against their formulas point by point; and what it draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageEnhance, ImageOps

from netspec.library.data.draws import Draws
from netspec.library.data.transforms import image_changes
from netspec.library.data.transforms.rand_augment import COUNT, RandAugment

RNG = np.random.default_rng(2)
BYTES = RNG.integers(0, 256, (14, 11, 3), np.uint8)
SMOOTH = np.clip(np.add.outer(np.arange(14) * 9, np.arange(11) * 7)[..., None] + np.array([0, 20, 40]), 0, 255).astype(np.uint8)
IMAGES = [BYTES, SMOOTH, np.full((5, 6, 3), 77, np.uint8), BYTES[..., :1]]


def floats(image: Any) -> Any:
    return (image / np.float32(255)).astype(np.float32)


def pillow(image: Any) -> Any:
    return Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image)


def array(image: Any) -> Any:
    found = np.asarray(image)
    return found[..., None] if found.ndim == 2 else found


@pytest.mark.parametrize("image", IMAGES, ids=["noise", "smooth", "plain", "gray"])
def test_levels_are_pillows(image: Any) -> None:
    """Posterizing and equalizing to the bit, solarizing as well, stretching and sharpening to one level, which Pillow rounds."""
    for bits in (4, 6, 8):
        np.testing.assert_array_equal(image_changes.posterize(floats(image), bits), floats(array(ImageOps.posterize(pillow(image), bits))))
    np.testing.assert_array_equal(image_changes.equalize(floats(image)), floats(array(ImageOps.equalize(pillow(image)))))
    for threshold in (0, 100, 255):
        wanted = floats(array(ImageOps.solarize(pillow(image), threshold)))
        np.testing.assert_allclose(image_changes.solarize(floats(image), threshold / np.float32(255)), wanted, atol=1e-6)
    np.testing.assert_allclose(
        image_changes.auto_contrast(floats(image)), floats(array(ImageOps.autocontrast(pillow(image)))), atol=1.01 / 255
    )
    for factor in (0.1, 1.0, 1.9):
        wanted = floats(array(ImageEnhance.Sharpness(pillow(image)).enhance(factor)))
        np.testing.assert_allclose(image_changes.change_sharpness(floats(image), factor), wanted, atol=2.01 / 255)


def moved(image: Any, source: Any, fill: float) -> Any:
    """Point by point: the colour of the point in which the place lies that `source` gives for each point's middle."""
    height, width = image.shape[:2]
    made = np.full_like(image, fill)
    for row in range(height):
        for column in range(width):
            x, y = source(column + 0.5 - width / 2, row + 0.5 - height / 2)
            from_x, from_y = int(np.floor(x + width / 2)), int(np.floor(y + height / 2))
            if 0 <= from_x < width and 0 <= from_y < height:
                made[row, column] = image[from_y, from_x]
    return made


def test_moves_point_by_point() -> None:
    image = floats(BYTES)
    for way in (-0.21, 0.0, 0.3):
        np.testing.assert_array_equal(image_changes.shear_x(image, way, 0.5), moved(image, lambda x, y, way=way: (x + way * y, y), 0.5))
        np.testing.assert_array_equal(image_changes.shear_y(image, way, 0.5), moved(image, lambda x, y, way=way: (x, y + way * x), 0.5))
    np.testing.assert_array_equal(image_changes.translate_x(image, 0.3, 0.0)[:, 3:], image[:, :-3])
    np.testing.assert_array_equal(image_changes.translate_y(image, -0.3, 0.25)[:-4], image[4:])
    assert (image_changes.translate_y(image, -0.3, 0.25)[-4:] == 0.25).all()
    square = floats(BYTES[:10, :10])
    for quarter in (1, 2, 3):
        np.testing.assert_array_equal(image_changes.rotate(square, 90.0 * quarter, 0.0), np.rot90(square, quarter))
    turned = array(Image.fromarray(BYTES).rotate(17.0))
    assert (image_changes.rotate(floats(BYTES), 17.0, 0.0) == floats(turned)).all(-1).mean() > 0.97, (
        "points on an edge may be rounded apart"
    )


def test_what_is_drawn() -> None:
    """Each of the 14 changes about as often, one after another, each in either direction; with magnitude 0 places and factors stay."""
    seen: list[tuple[int, float]] = []

    class Noted(RandAugment):
        def _change(self, image: Any, kind: int, sign: float) -> Any:
            seen.append((kind, sign))
            return image

    Noted(count=3).apply({"image": np.zeros((2000, 2, 2, 3), np.float32)}, Draws.of(0, 0, np.arange(2000)))
    kinds = np.bincount([kind for kind, _ in seen], minlength=COUNT)
    assert len(seen) == 6000 and len(kinds) == COUNT == 14 and ((kinds - 6000 / 14) ** 2 / (6000 / 14)).sum() < 35
    assert abs(np.mean([sign for _, sign in seen])) < 0.05
    image = floats(BYTES)
    for kind in range(10):
        np.testing.assert_allclose(RandAugment(magnitude=0.0).changed(image, [kind], [1.0]), image, atol=1e-6)
    image = (0.2 + 0.5 * RNG.random((40, 40, 3))).astype(np.float32)
    for kind in range(1, COUNT):
        assert (RandAugment(magnitude=30.0).changed(image, [kind], [-1.0]) != image).any(), kind
    np.testing.assert_allclose(RandAugment(magnitude=30.0).changed(image, [11, 11], [1.0, 1.0]), image, atol=1e-6)
