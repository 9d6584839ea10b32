"""Makes examples by a chain: reads what must be decoded, and applies transforms. It is what a worker process does, so it imports no JAX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from netspec.lazy import np
from netspec.library.base import Array, Transform
from netspec.library.data.columns import Table, rows_of
from netspec.library.data.draws import Draws
from netspec.library.data.transforms.kept import Cache
from netspec.record import field, record
from netspec.train.kept_examples import Kept

Placed = Sequence[tuple[int, Transform]]
"""Transforms with their positions in the chain."""


@record(eq=False)
class Steps:
    """Some transforms that follow one another, with the seed that they draw by."""

    transforms: Placed = ()
    seed: int = 0

    def change(self, batch: dict[str, Any], indices: Array | None, epochs: Array | None) -> dict[str, Any]:
        """The examples with these indices behind the transforms; `epochs`: how often each was seen before, None: in an evaluation."""
        one = np.zeros(1, np.int64)
        rows, seen = one if indices is None else indices, one if epochs is None else epochs
        for position, transform in self.transforms:
            if epochs is None:
                batch = transform.apply_eval(batch)
            else:
                batch = transform.apply(batch, Draws.of(self.seed, seen, rows, position))
                left = len(rows) - transform.successors
                rows, seen = rows[:left], seen[:left]
        return batch


@record(eq=False)
class Job:
    """What makes the examples of one chain up to the first transform that needs others besides, here or in worker processes."""

    columns: Table
    """The columns that are read when a batch needs them."""
    names: tuple[str, ...]
    """All fields, in their order."""
    before: Steps
    """The transforms in front of `cache`, where there is one."""
    behind: Steps
    room: int = 0
    """Bytes of examples that are kept between `before` and `behind`."""
    kept: Kept | None = field(default=None)

    def run(self, given: Mapping[str, Any], indices: Array, epochs: Array | None) -> dict[str, Any]:
        """The examples with these indices; `given` are the values of the fields that are not read here."""
        return self.behind.change(self._kept(given, indices), indices, epochs)

    def _kept(self, given: Mapping[str, Any], indices: Array) -> dict[str, Any]:
        """The examples behind the first transforms; what was made before is not made again."""
        if not self.room:
            return self._read(given, indices)
        if self.kept is None:
            object.__setattr__(self, "kept", Kept(self.room))
        assert self.kept is not None
        missing = self.kept.missing(indices)
        if len(missing):
            some = {name: take(values, missing) for name, values in given.items()}
            self.kept.add(indices[missing], self._read(some, indices[missing]))
        return self.kept.rows(indices)

    def _read(self, given: Mapping[str, Any], indices: Array) -> dict[str, Any]:
        """The examples with these indices behind the first transforms, which draw nothing."""
        batch = {name: rows_of(self.columns[name], indices) if name in self.columns else given[name] for name in self.names}
        return self.before.change(batch, indices, None)


def take(values: Any, places: Array) -> Any:
    """The values at these places of a batch."""
    return values[places] if isinstance(values, np.ndarray) else type(values)(values[place] for place in places.tolist())


def make_job(columns: Table, names: tuple[str, ...], transforms: Sequence[Transform], seed: int) -> tuple[Job, Steps]:
    """What makes single examples, and the transforms from the first on that needs others.

    Places count those that change examples: `cache`, `shuffle` or `take` in front of another one change nothing of what it draws.
    """
    changing = [type(t).apply is not Transform.apply for t in transforms]
    placed = [(sum(changing[:place]), t) for place, t in enumerate(transforms)]
    last = next((place for place, t in enumerate(transforms) if t.successors), len(placed))
    cache = next(((place, t) for place, t in enumerate(transforms[:last]) if isinstance(t, Cache)), None)
    first, room = (cache[0], cache[1].size) if cache else (0, 0)
    job = Job(columns, names, Steps(tuple(placed[:first]), seed), Steps(tuple(placed[first:last]), seed), room)
    return job, Steps(tuple(placed[last:]), seed)
