"""Augmentation against the formulas of its papers and of torchvision, written point by point; and examples that are mixed."""

from __future__ import annotations

import colorsys
from itertools import permutations
from typing import Any

import numpy as np
import pytest
import scipy.stats

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.chains import ChannelsDiffer, FieldNotFloat, NoSuchField
from netspec.diagnostics.data.images import FieldNotImages, NotColours
from netspec.diagnostics.data.mixing import ClassesNeeded, ClassesUnequal, LabelBeyondClasses, NotToMix
from netspec.library.data.draws import Draws
from netspec.library.data.transforms.colour_changes import change_brightness, change_contrast, change_hue, change_saturation
from netspec.library.data.transforms.colours import ColorJitter
from netspec.library.data.transforms.erasing import RandomErasing
from netspec.library.data.transforms.label_mixing import Cutmix, Mixup, draw_beta
from netspec.shape import TensorType

RNG = np.random.default_rng(1)
IMAGES = RNG.random((40, 12, 10, 3)).astype(np.float32)
GRAY = IMAGES[..., :1]
FIELDS = {"image": TensorType("f32", ("B", 12, 10, 3)), "label": TensorType("i32", ("B",))}
NUMBERS = np.arange(40)


def draws(first: int = 0) -> Draws:
    return Draws.of(3, 1, NUMBERS + first)


# --- colours -----------------------------------------------------------------------------------------------------------
def brightness_of(point: Any) -> float:
    return point[0] if len(point) == 1 else 0.299 * point[0] + 0.587 * point[1] + 0.114 * point[2]


def blended(image: Any, other: Any, factor: float) -> Any:
    """torchvision's `_blend`, point by point."""
    made = np.zeros(image.shape)
    for place in np.ndindex(*image.shape[:2]):
        for channel in range(image.shape[2]):
            value = factor * float(image[(*place, channel)]) + (1 - factor) * other(image[place])
            made[(*place, channel)] = min(max(value, 0.0), 1.0)
    return made


def turned(image: Any, shift: float) -> Any:
    """Through HSV as Python's own library has it."""
    made = np.zeros(image.shape)
    for place in np.ndindex(*image.shape[:2]):
        hue, saturation, value = colorsys.rgb_to_hsv(*map(float, image[place]))
        made[place] = colorsys.hsv_to_rgb((hue + shift) % 1.0, saturation, value)
    return made


@pytest.mark.parametrize("factor", [0.0, 0.3, 1.0, 1.7])
@pytest.mark.parametrize("images", [IMAGES, GRAY], ids=["colours", "gray"])
def test_colours_by_the_formulas(images: Any, factor: float) -> None:
    image = images[0]
    mean = float(np.mean([brightness_of(point) for point in image.reshape(-1, image.shape[-1]).astype(float)]))
    np.testing.assert_allclose(change_brightness(image, factor), blended(image, lambda point: 0.0, factor), atol=1e-6)
    np.testing.assert_allclose(change_contrast(image, factor), blended(image, lambda point: mean, factor), atol=1e-6)
    gray = image if image.shape[-1] == 1 else blended(image, brightness_of, factor)
    np.testing.assert_allclose(change_saturation(image, factor), gray, atol=1e-6)


@pytest.mark.parametrize("shift", [-0.5, -0.1, 0.0, 0.25, 0.5])
def test_hue_by_the_formula(shift: float) -> None:
    odd = np.array([[[0, 0, 0], [1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0.5, 0.5, 0.2], [0.2, 0.5, 0.5], [0.5, 0.2, 0.5]]], np.float32)
    for image in (IMAGES[0], odd):
        np.testing.assert_allclose(change_hue(image, shift), turned(image, shift), atol=1e-6)
    np.testing.assert_array_equal(change_hue(GRAY[0], shift), GRAY[0])


def test_jitter_draws_factors_and_an_order() -> None:
    """Each image is what one of the orders makes of it, and factors fill their range evenly."""
    dark = np.full((4000, 1, 1, 1), 0.5, np.float32)
    some = Draws.of(0, 0, np.arange(4000))
    found = ColorJitter(brightness=0.4).apply({"image": dark}, some)["image"][:, 0, 0, 0] / 0.5
    assert scipy.stats.kstest(found, scipy.stats.uniform(0.6, 0.8).cdf).pvalue > 0.01
    found = ColorJitter(brightness=(0.5, 0.75)).apply({"image": dark}, some)["image"][:, 0, 0, 0] / 0.5
    assert 0.5 <= found.min() < 0.51 and 0.74 < found.max() <= 0.75
    op = ColorJitter(brightness=(0.5, 0.5), contrast=(1.5, 1.5), saturation=(0.25, 0.25), hue=(0.1, 0.1))
    steps = [(change_brightness, 0.5), (change_contrast, 1.5), (change_saturation, 0.25), (change_hue, 0.1)]
    seen = set()
    for image, made in zip(IMAGES, op.apply({"image": IMAGES}, draws())["image"], strict=True):
        fitting = []
        for order in permutations(steps):
            changed = image
            for change, factor in order:
                changed = change(changed, factor)
            fitting += [order] if np.array_equal(changed, made) else []
        assert fitting
        seen.add(fitting[0])
    assert len(seen) >= 10, "of 24 orders, some of which make the same"
    assert ColorJitter(brightness=2.0, hue=0.5).ranges() == [(0.0, 3.0), (1.0, 1.0), (1.0, 1.0), (-0.5, 0.5)]
    np.testing.assert_array_equal(ColorJitter().apply({"image": IMAGES}, draws())["image"], IMAGES)


