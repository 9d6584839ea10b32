"""Columns of uneven values: buckets and rows made of them, values that are read when they are needed, lists from Python."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.data.chains import NoFullBatch
from netspec.diagnostics.data.sequences import NoFullRow, SequenceTooLong, UnevenField
from netspec.diagnostics.spec_error import SpecError
from netspec.library.base import Dataset
from netspec.library.data.columns import Chosen, Lazy, Narrow, Ragged, select
from netspec.library.data.transforms.sequences import Pack
from netspec.library.data.transforms.steps import Batch
from netspec.shape import TensorType
from netspec.train.feed import ArrayFeed, feed_from, feed_of
from tests.train.uneven import BUCKETS, Sequences, counted, feed, plan

# --- buckets and rows -------------------------------------------------------------------------------------------------------------


def test_a_sequence_beyond_the_last_bucket():
    with pytest.raises(Mistake) as caught:
        feed((3, 31, 40), BUCKETS, Batch(size=1))
    assert caught.value.diagnostic == SequenceTooLong(record=1, length=31, limit=30, count=2)
    dropped = feed((3, 31, 40), BUCKETS.replaced(longer="drop"), Batch(size=1))
    assert counted(dropped.evaluation()) == [0]
    cut = feed((3, 31, 40), BUCKETS.replaced(longer="cut"), Batch(size=1))
    assert [b["length"].tolist() for b in cut.evaluation()] == [[3], [30], [30]]
    assert [b["tokens"].shape for b in cut.evaluation()] == [(1, 4), (1, 30), (1, 30)]


def test_buckets_too_small_for_a_batch():
    with pytest.raises(Mistake) as caught:
        _ = feed((2, 2, 8, 8, 20, 20), BUCKETS, Batch(size=3)).steps_per_epoch
    assert caught.value.diagnostic == NoFullBatch(examples=6, size=3)


def packed(lengths: tuple[int, ...], **arguments: Any) -> dict[str, Any]:
    found = feed(lengths, Pack(**arguments), Batch(size=1)).arrays
    return {name: values[:] if isinstance(values, np.ndarray) else values.rows(np.arange(len(values))) for name, values in found.items()}


def test_packing_by_hand():
    rows = packed((5, 4, 3, 9, 1), length=8)
    assert rows["tokens"].tolist() == [
        [1, 1, 1, 1, 1, 3, 3, 3],
        [2, 2, 2, 2, 4, 5, 0, 0],
        [4, 4, 4, 4, 4, 4, 4, 4],
    ]
    assert rows["segment"].tolist() == [[1, 1, 1, 1, 1, 2, 2, 2], [1, 1, 1, 1, 2, 3, 0, 0], [1] * 8]
    assert rows["position"].tolist() == [[0, 1, 2, 3, 4, 0, 1, 2], [0, 1, 2, 3, 0, 0, 0, 0], list(range(8))]
    assert {str(values.dtype) for values in rows.values()} == {"int32"}


def test_a_stream_by_hand():
    rows = packed((5, 2, 6), length=4, fill="stream")
    assert rows["tokens"].tolist() == [[1, 1, 1, 1], [1, 2, 2, 3], [3, 3, 3, 3]]
    assert rows["segment"].tolist() == [[1] * 4, [1, 2, 2, 3], [1] * 4]
    assert rows["position"].tolist() == [[0, 1, 2, 3], [0, 0, 1, 0], [0, 1, 2, 3]]


def test_a_stream_shorter_than_a_row():
    with pytest.raises(Mistake) as caught:
        packed((3, 4), length=8, fill="stream")
    assert caught.value.diagnostic == NoFullRow(tokens=7, length=8)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=60).map(tuple), st.integers(1, 20))
def test_packing_loses_no_token_and_keeps_pieces_whole(lengths, size):
    rows = packed(lengths, length=size)
    counts = np.bincount(rows["tokens"][rows["segment"] > 0], minlength=len(lengths) + 1)
    assert counts[1:].tolist() == list(lengths)
    assert ((rows["segment"] > 0) == (rows["tokens"] > 0)).all()
    for tokens, segment, position in zip(rows["tokens"], rows["segment"], rows["position"], strict=True):
        for number in range(1, segment.max() + 1):
            piece = tokens[segment == number]
            assert len(set(piece.tolist())) == 1 and position[segment == number].tolist() == list(range(len(piece)))
        assert (np.diff(segment[segment > 0]) >= 0).all() and not position[segment == 0].any()


@given(st.lists(st.integers(1, 20), min_size=1, max_size=60).map(tuple))
def test_rows_are_well_filled(lengths):
    """No two rows that are at most half full: the second would have gone into the first."""
    segment = packed(lengths, length=20)["segment"]
    assert ((segment > 0).sum(axis=1) <= 10).sum() <= 1


@given(st.lists(st.integers(1, 40), min_size=1, max_size=60).map(tuple), st.integers(1, 20))
def test_a_stream_is_the_text_itself(lengths, size):
    text = [i + 1 for i, n in enumerate(lengths) for _ in range(n)]
    if len(text) >= size:
        rows = packed(lengths, length=size, fill="stream")
        assert rows["tokens"].reshape(-1).tolist() == text[: len(text) // size * size]
        for tokens, segment, position in zip(rows["tokens"], rows["segment"], rows["position"], strict=True):
            starts = np.diff(tokens, prepend=0) != 0
            assert segment.tolist() == np.cumsum(starts).tolist() and (position[starts] == 0).all()


# --- columns ----------------------------------------------------------------------------------------------------------------------


def test_columns_select_and_read():
    ragged = Ragged.of([[1, 2, 3], [4], [5, 6]])
    assert [r.tolist() for r in ragged.rows(np.array([2, 0]))] == [[5, 6], [1, 2, 3]]
    assert [r.tolist() for r in ragged.select(np.array([2, 1])).cut(1).rows(np.arange(2))] == [[5], [4]]
    lazy = Lazy(5, lambda i: np.full((2, 2), i), stacked=True)
    chosen = select({"x": lazy, "y": Narrow(np.arange(5, dtype=np.int8), np.int32)}, np.array([3, 4]))
    assert isinstance(chosen["x"], Chosen) and len(chosen["x"]) == 2
    assert chosen["x"].rows(np.array([1]))[0, 0, 0] == 4 and chosen["y"].rows(np.array([0])).tolist() == [3]


@dataclass
class Pictures:
    """Pictures that are made when they are asked for."""

    asked: list[int]

    def column(self, sides: list[int]) -> Lazy:
        def read(index: int) -> Any:
            self.asked.append(index)
            return np.full((sides[index], sides[index], 3), index, np.float32)

        return Lazy(len(sides), read)


class Folder(Dataset):
    sides: tuple[int, ...]

    def fields(self) -> dict[str, TensorType]:
        return {"image": TensorType("f32", ("B", "H", "W", 3)), "index": TensorType("i32", ("B",))}

    def load(self, folder: Path | None) -> dict[str, Any]:
        return {"image": Pictures([]).column(list(self.sides)), "index": np.arange(len(self.sides), dtype=np.int32)}


def test_lazy_values_are_read_for_the_batch_that_needs_them():
    pictures = Pictures([])
    ours = ArrayFeed({"image": pictures.column([4] * 6), "index": np.arange(6)}, plan(Folder(sides=()), Batch(size=2)), 0)
    batches = ours.training(0)
    first = next(batches)
    assert pictures.asked == [0, 1] and first["image"].shape == (2, 4, 4, 3)


def test_pictures_of_different_size_need_a_transform():
    ours = feed_from(None, plan(Folder(sides=(2, 3)), Batch(size=2)), 0)
    with pytest.raises(Mistake) as caught:
        next(ours.training(0))
    assert caught.value.diagnostic == UnevenField(field="image", shapes=((2, 2, 3), (3, 3, 3)))


# --- sequences from Python --------------------------------------------------------------------------------------------------------


def given_(data: Any) -> ArrayFeed:
    found = feed_of(data, plan(Sequences(lengths=()), Batch(size=2)), 0)
    assert isinstance(found, ArrayFeed)
    return found


def test_lists_and_arrays_of_sequences_from_python():
    for tokens in ([[5, 2, 7], [4]], (np.array([5, 2, 7]), [4])):
        batch = next(given_({"tokens": tokens, "index": [0, 1]}).training(0))
        assert batch["tokens"].tolist() == [[5, 2, 7, 0, 0, 0, 0, 0], [4, 0, 0, 0, 0, 0, 0, 0]]
        assert batch["length"].tolist() == [3, 1] and batch["tokens"].dtype == np.int32
    batch = next(given_({"tokens": np.ones((2, 5), np.int64), "index": [0, 1]}).training(0))
    assert batch["tokens"].shape == (2, 5) and batch["length"].tolist() == [5, 5]


def test_batches_of_lists_from_python():
    fields = Sequences(lengths=()).fields()
    batches = [{"tokens": [[1, 2, 3], [4]], "index": [0, 1]}, {"tokens": [[5] * 9], "index": [2]}]
    source = feed_of(batches, replace(plan(Sequences(lengths=()), Batch(size=2)), fields=fields), 0)
    first, second = source.training(0)
    assert first["tokens"].tolist() == [[1, 2, 3, 0, 0, 0, 0, 0], [4, 0, 0, 0, 0, 0, 0, 0]] and first["length"].tolist() == [3, 1]
    assert second["tokens"].shape == (1, 16) and counted(source.evaluation()) == [0, 1, 2]


@pytest.mark.parametrize(
    "data",
    [
        {"tokens": [[1.5, 2.0], [1.0]], "index": [0, 1]},
        {"tokens": [[1, 2**40], [1]], "index": [0, 1]},
        {"tokens": [[1, 2], [1]], "index": [0]},
        {"tokens": [[1, 2], [1]], "index": [0, 1], "length": [2.0, 1.0]},
    ],
)
def test_sequences_that_do_not_fit(data):
    with pytest.raises(SpecError) as caught:
        given_(data)
    assert {p.slug() for p in caught.value.diagnostics} == {"array-mismatch"}
