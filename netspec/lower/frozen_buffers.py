"""Finds which buffers a training leaves as they are, because the layers that they belong to are frozen."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from netspec.ir import UpdatePlan
from netspec.lazy import np
from netspec.library.base import Array
from netspec.lower.layout import Layout

Frozen = Mapping[str, Array]
"""By stored key bool[stack axes]: which slices stay. Buffers that all move are left out."""


def find_frozen(layout: Layout, updates: Iterable[UpdatePlan], foreign: Collection[str] = ()) -> Frozen:
    """The buffers that `freeze` matches, and those of layers none of whose parameters is trained. Of a `foreign` optimizer, one from
    Python, nothing is known: it trains all its parameters."""
    params = frozenset(path for stored in layout.params.values() for path in stored.paths)
    buffers = [path for stored in layout.buffers.values() for path in stored.paths]
    owners = {path: find_owners(path, params) for path in buffers}
    trained, named = set(), set()
    for update in updates:
        own = params if update.paths is None else frozenset(update.paths)
        still = set() if update.name in foreign else update.optimizer.frozen([*params, *buffers])
        trained |= own - still
        named |= {path for path in buffers if path in still and not owners[path].isdisjoint(own)}
    stay = {path for path in buffers if path in named or (owners[path] and owners[path].isdisjoint(trained))}
    found = {key: np.array([path in stay for path in stored.paths]).reshape(stored.counts) for key, stored in layout.buffers.items()}
    return {key: flags for key, flags in found.items() if flags.any()}


def find_owners(path: str, params: frozenset[str]) -> frozenset[str]:
    """The parameters of the layer that a buffer belongs to: of the smallest block around it that has any."""
    while path:
        path = path.rpartition("/")[0]
        found = frozenset(name for name in params if not path or name.startswith(f"{path}/"))
        if found:
            return found
    return frozenset()