# --- erasing -----------------------------------------------------------------------------------------------------------
def test_what_is_erased() -> None:
    op = RandomErasing(rate=1.0, area=(0.1, 0.3), aspect=(0.5, 2.0), value=(0.1, 0.2, 0.3))
    images = np.full((2000, 50, 40, 3), 0.9, np.float32)
    made = op.apply({"image": images}, Draws.of(0, 0, np.arange(2000)))["image"]
    gone = made[..., 0] != images[..., 0]
    shares, shapes = [], []
    for image, erased in zip(made, gone, strict=True):
        rows, columns = np.flatnonzero(erased.any(1)), np.flatnonzero(erased.any(0))
        assert erased[np.ix_(rows, columns)].all() and len(rows) == np.ptp(rows) + 1 and len(columns) == np.ptp(columns) + 1
        np.testing.assert_array_equal(np.unique(image[erased], axis=0), np.array([[0.1, 0.2, 0.3]], np.float32))
        shares.append(len(rows) * len(columns) / 2000)
        shapes.append(len(columns) / len(rows))
    assert 0.09 < min(shares) and max(shares) < 0.32 and abs(np.mean(shares) - 0.2) < 0.01
    assert 0.45 < min(shapes) and max(shapes) < 2.25 and abs(np.log(shapes).mean()) < 0.05
    some = RandomErasing(rate=0.25, value="random").apply({"image": IMAGES.repeat(50, 0)}, Draws.of(0, 0, np.arange(2000)))["image"]
    changed = (some != IMAGES.repeat(50, 0)).any((1, 2, 3))
    assert 0.2 < changed.mean() < 0.3 and some.min() >= 0 and some.max() < 1


def test_boxes_of_erasing_by_the_paper() -> None:
    """`H = sqrt(S r)`, `W = sqrt(S / r)`, the first that is smaller than the image in both directions."""
    op, sides = RandomErasing(area=(0.02, 1.0), aspect=(0.1, 10.0)), np.tile([30, 20], (200, 1))
    chances = np.random.default_rng(0).random((200, 10, 4))
    corners, boxes = op.boxes(sides, chances)
    for corner, box, tries in zip(corners.tolist(), boxes.tolist(), chances, strict=True):
        for area, shape, top, left in tries:
            space, proportion = 600 * (0.02 + 0.98 * area), float(np.exp(np.log(0.1) + np.log(100) * shape))
            height, width = round((space / proportion) ** 0.5), round((space * proportion) ** 0.5)
            if height < 30 and width < 20:
                assert box == [height, width] and corner == [int(top * (31 - height)), int(left * (21 - width))]
                break
        else:
            assert box == [0, 0]


# --- mixing ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("alpha", [0.2, 0.5, 0.51, 1.0, 4.0])
def test_shares_are_beta(alpha: float) -> None:
    found = draw_beta(Draws.of(5, 0, np.arange(20_000)), alpha)
    assert ((found >= 0) & (found <= 1)).all()
    assert scipy.stats.kstest(found, scipy.stats.beta(alpha, alpha).cdf).pvalue > 0.01


def mixed(op: Any, labels: Any = None) -> tuple[Any, Any, dict[str, Any]]:
    labels = NUMBERS % 5 if labels is None else labels
    made = op.apply({"image": IMAGES, "label": labels, "index": NUMBERS}, draws())
    assert made["index"].tolist() == list(range(39)) and len(made["image"]) == len(made["label"]) == 39
    return made["image"], made["label"], made


def test_mixup_by_the_paper() -> None:
    images, labels, _ = mixed(Mixup(alpha=1.0, classes=5))
    one_hot = np.eye(5, dtype=np.float32)[NUMBERS % 5]
    own = Draws.of(3, 1, NUMBERS[:-1])
    own.uniform()
    for place, share in enumerate(draw_beta(own, 1.0)):
        np.testing.assert_allclose(images[place], share * IMAGES[place] + (1 - share) * IMAGES[place + 1], atol=1e-6)
        np.testing.assert_allclose(labels[place], share * one_hot[place] + (1 - share) * one_hot[place + 1], atol=1e-6)
    np.testing.assert_allclose(labels.sum(1), 1, atol=1e-6)


