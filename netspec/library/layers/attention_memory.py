"""Keeps what attention remembers of a sequence while it is generated: keys and values of all positions, or of those a window sees."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from netspec.lazy import jnp
from netspec.library.base import Array, Flow
from netspec.library.contracts.stretch_steps import Past, Use, cut_stretch
from netspec.library.layers.attention_weights import Rules, attend


class AttentionMemory:
    """One use of an attention layer on a stretch, and what of its inputs is remembered from stretch to stretch, by name."""

    def __init__(self, use: Use, rules: Rules, batch: int, keys: Iterable[tuple[int, int]]) -> None:
        """`batch` leading axes count no positions; `keys` are the inputs that keys and values are made of, with their axes of positions."""
        self.use, self.rules = use, rules
        self.kept: dict[str, Past] = {}
        self.before = self._count_before(batch, keys)
        """So many positions before the stretch are remembered; None: all."""

    def all(self, name: str, x: Any, flow: Flow, axis: int) -> Any:
        """The input at all positions that may be seen, of which it has one along the axis unless it stays the same."""
        axis %= x.ndim
        if flow.reach is None or axis not in flow.axes:
            return x
        past = (self.use.past or {}).get(name)
        if self.before is None:
            self.kept[name] = self.use.stretch.so_far(past, x, axis)
            return self.kept[name]
        if past is None:
            past = jnp.zeros((*x.shape[:axis], self.before, *x.shape[axis + 1 :]), x.dtype)
        both, self.kept[name] = self.use.stretch.behind(past, x, axis)
        return both

    def attend(self, query: Array, key: Array, value: Array) -> Array:
        """The stretch's queries against all keys that they may see."""
        use = self.use
        optional = {name: self._scores(name, query.ndim - 3) for name in use.optional if name in ("mask", "score_bias")}
        if "segments" in use.optional:
            others = "key_segments" if "key_segments" in use.optional else "segments"
            optional["segments"], optional["key_segments"] = use.here("segments"), self.all(others, *use.input(others), -1)
        return attend(use.scope, self.rules, query, key, value, optional, self._ahead(key.shape[-3]))

    def _ahead(self, keys: int) -> Array:
        """By how many places each key stands behind each query of the stretch; those that are not there stand behind every query."""
        stretch = self.use.stretch
        queries = jnp.arange(stretch.size)[:, None] + stretch.start
        places = jnp.arange(keys)[None, :] + (0 if self.before is None else stretch.start - self.before)
        return jnp.where(places < 0, 1, places - queries)

    def _count_before(self, batch: int, keys: Iterable[tuple[int, int]]) -> int | None:
        """How far back a causal window sees, where all that goes with the keys comes position by position; None where it needs all."""
        window, use = self.rules.window, self.use
        if window is None or not self.rules.causal or window > use.stretch.length:
            return None
        needed = [*keys, *((name, -1) for name in use.optional)]
        by_position = all(use.input(place)[1].reach is not None and use.moves(place, axis) for place, axis in needed)
        of_keys_alone = all(name != "score_bias" and jnp.ndim(x) == batch + 1 for name, x in use.optional.items())
        return window - 1 if by_position and of_keys_alone else None

    def _scores(self, name: str, batch: int) -> Array:
        """A mask or bias with the stretch's queries and all keys."""
        x, flow = self.use.input(name)
        x = self.all(name, x, flow, -1)
        has_queries = x.ndim > batch + 1 or name == "score_bias"
        return cut_stretch(self.use.stretch, x, (x.ndim - 2,)) if flow.reach is None and has_queries and self.use.moves(name, -2) else x
