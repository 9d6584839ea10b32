"""Laws of batches made of uneven data: plain, ragged, bucketed and whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netspec.library.base import Dataset, Transform
from netspec.library.data.draws import Draws
from netspec.library.data.transforms.steps import Batch, Shuffle
from netspec.shape import TensorType
from netspec.train.collation import width
from netspec.train.feed import feed_from
from tests.train.uneven import BUCKETS, counted, feed, plan


class Graph(Dataset):
    """One whole: three nodes and two edges."""

    batched = False

    def fields(self) -> dict[str, TensorType]:
        return {"nodes": TensorType("f32", (3, 2)), "senders": TensorType("i32", ("E",))}

    def load(self, folder: Path | None) -> dict[str, Any]:
        return {"nodes": np.ones((3, 2), np.float32), "senders": np.array([0, 1], np.int32)}


class Noise(Transform):
    """Adds the number that each example draws first as a field of this name."""

    random = True
    name: str

    def apply(self, batch: dict[str, Any], draws: Draws) -> dict[str, Any]:
        return {**batch, self.name: draws.uniform()}


def same(ours: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> None:
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert a.keys() == b.keys()
        for name in a:
            np.testing.assert_array_equal(a[name], b[name])


CHAINS = {
    "ragged": (Shuffle(), Batch(size=3)),
    "buffered": (Shuffle(buffer=4), Batch(size=3)),
    "ordered": (Batch(size=3),),
    "bucketed": (BUCKETS, Shuffle(), Batch(size=3)),
    "bucketed in order": (BUCKETS, Batch(size=3)),
    "filled up": (BUCKETS, Shuffle(), Batch(size=3, partial="pad")),
    "with noise": (BUCKETS, Noise(name="a"), Noise(name="b"), Shuffle(), Batch(size=3)),
}
some_lengths = st.lists(st.integers(1, 30), min_size=9, max_size=40).map(tuple)
chains = st.sampled_from(list(CHAINS.values()))


@given(some_lengths, chains, st.integers(0, 5), st.integers(0, 9))
def test_an_epoch_is_the_same_again_from_any_batch(lengths, chain, epoch, start):
    ours, again = feed(lengths, *chain, seed=3), feed(lengths, *chain, seed=3)
    whole = list(ours.training(epoch))
    same(list(again.training(epoch)), whole)
    same(list(again.training(epoch, start)), whole[start:])
    assert len(whole) == ours.steps_per_epoch


@given(some_lengths, chains, st.integers(0, 5))
def test_no_example_comes_twice_in_an_epoch_and_few_are_left_out(lengths, chain, epoch):
    ours = feed(lengths, *chain)
    seen = counted(ours.training(epoch))
    buckets = 3 if BUCKETS in chain else 1
    assert len(seen) == len(set(seen)) >= len(lengths) - 2 * buckets
    if ours.partial == "pad":
        assert len(seen) == len(lengths)


@given(some_lengths, chains)
def test_an_evaluation_counts_every_example_once(lengths, chain):
    found = list(feed(lengths, *chain).evaluation())
    assert sorted(counted(found)) == list(range(len(lengths))) and all(len(b["index"]) == 3 for b in found)


@given(some_lengths, chains)
def test_rows_are_the_sequences_and_zeros_behind_them(lengths, chain):
    bounds = BUCKETS.bounds if BUCKETS in chain else (8, 16, 32)
    for batch in feed(lengths, *chain).training(0):
        wide = batch["tokens"].shape[1]
        assert wide in bounds and wide == next(b for b in bounds if b >= batch["length"].max())
        if BUCKETS in chain:
            assert {next(b for b in bounds if b >= n) for n in batch["length"]} == {wide}
        for row, index, length in zip(batch["tokens"], batch["index"], batch["length"], strict=True):
            assert length == lengths[index] and row.tolist() == [index + 1] * length + [0] * (wide - length)


def test_batches_of_buckets_are_mixed_anew_in_each_epoch():
    ours = feed(tuple([2] * 30 + [8] * 30), BUCKETS, Shuffle(), Batch(size=3))
    widths = [[b["tokens"].shape[1] for b in ours.training(epoch)] for epoch in range(3)]
    assert widths[0] != widths[1] != widths[2] and all(sorted(w) == [4] * 10 + [9] * 10 for w in widths)


def test_batches_of_buckets_in_order_come_as_they_fill_up():
    found = [b["index"].tolist() for b in feed((2, 8, 2, 8, 8, 2), BUCKETS, Batch(size=3)).training(0)]
    assert found == [[1, 3, 4], [0, 2, 5]]


def test_two_random_transforms_of_one_chain_draw_different_numbers():
    batch = next(feed((1, 2, 3), Noise(name="a"), Noise(name="b"), Batch(size=3)).training(0))
    assert batch["a"][0] != batch["b"][0]


def test_sequences_are_padded_to_what_the_model_takes():
    assert [width(n) for n in (1, 8, 9, 16, 100)] == [8, 8, 16, 16, 128]
    assert [width(n, 100) for n in (9, 70, 100, 120)] == [16, 100, 100, 120]


# --- one whole --------------------------------------------------------------------------------------------------------------------


def test_one_whole_is_one_step_an_epoch_and_evaluated_as_it_is():
    ours = feed_from(None, plan(Graph()), 0)
    [batch] = ours.training(4)
    assert ours.steps_per_epoch == 1 and batch.keys() == {"nodes", "senders"} and batch["nodes"].shape == (3, 2)
    same(list(ours.evaluation()), [batch])
    assert not list(ours.training(4, 1))
