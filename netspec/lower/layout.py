"""Decides where parameters and buffers are stored: it maps logical paths to stored leaves, which nothing else reads.

A parameter of a `repeat` is one leaf with the iteration as leading axis (one axis for each repeat around it, outermost first), whether the
repeat runs as a scan or unrolled. All other parameters are leaves of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Any

from netspec.diagnostics.base import Mistake
from netspec.diagnostics.running.weights import WeightsMismatch
from netspec.ir import Body, Node
from netspec.lazy import jnp, np
from netspec.library.base import Leaf, Weight
from netspec.lower.path_tree import flatten, nest
from netspec.shape import Dim
from netspec.source import NOWHERE, Span

Tree = Mapping[str, Any]
PARAMS, BUFFERS, EXPORTS = "params", "buffers", "aux"


@dataclass(frozen=True)
class Followed:
    """What a buffer is the moving average of: a leaf by its key, whose slices stand along the stack axes `axes` of the buffer."""

    key: str
    decay: float
    axes: tuple[int, ...]
    origins: tuple[str, ...]
    """The paths of the parameters as which the slices begin."""


@dataclass(frozen=True)
class Stored:
    """One stored leaf: `weight` describes a slice, `counts` are its stack axes, `paths` name the slices in row-major order."""

    key: str
    weight: Weight
    counts: tuple[int, ...]
    paths: tuple[str, ...]
    follows: Followed | None = None
    """Of a buffer, what it is the moving average of."""
    begins: tuple[str, ...] = ()
    """Of one that begins as another the paths of that, a slice each."""
    at: Span = NOWHERE
    """What has it in the spec."""

    @property
    def origins(self) -> tuple[str, ...]:
        """The paths by which the slices' first values are drawn."""
        return self.begins or (self.paths if self.follows is None else self.follows.origins)

    @cached_property
    def slice_shape(self) -> tuple[int, ...]:
        return tuple(Dim.of(size).value for size in self.weight.shape)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.counts + self.slice_shape

    def indices(self) -> list[tuple[int, ...]]:
        """The index of each slice, in the order of `paths`."""
        return list(product(*map(range, self.counts)))

    def leaf(self) -> Leaf:
        """What an optimizer may know of it."""
        return Leaf(self.paths, len(self.counts), self.weight.fan[1] if self.weight.matrix and self.weight.fan else None)


@dataclass(frozen=True)
class Exported:
    """A value of `aux` as a pass collects it: stacked along `counts`, `paths` naming the slices in row-major order."""

    key: str
    counts: tuple[int, ...]
    paths: tuple[str, ...]


@dataclass(frozen=True)
class Region:
    """What the iterations of one repeat read: keys of leaves that it stacks, and of buffers that they have in common."""

    params: tuple[str, ...]
    buffers: tuple[str, ...]
    common: tuple[str, ...]
    exports: tuple[str, ...] = ()
    """Keys of exported values that it stacks."""


@dataclass(frozen=True, eq=False)
class Layout:
    """The leaves of a body. `params` and `buffers` are by stored key."""

    body: Body
    params: Mapping[str, Stored]
    buffers: Mapping[str, Stored]
    regions: Mapping[tuple[str, int], Region] = field(repr=False)
    exports: Mapping[str, Exported] = field(default_factory=dict)

    @classmethod
    def of(cls, body: Body) -> Layout:
        """The layout of a model: walks its calls and repeats."""
        from netspec.lower.survey import survey

        return survey(body)

    def region(self, prefix: str, node: Node) -> Region:
        """Of the repeat `node` in the body that stands at the stored path `prefix`."""
        return self.regions[prefix, id(node)]

    def leaves(self) -> dict[str, Leaf]:
        """What optimizers may know of each stored parameter."""
        return {key: stored.leaf() for key, stored in self.params.items()}

    def averages(self) -> dict[str, Followed]:
        """The buffers that are moving averages, by stored key."""
        return {key: stored.follows for key, stored in self.buffers.items() if stored.follows is not None}

    def pack(self, tree: Tree) -> dict[str, dict[str, Any]]:
        """Nested dicts {"params", "buffers"} by logical path -> flat dicts by stored key, as which they may be given too. Raises `Mistake`
        that lists every difference."""
        given = {name: flatten(found) if isinstance(found := tree.get(name, {}), Mapping) else {"": found} for name in (PARAMS, BUFFERS)}
        stacked = {name: any(s.counts and key in given[name] for key, s in leaves.items()) for name, leaves in self._collections()}
        wanted = {name: self._shapes[name] if stacked[name] else self._logical[name] for name in given}
        alone = bool(self.buffers) and BUFFERS not in tree
        _require_same(wanted, given, tuple(str(name) for name in tree if name not in given), alone)
        return {name: given[name] if stacked[name] else _pack(leaves, given[name]) for name, leaves in self._collections()}

    def unpack(self, stored: Mapping[str, Tree]) -> dict[str, Any]:
        """The inverse of `pack`."""
        return {name: nest(_unpack(leaves, stored[name])) for name, leaves in self._collections()}

    def require_stored(self, stored: Mapping[str, Tree]) -> None:
        """Raises `Mistake` unless flat dicts by stored key have the leaves of this layout."""
        _require_same(self._shapes, stored)

    @cached_property
    def _logical(self) -> dict[str, dict[str, tuple[int, ...]]]:
        return {name: {p: s.slice_shape for s in leaves.values() for p in s.paths} for name, leaves in self._collections()}

    @cached_property
    def _shapes(self) -> dict[str, dict[str, tuple[int, ...]]]:
        return {name: {key: s.shape for key, s in leaves.items()} for name, leaves in self._collections()}

    def _collections(self) -> tuple[tuple[str, Mapping[str, Stored]], ...]:
        """Parameters and buffers with the names of their collections."""
        return (PARAMS, self.params), (BUFFERS, self.buffers)


def _require_same(shapes: Mapping[str, Tree], found: Mapping[str, Tree], unknown: tuple[str, ...] = (), alone: bool = False) -> None:
    """Raises `Mistake` when the shapes found, by collection and path, are not those expected."""
    missing = [path for name, expected in shapes.items() for path in expected if path not in found[name]]
    extra = [*unknown, *(path for name, given in found.items() for path in given if path not in shapes[name])]
    both = [(path, s, found[name][path]) for name, expected in shapes.items() for path, s in expected.items() if path in found[name]]
    misshaped = [(path, s, np.shape(x)) for path, s, x in both if s != np.shape(x)]
    if missing or extra or misshaped:
        raise Mistake(WeightsMismatch(missing=tuple(missing), extra=tuple(extra), misshaped=tuple(misshaped), alone=alone))


def _pack(leaves: Mapping[str, Stored], given: Tree) -> dict[str, Any]:
    """Stored leaves from arrays by logical path."""
    return {key: _stack([given[path] for path in s.paths], s.shape) if s.counts else given[s.paths[0]] for key, s in leaves.items()}


def _stack(slices: list[Any], shape: tuple[int, ...]) -> Any:
    """NumPy arrays stay NumPy; anything else, tracers too, is stacked by JAX."""
    module = np if all(isinstance(s, np.ndarray | np.generic) for s in slices) else jnp
    return module.stack(slices).reshape(shape)


def _unpack(leaves: Mapping[str, Stored], stored: Tree) -> dict[str, Any]:
    """Arrays by logical path from stored leaves."""
    return {path: stored[key][index] for key, s in leaves.items() for path, index in zip(s.paths, s.indices(), strict=True)}
