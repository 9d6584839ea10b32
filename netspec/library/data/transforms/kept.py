"""How many examples there are to train on, how often, and which are kept in memory. The trainer reads `repeat` and `cache`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from netspec.lazy import np
from netspec.library.base import Example, Positive, Transform
from netspec.library.data.columns import select

GIB = 2**30


class Take(Transform):
    """Trains on the first examples alone, in the order of the data. An evaluation without data of its own counts all its examples.

    Examples are counted where it stands: `take(1000)` behind `pack` takes rows. Of a mixture it takes the first of each dataset, as many as
    the weights say. In the chain of an `eval` it says what is evaluated.
    """

    whole: ClassVar[bool] = True
    arranges: ClassVar[bool] = True
    training_only: ClassVar[bool] = True

    count: Positive
    """How many examples; all where there are fewer."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(count=1000)), Example(cls(count=1)))

    def prepare(self, data: Mapping[str, Any], folder: Path | None) -> Mapping[str, Any]:
        return select(data, np.arange(min(self.count, len(next(iter(data.values()))))))

    def count_after(self, count: int) -> int | None:
        return min(count, self.count)


class Repeat(Transform):
    """Goes through the data several times in each epoch, with `shuffle` each time in another order. Random transforms draw anew each time.

    An epoch is then so many times as long: for durations, schedules and evaluations that count in epochs of a small dataset. In an
    evaluation every example counts once.
    """

    training_only: ClassVar[bool] = True

    times: Positive
    """How often an epoch goes through the data."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls(times=10)), Example(cls(times=1)))

    def count_after(self, count: int) -> int | None:
        return count * self.times


class Cache(Transform):
    """Keeps what the chain in front of it makes in memory, so that it is made once: pictures are decoded and cut in the first epoch only.

    Once `size` bytes are kept, the other examples are made anew each time. In front of it stands nothing random, which would be drawn once
    for all epochs. With worker processes each keeps its share, of the examples that are its own. It changes no value.
    """

    size: Positive = 4 * GIB
    """How many bytes are kept at most: `cache(16GiB)`."""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (Example(cls()), Example(cls(size=16 * GIB)))
