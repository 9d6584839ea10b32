"""Data that netspec makes or carries: sums as characters, and the karate club."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from netspec.library.base import Dataset
from netspec.library.data.datasets.addition import Addition, is_held_out
from netspec.library.data.datasets.karate import KarateClub

CHARACTERS = "_.=+0123456789 "


def written(rows: np.ndarray, lengths: np.ndarray) -> list[str]:
    """The characters of each row up to its length; what is behind must be padding."""
    assert all(not row[length:].any() for row, length in zip(rows, lengths, strict=True))
    return ["".join(CHARACTERS[k] for k in row[:length]) for row, length in zip(rows.tolist(), lengths.tolist(), strict=True)]


def numbers(data: dict[str, Any]) -> list[tuple[int, int]]:
    queries = written(data["query"], data["query_length"])
    assert all(query[-1] == "." for query in queries)
    return [tuple(map(int, query[:-1].split("+"))) for query in queries]  # type: ignore[misc]


@pytest.mark.parametrize("digits", range(1, 10))
@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_every_sum_is_right(digits: int, part: Any) -> None:
    op = Addition(digits=digits, part=part, count=300)
    data = op.load(None)
    assert {n: (x.dtype.name, x.shape[1:]) for n, x in data.items()} == {
        n: ("int32", tuple(d.value for d in kind.shape[1:])) for n, kind in op.fields().items()
    }
    pairs, answers = numbers(data), written(data["answer"], data["answer_length"])
    assert answers == [f"={a + b}." for a, b in pairs]
    assert max(max(pair) for pair in pairs) < 10**digits and len(str(max(max(pair) for pair in pairs))) == digits


@pytest.mark.parametrize("digits", [1, 2, 3])
def test_no_pair_is_in_two_parts_in_any_order(digits: int) -> None:
    train, held, test = (numbers(Addition(digits=digits, part=part, count=20_000).load(None)) for part in ("train", "validation", "test"))
    sides = [{tuple(sorted(pair)) for pair in pairs} for pairs in (train, held, test)]
    assert not sides[0] & sides[1] and not sides[0] & sides[2] and not sides[1] & sides[2]
    assert held and test and all(is_held_out(np.array([pair, pair[::-1]], np.uint64)).all() for pair in test[:100])


def test_a_tenth_is_held_out() -> None:
    grid = np.stack(np.meshgrid(np.arange(1000), np.arange(1000)), -1).reshape(-1, 2).astype(np.uint64)
    assert is_held_out(grid).mean() == pytest.approx(0.1, abs=0.001)


def test_sums_never_change() -> None:
    """A resumed run, perhaps with another NumPy, sees the same examples; more of them begin with the same."""
    data = Addition(count=4).load(None)
    assert written(data["query"], data["query_length"]) == ["83+207.", "66+152.", "412+103.", "691+832."]
    for name, values in Addition(count=9000).load(None).items():
        np.testing.assert_array_equal(values[:4], data[name])
    test = Addition(part="test", count=3).load(None)
    assert numbers(test) == [(628, 409), (770, 748), (928, 327)]


def test_parts_and_counts() -> None:
    assert len(Addition().load(None)["query"]) == 100_000
    test = Addition(digits=2, count=50).test()
    assert test == Addition(digits=2, part="test") and test.test() is None and len(test.load(None)["query"]) == 2_000
    pairs = np.array(numbers(Addition().load(None)))
    assert abs(pairs.mean() - 499.5) < 5 and pairs.min() == 0 and pairs.max() == 999


@pytest.mark.parametrize("arguments", [{"digits": 0}, {"digits": 10}, {"part": "val"}, {"count": 0}])
def test_bad_arguments_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        Addition(**arguments)


# --- the karate club ---------------------------------------------------------------------------------------------------
DEGREES = [16, 9, 10, 6, 3, 4, 4, 4, 5, 2, 3, 1, 2, 5, 2, 2, 2, 2, 2, 3, 2, 2, 2, 5, 3, 3, 2, 4, 3, 4, 4, 6, 12, 17]


def test_the_graph_of_zachary() -> None:
    data = KarateClub().load(None)
    pairs = list(zip(data["senders"].tolist(), data["receivers"].tolist(), strict=True))
    assert len(pairs) == len(set(pairs)) == 156 and all((b, a) in pairs and a != b for a, b in pairs)
    assert np.bincount(data["senders"]).tolist() == np.bincount(data["receivers"]).tolist() == DEGREES
    assert sum((b, c) in set(pairs) and (a, c) in set(pairs) for a, b in pairs for c in range(34)) == 45 * 6, "45 triangles"
    np.testing.assert_array_equal(data["nodes"], np.eye(34))
    assert data["label"].sum() == 17 and data["label"][[0, 33]].tolist() == [0, 1]
    across = sum(data["label"][a] != data["label"][b] for a, b in pairs) // 2
    assert across == 11


def test_the_graph_is_one_whole() -> None:
    op: Dataset = KarateClub()
    data = op.load(None)
    assert not op.batched and op.test() is None
    found = {name: (kind.jax_dtype, tuple(d.value for d in kind.shape)) for name, kind in op.fields().items()}
    assert found == {name: (array.dtype.name, array.shape) for name, array in data.items()}
