"""The stream of examples: every example once, the same for the same (seed, epoch), padded batches; and the steps of the data chain."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.chains import ChannelsDiffer, FieldNotFloat, NoFullBatch, NoSuchField
from netspec.library.base import BadArguments
from netspec.library.data.draws import Draws, mix_bits
from netspec.library.data.example_order import batch_count, batches, epoch_order
from netspec.library.data.transforms.steps import Batch, Normalize, Shuffle
from netspec.shape import TensorType

FIELDS = {"image": TensorType("f32", ("B", 8, 8, 3)), "label": TensorType("i32", ("B",))}
seeds, epochs, counts = st.integers(-(2**63), 2**64), st.integers(0, 2**40), st.integers(0, 300)
shuffles = st.sampled_from([None, Shuffle(), Shuffle(buffer=1), Shuffle(buffer=7), Shuffle(buffer=300)])


@given(seeds, epochs, counts, shuffles)
def test_every_example_once_and_again_the_same(seed, epoch, n, shuffle):
    order = epoch_order(seed, epoch, n, shuffle)
    assert order.dtype == np.int64 and sorted(order.tolist()) == list(range(n))
    np.testing.assert_array_equal(order, epoch_order(seed, epoch, n, shuffle))


@given(st.integers(1, 200), st.integers(1, 40))
def test_a_buffer_never_sees_farther_than_it_holds(n, size):
    order = epoch_order(3, 1, n, Shuffle(buffer=size))
    if size < n:
        assert all(example < place + size for place, example in enumerate(order.tolist()))


def test_order_without_shuffle_and_with_the_smallest_buffer():
    for shuffle in (None, Shuffle(buffer=1)):
        np.testing.assert_array_equal(epoch_order(0, 5, 6, shuffle), np.arange(6))


def test_orders_never_change():
    """A resumed run, perhaps with another NumPy, sees the same examples."""
    assert epoch_order(0, 0, 12, Shuffle()).tolist() == [8, 7, 4, 2, 6, 10, 5, 9, 0, 11, 1, 3]
    assert epoch_order(7, 3, 12, Shuffle(buffer=4)).tolist() == [0, 2, 1, 3, 5, 6, 4, 7, 11, 9, 10, 8]


def test_seeds_and_epochs_give_different_orders():
    orders = [tuple(epoch_order(seed, epoch, 50, Shuffle()).tolist()) for seed in range(5) for epoch in range(5)]
    assert len(set(orders)) == 25


def test_shuffle_is_fair():
    """Each example is as often at each place: chi-square of 4,000 orders of 8, far below any value that chance would give."""
    places = np.zeros((8, 8))
    for epoch in range(4000):
        places[np.arange(8), epoch_order(1, epoch, 8, Shuffle())] += 1
    assert ((places - 500) ** 2 / 500).sum() < 100


@given(counts, st.integers(1, 50), st.sampled_from(["drop", "pad"]))
def test_batches_hold_the_order(n, size, partial):
    order = epoch_order(1, 2, n, Shuffle())
    if n < size and partial == "drop" or n == 0:
        with pytest.raises(Mistake) as caught:
            list(batches(order, size, partial))
        assert isinstance(caught.value.diagnostic, NoFullBatch)
        return
    made = list(batches(order, size, partial))
    assert len(made) == batch_count(n, size, partial)
    assert all(i.shape == w.shape == (size,) and (i.dtype, w.dtype) == (np.int64, np.float32) for i, w in made)
    seen = np.concatenate([i[w == 1] for i, w in made])
    np.testing.assert_array_equal(seen, order[: n - n % size] if partial == "drop" else order)
    assert sum(w.sum() for _, w in made) == len(seen)


def test_draws_are_those_of_splitmix64():
    """The published generator from the state 1234567: its first numbers, as its reference implementation gives them."""
    state = np.array([1234567], np.uint64)
    assert Draws(state).words(3).tolist() == [[6457827717110365317, 3203168211198807973, 9817491932198370423]]
    assert int(mix_bits(np.zeros(1, np.uint64))[0]) == 0


@given(seeds, epochs, st.integers(0, 9), st.lists(st.integers(0, 2**40), min_size=1, max_size=20, unique=True))
def test_draws_belong_to_examples(seed, epoch, position, indices):
    """Whatever batch they stand in, one by one, in pieces, asked for at once or one after another; and no two streams share a number."""
    draws = Draws.of(seed, epoch, indices, position)
    whole = draws.uniform(3)
    assert (whole >= 0).all() and (whole < 1).all() and len(np.unique(whole)) == whole.size and len(draws) == len(indices)
    singles = np.concatenate([Draws.of(seed, epoch, [i], position).uniform(3) for i in indices])
    np.testing.assert_array_equal(whole, singles)
    again = Draws.of(seed, epoch, indices, position)
    np.testing.assert_array_equal(
        whole, np.concatenate([again.uniform()[:, None], np.concatenate([d.uniform(2) for d in again.each()])], 1)
    )
    for other in (Draws.of(seed + 1, epoch, indices, position), Draws.of(seed, epoch + 1, indices, position)):
        assert not np.isin(other.uniform(3), whole).any()
    assert not np.isin(Draws.of(seed, epoch, indices, position + 1).uniform(3), whole).any()


def test_draws_are_even_and_unrelated():
    """Of neighbours in every number that tells streams apart: means, variances and correlations as chance has them."""
    numbers = Draws.of(0, 0, np.arange(20_000)).uniform(4)
    columns = [numbers, Draws.of(0, 1, np.arange(20_000)).uniform(4), Draws.of(1, 0, np.arange(20_000)).uniform(4)]
    table = np.concatenate(columns, 1)
    assert abs(table.mean(0) - 0.5).max() < 0.01 and abs(table.var(0) - 1 / 12).max() < 0.003
    assert abs(np.corrcoef(table.T) - np.eye(12)).max() < 0.03
    assert abs(np.corrcoef(table[1:, 0], table[:-1, 0])[0, 1]) < 0.03
    assert [len(g.normal(size=3)) for g in Draws.of(0, 0, [4, 9]).generators()] == [3, 3]


# --- transforms -----------------------------------------------------------------------------------------------------------------------


def test_normalize_computes_along_the_last_axis():
    op = Normalize(mean=[0.1, 0.2, 0.3], std=(1.0, 2.0, 4.0))
    images = np.random.default_rng(0).uniform(size=(2, 8, 8, 3)).astype(np.float32)
    batch = {"image": images, "label": np.arange(2)}
    assert op.fields(FIELDS) == FIELDS
    for out in (op.apply(batch, Draws.of(0, 0, [0, 1])), op.apply_eval(batch)):
        assert out["image"].dtype == np.float32 and out["label"] is batch["label"]
        np.testing.assert_allclose(out["image"], (images - [0.1, 0.2, 0.3]) / [1, 2, 4], rtol=1e-5)
    np.testing.assert_array_equal(Normalize(mean=0.0, std=2.0).apply_eval(batch)["image"], images / 2)
    assert hash(op) == hash(Normalize(mean=(0.1, 0.2, 0.3), std=[1.0, 2.0, 4.0]))


@pytest.mark.parametrize(
    ("op", "cls", "blame"),
    [
        (Normalize(mean=0.1, std=0.1, field="images"), NoSuchField, "field"),
        (Normalize(mean=0.1, std=0.1, field="label"), FieldNotFloat, "field"),
        (Normalize(mean=(0.1, 0.2), std=0.1), ChannelsDiffer, "mean"),
        (Normalize(mean=0.1, std=(0.1, 0.2, 0.3, 0.4)), ChannelsDiffer, "std"),
    ],
)
def test_normalize_refuses_what_does_not_fit(op, cls, blame):
    with pytest.raises(Mistake) as caught:
        op.fields(FIELDS)
    assert type(caught.value.diagnostic) is cls and caught.value.diagnostic.blame == blame and caught.value.diagnostic.message()


@pytest.mark.parametrize(
    ("cls", "arguments"),
    [
        (Shuffle, {"buffer": 0}),
        (Batch, {"size": 0}),
        (Batch, {"size": 2.5}),
        (Batch, {"size": 2, "partial": "keep"}),
        (Normalize, {"mean": 0.0, "std": 0.0}),
        (Normalize, {"mean": 0.0, "std": [0.1, -1.0]}),
    ],
)
def test_bad_arguments_are_refused(cls, arguments):
    with pytest.raises(BadArguments):
        cls(**arguments)


# --- patterns -------------------------------------------------------------------------------------------------------------------------
