"""Sums written as characters, made from a fixed seed: the classic test of an encoder and a decoder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from netspec.lazy import np
from netspec.library.base import Array, Dataset, Example, Positive
from netspec.library.base.field_bounds import Field
from netspec.library.data.draws import GOLDEN, mix_bits
from netspec.shape import TensorType

STOP, START, PLUS, ZERO = 1, 2, 3, 4
"""Numbers of the characters; 0 is padding, 5 to 13 are the digits 1 to 9. 14 is left free, as the blank of the original."""
Part = Literal["train", "validation", "test"]
COUNTS = {"train": 100_000, "validation": 2_000, "test": 2_000}
HELD_OUT = 10
"""One pair in so many is not for training."""
SEEDS = {"train": 0, "test": 1, "validation": 2}


class Addition(Dataset):
    """Sums of two whole numbers, character by character: `123+45` and the answer `168`. Made from a fixed seed, so no files are needed.

    Both numbers are drawn evenly from 0 to 10**digits - 1. Characters are numbers below 15: 0 padding, 1 stop, 2 start (`=`), 3 `+`, and
    4 to 13 the digits. Fields: `query` i32[B, 2 * digits + 2] (both numbers and stop), `query_length` i32[B], `answer` i32[B, digits + 4]
    (start, the sum, stop), `answer_length` i32[B]; the lengths count start and stop. One pair of numbers in ten, in either order, is only
    ever in the validation part or in the test part: which ones is fixed for ever by a hash of the pair.
    """

    source = "Sutskever, Vinyals and Le 2014, Sequence to sequence learning; the example of Flax"

    digits: Annotated[int, Field(ge=1, le=9)] = 3
    """How many digits the numbers have at most, 1 to 9."""
    part: Part = "train"
    """Which part: "train", "validation" or "test"."""
    count: Positive | None = None
    """How many examples; 100,000 for training and 2,000 for each of the others when left out."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls()), Example(cls(digits=2, part="test", count=500)))

    def fields(self) -> dict[str, TensorType]:
        return {
            "query": TensorType("i32", ("B", 2 * self.digits + 2)),
            "query_length": TensorType("i32", ("B",)),
            "answer": TensorType("i32", ("B", self.digits + 4)),
            "answer_length": TensorType("i32", ("B",)),
        }

    def load(self, folder: Path | None) -> dict[str, Array]:
        one, other = self._pairs(self.count or COUNTS[self.part])
        rows = np.arange(len(one))
        query, answer = (np.zeros((len(one), width), np.int32) for width in (2 * self.digits + 2, self.digits + 4))
        plus = _write(query, np.zeros_like(one), one)
        query[rows, plus] = PLUS
        query_end = _write(query, plus + 1, other)
        answer[:, 0] = START
        answer_end = _write(answer, np.ones_like(one), one + other)
        query[rows, query_end] = answer[rows, answer_end] = STOP
        lengths = {"query_length": (query_end + 1).astype(np.int32), "answer_length": (answer_end + 1).astype(np.int32)}
        return {"query": query, "query_length": lengths["query_length"], "answer": answer, "answer_length": lengths["answer_length"]}

    def validation_part(self) -> Dataset | None:
        return Addition(digits=self.digits, part="validation") if self.part == "train" else None

    def test(self) -> Dataset | None:
        return Addition(digits=self.digits, part="test") if self.part == "train" else None

    def _pairs(self, count: int) -> tuple[Array, Array]:
        """The first `count` pairs of this part, i64[count] each, among the pairs that the seed gives."""
        source = np.random.Philox(key=np.array([SEEDS[self.part], self.digits], np.uint64))
        limit, found, kept = np.uint64(10**self.digits), [], 0
        while kept < count:
            pairs = source.random_raw(2 * 4096).reshape(-1, 2) % limit
            pairs = pairs[parts_of(pairs) == PARTS.index(self.part)]
            found.append(pairs)
            kept += len(pairs)
        one, other = np.concatenate(found)[:count].astype(np.int64).T
        return one, other


PARTS: tuple[Part, ...] = ("train", "validation", "test")


def is_held_out(pairs: Array) -> Array:
    """Is a pair u64[n, 2] in none of the sums for training?"""
    return parts_of(pairs) > 0


def parts_of(pairs: Array) -> Array:
    """The part of each pair u64[n, 2], by its place in `PARTS`. The same for both orders."""
    mixed = mix_bits(pairs.min(1) * np.uint64(10**9) + pairs.max(1) + np.uint64(GOLDEN))
    held = mixed % np.uint64(HELD_OUT) == 0
    return np.where(held, 1 + mixed // np.uint64(HELD_OUT) % np.uint64(2), 0)


def _write(rows: Array, place: Array, number: Array) -> Array:
    """Write a number into each row from a place on; the place behind it, i64[n]."""
    length = np.ones_like(number)
    for power in range(1, 10):
        length += number >= 10**power
    for digit in range(int(length.max())):
        has = np.flatnonzero(digit < length)
        value = number[has] // 10 ** (length[has] - 1 - digit) % 10
        rows[has, place[has] + digit] = value + ZERO
    return place + length
