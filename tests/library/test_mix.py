"""Several datasets as one: how often each example comes, by whose weight, and in which order."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netspec.compile import check
from netspec.library.data.columns import Joined, Lazy, Narrow, Ragged, join_columns, rows_of, select
from netspec.library.data.datasets.digits import Digits
from netspec.library.data.datasets.mix import Mix
from netspec.library.data.example_order import mix_order, share_out
from netspec.library.data.transforms.steps import Shuffle
from netspec.source import Source
from netspec.train.feed import ArrayFeed, feed_from

SPEC = """netspec 1
model M {{
  input image: f32[B, 8, 8, 1]
  output logits = image -> flatten -> dense(10)
}}
train M {{
  data = {chain}
  loss = softmax_cross_entropy(logits, label)
  optimizer = sgd(0.1)
  duration = 3 steps
}}
"""
counts = st.lists(st.integers(1, 20), min_size=1, max_size=4)


@given(counts, st.data(), st.integers(0, 5), st.sampled_from([None, Shuffle(), Shuffle(buffer=3)]), st.integers(1, 3))
def test_an_order_by_a_walk_in_plain_python(sizes: list[int], data: Any, epoch: int, shuffle: Any, times: int) -> None:
    """Each source is an endless walk through its examples, all once in each pass, from which every epoch takes the next ones."""
    weights = data.draw(st.lists(st.floats(0.1, 10), min_size=len(sizes), max_size=len(sizes)))
    sources, first = np.repeat(np.arange(len(sizes)), sizes), np.cumsum([0, *sizes])
    quotas = share_out(sum(sizes), weights)
    assert sum(quotas) == sum(sizes)
    assert all(abs(q - sum(sizes) * w / sum(weights)) < 1 for q, w in zip(quotas, weights, strict=True))
    order = mix_order(7, epoch, sources, weights, shuffle, times)
    assert len(order.indices) == times * sum(sizes)
    for own, (size, quota) in enumerate(zip(sizes, quotas, strict=True)):
        mine = sources[order.indices] == own
        assert mine.sum() == times * quota
        walk = [step for step in range(epoch * times * quota, (epoch + 1) * times * quota)]
        assert order.epochs[mine].tolist() == [step // size for step in walk]
        if shuffle is None:
            assert order.indices[mine].tolist() == [first[own] + step % size for step in walk]
    seen = Counter(zip(order.indices.tolist(), order.epochs.tolist(), strict=True))
    assert max(seen.values()) == 1, "so that no two visits draw the same"


def test_every_example_has_its_turn_and_epochs_differ() -> None:
    sources = np.repeat([0, 1], [100, 7])
    visits = [mix_order(0, epoch, sources, (0.5, 0.5), Shuffle()) for epoch in range(14)]
    seen = Counter(index for order in visits for index in order.indices.tolist())
    assert set(seen) == set(range(107))
    for own in (range(100), range(100, 107)):
        assert max(seen[i] for i in own) - min(seen[i] for i in own) <= 1
    assert len({tuple(order.indices.tolist()) for order in visits}) == 14
    turns = np.concatenate([sources[order.indices] for order in visits])
    assert 0.4 < (turns[1:] != turns[:-1]).mean() < 0.6, "whose turn it is has no pattern"


def test_columns_one_behind_the_other() -> None:
    narrow = Narrow(np.arange(6, dtype=np.uint8).reshape(3, 2), np.float32)
    lazy = Lazy(2, lambda index: np.full(2, 10 + index, np.float32), stacked=True)
    both = join_columns([narrow, lazy])
    assert isinstance(both, Joined) and len(both) == 5 and both.decoded and not join_columns([narrow, narrow]).decoded
    np.testing.assert_array_equal(both.rows(np.array([4, 0, 3])), [[11, 11], [0, 1], [10, 10]])
    np.testing.assert_array_equal(rows_of(select({"x": both}, np.array([3, 1]))["x"], np.array([0])), [[10, 10]])
    several = join_columns([lazy, Lazy(1, lambda index: np.zeros(3, np.float32))])
    assert [len(value) for value in several.rows(np.array([2, 0]))] == [3, 2]
    texts = join_columns([Ragged.of([[1, 2], [3]]), Ragged.of([[4, 5, 6]])])
    assert isinstance(texts, Ragged) and [v.tolist() for v in texts.rows(np.array([2, 1, 0]))] == [[4, 5, 6], [3], [1, 2]]
    np.testing.assert_array_equal(join_columns([np.arange(2), np.arange(3)]), [0, 1, 0, 1, 2])


def test_a_mixture_trains() -> None:
    chain = 'mix([digits(), digits("test")], weights=[1, 3], validation=0.1) -> shuffle -> batch(50)'
    checked = check(Source("m.net", SPEC.format(chain=chain)))
    assert checked.problems == () and checked.typed is not None
    plan = checked.typed.trains[0]
    source = feed_from(None, plan.data, 0)
    assert isinstance(source, ArrayFeed)
    found = np.concatenate([batch["source"] for batch in source.training(0)])
    assert abs(np.mean(found) - 0.75) < 0.01 and source.steps_per_epoch == source.examples // 50
    assert plan.eval.data is not None and plan.data.dataset.class_counts() == {"label": 10}
    held = feed_from(None, plan.eval.data, 0)
    kept = sum(float(batch["example weights"].sum()) for batch in held.evaluation())
    assert (
        kept == held.examples
        and held.examples + source.examples == Mix(datasets=(Digits(), Digits(part="test")), weights=(1, 3)).known_count()
    )
    assert plan.eval.test is not None and plan.eval.test.dataset.known_count() == Digits(part="test").known_count()


@pytest.mark.parametrize(("first", "shares"), [(50, [45, 5]), (7, [6, 1]), (10_000, [1437, 360])])
def test_the_first_of_a_mixture_are_of_all_by_their_weights(first: int, shares: list[int]) -> None:
    chain = f'mix([digits(), digits("test")], weights=[0.9, 0.1], validation=none) -> take({first}) -> batch(5)'
    checked = check(Source("m.net", SPEC.format(chain=chain)))
    assert checked.typed is not None, checked.problems
    source = feed_from(None, checked.typed.trains[0].data, 0)
    assert isinstance(source, ArrayFeed)
    images, sources = (rows_of(source.arrays[name], np.arange(source.examples)) for name in ("image", "source"))
    assert np.bincount(np.asarray(sources)).tolist() == shares
    for own, (dataset, count) in enumerate(zip((Digits(), Digits(part="test")), shares, strict=True)):
        np.testing.assert_array_equal(np.asarray(images)[sources == own], rows_of(dataset.load(None)["image"], np.arange(count)))


@pytest.mark.parametrize(
    ("chain", "words"),
    [
        ("mix([digits()], weights=[0.5, 0.5]) -> batch(8)", "one for each of the 1 datasets"),
        ("mix([digits(), mnist()], weights=[0.5, 0.5]) -> batch(8)", "`image` is f32[B, 8, 8, 1] and f32[B, 28, 28, 1]"),
        ("mix([digits(), digits(validation=0.5)], weights=[0.5, 0.5]) -> batch(8)", "set aside for validation stands behind the weights"),
        ("mix([digits(), digits()], weights=[0.5, 0.0]) -> batch(8)", "weights"),
        ("mix([digits(), flip()], weights=[0.5, 0.5]) -> batch(8)", "wants a dataset"),
    ],
)
def test_mixtures_that_are_refused(chain: str, words: str) -> None:
    problems = check(Source("m.net", SPEC.format(chain=chain))).problems
    assert len(problems) == 1 and words in problems[0].message(), [p.message() for p in problems]


def test_a_mixture_of_pictures_holds_pictures() -> None:
    """So one in any file can be predicted; of a mixture with anything else it cannot."""
    from netspec.library.data.datasets.image_folder import ImageFolder
    from netspec.library.data.datasets.synthetic import Synthetic
    from netspec.shape import TensorType

    assert Mix(datasets=(Digits(), Digits(part="test")), weights=(1.0, 1.0)).pictures
    assert not Mix(
        datasets=(Digits(), Synthetic(fields={"image": TensorType("f32", (8, 8, 1)), "label": TensorType("i32")})), weights=(1, 1)
    ).pictures
    grey = ImageFolder(folder="a", size=8, channels=1, background=0.5)
    assert Mix(datasets=(grey, grey), weights=(1, 1)).background_of_pictures() == grey.background_of_pictures() != ()
