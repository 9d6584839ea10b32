"""Chains of images as training feeds them: the same images when an epoch is entered in its middle, and none of chance in evaluation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from netspec.compile import check
from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.sequences import UnevenField
from netspec.ir import DataPlan
from netspec.library.data.columns import Lazy
from netspec.source import Source
from netspec.train.feed import ArrayFeed

SPEC = """netspec 1
model M {{
  input image: f32[B, {size}, {size}, 3]
  output logits = image -> global_avg_pool -> dense(10)
}}
train M {{
  data = {chain}
  loss = softmax_cross_entropy(logits, label)
  optimizer = sgd(0.1)
  duration = 3 steps
}}
"""
CIFAR = 'cifar10() -> random_crop(32, pad=4, mode="reflect") -> flip -> flip -> normalize(0.5, 0.25) -> shuffle -> batch(4)'
FOLDER = 'image_folder("train") -> flip -> random_resized_crop(32) -> shuffle -> batch(4)'
RNG = np.random.default_rng(0)
IMAGES = RNG.random((18, 32, 32, 3)).astype(np.float32)
SEVERAL = [RNG.random((int(h), int(w), 3)).astype(np.float32) for h, w in RNG.integers(20, 50, (18, 2))]
LABELS = np.arange(18, dtype=np.int32) % 10


def text(chain: str, size: int | str = 32) -> Source:
    return Source("m.net", SPEC.format(chain=chain, size=size))


def plan(chain: str, size: int | str = 32) -> DataPlan:
    checked = check(text(chain, size))
    assert checked.problems == () and checked.typed is not None
    return checked.typed.trains[0].data


def feed(chain: str, images: Any, **changes: Any) -> ArrayFeed:
    return ArrayFeed({"image": images, "label": LABELS}, replace(plan(chain), **changes), 0)


BOTH = [(CIFAR, IMAGES), (FOLDER, Lazy(18, SEVERAL.__getitem__))]
each = pytest.mark.parametrize(("chain", "images"), BOTH, ids=["one size", "several"])


@each
def test_an_epoch_is_entered_at_any_batch(chain: str, images: Any) -> None:
    source = feed(chain, images)
    whole = [batch["image"] for batch in source.training(2)]
    assert len(whole) == 4 and all(batch.shape == (4, 32, 32, 3) for batch in whole)
    for one, other in zip(whole[2:], source.training(2, 2), strict=True):
        np.testing.assert_array_equal(one, other["image"])
    assert all((one != other["image"]).any() for one, other in zip(whole, source.training(3), strict=True))


@each
def test_an_evaluation_does_not_depend_on_its_batches(chain: str, images: Any) -> None:
    found = []
    for size in (4, 7, 18):
        batches = list(feed(chain, images, batch=size).evaluation())
        found.append(np.concatenate([batch["image"][batch["example weights"] > 0] for batch in batches]))
        assert len(found[-1]) == 18
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
    if images is IMAGES:
        np.testing.assert_allclose(found[0], (IMAGES - 0.5) / 0.25, 1e-5, 1e-6)


def test_two_steps_of_one_kind_draw_for_themselves() -> None:
    """Two mirrors in a row: an image is mirrored twice about as often as once, which one draw for both would never do."""
    upright = 0
    for epoch in range(20):
        for batch in feed("cifar10() -> flip -> flip -> batch(4)", IMAGES).training(epoch):
            same = [any(np.array_equal(image, original) for original in IMAGES) for image in batch["image"]]
            upright += sum(same)
    assert 110 < upright < 210, "of 320"


def test_images_that_no_step_brought_to_one_size() -> None:
    chain = 'image_folder("train") -> flip -> batch(4)'
    source = ArrayFeed({"image": Lazy(18, SEVERAL.__getitem__), "label": LABELS}, plan(chain, "S"), 0)
    with pytest.raises(Mistake) as caught:
        next(source.training(0))
    assert isinstance(caught.value.diagnostic, UnevenField)
