"""Transforms of images: what they do to each image, that draws are per example and repeatable, and sizes that do not fit."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.chains import FieldNotFloat, NoSuchField
from netspec.diagnostics.data.images import FieldNotImages, ImageTooSmall
from netspec.library.base import Transform
from netspec.library.data.draws import Draws
from netspec.library.data.transforms.colours import ColorJitter
from netspec.library.data.transforms.erasing import RandomErasing
from netspec.library.data.transforms.images import CenterCrop, Flip, RandomCrop, RandomResizedCrop
from netspec.library.data.transforms.rand_augment import RandAugment
from netspec.library.data.transforms.steps import Bernoulli, Binarize, Normalize
from netspec.library.functions.resize_filter import resize_image, weights
from netspec.library.shelf.index_writer import classes
from netspec.shape import TensorType

FIELDS = {"image": TensorType("f32", ("B", 32, 32, 3)), "label": TensorType("i32", ("B",))}
VARYING = {"image": TensorType("f32", ("B", "H", "W", 3)), "label": TensorType("i32", ("B",))}
RNG = np.random.default_rng(0)
IMAGES = RNG.random((64, 32, 32, 3)).astype(np.float32)
SEVERAL = [RNG.random((int(h), int(w), 3)).astype(np.float32) for h, w in RNG.integers(40, 90, (12, 2))]
RANDOM: Any = [
    Flip(),
    Bernoulli(),
    RandomCrop(size=28),
    RandomCrop(size=32, pad=4, mode="reflect"),
    RandomResizedCrop(size=16),
    RandomErasing(),
    RandomErasing(rate=1.0, value="random"),
    ColorJitter(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.1),
    RandAugment(),
]
FIXED: Any = [Normalize(mean=0.5, std=0.25), Binarize(), CenterCrop(size=24), CenterCrop(size=24, share=0.875)]
MODULES = ("transforms.images", "transforms.steps", "transforms.erasing", "transforms.colours", "transforms.rand_augment")
each_random = pytest.mark.parametrize("op", RANDOM, ids=lambda op: op.op_name())
each = pytest.mark.parametrize("op", RANDOM + FIXED, ids=lambda op: op.op_name())


def train(op: Any, images: Any = IMAGES, seed: int = 0, epoch: int = 0, first: int = 0, position: int = 0) -> Any:
    """The images as examples `first`, `first + 1`, …"""
    draws = Draws.of(seed, epoch, np.arange(first, first + len(images)), position)
    return op.apply({"image": images, "label": np.arange(len(images))}, draws)["image"]


def evaluated(op: Any, images: Any = IMAGES) -> Any:
    return op.apply_eval({"image": images, "label": np.arange(len(images))})["image"]


def test_every_transform_of_images_is_here() -> None:
    found = {cls for cls in classes() if issubclass(cls, Transform) and cls.__module__.endswith(MODULES)}
    assert {type(op) for op in RANDOM + FIXED} == {cls for cls in found if cls.op_name() not in ("batch", "shuffle", "rename")}


def test_no_transform_keeps_what_it_was_given() -> None:
    for op in RANDOM + FIXED:
        for images in (IMAGES, SEVERAL):
            before = [image.copy() for image in images]
            train(op, images), evaluated(op, images)
            assert all(np.array_equal(image, old) for image, old in zip(images, before, strict=True))


# --- all of them -------------------------------------------------------------------------------------------------------
@each
@pytest.mark.parametrize("run", [train, evaluated])
def test_images_have_the_declared_type(op: Any, run: Any) -> None:
    kind, found = op.fields(FIELDS)["image"], run(op)
    assert found.shape == (64, *(dim.value for dim in kind.shape[1:])) and found.dtype == np.float32
    assert op.fields(FIELDS)["label"] == FIELDS["label"]


@each
@pytest.mark.parametrize("run", [train, evaluated])
def test_images_of_several_sizes(op: Any, run: Any) -> None:
    kind, found = op.fields(VARYING)["image"], run(op, SEVERAL)
    if all(dim.is_constant for dim in kind.shape[1:]):
        assert found.shape == (12, *(dim.value for dim in kind.shape[1:]))
    else:
        assert [image.shape for image in found] == [image.shape for image in SEVERAL] and kind == VARYING["image"]


@each_random
def test_a_batch_is_drawn_again_the_same(op: Any) -> None:
    before = IMAGES.copy()
    np.testing.assert_array_equal(train(op), train(op))
    assert all((train(op) != train(op, **{key: 1})).any() for key in ("seed", "epoch", "first", "position"))
    np.testing.assert_array_equal(IMAGES, before)


@each_random
def test_an_example_is_drawn_whatever_stands_beside_it(op: Any) -> None:
    """Draws belong to the example, so that other batches of the same examples hold the same."""
    whole = train(op)
    for first, last in ((0, 5), (5, 6), (6, 64)):
        np.testing.assert_array_equal(whole[first:last], train(op, IMAGES[first:last], first=first))
    same = np.repeat(IMAGES[:1], 64, 0)
    assert len({image.tobytes() for image in train(op, same)}) > 1


@each
def test_evaluation_has_no_chance(op: Any) -> None:
    """Each image by itself, in any batch, gives the same."""
    whole = evaluated(op)
    np.testing.assert_array_equal(whole, np.concatenate([evaluated(op, IMAGES[:50]), evaluated(op, IMAGES[50:])]))
    np.testing.assert_array_equal(whole[::-1], evaluated(op, np.ascontiguousarray(IMAGES[::-1])))
    assert type(op).random or np.array_equal(whole, train(op))


# --- single ones -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("axis", "turned"), [("horizontal", IMAGES[:, :, ::-1]), ("vertical", IMAGES[:, ::-1])])
def test_flip(axis: Any, turned: np.ndarray) -> None:
    found = train(Flip(axis=axis))
    mirrored = (found == turned).all((1, 2, 3))
    assert (mirrored ^ (found == IMAGES).all((1, 2, 3))).all() and 16 < mirrored.sum() < 48
    np.testing.assert_array_equal(train(Flip(axis=axis, rate=1.0)), turned)
    for unchanged in (train(Flip(axis=axis, rate=0.0)), evaluated(Flip(axis=axis))):
        np.testing.assert_array_equal(unchanged, IMAGES)


def test_random_crop_takes_every_place() -> None:
    """A piece of the padded image, and each of the 9 by 9 places about as often as the others."""
    places = np.zeros((9, 9))
    row = np.arange(1, 33, dtype=np.float32)
    image = (row[:, None] * 100 + row)[..., None]
    for batch in range(60):
        for piece in train(RandomCrop(size=32, pad=4), np.repeat(image[None], 64, 0), first=64 * batch):
            top, left = int(np.argmax(piece.any((1, 2)))), int(np.argmax(piece.any((0, 2))))
            y, x = divmod(int(piece[top, left, 0]), 100)
            places[y - 1 - top + 4, x - 1 - left + 4] += 1
            wide = np.pad(image, ((4, 4), (4, 4), (0, 0)))
            np.testing.assert_array_equal(piece, wide[y - top + 3 : y - top + 35, x - left + 3 : x - left + 35])
    expected = places.sum() / 81
    assert ((places - expected) ** 2 / expected).sum() < 150, "chi-square with 80 degrees of freedom"


@pytest.mark.parametrize("mode", ["constant", "reflect", "edge"])
def test_what_is_added_around_the_image(mode: Any) -> None:
    op = RandomCrop(size=40, pad=4, mode=mode)
    np.testing.assert_array_equal(train(op), np.pad(IMAGES, ((0, 0), (4, 4), (4, 4), (0, 0)), mode))
    np.testing.assert_array_equal(train(op), evaluated(op))


def test_the_middle() -> None:
    np.testing.assert_array_equal(evaluated(CenterCrop(size=(24, 31))), IMAGES[:, 4:28, :31])
    np.testing.assert_array_equal(evaluated(RandomCrop(size=32, pad=4)), IMAGES)
    np.testing.assert_array_equal(evaluated(RandomCrop(size=(28, 20), pad=2, mode="edge")), IMAGES[:, 2:30, 6:26])
    np.testing.assert_array_equal(evaluated(CenterCrop(size=28, share=0.875)), IMAGES[:, 2:30, 2:30])
    wide = RNG.random((1, 60, 100, 3)).astype(np.float32)
    np.testing.assert_array_equal(evaluated(CenterCrop(size=60, share=1.0), wide), wide[:, :, 20:80])
    np.testing.assert_allclose(
        evaluated(CenterCrop(size=(10, 20), share=0.8), wide)[0], resize_image(wide[0, 10:50, 10:90], (10, 20), "bilinear")
    )
    resize = RandomResizedCrop(size=24, method="bicubic")
    np.testing.assert_array_equal(evaluated(resize), evaluated(CenterCrop(size=24, share=0.875, method="bicubic")))


sizes = st.integers(1, 400)


@given(st.lists(st.tuples(sizes, sizes), min_size=1, max_size=20), st.integers(0, 1000))
def test_boxes_lie_in_the_image(found: list[tuple[int, int]], epoch: int) -> None:
    op, sides = RandomResizedCrop(size=8), np.array(found, np.int64)
    chances = Draws.of(0, epoch, range(len(found))).uniform(10, 4)
    corners, boxes = op.boxes(sides, chances)
    assert (corners >= 0).all() and (boxes > 0).all() and (corners + boxes <= sides).all()


def test_boxes_have_the_areas_and_proportions_that_are_allowed() -> None:
    op, sides = RandomResizedCrop(size=8, area=(0.3, 0.5), aspect=(0.5, 2.0)), np.full((4000, 2), 1000)
    corners, boxes = op.boxes(sides, np.random.default_rng(0).random((4000, 10, 4)))
    area, shape = boxes.prod(1) / 1e6, boxes[:, 1] / boxes[:, 0]
    assert 0.299 < area.min() < 0.303 and 0.49 < area.max() < 0.501 and 0.399 < area.mean() < 0.401
    assert 0.49 < shape.min() < 0.52 and 1.9 < shape.max() < 2.01 and abs(np.log(shape).mean()) < 0.03
    middle = (corners + boxes / 2).mean(0)
    np.testing.assert_allclose(middle, 500, atol=10)


def test_where_no_box_fits_the_middle_is_taken() -> None:
    sides = np.array([[10, 400], [400, 10], [100, 110]])
    corners, boxes = RandomResizedCrop(size=8, area=(1.0, 1.0)).boxes(sides, np.full((3, 10, 4), 0.999))
    assert boxes.tolist() == [[10, 13], [13, 10], [100, 110]]
    assert corners.tolist() == [[0, 193], [193, 0], [0, 0]]


def test_binarize_and_bernoulli() -> None:
    np.testing.assert_array_equal(evaluated(Binarize(threshold=0.3)), IMAGES > 0.3)
    gray = np.full((64, 32, 32, 1), 0.25, np.float32)
    for found in (train(Bernoulli(), gray), evaluated(Bernoulli(), gray)):
        assert set(np.unique(found)) == {0, 1} and abs(found[0].mean() - 0.25) < 0.05
    assert train(Bernoulli(), gray).mean() == pytest.approx(0.25, abs=0.01)
    ends = np.repeat(np.array([0, 1], np.float32), 512).reshape(1, 32, 32, 1)
    for found in (train(Bernoulli(), ends), evaluated(Bernoulli(), ends)):
        np.testing.assert_array_equal(found, ends)


# --- resizing ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("method", "theirs"), [("bilinear", "linear"), ("bicubic", "cubic")])
@pytest.mark.parametrize("size", [(32, 32), (7, 50), (64, 16), (1, 1), (100, 3)])
def test_resizing_is_jaxs(method: Any, theirs: str, size: tuple[int, int]) -> None:
    with jax.enable_x64(True):
        oracle = jax.image.resize(IMAGES[0].astype(np.float64), (*size, 3), theirs, antialias=True)
        np.testing.assert_allclose(resize_image(IMAGES[0].astype(np.float64), size, method), oracle, atol=1e-6)
    found = resize_image(IMAGES[0], size, method)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, oracle, atol=1e-5)


@given(sizes, sizes, st.sampled_from(["bilinear", "bicubic"]))
def test_a_plain_image_stays_plain(before: int, after: int, method: Any) -> None:
    found = weights(before, after, method)
    assert found.shape == (after, before)
    np.testing.assert_allclose(found.sum(1), 1)


# --- mistakes ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("op", "problem", "blame"),
    [
        (Flip(field="images"), NoSuchField, "field"),
        (Flip(field="label"), FieldNotImages, "field"),
        (CenterCrop(size=33), ImageTooSmall, "size"),
        (CenterCrop(size=8, field="label"), FieldNotImages, "field"),
        (RandomCrop(size=(32, 41), pad=4), ImageTooSmall, "size"),
        (RandomResizedCrop(size=8, field="label"), FieldNotImages, "field"),
        (Binarize(field="label"), FieldNotFloat, "field"),
        (Bernoulli(field="x"), NoSuchField, "field"),
    ],
)
def test_fields_that_do_not_fit(op: Any, problem: type, blame: str) -> None:
    with pytest.raises(Mistake) as caught:
        op.fields(FIELDS)
    assert type(caught.value.diagnostic) is problem and caught.value.diagnostic.blame == blame


def test_whole_numbers_are_cut_but_not_resized() -> None:
    whole = {"image": TensorType("u8", ("B", 32, 32, 3))}
    for op in (Flip(), CenterCrop(size=8), RandomCrop(size=8)):
        assert op.fields(whole)["image"].dtype == "u8"
    for op in (CenterCrop(size=8, share=0.5), RandomResizedCrop(size=8)):
        with pytest.raises(Mistake) as caught:
            op.fields(whole)
        assert isinstance(caught.value.diagnostic, FieldNotFloat)


def test_an_image_that_turns_out_to_be_too_small() -> None:
    for op in (CenterCrop(size=60), RandomCrop(size=60)):
        assert op.fields(VARYING)["image"].shape[1].value == 60
        with pytest.raises(Mistake) as caught:
            train(op, SEVERAL)
        found = caught.value.diagnostic
        assert isinstance(found, ImageTooSmall) and "60x60" in found.message() and found.help()


@pytest.mark.parametrize(
    "arguments", [{"area": (0.5, 0.1)}, {"aspect": (2.0, 1.0)}, {"area": (0.0, 1.0)}, {"size": 0}, {"method": "nearest"}]
)
def test_bad_arguments_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        RandomResizedCrop(**{"size": 8, **arguments})
