"""Finds which buffers a training leaves as they are, because the layers that they belong to are frozen."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from netspec.ir import UpdatePlan
from netspec.ir.frozen import split_frozen
from netspec.lazy import np
from netspec.library.base import Array
from netspec.lower.layout import Layout

Frozen = Mapping[str, Array]
"""By stored key bool[stack axes]: which slices stay. Buffers that all move are left out."""


def find_frozen(layout: Layout, updates: Iterable[UpdatePlan], foreign: Collection[str] = ()) -> Frozen:
    """The buffers that stay, of updates of which the `foreign` ones are from Python."""
    params = frozenset(path for stored in layout.params.values() for path in stored.paths)
    buffers = [path for stored in layout.buffers.values() for path in stored.paths]
    _, stay = split_frozen(params, buffers, updates, foreign)
    found = {key: np.array([path in stay for path in stored.paths]).reshape(stored.counts) for key, stored in layout.buffers.items()}
    return {key: flags for key, flags in found.items() if flags.any()}
