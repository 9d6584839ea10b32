"""Random numbers for each example of a batch, whatever batch it is in and whoever makes it.

What an example draws is a function of (seed, epoch, position in the chain, index of the example, how many it has drawn there) alone, so
that neither the batch size nor worker processes nor a resume can change it. The function is SplitMix64 (Steele, Lea and Flood 2014): the
numbers of one example are the generator's, from a state that hashes the others. It is written here, so that no other library's version
decides it, and works on whole arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from math import prod
from typing import Any

from netspec.lazy import np
from netspec.library.base import Array

GOLDEN = 0x9E3779B97F4A7C15
"""What the generator's state grows by."""
MASK = 2**64 - 1


def mix_bits(words: Array) -> Array:
    """The finaliser of SplitMix64 on u64 arrays; arithmetic wraps."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def example_keys(seed: int, position: int, epochs: Array, indices: Array) -> Array:
    """u64[n]: from where each example draws; one more hash for each number that tells streams apart."""
    keys = np.full(len(indices), seed & MASK, np.uint64)
    for words in (np.uint64(position & MASK), epochs.astype(np.uint64), indices.astype(np.uint64)):
        keys = mix_bits((keys ^ words) + np.uint64(GOLDEN))
    return keys


class Draws:
    """Where a random transform gets its numbers from; each call goes on behind the one before."""

    def __init__(self, keys: Array | Callable[[], Array], used: int = 0) -> None:
        """`keys` u64[n] as `example_keys` makes them, or what makes them once something is drawn: most transforms draw nothing. So many
        numbers of each are used up."""
        self._given = keys
        self._used = used

    @cached_property
    def _keys(self) -> Array:
        return self._given() if callable(self._given) else self._given

    @classmethod
    def of(cls, seed: int, epoch: Any, indices: Any, position: int = 0) -> Draws:
        """What these examples draw in an epoch, or in one of their own each, at a position of the chain."""

        def keys() -> Array:
            chosen = np.asarray(indices, np.int64)
            return example_keys(seed, position, np.broadcast_to(np.asarray(epoch, np.int64), chosen.shape), chosen)

        return cls(keys)

    def __len__(self) -> int:
        """How many examples draw."""
        return len(self._keys)

    def words(self, *shape: int) -> Array:
        """u64[n, *shape]: raw bits for each example."""
        count = prod(shape)
        steps = np.arange(self._used + 1, self._used + count + 1, dtype=np.uint64) * np.uint64(GOLDEN)
        self._used += count
        return mix_bits(self._keys[:, None] + steps).reshape(len(self), *shape)

    def uniform(self, *shape: int) -> Array:
        """f64[n, *shape] in [0, 1), each a multiple of 2**-53."""
        return (self.words(*shape) >> np.uint64(11)) * 2.0**-53

    def each(self) -> Iterator[Draws]:
        """The further numbers of one example after another, for what is not done to all at once."""
        return (Draws(self._keys[place : place + 1], self._used) for place in range(len(self)))

    def generators(self) -> list[Any]:
        """A NumPy generator for each example, for distributions of its own; its versions decide what those give."""
        return [np.random.Generator(np.random.Philox(key=int(key))) for key in self._keys]

    def first(self, count: int) -> Draws:
        """The further numbers of the first examples alone."""
        return Draws(self._keys[:count], self._used)