def test_cutmix_by_the_paper() -> None:
    """A box of the other image, and labels in the shares of the areas."""
    images, labels, _ = mixed(Cutmix(alpha=1.0, classes=5))
    sizes = []
    for place, (image, label) in enumerate(zip(images, labels, strict=True)):
        other = (image == IMAGES[place + 1]).all(-1)
        assert (image[~other] == IMAGES[place][~other]).all()
        rows, columns = np.flatnonzero(other.any(1)), np.flatnonzero(other.any(0))
        assert other[np.ix_(rows, columns)].all()
        share = 1 - other.mean()
        wanted = np.zeros(5)
        wanted[place % 5] += share
        wanted[(place + 1) % 5] += 1 - share
        np.testing.assert_allclose(label, wanted, atol=1e-6)
        sizes.append(other.mean())
    assert len(set(sizes)) > 10


def test_a_share_of_examples_is_mixed_and_others_stay() -> None:
    for op in (Mixup(alpha=1.0, classes=5, rate=0.5), Cutmix(alpha=1.0, classes=5, rate=0.5)):
        images, labels, _ = mixed(op)
        same = (images == IMAGES[:-1]).all((1, 2, 3))
        assert 10 < same.sum() < 32 and (labels.max(1)[same] == 1).all()
    both = Cutmix(alpha=1.0).apply_eval(Mixup(alpha=1.0, classes=5).apply_eval({"image": IMAGES, "label": NUMBERS % 5}))
    assert both["image"] is IMAGES
    np.testing.assert_array_equal(both["label"], np.eye(5, dtype=np.float32)[NUMBERS % 5])


def test_labels_that_are_numbers_already() -> None:
    wanted = RNG.random(40).astype(np.float32)
    _, labels, _ = mixed(Mixup(alpha=1.0), wanted)
    assert labels.shape == (39,) and labels.dtype == np.float32 and (labels <= np.maximum(wanted[1:], wanted[:-1]) + 1e-6).all()
    regression = {**FIELDS, "label": TensorType("f32", ("B",))}
    assert Mixup(alpha=1.0).fields(regression) == regression
    assert str(Mixup(alpha=1.0, classes=5).fields(FIELDS)["label"]) == "f32[B, 5]"
    assert Mixup(alpha=1.0, classes=5).apply_eval({"image": IMAGES}) == {"image": IMAGES}, "a person who predicts has no labels"


# --- mistakes ----------------------------------------------------------------------------------------------------------
ONE = TensorType("f32", ("B", 5))
WRONG: Any = [
    (ColorJitter(field="label"), {}, FieldNotImages, "field"),
    (ColorJitter(), {"image": TensorType("u8", ("B", 12, 10, 3))}, FieldNotFloat, "field"),
    (ColorJitter(), {"image": TensorType("f32", ("B", 12, 10, 4))}, NotColours, "field"),
    (RandomErasing(value=(0.1, 0.2)), {}, ChannelsDiffer, "value"),
    (RandomErasing(field="x"), {}, NoSuchField, "field"),
    (Mixup(alpha=1.0), {}, ClassesNeeded, None),
    (Mixup(alpha=1.0, classes=5, labels="y"), {}, NoSuchField, "labels"),
    (Mixup(alpha=1.0, classes=4), {"label": ONE}, ClassesUnequal, "classes"),
    (Mixup(alpha=1.0, classes=4), {"label": TensorType("bool", ("B",))}, NotToMix, "labels"),
    (Mixup(alpha=1.0, classes=5), {"image": TensorType("f32", ("B", "H", "W", 3))}, NotToMix, "field"),
    (Mixup(alpha=1.0, classes=5), {"image": TensorType("u8", ("B", 4, 4, 3))}, NotToMix, "field"),
    (Cutmix(alpha=1.0, classes=5), {"image": TensorType("f32", ("B", 4))}, FieldNotImages, "field"),
]


@pytest.mark.parametrize(("op", "fields", "problem", "blame"), WRONG)
def test_fields_that_do_not_fit(op: Any, fields: Any, problem: type, blame: str) -> None:
    with pytest.raises(Mistake) as caught:
        op.fields({**FIELDS, **fields})
    found = caught.value.diagnostic
    assert type(found) is problem and found.blame == blame and found.message() and (found.help() or problem is not ClassesNeeded)


@pytest.mark.parametrize("label", [-1, 5])
def test_a_label_that_is_no_class(label: int) -> None:
    with pytest.raises(Mistake) as caught:
        mixed(Mixup(alpha=1.0, classes=5), np.where(NUMBERS == 7, label, 0))
    found = caught.value.diagnostic
    assert isinstance(found, LabelBeyondClasses) and found.found == label and found.message() and found.help()


@pytest.mark.parametrize(
    ("cls", "arguments"),
    [
        (ColorJitter, {"brightness": -0.1}),
        (ColorJitter, {"hue": 0.6}),
        (ColorJitter, {"contrast": (1.2, 0.8)}),
        (RandomErasing, {"value": "black"}),
        (RandomErasing, {"area": (0.5, 0.1)}),
        (Mixup, {"alpha": 0.0}),
        (Cutmix, {"alpha": 1.0, "rate": 1.5}),
    ],
)
def test_bad_arguments_are_refused(cls: Any, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        cls(**arguments)
