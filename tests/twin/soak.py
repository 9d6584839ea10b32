"""Random specs to JSON and back: `python -m tests.soak twin --count 10000`."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tests.random_specs.generate import random_spec
from tests.twin.test_round_trip import comes_back


@dataclass
class Found:
    """What came back changed."""

    count: int
    wrong: list[str]

    def join(self, other: Found) -> None:
        """Take in what another part of the same run found."""
        self.count += other.count
        self.wrong += other.wrong

    def __str__(self) -> str:
        return f"{self.count:,} specs went to JSON and back, {len(self.wrong)} of them changed"


def run(count: int, seed: int, first: int = 0) -> Found:
    """Random specs come back from JSON letter by letter."""
    wrong = []
    for number in range(first, first + count):
        try:
            comes_back(random_spec(Random(seed * 1_000_003 + number), largest=12))
        except AssertionError as error:
            wrong.append(f"number {number}: {str(error)[:200]}")
    return Found(count, wrong)
