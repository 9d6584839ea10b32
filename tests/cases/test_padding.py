"""The cases about images, padding, frozen and shared layers, each with its right answer, and siblings of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import netspec

CASES = Path(__file__).parent


def first_image(case: str) -> np.ndarray:
    """The first image of a case's first batch."""
    path = next((CASES / "reports").glob(f"{case}-*.net"))
    feed = netspec.compile(path).training_feed(path.parent)
    return np.asarray(next(iter(feed.training(0)))["image"])


def test_16_bits_are_divided_by_65535() -> None:
    found = np.unique(first_image("03").round(4))
    np.testing.assert_allclose(found[:6], [0.0, 0.0039, 0.0156, 0.0625, 0.25, 0.5], atol=1e-4)


def test_floats_are_as_they_are() -> None:
    found = np.unique(first_image("04"))
    np.testing.assert_allclose(found[[0, 1, 2, -1]], [0.0, 1 / 7, 2 / 7, 1.0], atol=1e-4)


def test_a_picture_is_turned_as_its_tag_says() -> None:
    image = first_image("05")[0, :, :, 0]
    sides = {"top": image[0], "bottom": image[-1], "left": image[:, 0], "right": image[:, -1]}
    assert max(sides, key=lambda side: sides[side].mean()) == "right"
